"""What a server says is shown as text: no markup, no terminal command, no text that runs backwards."""

from __future__ import annotations

import re
from typing import Any

import pytest

import apiconn_nb as api
from apiconn_nb.errors import ApiConnError
from tests.echo import Answer, Echo
from tests.hardening import evidence
from tests.shell import NotebookShell

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"
TERMINAL = "\x1b]0;title\x07\x1b[2J\x1b]52;c;ZXZpbA==\x07\x9b31m\x08\x08\x08\r"
BACKWARDS = "safe\u202etxt.exe\u2066\u200f"
SAID = f"{MARKUP}{TERMINAL}{BACKWARDS}"
# C0 and C1 but for tab and line feed, and what changes the direction of text (Unicode TR 36 §2.9).
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
OWN_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/problem+json"])
def test_a_refusal(magics: NotebookShell, echo: Echo, status: int, kind: str) -> None:
    magics.run(f"%apiconn_auth demo none --base-url {echo.url} --retries 0")
    body: Any = {"error": SAID, "message": SAID, "title": SAID} if "json" in kind else SAID.encode()
    echo.answer("/x", Answer(status, body, {"Content-Type": kind}))
    with pytest.raises(ApiConnError) as caught:
        magics.run("%apicall demo GET /x")
    drawn = OWN_COLOURS.sub("", "".join(caught.value._render_traceback_()))
    assert not COMMANDS.search(drawn), repr(drawn)
    assert not COMMANDS.search(str(caught.value))
    evidence.count("shown", attacks=1)


def test_a_table_its_columns_and_its_status_line(magics: NotebookShell, echo: Echo) -> None:
    echo.answer("/x", Answer(body={SAID: [{SAID: SAID, "n": 1}, {SAID: MARKUP, "n": 2}], "total": SAID, "next": SAID}))
    magics.run(f"%apiconn_auth demo none --base-url {echo.url} --retries 0")
    value = magics.run("%apicall demo GET /x")
    assert "<script" not in value._repr_html_()
    for shown in magics.displays:
        html = shown["data"].get("text/html", "")
        assert "<script" not in html
        assert "onerror=alert(1)>" not in html
        assert not COMMANDS.search(shown["data"].get("text/plain", "")), repr(shown["data"]["text/plain"])
        assert not COMMANDS.search(html)
    evidence.count("shown", attacks=1)


def test_a_token_endpoint(echo: Echo, magics: NotebookShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "secret-enough")
    answer = {"error": SAID, "error_description": SAID, "error_uri": "javascript:alert(1)"}
    echo.answer("/token", Answer(400, answer))
    magics.run(
        f"%apiconn_auth demo oauth2-client-credentials --base-url {echo.url} --token-endpoint {echo.url}/token "
        "--client-id a --client-secret env:KEY --retries 0"
    )
    with pytest.raises(ApiConnError) as caught:
        api.collection("demo").send("GET /x")
    assert not COMMANDS.search(str(caught.value)), repr(str(caught.value))
    magics.displays.clear()
    magics.run_cell("%apiconn_auth demo --test --debug")
    for shown in magics.displays:
        assert "<script" not in shown["data"].get("text/html", "")
        assert not COMMANDS.search("".join(map(str, shown["data"].values())))
    evidence.count("shown", attacks=1)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"])
def test_a_device_code_that_leads_to_a_script(
    echo: Echo, magics: NotebookShell, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    """The link under the cell is the provider's: it is one to a web page, or none."""
    answer = {"device_code": "d" * 20, "user_code": "ABCD", "verification_uri": link, "verification_uri_complete": link}
    echo.answer("/device", Answer(body={**answer, "expires_in": 60, "interval": 1}))
    echo.answer("/token", Answer(400, {"error": "access_denied"}))
    magics.run(
        f"%apiconn_auth demo oauth2-user-agent --base-url {echo.url} --token-endpoint {echo.url}/token --client-id a "
        f"--authorization-endpoint {echo.url}/authorize --device-authorization-endpoint {echo.url}/device"
    )
    magics.displays.clear()
    magics.run_cell("%apiconn_auth demo --login --via device --wait --timeout 3")
    shown = "".join(str(each["data"].get("text/html", "")) for each in magics.displays)
    assert f'href="{link[:5]}' not in shown
    evidence.count("shown", attacks=1)
