"""interface.md read by a stranger: what ``%apiconn_auth`` says, and what an error of a setup says to do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import apiconn_nb as api
from apiconn_nb.errors import ConfigError, NetworkError, StatusError, TokenError, UnknownNameError, UsageError
from tests.canary import Canary
from tests.echo import Answer, Echo
from tests.notebook.test_call_magic import line, shop
from tests.shell import NotebookShell

__all__ = ["shop"]


def test_no_collections_are_an_empty_table_and_the_way_to_make_one(magics: NotebookShell) -> None:
    table = magics.run("%apiconn_auth")
    assert isinstance(table, pd.DataFrame)
    assert table.empty
    assert "No collection in apiconn.toml yet: %apiconn_auth NAME" in line(magics)


@pytest.mark.parametrize("words", ["--help", "-h"])
def test_help_alone_is_the_page_of_the_magic(magics: NotebookShell, words: str) -> None:
    page = str(magics.run(f"%apiconn_auth {words}"))
    assert page.startswith("Set up how a collection (a named API) proves who is calling")
    assert "\n    %apiconn_auth NAME --status" in page


@pytest.mark.parametrize("words", ["--status", "--test", "--login", "--logout", "--delete", "--env development"])
def test_what_is_done_to_a_collection_makes_none(shop: NotebookShell, words: str) -> None:
    with pytest.raises(UnknownNameError, match=r"No collection 'shp': did you mean shop\?"):
        shop.run(f"%apiconn_auth shp {words}")
    assert "shp" not in Path("apiconn.toml").read_text()


def test_the_next_step_of_a_collection_without_an_address_is_its_address(magics: NotebookShell) -> None:
    assert str(magics.run("%apiconn_auth later none")).endswith("Next: %apiconn_auth later --base-url https://…")


def test_a_refused_token_says_what_was_tried_and_what_to_do(
    magics: NotebookShell, echo: Echo, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT", canary("client"))
    echo.answer("/token", Answer(401, {"error": "invalid_client", "error_description": "no such client"}))
    magics.run(
        f"%apiconn_auth ledger oauth2-client-credentials --base-url {echo.url} --client-id me "
        f"--client-secret env:CLIENT --token-endpoint {echo.url}/token"
    )
    for _ in range(2):
        with pytest.raises(TokenError, match=r"refused \(401\): .*no such client") as caught:
            magics.run("%apicall ledger GET /x")
        assert str(caught.value).count("%apiconn_auth ledger --test --debug") == 1


def test_no_connection_says_what_to_look_at(magics: NotebookShell) -> None:
    magics.run("%apiconn_auth dead none --base-url http://127.0.0.1:1")
    with pytest.raises(NetworkError, match=r"no connection: .*refused\. Is the address right, is the server up"):
        magics.run("%apicall dead GET /x --retries 0")


def test_an_environment_that_is_none_says_where_it_stands(shop: NotebookShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APICONN_ENV", "staging")
    with pytest.raises(ConfigError, match=r"APICONN_ENV: 'staging' is none of live, development\."):
        shop.run("%apicall shop GET /x")
    monkeypatch.delenv("APICONN_ENV")
    with Path("apiconn.toml").open() as file:
        text = file.read()
    Path("apiconn.toml").write_text(text.replace("[shop]\n", '[shop]\nenvironment = "prod"\n'))
    with pytest.raises(ConfigError, match=r"apiconn.toml, line 2: .*'prod' is none of live, development\."):
        api.collection("shop")


def test_a_method_behind_options_is_the_method(
    magics: NotebookShell, echo: Echo, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", canary("password"))
    magics.run(f"%apiconn_auth one --base-url {echo.url} basic --username ada --password env:PASSWORD")
    assert 'method = "basic"' in Path("apiconn.toml").read_text()
    magics.run(f"%apiconn_auth two --base-url={echo.url} none")
    magics.run(
        f"%apiconn_auth three --base-url {echo.url} --client-auth none oauth2-password --username ada "
        f"--password env:PASSWORD --token-endpoint {echo.url}/token --client-id me"
    )
    assert 'client_auth = "none"' in Path("apiconn.toml").read_text()


def test_a_shared_row_without_a_value_is_named_as_it_is_typed(shop: NotebookShell) -> None:
    with pytest.raises(UsageError, match=r"^--header takes NAME=VALUE, not 'C'\."):
        shop.run("%apiconn_auth shop --header C")


def test_a_base_url_that_is_no_call_asks_for_a_test_call(shop: NotebookShell, echo: Echo) -> None:
    echo.answer("/v1", Answer(404))
    with pytest.raises(StatusError, match=r"404 .*%apicall shop GET /… --save test"):
        shop.run("%apiconn_auth shop --test")
    shop.run("%apicall shop GET /me --save test")
    assert str(shop.run("%apiconn_auth shop --test")).startswith("works · GET ")
