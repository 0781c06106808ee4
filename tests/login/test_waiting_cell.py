"""``--login --wait``: a cell that ends when the sign-in does, and fails where it fails."""

from __future__ import annotations

import socket
import threading

import pytest

from apiconn_nb import workspace
from apiconn_nb.demo.server import Demo
from apiconn_nb.errors import LoginError
from apiconn_nb.login import login_of
from tests.login.conftest import until
from tests.shell import NotebookShell


@pytest.fixture
def waiting(magics: NotebookShell, provider: Demo, own_port: int, monkeypatch: pytest.MonkeyPatch) -> NotebookShell:
    monkeypatch.setattr("apiconn_nb.login.stand_in._visits", {})  # another test may have brought the demo's own person
    monkeypatch.setenv("APP_SECRET", provider.credentials.live.client_secret)
    magics.run(
        f"%apiconn_auth shop oauth2-user-agent --base-url {provider.url}/oauth2-user-agent --client-id demo-app "
        f"--client-secret env:APP_SECRET --authorization-endpoint {provider.url}/oauth/authorize "
        f"--token-endpoint {provider.url}/oauth/token"
    )
    return magics


def sign_in(provider: Demo, *, allow: bool) -> None:
    until(lambda: login_of(workspace.collection("shop")))
    login = login_of(workspace.collection("shop"))
    assert login is not None
    provider.sign_in(login.link, allow=allow)


@pytest.mark.parametrize("allow", [True, False])
def test_the_cell_ends_with_the_sign_in(waiting: NotebookShell, provider: Demo, allow: bool) -> None:
    person = threading.Thread(target=sign_in, args=(provider,), kwargs={"allow": allow})
    person.start()
    line = "%apiconn_auth shop --login --via loopback --wait"
    if allow:
        waiting.run(line)
        assert len(waiting.run("%apicall shop GET /customers")) == 50
    else:
        with pytest.raises(LoginError, match="The provider refused: access_denied"):
            waiting.run(line)
    person.join(10)


def test_nobody_comes_in_time(waiting: NotebookShell, own_port: int) -> None:
    with pytest.raises(LoginError, match=r"Nobody signed in in time.*%apiconn_auth shop --login"):
        waiting.run("%apiconn_auth shop --login --via loopback --wait --timeout 0.3")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", own_port), timeout=2)
