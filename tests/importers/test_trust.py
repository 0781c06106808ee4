"""An imported collection sends no credential before its person has let it: in no call, token request or handshake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from apiconn_nb import secrets
from apiconn_nb.errors import FenceError
from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings, SavedCall
from tests.importers.wire import Wire, wire


@pytest.fixture
def server() -> Iterator[Wire]:
    with wire() as running:
        yield running


def _collection(server: Wire, method: str, auth: dict[str, Any], trusted: str = "none", **more: Any) -> Collection:
    for field in ("key", "client_secret"):
        secrets.remember(f"shop/{field}", "CANARY-key-1234")
    connection = {"base_url": server.url, "trusted_origins": trusted, **more}
    calls = {"private": SavedCall("GET /x?p=[p]", params={"p": "prompt"}, private=("p",))}
    return Collection(CollectionSettings("shop", method, connection, auth, calls))


CREDENTIALS: dict[str, tuple[str, dict[str, Any]]] = {
    "key in header": ("key-in-header", {"key": "prompt"}),
    "key in URL": ("key-in-url", {"key_name": "k", "key": "prompt"}),
    "basic": ("basic", {"username": "u", "password": "prompt"}),
    "token": (
        "oauth2-client-credentials",
        {"client_id": "c", "client_secret": "prompt", "token_endpoint": "URL/token"},
    ),
    "custom token": ("oauth2-custom-token", {"token_endpoint": "URL/token", "token_headers": {"X-Key": "prompt"}}),
}


@pytest.mark.parametrize("name", CREDENTIALS)
def test_nothing_is_sent_with_a_credential(name: str, server: Wire) -> None:
    method, auth = CREDENTIALS[name]
    auth = {key: value.replace("URL", server.url) if isinstance(value, str) else value for key, value in auth.items()}
    with pytest.raises(FenceError, match=rf"imported.*{server.url}.*--trust"):
        _collection(server, method, auth).send("GET /x")
    assert server.take() == []


def test_shared_headers_private_values_and_literals_are_credentials_too(server: Wire) -> None:
    with pytest.raises(FenceError):
        _collection(server, "none", {}, headers={"Cookie": "prompt"}).send("GET /x")
    with pytest.raises(FenceError):
        _collection(server, "none", {}, query={"api_key": "prompt"}).send("GET /x")
    with pytest.raises(FenceError):
        _collection(server, "none", {}).call("private", p=Secret("value-1234"))
    with pytest.raises(FenceError):
        _collection(server, "none", {}).send("GET /x\nX-Api-Key: typed-1234")
    assert server.take() == []
    assert _collection(server, "none", {}).send("GET /x").status_code == 200


def test_a_certificate_is_one(server: Wire) -> None:
    certificate = {"certificate": "file:gone.pem", "certificate_key": "file:gone.key"}
    with pytest.raises(FenceError):
        _collection(server, "none", {}, **certificate).send("GET /x")


def test_what_was_let_through_goes_and_no_further(server: Wire) -> None:
    with wire() as other:
        auth = {"client_id": "c", "client_secret": "prompt", "token_endpoint": f"{other.url}/token"}
        collection = _collection(server, "oauth2-client-credentials", auth, trusted=server.url)
        with pytest.raises(FenceError, match=other.url):
            collection.send("GET /x")
        assert (server.take(), other.take()) == ([], [])
        assert {origin[2] for origin in collection.destinations()} == {server.server_port, other.server_port}
    trusted = _collection(server, "key-in-header", {"key": "prompt"}, trusted=server.url)
    trusted.send("GET /x")
    (seen,) = server.take()
    assert dict(seen.headers)["Authorization"] == "CANARY-key-1234"


def test_a_login_does_not_begin(server: Wire) -> None:
    auth = {"client_id": "c", "authorization_endpoint": f"{server.url}/a", "token_endpoint": f"{server.url}/t"}
    collection = _collection(server, "oauth2-user-agent", auth)
    with pytest.raises(FenceError):
        collection.door.send_aside(httpx.Request("POST", f"{server.url}/t", data={"code": "x"}))
    with pytest.raises(FenceError):
        collection.send("GET /x")
    assert server.take() == []
