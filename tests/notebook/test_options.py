"""The options of ``%apicall``: what comes back, what is shown, how it is sent."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from IPython.display import Image

from apiconn_nb import sending, workspace
from apiconn_nb.errors import CallTimeout, FrameError, StatusError
from tests.canary import Canary
from tests.echo import Answer, Echo
from tests.notebook.test_call_magic import PNG, line, shop
from tests.raw import RawServer
from tests.shell import NotebookShell

__all__ = ["shop"]


# ── what comes back ────────────────────────────────────────────────────────────────────────────────────────────────


def test_out_keeps_the_result_and_shows_the_status_line_alone(shop: NotebookShell) -> None:
    assert shop.run("%apicall shop -o df GET /x") is None
    assert isinstance(shop.user_ns["df"], pd.DataFrame)
    assert [each["data"]["text/plain"] for each in shop.displays] == [line(shop)]
    assert "2 rows × 1 column from $.items" in line(shop)


def test_quiet_shows_nothing(shop: NotebookShell) -> None:
    frame = shop.run("%apicall shop -q GET /x")
    assert len(frame) == 2
    assert not shop.displays


@pytest.mark.parametrize(
    ("returned", "kind"),
    [("auto", pd.DataFrame), ("frame", pd.DataFrame), ("json", dict), ("text", str), ("bytes", bytes),
     ("response", httpx.Response)],
)  # fmt: skip
def test_each_as_of_a_json_answer(shop: NotebookShell, returned: str, kind: type) -> None:
    value = shop.run(f"%apicall shop --as {returned} GET /x")
    assert isinstance(value, kind)
    if returned == "text":
        assert json.loads(value) == {"items": [{"id": 1}, {"id": 2}]}
    if returned == "response":
        assert value.json() == {"items": [{"id": 1}, {"id": 2}]}
        assert value.request.url.path == "/v1/x"


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        ("text/csv", b"a,b\n1,x\n2,y\n", pd.DataFrame),
        ("application/x-ndjson", b'{"a": 1}\n{"a": 2}\n', pd.DataFrame),
        ("text/plain", "Zoë".encode(), str),
        ("text/html", b"<p>hi</p>", str),
        ("image/png", PNG, Image),
        ("application/octet-stream", b"\x00\x01\xff", bytes),
        ("application/json", b"[]", pd.DataFrame),
    ],
)
def test_auto_goes_by_the_answer(shop: NotebookShell, echo: Echo, content_type: str, body: bytes, kind: type) -> None:
    echo.answer("/v1/x", Answer(body=body, headers={"Content-Type": content_type}))
    assert isinstance(shop.run("%apicall shop GET /x"), kind)


def test_an_answer_without_a_body(shop: NotebookShell, echo: Echo) -> None:
    echo.answer("/v1/x", Answer(204, b"", {"Content-Length": "0"}))
    shop.run("%apicall shop DELETE /x")
    assert " · 204 · " in line(shop)
    assert shop.run("%apicall shop --as json DELETE /x") is None


def test_records_are_named_or_found_and_said(shop: NotebookShell, echo: Echo) -> None:
    echo.answer("/v1/x", Answer(body={"data": {"users": [{"a": 1}, {"a": 2}], "errors": []}, "meta": [{"x": 1}]}))
    assert list(shop.run("%apicall shop GET /x").columns) == ["a"]
    assert "from $.data.users" in line(shop)
    assert list(shop.run("%apicall shop --records meta GET /x").columns) == ["x"]
    assert "from $.meta" in line(shop)
    with pytest.raises(FrameError):
        shop.run("%apicall shop --records no.such.path GET /x")


def test_nested_objects_are_dotted_columns(shop: NotebookShell, echo: Echo) -> None:
    echo.answer("/v1/x", Answer(body=[{"id": 1, "a": {"b": {"c": 2}}}]))
    assert list(shop.run("%apicall shop GET /x").columns) == ["id", "a.b.c"]


def test_the_status_line(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%apicall shop GET /x?q=1")
    parts = line(shop).split(" · ")
    assert parts[0] == f"GET {echo.url}/v1/x?q=1"
    assert parts[1] == "200"
    assert parts[2] == "2 rows × 1 column from $.items"
    assert parts[3].endswith(" ms")
    assert parts[4] == "live"


def test_what_is_shown_as_html_is_escaped(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%apicall shop GET /x?q=<script>alert(1)</script>")
    assert "<script>" not in shop.display_text().replace("text/html", "")


# ── how it is sent ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_backoff", lambda attempt: 0.01)


@pytest.mark.usefixtures("impatient")
def test_use_as(shop: NotebookShell, echo: Echo) -> None:
    echo.answer("/v1/search", Answer(503), Answer())
    shop.run("%%apicall shop --use-as data\nPOST /search\n\na=1")
    assert echo.count("/v1/search") == 2
    assert "2 attempts" in line(shop)
    echo.answer("/v1/start", Answer(503), Answer())
    with pytest.raises(StatusError, match="503"):
        shop.run("%apicall shop --use-as action GET /start")
    assert echo.count("/v1/start") == 1


@pytest.mark.usefixtures("impatient")
def test_use_as_of_a_saved_call(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%%apicall shop --use-as data --save search\nPOST /search\n\na=1")
    assert workspace.current().settings("shop").calls["search"].use_as == "data"
    echo.answer("/v1/search", Answer(503), Answer())
    shop.run("%apicall shop.search")
    assert echo.count("/v1/search") == 3


@pytest.mark.usefixtures("impatient")
def test_retries(shop: NotebookShell, echo: Echo) -> None:
    echo.answer("/v1/x", Answer(503))
    with pytest.raises(StatusError, match="after 2 attempts"):
        shop.run("%apicall shop --retries 1 GET /x")
    with pytest.raises(StatusError):
        shop.run("%apicall shop --retries 0 GET /x")
    assert echo.count("/v1/x") == 3


def test_timeout(magics: NotebookShell, raw: RawServer) -> None:
    raw.script(lambda each: (each.read_request(), each.hang())[1])
    magics.run(f"%apiconn_auth slow none --base-url {raw.url}")
    begun = time.monotonic()
    with pytest.raises(CallTimeout, match="Allow more with --timeout"):
        magics.run("%apicall slow --timeout 0.4 GET /x")
    assert time.monotonic() - begun < 3


def test_env(shop: NotebookShell, echo: Echo) -> None:
    shop.run(f"%apiconn_auth shop --dev-base-url {echo.url}/dev")
    shop.run("%apicall shop --env development GET /x")
    assert echo.last.target == "/dev/x"
    assert " · development" in line(shop)
    shop.run("%apicall shop GET /x")
    assert echo.last.target == "/v1/x"


def test_env_of_the_process(shop: NotebookShell, echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run(f"%apiconn_auth shop --dev-base-url {echo.url}/dev")
    monkeypatch.setenv("APICONN_ENV", "development")
    shop.run("%apicall shop GET /x")
    assert echo.last.target == "/dev/x"
    shop.run("%apicall shop --env live GET /x")
    assert echo.last.target == "/v1/x"


@pytest.mark.parametrize(
    ("method", "fields", "shown"),
    [
        ("key-in-url", "--key-name k --key env:KEY", "/v1/x?a=1&k=•••"),
        ("key-in-header", "--key-name X-Key --key-prefix 'Token ' --key env:KEY", "X-Key: Token •••"),
        ("basic", "--username ada --password env:KEY", "Authorization: Basic •••"),
        ("oauth2-client-credentials", "--client-id i --client-secret env:KEY --token-endpoint https://x.example/t",
         "Authorization: Bearer •••"),
        ("oauth2-custom-token", "--token-endpoint https://x.example/t --header-name X-T --header-prefix ''",
         "X-T: •••"),
        ("oauth2-user-agent", "--client-id i --authorization-endpoint https://x.example/a --token-endpoint "
         "https://x.example/t --no-token-in-header", "access_token=•••"),
    ],
)  # fmt: skip
def test_a_dry_run_shows_the_request_masked_and_sends_nothing(
    magics: NotebookShell, echo: Echo, canary: Canary, monkeypatch: Any, method: str, fields: str, shown: str
) -> None:
    monkeypatch.setenv("KEY", canary("key"))
    magics.run(f"%apiconn_auth shop {method} --base-url {echo.url}/v1 {fields} --header X-Shared-Token=env:KEY")
    magics.displays.clear()
    assert magics.run('%%apicall shop --dry-run -p p=env:KEY\nGET /x?a=1\nX-Mine: [p]\n\n{"p": "<p>"}') is None
    text = magics.display_text()
    assert shown in text
    assert "X-Mine: ••p••" in text
    assert "X-Shared-Token: ••X-Shared-Token••" in text
    assert '{"p": "' in text
    assert "nothing was sent" in text
    assert not echo.arrived
    canary.assert_absent(text)


def test_a_dry_run_needs_no_secret(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%apiconn_auth shop key-in-header --key env:NOT_SET_ANYWHERE")
    shop.run("%apicall shop --dry-run -p k=env:NEITHER GET /x?k=[k]")
    assert "••k••" in shop.display_text()


def test_debug_shows_the_exchange(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%apicall shop --debug GET /x?a=1")
    assert f"→ GET {echo.url}/v1/x?a=1" in shop.display_text()
    assert "← 200" in shop.display_text()


def test_help(shop: NotebookShell) -> None:
    page = repr(shop.run("%apicall --help"))
    for option in ("--param", "--out", "--as", "--records", "--pages", "--save", "--use-as", "--dry-run"):
        assert option in page


def test_the_file_says_what_a_call_does_where_the_line_is_silent(shop: NotebookShell, echo: Echo) -> None:
    text = Path("apiconn.toml").read_text()
    Path("apiconn.toml").write_text(
        text + '\n[shop.calls.two]\nrequest = "GET /x?k=[k]"\npages = 1\nprivate = ["k"]\ncolumns = { id = "string" }\n'
        '[shop.calls.two.params]\nk = "CANARY-default"\n'
    )
    frame: Any = shop.run("%apicall shop.two")
    assert dict(echo.last.query) == {"k": "CANARY-default"}
    assert list(frame["id"]) == [1, 2]
    assert "string" in line(shop), "a pinned column that differs is said"
    assert "CANARY" not in shop.display_text() + json.dumps(frame.attrs)
