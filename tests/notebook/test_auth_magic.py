"""``%apiconn_auth`` as interface.md has it: every form of the line, and every way to get one wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pandas as pd
import pytest

from apiconn_nb import auth, workspace
from apiconn_nb.errors import (
    ApiConnError,
    ConfigError,
    LoginRequired,
    StatusError,
    UnknownNameError,
)
from apiconn_nb.fields import fields_of
from tests.canary import Canary
from tests.echo import Answer, Echo
from tests.shell import NotebookShell

FILE = Path("apiconn.toml")


@pytest.fixture
def keyed(magics: NotebookShell, echo: Echo, canary: Canary, monkeypatch: pytest.MonkeyPatch) -> NotebookShell:
    """The shell with a collection ``shop`` of the echo server, its key in ``SHOP_KEY``."""
    monkeypatch.setenv("SHOP_KEY", canary("shop-key"))
    magics.run(f"%apiconn_auth shop key-in-header --base-url {echo.url} --key-name X-Key --key env:SHOP_KEY")
    return magics


def shown(shell: NotebookShell, line: str) -> str:
    return repr(shell.run(line))


# ── the list, setting up, changing ─────────────────────────────────────────────────────────────────────────────────


def test_the_list_of_no_collections_is_an_empty_table(magics: NotebookShell) -> None:
    frame = magics.run("%apiconn_auth")
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["collection", "base URL", "method", "environment", "state", "calls"]
    assert frame.empty


def test_setting_up_is_one_line_that_names_the_next_step(keyed: NotebookShell, echo: Echo, canary: Canary) -> None:
    again = shown(keyed, "%apiconn_auth shop --retries 2")
    assert again.startswith(f"shop: {echo.url} · Private key in header · live · saved in apiconn.toml.")
    assert again.endswith("Next: %apiconn_auth shop --test")
    text = FILE.read_text()
    assert 'method = "key-in-header"' in text
    assert 'key = "env:SHOP_KEY"' in text
    assert "retries = 2" in text
    (row,) = keyed.run("%apiconn_auth").to_dict("records")
    assert (row["collection"], row["method"], row["environment"], row["state"]) == (
        "shop", "key-in-header", "live", "not tested",
    )  # fmt: skip
    canary.assert_absent(text, keyed.display_text(), again)


def test_a_line_changes_what_it_says_and_keeps_the_rest(keyed: NotebookShell) -> None:
    keyed.run("%apiconn_auth shop --key-prefix 'Token ' --header X-A=1 --header X-B=2")
    keyed.run("%apiconn_auth shop --header X-B=3 --query v=1")
    settings = workspace.current().settings("shop")
    assert settings.auth == {"key_name": "X-Key", "key": "env:SHOP_KEY", "key_prefix": "Token "}
    assert settings.connection["headers"] == {"X-A": "1", "X-B": "3"}
    assert settings.connection["query"] == {"v": "1"}


def test_another_method_takes_the_place_of_the_one_before(keyed: NotebookShell, echo: Echo) -> None:
    keyed.run("%apiconn_auth shop basic --username ada --password env:SHOP_KEY")
    settings = workspace.current().settings("shop")
    assert (settings.method, settings.connection["base_url"]) == ("basic", echo.url)
    assert settings.auth == {"username": "ada", "password": "env:SHOP_KEY"}


def test_flags_and_their_opposites(magics: NotebookShell) -> None:
    magics.run(
        "%apiconn_auth a oauth2-user-agent --base-url https://x.example --client-id i --no-pkce --client-auth-basic "
        "--authorization-endpoint https://x.example/a --token-endpoint https://x.example/t"
    )
    settings = workspace.current().settings("a")
    assert (settings.auth["pkce"], settings.auth["client_auth_basic"]) == (False, True)


def test_rows_json_and_pem_on_a_line(magics: NotebookShell, tmp_path: Path) -> None:
    Path("body.json").write_text('{"user": "<user>"}')
    magics.run(
        "%apiconn_auth a oauth2-custom-token --base-url https://x.example --token-endpoint https://x.example/t "
        "--token-headers X-A=1 --token-headers X-Tenant=env:TENANT --token-params user=ada --token-body file:body.json"
    )
    settings = workspace.current().settings("a")
    assert settings.auth["token_headers"] == {"X-A": "1", "X-Tenant": "env:TENANT"}
    magics.run("""%apiconn_auth a --token-body '{"n": 1, "user": "<user>"}'""")
    assert workspace.current().settings("a").auth["token_body"] == '{"n": 1, "user": "<user>"}'


@pytest.mark.parametrize("method", auth.methods(), ids=lambda method: method.slug)
def test_help_lists_that_methods_options_with_labels(magics: NotebookShell, method: type[auth.AuthMethod]) -> None:
    page = shown(magics, f"%apiconn_auth new {method.slug} --help")
    assert method.label in page
    for field in fields_of(method):
        assert field.option in page
        assert field.label in page
    assert "--base-url" in page
    assert not FILE.exists()


def test_the_docstring_is_a_help_page(magics: NotebookShell) -> None:
    for magic in ("apiconn_auth", "apicall"):
        page = magics.object_inspect_text(f"%{magic}") if hasattr(magics, "object_inspect_text") else ""
        assert "NAME" in page
        assert "env:NAME" in page or "-p" in page


# ── status, test, environment, delete ──────────────────────────────────────────────────────────────────────────────


def test_status_says_everything_but_secrets(keyed: NotebookShell, echo: Echo, canary: Canary) -> None:
    keyed.run("%apiconn_auth shop --header X-Secret-Token=env:SHOP_KEY --header X-A=1")
    status = shown(keyed, "%apiconn_auth shop --status")
    for words in ("shop · live", echo.url, "Private key in header", "not tested", "Private key: env:SHOP_KEY",
                  "the environment, or .env", "apiconn.toml"):  # fmt: skip
        assert words in status
    canary.assert_absent(status)


def test_status_says_where_a_token_is_kept(magics: NotebookShell, echo: Echo, tmp_path: Path) -> None:
    magics.run(f"%config ApiConn.token_file = '{tmp_path / 'private' / 'tokens.json'}'")
    magics.run(
        f"%apiconn_auth m oauth2-client-credentials --base-url {echo.url} --client-id i --client-secret env:S "
        f"--token-endpoint {echo.url}/token"
    )
    echo.answer("/token", Answer(body={"access_token": "CANARY-token", "expires_in": 3600}))
    magics.user_ns["os"] = __import__("os")
    magics.run("os.environ['S'] = 'CANARY-s'")
    magics.run("%apiconn_auth m --test")
    status = shown(magics, "%apiconn_auth m --status")
    assert "tokens.json" in status
    assert "renews by itself" in status
    assert "CANARY" not in status
    path = tmp_path / "private" / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    magics.run("del os.environ['S']")


def test_test_makes_the_test_call_and_the_list_says_how_it_went(keyed: NotebookShell, echo: Echo) -> None:
    assert shown(keyed, "%apiconn_auth shop --test").startswith(f"works · GET {echo.url}")
    assert echo.last.target == "/"
    assert "works, " in keyed.run("%apiconn_auth")["state"][0]
    echo.answer("/ping", Answer(401, {"message": "who are you?"}))
    keyed.run("%%apicall shop --save test --as text -q\nGET /health")
    keyed.run("%apiconn_auth shop --test")
    assert echo.last.target == "/health"


def test_a_failed_test_is_one_line_and_the_state_remembers(keyed: NotebookShell, echo: Echo) -> None:
    echo.answer("/", Answer(401, {"message": "who are you?"}))
    with pytest.raises(StatusError, match=r"401 Unauthorized: who are you\?.*--test --debug"):
        keyed.run("%apiconn_auth shop --test")
    assert keyed.run("%apiconn_auth")["state"][0].startswith("401")


def test_debug_shows_each_exchange_redacted_and_what_to_change(
    magics: NotebookShell, echo: Echo, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S", canary("client-secret", awkward=True))
    echo.answer("/token", Answer(401, {"error": "invalid_client", "error_description": "no such client"}))
    magics.run(
        f"%apiconn_auth m oauth2-client-credentials --base-url {echo.url} --client-id app --client-secret env:S "
        f"--token-endpoint {echo.url}/token"
    )
    with pytest.raises(ApiConnError, match="invalid_client: no such client"):
        magics.run("%apiconn_auth m --test --debug")
    text = magics.display_text()
    assert f"POST {echo.url}/token" in text
    assert "grant_type=client_credentials" in text
    assert "client_id=app" in text
    assert "401" in text
    assert "Client secret (--client-secret)" in text, "which setting to change"
    canary.assert_absent(text)
    echo.answer("/token", Answer(body={"access_token": canary("access"), "expires_in": 60}))
    magics.displays.clear()
    magics.run("%apiconn_auth m --test --debug")
    text = magics.display_text()
    assert "Authorization: Bearer •••" in text, "where the token went"
    assert "← 200" in text
    canary.assert_absent(text)


def test_env_alone_is_kept_and_beside_a_command_it_is_for_that_command(keyed: NotebookShell, echo: Echo) -> None:
    keyed.run("%apiconn_auth shop --status --env development")
    assert "environment" not in workspace.current().settings("shop").connection
    keyed.run("%apiconn_auth shop --env development")
    assert workspace.current().settings("shop").connection["environment"] == "development"
    assert keyed.run("%apiconn_auth")["environment"][0] == "development"
    assert "shop · development" in shown(keyed, "%apiconn_auth shop --status")
    keyed.run("%apiconn_auth shop --env live")
    assert workspace.collection("shop").environment == "live"


def test_delete_takes_the_collection_and_its_tokens(magics: NotebookShell, echo: Echo, tmp_path: Path) -> None:
    magics.run(f"%config ApiConn.token_file = '{tmp_path / 'tokens.json'}'")
    magics.run(f"%apiconn_auth m oauth2-custom-token --base-url {echo.url} --token-endpoint {echo.url}/token")
    echo.answer("/token", Answer(body={"access_token": "CANARY-token", "expires_in": 3600}))
    magics.run("%apiconn_auth m --test")
    assert "CANARY-token" in (tmp_path / "tokens.json").read_text()
    workspace.use("apiconn.toml", token_file=str(tmp_path / "tokens.json"))  # a kernel that never opened it
    assert "deleted" in shown(magics, "%apiconn_auth m --delete")
    assert "CANARY-token" not in (tmp_path / "tokens.json").read_text()
    assert "[m" not in FILE.read_text()
    with pytest.raises(UnknownNameError):
        magics.run("%apiconn_auth m --status")


def test_a_login_that_nobody_made_is_asked_for_by_its_command(magics: NotebookShell, echo: Echo) -> None:
    line = shown(
        magics,
        f"%apiconn_auth p oauth2-user-agent --base-url {echo.url} --client-id i "
        f"--authorization-endpoint {echo.url}/authorize --token-endpoint {echo.url}/token",
    )
    assert line.endswith("Next: %apiconn_auth p --login")
    with pytest.raises(LoginRequired, match="%apiconn_auth p --login"):
        magics.run("%apicall p GET /x")


def test_an_edit_of_the_file_is_seen_at_once(keyed: NotebookShell, echo: Echo) -> None:
    FILE.write_text(FILE.read_text().replace("X-Key", "X-Other"))
    keyed.run("%apicall shop GET /x")
    assert "X-Other" in echo.last.headers
    FILE.write_text("[broken\n")
    with pytest.raises(ConfigError, match=r"apiconn\.toml: not TOML"):
        keyed.run("%apicall shop GET /x")


def test_another_file(keyed: NotebookShell, tmp_path: Path) -> None:
    keyed.run("%config ApiConn.file = 'other.toml'")
    assert keyed.run("%apiconn_auth").empty
    keyed.run("%apiconn_auth a basic --base-url https://x.example --username u")
    assert (tmp_path / "other.toml").exists()
