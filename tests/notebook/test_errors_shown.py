"""What a failed cell shows: one red line, or on request the full traceback, with every secret cut out in every mode."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from apiconn_nb.errors import ApiConnError
from apiconn_nb.redaction import register
from tests.canary import Canary
from tests.echo import Answer, Echo
from tests.raw import RawServer
from tests.shell import NotebookShell

MODES = ["Plain", "Context", "Verbose", "Minimal"]


@pytest.fixture(autouse=True)
def short_again() -> Iterator[None]:
    yield
    ApiConnError.short = True


def printed(shell: NotebookShell, cell: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What IPython prints for a cell that fails."""
    capsys.readouterr()
    result = shell.run_cell(cell, store_history=True)
    assert not result.success
    out, err = capsys.readouterr()
    return out + err


@pytest.fixture
def shop(magics: NotebookShell, echo: Echo, canary: Canary, monkeypatch: pytest.MonkeyPatch) -> NotebookShell:
    monkeypatch.setenv("KEY", canary("key"))
    magics.run(f"%apiconn_auth shop key-in-url --base-url {echo.url} --key-name k --key env:KEY")
    return magics


@pytest.mark.parametrize("mode", MODES)
def test_one_line_in_every_mode(shop: NotebookShell, echo: Echo, capsys: pytest.CaptureFixture[str], mode: str) -> None:
    echo.answer("/x", Answer(404, {"message": "no such thing"}))
    shop.run(f"%xmode {mode}")
    text = printed(shop, "%apicall shop GET /x", capsys)
    assert text.strip().count("\n") == 0
    assert "StatusError" in text
    assert "404 Not Found: no such thing. Check the path" in text


def test_the_exception_is_the_cells_result(shop: NotebookShell) -> None:
    result = shop.run_cell("%apicall nosuch GET /x")
    assert isinstance(result.error_in_exec, ApiConnError)
    assert not result.success


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("what", ["401", "timeout", "fence", "reset", "bad json", "missing"])
def test_the_full_traceback_holds_no_secret(
    shop: NotebookShell, echo: Echo, raw: RawServer, other_echo: Echo, canary: Canary, mode: str, what: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    literal = canary("literal")
    echo.answer("/401", Answer(401, {"message": f"you sent {canary.values[0]}"}))
    echo.answer("/elsewhere", Answer(302, b"", {"Location": f"{other_echo.url}/y"}))
    echo.answer("/json", Answer(body=b"{broken", headers={"Content-Type": "application/json"}))
    raw.script(lambda each: (each.read_request(), each.hang() if what == "timeout" else each.reset())[1])
    shop.run(f"%apiconn_auth slow basic --base-url {raw.url} --username ada --password env:KEY --retries 0")
    shop.run("%config ApiConn.short_errors = False")
    shop.run(f"%xmode {mode}")
    cell = {
        "401": f"%%apicall shop -p p=env:KEY\nGET /401?p=[p]\nX-Api-Key: {literal}",
        "timeout": "%apicall slow --timeout 0.3 GET /x",
        "fence": f"%%apicall shop\nGET /elsewhere\nCookie: {literal}",
        "reset": "%apicall slow GET /x",
        "bad json": "%apicall shop --as json GET /json",
        "missing": f"%%apicall shop\nGET /x/[nothing]\nAuthorization: Bearer {literal}",
    }[what]
    text = printed(shop, cell, capsys)
    if mode != "Minimal":
        assert "call_magic.py" in text, "this is the full one"
    canary.assert_absent(text)
    capsys.readouterr()


def test_python_callers_get_a_redacted_traceback_too(
    shop: NotebookShell, echo: Echo, canary: Canary, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.run("%config ApiConn.short_errors = False")
    shop.run("%xmode Verbose")
    echo.answer("/x", Answer(302, b"", {"Location": "https://elsewhere.example/"}))
    shop.run("import apiconn_nb as api\nfrom apiconn_nb import Secret\nshop = api.collection('shop')")
    shop.user_ns["value"] = canary("typed")
    text = printed(shop, "shop.send('GET /x?p=[p]', p=Secret(value))", capsys)
    assert "live_collection.py" in text
    canary.assert_absent(text)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("where", ["before the answer", "in the body"])
def test_an_interrupt_shows_no_secret(
    magics: NotebookShell, raw: RawServer, canary: Canary, mode: str, where: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def script(each: Any) -> None:
        each.read_request()
        if where == "in the body":
            each.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
        each.hang()

    raw.script(script)
    monkeypatch.setenv("KEY", canary("key"))
    magics.run(f"%apiconn_auth slow key-in-url --base-url {raw.url} --key-name k --key env:KEY")
    magics.run(f"%xmode {mode}")
    for cell in (
        f"%%apicall slow -p p=env:KEY\nGET /x?p=[p]\nX-Api-Key: {canary('literal')}",
        "import apiconn_nb as api\napi.collection('slow').send('GET /x?p=1')",
    ):
        threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT)).start()
        text = printed(magics, cell, capsys)
        assert "KeyboardInterrupt" in text
        if cell.startswith("%%"):
            assert "sending.py" not in text
            text = text.replace(cell.partition("X-Api-Key: ")[2], "") if mode != "Minimal" else text
        canary.assert_absent(text)


def test_a_providers_words_cannot_command_the_terminal(
    shop: NotebookShell, echo: Echo, capsys: pytest.CaptureFixture[str]
) -> None:
    echo.answer("/x", Answer(400, {"message": "\x1b]0;owned\x07 \x1b[2J bad\nline\r two\u2028three"}))
    text = printed(shop, "%apicall shop GET /x", capsys)
    assert text.count("\x1b") == 2, "our own red, and its end"
    assert text.strip().count("\n") == 0
    assert "bad line two three" in text


def test_the_last_net_redacts_what_an_error_says(magics: NotebookShell, capsys: pytest.CaptureFixture[str]) -> None:
    register("CANARY-in-a-message")
    magics.user_ns["ApiConnError"] = ApiConnError
    text = printed(magics, "raise ApiConnError('it has CANARY-in-' + 'a-message in it')", capsys)
    assert "•••" in text
    assert "CANARY-in-a-message" not in text


def test_colours_inside_a_value_do_not_hide_it(magics: NotebookShell, canary: Canary) -> None:
    """Verbose mode draws values in colours, token by token."""
    from apiconn_nb.notebook import tracebacks

    value = canary("coloured")
    register(value)
    magics.InteractiveTB.structured_traceback = (
        lambda *args, **options: [  # type: ignore[method-assign]
            "one \x1b[31m" + value[:9] + "\x1b[0m" + value[9:],
            "two",
        ]
    )
    buffer = StringIO("\n".join(tracebacks.full(ApiConnError("x"))))
    canary.assert_absent(buffer.getvalue())
    assert "two" in buffer.getvalue()
