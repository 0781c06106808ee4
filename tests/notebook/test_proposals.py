"""A setup to be confirmed: --discover, --preset, and the doctor."""

from __future__ import annotations

from typing import Any

import pytest

from apiconn_nb import demo, workspace
from apiconn_nb.errors import UnknownNameError, UsageError
from tests.shell import NotebookShell


@pytest.fixture(scope="module")
def shop() -> Any:
    with demo.serve() as running:
        yield running


def next_cell(shell: NotebookShell) -> str:
    """What the magic put into the next cell."""
    payload = getattr(shell, "rl_next_input", None) or ""
    return str(payload)


def test_discover_proposes_what_runs(magics: NotebookShell, shop: Any) -> None:
    shown = str(magics.run(f"%apiconn_auth found --discover {shop.url}/basic"))
    assert "Basic" in shown
    cell = next_cell(magics)
    assert cell in shown
    assert cell.startswith("%apiconn_auth found basic")
    assert workspace.current().all() == {}, "nothing is saved before it is confirmed"
    magics.run(f"{cell} --username ada --password env:PW")
    assert workspace.current().settings("found").method == "basic"


def test_a_preset_is_offered_and_runs(magics: NotebookShell) -> None:
    shown = str(magics.run("%apiconn_auth hub --preset github"))
    assert "api.github.com" in shown
    assert "docs.github.com" in shown
    magics.run(next_cell(magics))
    assert workspace.current().settings("hub").value("base_url") == "https://api.github.com"


def test_a_preset_asks_for_its_variables(magics: NotebookShell) -> None:
    with pytest.raises(UsageError, match=r"-p \w+=…"):
        magics.run("%apiconn_auth desk --preset zendesk")
    with pytest.raises(UnknownNameError, match="github"):
        magics.run("%apiconn_auth hub --preset githib")


def test_its_variables_are_given_as_the_message_says(magics: NotebookShell) -> None:
    magics.run("%apiconn_auth desk --preset zendesk -p subdomain=acme -p email=ada@acme.example")
    magics.run(next_cell(magics))

    assert workspace.current().settings("desk").value("base_url") == "https://acme.zendesk.com/api/v2"


def test_debug_walks_the_way_to_a_token_and_names_the_setting(
    magics: NotebookShell, shop: Any, canary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", canary("client"))
    magics.run(
        f"%apiconn_auth svc oauth2-client-credentials --base-url {shop.url}/oauth2-client-credentials "
        f"--token-endpoint {shop.url}/oauth/token --client-id demo-service --client-secret env:WRONG"
    )
    shown = str(magics.run("%apiconn_auth svc --debug"))
    assert "invalid_client" in shown
    assert "--client-secret" in shown or "Client secret" in shown
    canary.assert_absent(shown, magics.display_text())


def test_deleting_ends_a_login_under_way(magics: NotebookShell, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from apiconn_nb.login import engine

    monkeypatch.setattr(engine, "is_attended", lambda: True)
    magics.run(
        f"%apiconn_auth shop oauth2-user-agent --base-url {shop.url}/oauth2-user-agent --issuer {shop.url} "
        "--client-id demo-native"
    )
    collection = workspace.collection("shop")
    login = engine.start_login(collection, via="loopback", attended=True)
    magics.run("%apiconn_auth shop --delete")
    assert login.wait(5)
    assert login.state == "failed"
    assert collection.slot.token is None
