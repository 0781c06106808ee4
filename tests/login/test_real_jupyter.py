"""The way through the notebook's own address, with a real JupyterLab under a base URL and its real proxy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from apiconn_nb.demo.server import Demo
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login, stand_in
from tests.browser.jupyter import Jupyter, start_single
from tests.login.conftest import Make
from tests.servers.launch import ThirdParty
from tests.servers.oidc_provider import OidcProvider
from tests.servers.person import Person

BASE_URL = "/nested/base/"
Shop = Callable[..., Collection]
Begin = Callable[..., Login]


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """JupyterLab with jupyter-server-proxy, under a base URL of its own."""
    running = ThirdParty(tmp_path_factory.mktemp("jupyter"))
    yield start_single(running, "lab", base_url=BASE_URL)
    running.stop()


@pytest.fixture
def environ(jupyterlab: Jupyter, third_party: ThirdParty) -> dict[str, str]:
    """What a kernel of that server has in its environment."""
    runtime = jupyterlab.root.parent / "runtime"
    pid = server_file(runtime).stem.partition("-")[2]
    return {"JPY_PARENT_PID": pid, "JUPYTER_RUNTIME_DIR": str(runtime)}


def server_file(runtime: Path) -> Path:
    (found,) = (each for each in runtime.glob("jpserver-*.json") if not each.name.endswith("-open.json"))
    return found


@pytest.fixture
def at_the_notebook(jupyterlab: Jupyter, person: Person) -> Person:
    """A person whose browser has the notebook open, with Jupyter's cookie."""
    token = json.loads(server_file(jupyterlab.root.parent / "runtime").read_text())["token"]
    person.http.get(f"{jupyterlab.url}tree?token={token}")
    assert person.http.get(f"{jupyterlab.url}api/contents").is_success
    return person


def absolute(jupyterlab: Jupyter, link: str) -> str:
    """What the browser makes of a root-relative link in the notebook."""
    parts = urlsplit(jupyterlab.url)
    return f"{parts.scheme}://{parts.netloc}{link}"


def test_the_demo_signs_in_through_the_proxy(
    shop: Shop,
    begin: Begin,
    provider: Demo,
    jupyterlab: Jupyter,
    environ: dict[str, str],
    at_the_notebook: Person,
) -> None:
    stand_in.register(provider.url, provider.sign_in)
    live = provider.credentials.live
    at_the_notebook.name, at_the_notebook.password = live.username, live.password
    collection = shop()
    login = begin(collection, via="jupyter", environ=environ)
    assert login.link.startswith(f"{BASE_URL}proxy/")
    page = at_the_notebook.open(absolute(jupyterlab, login.link))
    assert "Back to the notebook" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert login.wait(20)
    assert login.state == "done", login.message
    assert login.redirect_url.startswith(f"{jupyterlab.url}proxy/")
    assert len(collection.get("/customers")) == 50


def test_a_real_provider_on_another_origin(
    oidc: OidcProvider,
    make: Make,
    begin: Begin,
    jupyterlab: Jupyter,
    environ: dict[str, str],
    at_the_notebook: Person,
    own_port: int,
) -> None:
    redirect = f"{jupyterlab.url}proxy/{own_port}/callback"
    client = oidc.add_client("lab-app", redirect_uris=[redirect], application_type="web")
    collection = make(oidc.issuer, client_id=client.id, issuer=oidc.issuer, scope="openid email")
    login = begin(collection, via="jupyter", environ=environ)
    page = at_the_notebook.open(absolute(jupyterlab, login.link))
    assert "Back to the notebook" in page.text
    assert login.wait(20)
    assert login.state == "done", login.message
    assert login.redirect_url == redirect
    assert collection.send("GET /api/orders").status_code == 200


def test_a_stranger_without_jupyters_cookie_reaches_nothing(
    shop: Shop, begin: Begin, jupyterlab: Jupyter, environ: dict[str, str], person: Person
) -> None:
    login = begin(shop(), via="jupyter", environ=environ)
    link = absolute(jupyterlab, login.link)
    for url in (link, link.partition("/start")[0] + "/callback?code=x&state=y"):
        answer = person.http.get(url)
        assert answer.status_code in (302, 403)
        assert answer.headers.get("location", "").startswith(f"{BASE_URL}login") or answer.status_code == 403
    assert login.state == "waiting"


def test_a_wrong_state_through_the_proxy_is_refused(
    shop: Shop, begin: Begin, jupyterlab: Jupyter, environ: dict[str, str], at_the_notebook: Person
) -> None:
    login = begin(shop(), via="jupyter", environ=environ)
    start = absolute(jupyterlab, login.link)
    assert at_the_notebook.http.get(start).status_code == 302
    callback = start.partition("/start")[0] + "/callback"
    for query in ("code=x&state=wrong", "error=access_denied", "error=x&error_description=%3Cscript%3E&state=w"):
        answer = at_the_notebook.http.get(f"{callback}?{query}")
        assert answer.status_code == 400
        assert "script" not in answer.text
    xsrf = {"_xsrf": at_the_notebook.http.cookies.get("_xsrf", path=BASE_URL) or ""}
    assert at_the_notebook.http.post(callback, data={"code": "x"}, params=xsrf).status_code in (403, 405)
    assert login.state == "waiting"
