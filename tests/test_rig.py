"""The test rig itself: isolation, the loopback guard, canaries, the shell, missing tools."""

from __future__ import annotations

import base64
import json
import os
import socket
import sqlite3
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from IPython import get_ipython

from tests.canary import Canary
from tests.isolation import CACHE, is_foreign, is_loopback
from tests.needs import need, require_tool
from tests.shell import NotebookShell, ipython


def test_each_test_has_its_own_home_and_working_folder(home: Path, tmp_path: Path) -> None:
    assert Path.home() == home
    assert not list(tmp_path.iterdir())
    assert Path.cwd() == tmp_path
    assert not home.is_relative_to(tmp_path)
    assert not CACHE.is_relative_to(home)
    assert not [name for name in os.environ if is_foreign(name) and name not in {"IPYTHONDIR", "JUPYTER_PLATFORM_DIRS"}]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "no_proxy", "APICONN_ENV", "JPY_PARENT_PID", "SSL_CERT_FILE"])
def test_settings_from_outside_are_foreign(name: str) -> None:
    assert is_foreign(name)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", b"localhost", "::ffff:127.0.0.1"])
def test_loopback_hosts(host: object) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "10.0.0.1", "example.org", "::2", "localhost.example.org"])
def test_hosts_outside(host: str) -> None:
    assert not is_loopback(host)


def test_connections_that_leave_loopback_are_refused() -> None:
    with socket.socket() as sock, pytest.raises(OSError, match="loopback only"):
        sock.connect(("192.0.2.1", 80))
    with socket.socket() as sock:
        assert sock.connect_ex(("192.0.2.1", 80)) != 0
    with pytest.raises(socket.gaierror, match="loopback only"):
        socket.create_connection(("example.org", 443), timeout=1)


def test_connections_to_loopback_work() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]) as sock:
        assert sock.getpeername() == server.getsockname()


def test_a_canary_is_found_in_every_form(canary: Canary, tmp_path: Path) -> None:
    value = canary("key", awkward=True)
    nested = json.dumps({"cell": json.dumps({"key": value})})
    notebook = tmp_path / "saved" / "a.ipynb"
    notebook.parent.mkdir()
    notebook.write_text(nested)
    for artefact in (
        f"x {value} y",
        value.encode(),
        "https://h.example/?k=" + quote(value, safe=""),
        "Basic " + base64.b64encode(f"ada:{value}".encode()).decode(),
        "Basic " + base64.b64encode(f"ad:{value}:z".encode()).decode(),
        base64.urlsafe_b64encode(f"a:{value}".encode()),
        nested,
        {"k": [value]},
        tmp_path,
    ):
        assert canary.found_in(artefact), artefact
        with pytest.raises(AssertionError, match="leaked"):
            canary.assert_absent(artefact)


def test_an_absent_canary_is_absent(canary: Canary) -> None:
    canary("key")
    canary.assert_absent("nothing here", b"nor here", base64.b64encode(b"nor in here"))


def test_a_search_that_could_not_fail_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no canary"):
        Canary().assert_absent("text")
    watching = Canary()
    watching("key")
    with pytest.raises(AssertionError, match="nothing to search"):
        watching.assert_absent()
    with pytest.raises(AssertionError, match="does not exist"):
        watching.assert_absent(tmp_path / "no-such-file")


def test_the_shell_returns_values_and_raises_errors(shell: NotebookShell) -> None:
    assert get_ipython() is shell
    assert shell.run("x = 20\nx + 22") == 42
    assert shell.user_ns["_"] == 42
    with pytest.raises(ZeroDivisionError):
        shell.run("1 / 0")


def test_the_shell_keeps_what_cells_display(shell: NotebookShell) -> None:
    shell.run(
        "from IPython.display import HTML, display\n"
        "handle = display(HTML('<b>one</b>'), display_id=True)\n"
        "display(HTML('<b>two</b>'))\n"
        "handle.update(HTML('<b>three</b>'))"
    )
    assert [bundle["text/html"] for bundle in shell.screen()] == ["<b>three</b>", "<b>two</b>"]
    assert "<b>one</b>" in shell.display_text()
    assert [output["update"] for output in shell.displays] == [False, False, True]


def test_the_shell_writes_its_history_into_the_tests_database(shell: NotebookShell) -> None:
    shell.run("answer = 42")
    assert shell.history() == ["answer = 42"]
    with sqlite3.connect(shell.history_file) as database:
        rows = database.execute("select source_raw from history").fetchall()
    database.close()
    assert rows == [("answer = 42",)]


def test_a_shell_leaves_nothing_behind(tmp_path: Path) -> None:
    def state() -> tuple[object, ...]:
        hooks = (sys.displayhook, sys.excepthook, sys.modules["__main__"])
        # A server of an earlier test may still be talking, or just have stopped.
        threads = {thread for thread in threading.enumerate() if "process_request" not in thread.name}
        return (*hooks, list(sys.path), get_ipython(), threads)

    before = state()
    with ipython(tmp_path / "history.sqlite") as running:
        running.run("leftover = 1")
        assert state() != before
    assert state() == before


def test_a_missing_tool_is_a_skip_here_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match=r"no-such-tool is not installed; .*: apt-get install x"):
        require_tool("no-such-tool", "apt-get install x")
    with pytest.raises(pytest.skip.Exception, match="pip install no_such_module"):
        need("no_such_module")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install x"):
        require_tool("no-such-tool", "apt-get install x")
    with pytest.raises(pytest.fail.Exception, match="pip install no_such_module"):
        need("no_such_module")


def test_a_tool_that_is_there_is_found() -> None:
    assert Path(require_tool("sh", "apt-get install dash")).exists()
    assert need("json") is json
