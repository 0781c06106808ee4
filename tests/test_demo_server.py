"""The demo as a thing in a process: it starts, is found, is loaded, stops, and leaves nothing; and its command."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from apiconn_nb import demo as package
from apiconn_nb.demo import attach, running, serve
from apiconn_nb.demo.__main__ import main
from apiconn_nb.demo.check import CheckError, report, rows_by_method
from apiconn_nb.demo.doors import DOORS
from apiconn_nb.demo.server import Demo
from apiconn_nb.errors import UsageError
from tests.conftest import need

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with serve() as started:
        yield started


@pytest.fixture
def kernel_demo() -> Iterator[None]:
    """A kernel of its own for `running`."""
    yield
    held, package._running = package._running, None
    if held:
        held.stop()
    for name in [name for name in os.environ if name.startswith("APICONN_DEMO_")]:
        del os.environ[name]


def test_it_stops_at_once_and_leaves_no_thread_socket_or_file() -> None:
    before = set(threading.enumerate())
    started = serve()
    folder = Path(started.credentials.certificates.ca_file).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in folder.iterdir())
    with httpx.Client(trust_env=False) as client:
        client.get(f"{started.url}/none/me")  # stays open: keep-alive
        begun = time.monotonic()
        started.stop()
        assert time.monotonic() - begun < 2
        with pytest.raises(httpx.TransportError):
            client.get(f"{started.url}/none/me")
    started.stop()
    assert set(threading.enumerate()) <= before
    assert not folder.exists()


def test_a_taken_port_is_one_sentence(demo: Demo) -> None:
    port = int(demo.url.rpartition(":")[2])
    with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}.*take another port"):
        serve(port)
    with pytest.raises(UsageError, match="take another port"):
        serve(99_999)


def test_it_listens_on_loopback_only(demo: Demo) -> None:
    for url in (demo.url, demo.tls_url, demo.mtls_url):
        assert url.partition("://")[2].startswith("127.0.0.1:")


def test_half_open_connections_hold_nobody_up(demo: Demo) -> None:
    context = ssl.create_default_context(cadata=demo.credentials.certificates.ca)
    ports = [int(url.rpartition(":")[2]) for url in (demo.url, demo.tls_url)]
    idle = [socket.create_connection(("127.0.0.1", port)) for port in ports for _ in range(20)]
    try:
        with httpx.Client(verify=context, trust_env=False, timeout=5) as client:
            for url in (demo.url, demo.tls_url):
                assert client.get(f"{url}/none/me").status_code == 200
    finally:
        for each in idle:
            each.close()


def test_what_is_no_http_ends_its_own_connection_alone(demo: Demo) -> None:
    port = int(demo.url.rpartition(":")[2])
    for rubbish in (b"\x16\x03\x01 hello\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(rubbish)
            answer = b"".join(iter(lambda: connection.recv(4096), b""))  # up to its end
            assert b"400" in answer
    assert httpx.get(f"{demo.url}/none/me", trust_env=False).status_code == 200


def test_thirty_two_threads_get_their_rows(demo: Demo) -> None:
    before = demo.counters["requests:none"]
    with httpx.Client(base_url=demo.url, trust_env=False, timeout=30) as client, ThreadPoolExecutor(32) as pool:
        totals = list(pool.map(lambda page: client.get(f"/none/customers?page={page % 12 + 1}").json(), range(256)))
    assert {each["total"] for each in totals} == {600}
    assert demo.counters["requests:none"] == before + 256


def test_credentials_travel_as_environment_variables(demo: Demo) -> None:
    variables = demo.environ()
    assert variables["APICONN_DEMO_URL"] == demo.url
    assert variables["APICONN_DEMO_API_KEY"] == demo.credentials.live.api_key
    assert variables["APICONN_DEMO_DEV_API_KEY"] == demo.credentials.development.api_key
    assert json.loads(variables["APICONN_DEMO_SERVICE_ACCOUNT"])["token_uri"] == f"{demo.url}/oauth/token"
    assert variables["APICONN_DEMO_CERTIFICATE_KEY"].startswith("-----BEGIN PRIVATE KEY-----")
    assert all(isinstance(value, str) and value for value in variables.values())


def test_it_can_be_used_from_another_process(demo: Demo) -> None:
    found = attach(demo.url)
    assert found is not None
    assert found.credentials == demo.credentials
    httpx.get(f"{demo.url}/none/me", trust_env=False)
    assert found.counters["requests:none"] == demo.counters["requests:none"] > 0
    form = {"grant_type": "password", "username": "ada", "password": "analytical-engine"}
    token = httpx.post(f"{demo.url}/oauth/token", data=form, trust_env=False).json()["access_token"]
    found.expire_tokens()
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{demo.url}/oauth2-password/me", headers=headers, trust_env=False).status_code == 401
    assert attach("http://127.0.0.1:9") is None
    assert attach("https://example.org") is None


@pytest.mark.usefixtures("kernel_demo")
def test_running_starts_once_per_kernel_and_again_after_a_stop() -> None:
    first = running()
    assert running() is first
    assert os.environ["APICONN_DEMO_URL"] == first.url
    first.stop()
    second = running()
    assert second is not first
    assert httpx.get(f"{second.url}/none/me", trust_env=False).status_code == 200


@pytest.mark.usefixtures("kernel_demo")
def test_running_takes_the_demo_that_the_environment_names(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APICONN_DEMO_URL", demo.url)
    assert running().credentials == demo.credentials
    assert package._running is None


def test_signing_in_without_a_browser(demo: Demo) -> None:
    arrived: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def receive() -> None:
        connection, _ = listener.accept()
        with connection:
            arrived.append(connection.recv(4096).decode().split(" ")[1])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")

    receiver = threading.Thread(target=receive)
    receiver.start()
    query = f"response_type=code&client_id=demo-app&state=s&redirect_uri=http://127.0.0.1:{port}/callback"
    assert demo.sign_in(f"{demo.url}/oauth/authorize?{query}") == "done"
    receiver.join()
    listener.close()
    assert "code=" in arrived[0]
    assert "state=s" in arrived[0]
    with pytest.raises(UsageError, match="did not take"):
        demo.sign_in(f"{demo.url}/oauth/authorize?{query}", username="ada", password="no")
    with pytest.raises(UsageError, match="does not lead to the demo's page"):
        demo.sign_in(f"{demo.url}/none/me")


def test_it_answers_behind_a_proxy_that_gives_another_host(demo: Demo) -> None:
    headers = {"Host": "hub.example.org", "X-Forwarded-Proto": "https", "X-ProxyContextPath": "/user/ada/proxy/1"}
    asked = {"response_type": "code", "client_id": "demo-app", "redirect_uri": "https://hub.example.org/proxy/4242/cb"}
    with httpx.Client(base_url=demo.url, headers=headers, trust_env=False) as client:
        page = client.get("/oauth/authorize", params=asked)
        assert page.status_code == 200
        assert 'action="' not in page.text  # the form goes to its own address, wherever that is
        form = {"username": "ada", "password": "analytical-engine"}
        back = client.post("/oauth/authorize", params=asked, data=form).headers["Location"]
    assert back.startswith("https://hub.example.org/proxy/4242/cb?code=")


def test_the_address_for_the_browser_goes_through_the_hub(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    assert demo.browser_url == demo.url
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    assert demo.browser_url == f"/user/ada/proxy/{demo.url.rpartition(':')[2]}"


def test_without_flask_it_is_one_sentence() -> None:
    code = (
        "import sys; sys.modules['flask'] = None\n"
        "from apiconn_nb import demo\n"
        "from apiconn_nb.errors import UsageError\n"
        "try: demo.serve()\n"
        "except UsageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == 'The demo needs Flask: pip install "apiconn_nb[demo]"\n'


def test_the_command_is_declared_and_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"]["apiconn-demo"] == "apiconn_nb.demo.__main__:main"
    assert main(["--check", "--notebook", str(tmp_path / "none.ipynb")]) == 2
    assert main(["lab", "--notebook", str(tmp_path / "none.ipynb")]) == 2
    assert capsys.readouterr().err.count("There is no none.ipynb here") == 2


def test_the_command_serves_until_it_is_interrupted() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "apiconn_nb.demo", "serve"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/none/me", trust_env=False).json()["method"] == "none"
        process.send_signal(2)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def notebook(path: Path, *cells: str) -> Path:
    nbformat = need("nbformat")
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(document, path)
    return path


def test_the_command_opens_jupyterlab_also_for_root(tmp_path: Path) -> None:
    """A container's user is root, as whom JupyterLab ends at once unless it is told to go on."""
    need("jupyterlab")
    (tmp_path / "a.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    options = [f"--jupyter={each}" for each in ("--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0")]
    command = [
        sys.executable,
        "-m",
        "apiconn_nb.demo",
        "--port",
        "0",
        "--notebook",
        str(tmp_path / "a.ipynb"),
        *options,
    ]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C reaches both, as in a terminal
    )
    assert process.stdout is not None
    try:
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:[1-9]\d*/lab\S*\?token=\w+", said)):
            line = process.stdout.readline()
            assert line, said  # it has ended
            said += line
        # The address is said a moment before anybody listens.
        with httpx.Client(transport=httpx.HTTPTransport(retries=6), follow_redirects=True) as browser:
            assert browser.get(found[0]).status_code == 200
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)  # with JupyterLab's own status
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.mark.filterwarnings("default")  # zmq and jupyter_client warn about their own event loops
def test_check_counts_the_rows_of_a_notebook_that_ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need("nbclient")
    source = (
        "import json, urllib.request\n"
        "from apiconn_nb import demo\n"
        "api = demo.running()\n"
        "rows = json.load(urllib.request.urlopen(api.url + '/none/customers'))['customers']\n"
        "rows_by_method = {'none': len(rows)}"
    )
    path = notebook(tmp_path / "one.ipynb", source)
    before = path.read_bytes()
    assert main(["--check", "--notebook", str(path)]) == 1  # nine methods are not there
    printed = capsys.readouterr().out
    assert "none                           50" in printed
    assert "1 of 10 methods: NOT ok" in printed
    assert path.read_bytes() == before


@pytest.mark.filterwarnings("default")
def test_check_says_what_is_wrong_with_a_notebook(tmp_path: Path) -> None:
    need("nbclient")
    with pytest.raises(CheckError, match="sets no rows_by_method"):
        rows_by_method(notebook(tmp_path / "silent.ipynb", "1 + 1"))
    with pytest.raises(CheckError, match=r"broken.ipynb: ZeroDivisionError: division by zero"):
        rows_by_method(notebook(tmp_path / "broken.ipynb", "1 / 0"))


def test_the_report_is_good_when_all_ten_have_rows() -> None:
    text, good = report(dict.fromkeys(DOORS, 7))
    assert good
    assert text.endswith("10 of 10 methods: ok")
    assert not report({**dict.fromkeys(DOORS, 7), "jwt": 0})[1]
