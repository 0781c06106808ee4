"""An attacker's other ways in: charsets, odd tokens, a file full of markup, values that end up in generated scripts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest

from apiconn_nb import workspace
from apiconn_nb.calling import run
from apiconn_nb.errors import ApiConnError, ConfigError
from apiconn_nb.notebook.display import Line
from apiconn_nb.notebook.form.window import Form
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings, SavedCall
from tests.echo import Answer, Echo
from tests.form.person import Person
from tests.hardening import evidence
from tests.hardening.hunter import Hunter
from tests.hardening.test_shown import COMMANDS, OWN_COLOURS, SAID
from tests.login.kernel import ROOT
from tests.opened import Open
from tests.shell import NotebookShell

MARKUP = re.compile(r"<(img|script)\b(?![^<]*data:image)")

# What Python calls codecs beside charsets, and texts that are neither.
CHARSETS = ("rot13", "zlib", "bz2_codec", "hex", "base64", "unicode_escape", "raw_unicode_escape", "idna", "punycode",
            "undefined", "mbcs", "utf-7", "utf-16", "cp037", "x" * 10_000, "../../etc/passwd", "é")  # fmt: skip


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "text/plain", "text/html", "application/xml"])
@pytest.mark.parametrize("status", [200, 400])
def test_a_charset_that_is_none(echo: Echo, opened: Open, kind: str, status: int) -> None:
    collection = opened(echo.url, retries=0)
    body = b'[{"a": 1}]' if "json" in kind else b"<a>1</a>" if "xml" in kind or "html" in kind else b"a,b\n1,2\n"
    for charset in CHARSETS:
        value = f"{kind}; charset={charset}".encode().decode("latin-1")
        echo.rules.clear()
        echo.answer("/x", Answer(status, body, {"Content-Type": value}))
        said = ""
        try:
            run(collection, parse("GET /x"))
        except ApiConnError as error:
            said = str(error)
        assert "\n" not in said
        assert not said or status == 400 or charset in ("utf-16", "cp037", "utf-7") or "xml" in kind, (charset, said)
        evidence.count("attacker", tries=1)


ODD = ("\x00", "\x01", "\n", "\r\nX-Evil: 1", "\x7f", "\x85", "é", "\u202e", "😀", "\ud800", " ")


@pytest.mark.parametrize("where", ["a token", "key-in-header", "key-in-url", "basic"])
def test_a_secret_with_odd_characters_is_sent_whole_or_not_said(
    echo: Echo, opened: Open, hunter: Hunter, where: str
) -> None:
    """The errors of httpx, h11 and Python's encoders quote what they could not send."""
    for odd in ODD:
        secret = hunter(f"odd-{ord(odd[0])}", f"{odd}zz")
        auth: dict[str, Any] = {
            "a token": {"client_id": "a", "client_secret": Secret("x" * 9), "token_endpoint": f"{echo.url}/token"},
            "key-in-header": {"key_name": "X-K", "key": Secret(secret)},
            "key-in-url": {"key_name": "k", "key": Secret(secret)},
            "basic": {"username": "a", "password": Secret(secret)},
        }[where]
        method = "oauth2-client-credentials" if where == "a token" else where
        echo.answer("/token", Answer(body={"access_token": secret, "expires_in": 60}))
        collection = opened(echo.url, method, auth, retries=0)
        before, said = len(echo.arrived), ""
        try:
            collection.send("GET /x")
        except ApiConnError as error:
            said = f"{error} {error!r}"
        hunter.assert_absent({"error": said})
        assert "\n" not in said
        calls = [each for each in echo.arrived[before:] if each.target.startswith("/x")]
        assert len(calls) == (0 if said else 1)
        assert not any("X-Evil" in each.headers for each in calls)
        evidence.count("attacker", tries=1)


def text(said: str) -> str:
    return json.dumps(said)


def hostile_file() -> str:
    """An apiconn.toml with markup, terminal commands and backwards text wherever a text may stand."""
    plain = re.sub("[\x00-\x1f\x7f-\x9f]", "", SAID)
    url = f"https://api.example.org/{''.join(each for each in plain if each.isprintable()).replace(' ', '%20')}"
    return f"""
[evil]
base_url = {text(url)}
[evil.auth]
method = "oauth2-user-agent"
client_id = {text(SAID)}
scope = {text(SAID)}
authorization_endpoint = {text(url)}
token_endpoint = {text(url)}
[evil.headers]
"X-A" = {text(plain)}
[evil.query]
{text(SAID)} = {text(SAID)}
[evil.calls.one]
request = {text(f"GET /x?q=[n]&v={plain}")}
doc = {text(SAID)}
pages = "all"
[evil.calls.one.params]
n = {text(SAID)}
"""


LINES = ("%apiconn_auth", "%apiconn_auth evil", "%apiconn_auth evil --status", "%apiconn_auth evil --test",
         "%apicall evil.one --dry-run", "%apicall evil.one", "%apicall evil.none", "%apicall evil.one --as-code curl",
         "%apicall evil.one --as-code httpx", "%apiconn_auth evil --trust", "%apiconn_auth evil --login --via paste",
         "%apiconn_auth evil --logout")  # fmt: skip


