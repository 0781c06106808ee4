"""Where nobody sits at a browser the demo's own user signs in; no other provider's link is ever opened so."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest

from apiconn_nb import demo, workspace
from apiconn_nb.demo.handle import Handle
from apiconn_nb.login import stand_in
from tests.shell import NotebookShell

WHERE = "--base-url {url}/oauth2-user-agent --issuer {url}"
LOGIN = "%apiconn_auth {name} oauth2-user-agent --client-id demo-native " + WHERE


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    """A demo as `demo.running` leaves it, in a run without a person; forgotten at the end."""
    monkeypatch.setattr(stand_in, "_visits", {})
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # no terminal, also under `pytest -s`
    with demo.serve(device_interval=1) as served:
        monkeypatch.setenv("APICONN_DEMO_URL", served.url)
        collections = workspace.use("apiconn.toml")
        yield demo.running()
        for name in collections.all():
            workspace.collection(name).close()


def shown(shell: NotebookShell) -> str:
    """What stands under the cell: each display as it was last updated."""
    return "\n".join(bundle["text/plain"] for bundle in shell.screen())


def test_the_demo_signs_in_by_itself_without_a_person(shop: Handle, magics: NotebookShell) -> None:
    magics.run(LOGIN.format(name="shop", url=shop.url))
    magics.run("%apiconn_auth shop --login")

    assert "signed in" in shown(magics)
    who = magics.run("%apicall shop GET /me")
    assert who["name"].tolist() == ["Ada Lovelace"]


@pytest.mark.parametrize("way", ["loopback", "device"])
def test_by_the_way_that_was_asked_for(shop: Handle, magics: NotebookShell, way: str) -> None:
    magics.run(LOGIN.format(name="shop", url=shop.url))
    magics.run(f"%apiconn_auth shop --login --via {way}")

    assert "signed in" in shown(magics)


def test_a_provider_of_somebody_else_waits_for_a_person(shop: Handle, magics: NotebookShell) -> None:
    with demo.serve() as other:
        magics.run(LOGIN.format(name="other", url=other.url))
        with pytest.raises(Exception, match="Nobody can sign in to other here"):
            magics.run("%apiconn_auth other --login")

        assert other.counters["login"] == 0


def test_the_status_says_which_redirect_url_to_register(shop: Handle, magics: NotebookShell) -> None:
    magics.run(LOGIN.format(name="shop", url=shop.url))

    shown = repr(magics.run("%apiconn_auth shop --status"))
    assert "redirect URL  http://127.0.0.1:8765/callback (register it" in shown
