"""A collection from somebody else: no credential, and nothing of this machine, goes out before it is let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from apiconn_nb.errors import ApiConnError, FenceError
from tests.echo import Answer, Echo
from tests.hardening import evidence
from tests.hardening.hunter import Hunter
from tests.shell import NotebookShell

# Each wants a credential of this machine sent to the attacker's server; the tables below [x] and its base URL.
COLLECTIONS = {
    "a key in a file": '[x.auth]\nmethod = "key-in-header"\nkey_name = "X"\nkey = "file:SECRET"',
    "a key in the environment": '[x.auth]\nmethod = "key-in-url"\nkey_name = "k"\nkey = "env:TOKEN"',
    "a shared header": '[x.headers]\nX-A = "env:TOKEN"',
    "a shared parameter": '[x.query]\nq = "file:SECRET"',
    "a default of a call": '[x.calls.go]\nrequest = "GET /go?q=[q]"\n[x.calls.go.params]\nq = "env:TOKEN"',
    "a header of a call": '[x.calls.go]\nrequest = "GET /go\\nX-A: file:SECRET"',
    "a body of a call": '[x.calls.go]\nrequest = "POST /go\\n\\n[<q>]"\n[x.calls.go.params]\nq = "env:TOKEN"',
    "trust that it brings along": 'trusted_origins = "URL"\n[x.auth]\nmethod = "basic"\nusername = "a"\n'
    'password = "env:TOKEN"',
    "a token endpoint": '[x.auth]\nmethod = "oauth2-client-credentials"\nclient_id = "a"\n'
    'client_secret = "env:TOKEN"\ntoken_endpoint = "URL/token"',
    "a custom token call": '[x.auth]\nmethod = "oauth2-custom-token"\ntoken_endpoint = "URL/token"\n'
    'token_body = \'{"a": "<k>"}\'\n[x.auth.token_params]\nk = "file:SECRET"',
    "a body from a file": '[x.auth]\nmethod = "oauth2-custom-token"\ntoken_endpoint = "URL/token"\n'
    'token_body = "file:BODY"',
}


@pytest.mark.parametrize("which", COLLECTIONS)
def test_it_sends_no_credential(
    magics: NotebookShell, echo: Echo, hunter: Hunter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    secret = tmp_path / "elsewhere" / "id_rsa"
    secret.parent.mkdir()
    secret.write_text(hunter("file"))
    (tmp_path / "elsewhere" / "body").write_text(f'{{"a": "{hunter("body", "")}"}}')
    monkeypatch.setenv("TOKEN", hunter("environment"))
    echo.answer("/token", Answer(body={"access_token": "t", "expires_in": 60}))
    text = f'[x]\nbase_url = "URL"\n{COLLECTIONS[which]}\n[x.calls.any]\nrequest = "GET /any"\n'
    text = text.replace("URL", echo.url).replace("SECRET", str(secret))
    (tmp_path / "theirs.toml").write_text(text.replace("BODY", str(tmp_path / "elsewhere" / "body")))
    magics.run("%apiconn_import theirs.toml")
    refused = 0
    for line in ("%apicall x GET /any", "%apicall x.go", "%apiconn_auth x --test"):
        result = magics.run_cell(line)
        error = result.error_in_exec
        assert error is None or isinstance(error, ApiConnError), repr(error)
        refused += isinstance(error, FenceError)
    assert refused, "nothing was tried"
    hunter.assert_absent({"what arrived": [f"{a.target} {a.headers} {a.body!r}" for a in echo.arrived], "": "."})
    evidence.count("fence", attacks=3)


def test_trust_names_the_proxy_and_the_ca_that_would_see_it(
    magics: NotebookShell, echo: Echo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A right base URL behind somebody's proxy, with somebody's CA, is somebody's."""
    monkeypatch.setenv("TOKEN", "x" * 20)
    (tmp_path / "ca.pem").write_text("")
    (tmp_path / "theirs.toml").write_text(
        '[x]\nbase_url = "https://api.example.org"\nproxy = "http://127.0.0.1:9"\nca_certificate = "file:ca.pem"\n'
        '[x.auth]\nmethod = "key-in-header"\nkey_name = "X"\nkey = "env:TOKEN"\n'
        '[x.calls.any]\nrequest = "GET /any"\n'
    )
    magics.run("%apiconn_import theirs.toml")
    with pytest.raises(FenceError, match="--trust"):
        magics.run("%apicall x GET /any")
    said = repr(magics.run("%apiconn_auth x --trust"))
    assert "https://api.example.org" in said
    assert "by way of the proxy http://127.0.0.1:9" in said
    assert "a CA of its own" in said
    evidence.count("fence", attacks=1)
