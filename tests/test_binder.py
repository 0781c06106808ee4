"""On Binder a real secret is refused, typed or used, until the person insists; the demo's go to loopback and work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apiconn_nb import binder, secrets, workspace
from apiconn_nb.errors import NetworkError, SecretError
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from apiconn_nb.workspace import Workspace
from tests.canary import Canary
from tests.echo import Echo
from tests.opened import Open
from tests.shell import NotebookShell

API = "https://api.example.org"


@pytest.fixture(params=["BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST"])
def on_binder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This kernel runs on Binder."""
    monkeypatch.setenv(request.param, "https://mybinder.org/")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/owner-repository-k3x9a/")
    yield
    binder.insist(False)


@pytest.fixture
def here() -> Iterator[Workspace]:
    """The file of this test."""
    yield workspace.use("apiconn.toml")
    workspace.use("apiconn.toml")


CARRYING = {
    "key-in-header": {"key": "env:REAL_KEY"},
    "key-in-url": {"key_name": "key", "key": "env:REAL_KEY"},
    "basic": {"username": "ada", "password": "env:REAL_KEY"},
    "oauth2-client-credentials": {
        "client_id": "a",
        "client_secret": "env:REAL_KEY",
        "token_endpoint": "https://login.example.org/token",
    },
    "oauth2-custom-token": {"token_endpoint": "https://login.example.org/token"},
}


@pytest.mark.parametrize("method", CARRYING)
def test_a_credential_is_not_sent_from_binder(
    on_binder: None, opened: Open, canary: Canary, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setenv("REAL_KEY", canary("key"))
    collection = opened(API, method, CARRYING[method], retries=0)

    with pytest.raises(
        SecretError, match=r"This is Binder.*demo is sent from here to api\.example\.org.*insist"
    ) as refused:
        collection.send("GET /me")
    canary.assert_absent(str(refused.value))


def test_nor_a_private_value_of_one_call(on_binder: None, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REAL_KEY", "CANARY-key")

    with pytest.raises(SecretError, match="This is Binder"):
        opened(API, retries=0).send("GET /me?key=[key]", key=Secret.from_reference("env:REAL_KEY"))


def test_the_person_may_insist(on_binder: None, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REAL_KEY", "CANARY-key")
    binder.insist(True)

    with pytest.raises(NetworkError):  # it went out, as far as a test's network goes
        opened(API, "key-in-header", CARRYING["key-in-header"], retries=0).send("GET /me")


def test_a_call_without_credentials_goes_anywhere(on_binder: None, opened: Open) -> None:
    with pytest.raises(NetworkError):
        opened(API, retries=0).send("GET /public")


def test_the_demos_fake_credentials_go_to_loopback(
    on_binder: None, opened: Open, echo: Echo, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REAL_KEY", canary("key"))

    assert (
        opened(echo.url, "key-in-header", {"key_name": "X-Key", "key": "env:REAL_KEY"}).send("GET /").status_code == 200
    )
    assert echo.last.headers["X-Key"] == canary.values[0]


def test_elsewhere_nothing_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REAL_KEY", "CANARY-key")

    with pytest.raises(NetworkError):
        opened(API, "key-in-header", CARRYING["key-in-header"], retries=0).send("GET /me")
    assert binder.warning() == ""


@pytest.mark.parametrize("base_url", [API, ""])
def test_a_secret_that_was_typed_is_not_kept(on_binder: None, here: Workspace, canary: Canary, base_url: str) -> None:
    typed = CollectionSettings("crm", "key-in-header", {"base_url": base_url}, {"key": Secret(canary("typed"))})

    with pytest.raises(SecretError, match="revoke it at the provider") as refused:
        here.save(typed)
    assert not here.path.exists()
    assert not secrets.is_remembered("crm/key")
    canary.assert_absent(str(refused.value))


def test_one_typed_for_the_demo_is(on_binder: None, here: Workspace, canary: Canary, echo: Echo) -> None:
    here.save(CollectionSettings("shop", "key-in-header", {"base_url": echo.url}, {"key": Secret(canary("typed"))}))

    assert secrets.is_remembered("shop/key")
    secrets.forget("shop/")


def test_setting_up_does_not_ask_for_a_secret(
    on_binder: None, here: Workspace, magics: NotebookShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or "CANARY-typed")

    magics.run(
        f"%apiconn_auth crm jwt --base-url {API} --private-key prompt --issuer a@example.org "
        "--token-endpoint https://login.example.org/token"
    )
    with pytest.raises(SecretError, match="This is Binder"):
        magics.run("%apiconn_auth crm --test")
    assert asked == []


def test_a_login_is_refused_before_there_is_a_link(on_binder: None, here: Workspace, magics: NotebookShell) -> None:
    magics.run(
        f"%apiconn_auth crm oauth2-user-agent --base-url {API} --client-id a "
        "--authorization-endpoint https://login.example.org/authorize --token-endpoint https://login.example.org/token"
    )
    magics.displays.clear()

    with pytest.raises(SecretError, match="This is Binder"):
        magics.run("%apiconn_auth crm --login --via paste")
    assert "login.example.org" not in magics.display_text()


def test_insisting_is_a_setting_of_the_notebook(on_binder: None, here: Workspace, magics: NotebookShell) -> None:
    assert "type no real secret here" in binder.warning()

    magics.run(binder.INSIST)
    assert "you insisted" in binder.warning()
    magics.run("%config ApiConn.secrets_on_binder = False")
    assert "type no real secret here" in binder.warning()