def test_a_file_of_somebody_else_is_shown_as_text(magics: NotebookShell, tmp_path: Path) -> None:
    (tmp_path / "apiconn.toml").write_text(hostile_file())
    for line in LINES:
        result = magics.run_cell(line)
        error, value = result.error_in_exec, result.result
        assert error is None or isinstance(error, ApiConnError), (line, repr(error))
        assert not COMMANDS.search(OWN_COLOURS.sub("", str(error or ""))), line
        for show in ("_repr_html_", "_repr_markdown_", "_repr_svg_", "_repr_javascript_", "_repr_latex_"):
            assert not MARKUP.search(str(getattr(value, show, str)() or "")), (line, show)
        assert not COMMANDS.search(repr(value)), line
        evidence.count("attacker", tries=1)
    for shown in magics.displays:
        for kind, said in shown["data"].items():
            assert not COMMANDS.search(str(said)), (kind, said)
            assert kind == "text/plain" or not MARKUP.search(str(said)), (kind, said)


def test_a_file_of_somebody_else_in_the_form(magics: NotebookShell, tmp_path: Path) -> None:
    (tmp_path / "apiconn.toml").write_text(hostile_file())
    form = Form("evil", workspace.current())
    person = Person(form)
    person.unfold("Saved calls")
    person.choose("Call", "one")
    person.press("Show as magic")
    for widget in person.all():
        if isinstance(widget, widgets.HTML):
            assert not MARKUP.search(widget.value), widget.value
        assert not getattr(widget, "description_allow_html", False)
        evidence.count("attacker", tries=1)
    form.close()


@pytest.mark.parametrize("sign", ["\x07", "\x7f", "\x9b31m", "\u202e", "\u2066", "\u200b", " "])
def test_an_address_holds_what_can_be_seen(magics: NotebookShell, sign: str) -> None:
    """It becomes a link, and is written to a terminal."""
    for field in ("--base-url", "--authorization-endpoint", "--token-endpoint"):
        result = magics.run_cell(f"%apiconn_auth x oauth2-user-agent {field} 'https://a.example/{sign}x'")
        error = result.error_in_exec or result.error_before_exec
        assert isinstance(error, ConfigError), field
        assert not COMMANDS.search(str(error))
    assert not COMMANDS.search(repr(Line("Sign in", links=(("Sign in", f"https://a.example/{sign}x"),))))
    evidence.count("attacker", tries=3)


# Each would make a file of that name, were it run by a shell or by Python.
SCRIPTS = (
    "$(touch PWNED)", "`touch PWNED`", "';touch PWNED;'", '";touch PWNED;"', "\ntouch PWNED\n", "\\'; touch PWNED; '",
    "'''\nopen('PWNED', 'w')\n'''", '"""\nopen("PWNED","w")\n"""', "{open('PWNED','w')}", "%(x)s\\", "!touch PWNED",
    "${IFS}touch${IFS}PWNED", "EOF\ntouch PWNED\n", "@/etc/passwd", "--output PWNED", "-o PWNED", "\u2028touch PWNED",
)  # fmt: skip
CALLS = ("GET /x/[v]?a=[v]", "POST /x\n\na=<v>&b=2", "POST /x\nContent-Type: text/plain\n\n<v>",
         'POST /x?a=[v]\nX-A: [v]\n\n{"a": <v>, "b": "<v>"}')  # fmt: skip


def scripts(shell: NotebookShell, url: str, value: str) -> Iterator[tuple[str, str]]:
    """The scripts that are made of calls with `value` in every place: what runs each, and its text."""
    for request in CALLS:
        call = SavedCall(request, params={"v": value}, doc=value)
        connection = {"base_url": url, "query": {"s": value}}
        auth = {"username": value, "password": "env:PW"}
        try:
            workspace.current().save(CollectionSettings("demo", "basic", connection, auth, {"go": call}))
        except ApiConnError:
            continue
        for target in ("curl", "httpx"):
            result = shell.run_cell(f"%apicall demo.go --as-code {target}")
            assert result.error_in_exec is None or isinstance(result.error_in_exec, ApiConnError)
            if result.error_in_exec is None:
                yield ("bash" if target == "curl" else sys.executable), str(result.result.text)


@pytest.mark.timeout(300)
def test_a_value_runs_nothing_in_a_script_that_is_made_of_a_call(
    magics: NotebookShell, echo: Echo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", "x" * 9)
    work = tmp_path / "work"
    work.mkdir()
    ran = 0
    for value in SCRIPTS[:: 2 if evidence.LONG else 3]:
        for program, script in scripts(magics, echo.url, value):
            (work / "script").write_text(script)
            environ = {**os.environ, "PYTHONPATH": str(ROOT)}
            subprocess.run([program, "script"], cwd=work, env=environ, capture_output=True, timeout=60, check=False)
            assert [each.name for each in work.iterdir()] == ["script"], script
            evidence.count("attacker", tries=1)
            ran += 1
    assert ran >= 20, "too few scripts were made"
    assert len(echo.arrived) >= ran / 2, "the scripts did not get as far as the call"
