"""HTTP Basic Auth whose API key is the user name, as Stripe and Greenhouse have it."""

from __future__ import annotations

import base64

import pytest

from apiconn_nb.calling import run
from apiconn_nb.errors import ConfigError
from apiconn_nb.request import Template
from tests.canary import Canary
from tests.echo import Echo
from tests.opened import Open
from tests.shell import NotebookShell


def pair(echo: Echo) -> str:
    return base64.b64decode(echo.last.headers["Authorization"].removeprefix("Basic ")).decode()


@pytest.mark.parametrize("name", ["ada", "jürgen", "a b/+%41", "名前"])
def test_a_name_is_sent_in_utf8(echo: Echo, opened: Open, name: str) -> None:
    opened(echo.url, "basic", {"username": name}).send("GET /x")
    assert pair(echo) == f"{name}:"


def test_a_key_as_the_user_name_is_a_secret(
    magics: NotebookShell, echo: Echo, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = canary("key")
    monkeypatch.setenv("STRIPE_KEY", key)
    magics.run(f"%apiconn_auth shop basic --base-url {echo.url} --username env:STRIPE_KEY")
    magics.run("%apicall shop GET /x --dry-run")
    assert not echo.arrived
    magics.run("%apicall shop GET /x")
    assert pair(echo) == f"{key}:"
    status = repr(magics.run("%apiconn_auth shop --status"))
    assert "env:STRIPE_KEY" in status
    canary.watch(echo.last.headers["Authorization"].removeprefix("Basic "))
    canary.assert_absent(magics.display_text(), status, *magics.history())


def test_another_key_is_another_account(echo: Echo, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    collection = opened(echo.url, "basic", {"username": "env:STRIPE_KEY"})
    seen = set()
    for key in ("CANARY-one", "CANARY-two"):
        monkeypatch.setenv("STRIPE_KEY", key)
        seen.add(run(collection, Template("GET", "/x"), cache="1h").stored_at)
    assert len(echo.arrived) == 2
    assert seen == {None}


def test_a_colon_in_it_is_said_before_sending(echo: Echo, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_KEY", "CANARY-a:b")
    with pytest.raises(ConfigError, match="a colon cannot stand in it") as caught:
        opened(echo.url, "basic", {"username": "env:STRIPE_KEY"}).send("GET /x")
    assert "CANARY" not in str(caught.value)
    assert not echo.arrived
