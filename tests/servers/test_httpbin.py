"""What other tests rely on httpbin for."""

from __future__ import annotations

import httpx
import pytest

from tests.servers.certificates import PASSPHRASE, Certificates
from tests.servers.httpbin import Httpbin


@pytest.fixture
def client() -> httpx.Client:
    with httpx.Client(trust_env=False) as running:
        yield running


def test_it_echoes_the_query_and_headers(httpbin: Httpbin, client: httpx.Client) -> None:
    assert client.get(f"{httpbin.url}/get", params={"api_key": "k&=+ /ü"}).json()["args"] == {"api_key": "k&=+ /ü"}
    assert client.get(f"{httpbin.url}/headers", headers={"X-Api-Key": "abc"}).json()["headers"]["X-Api-Key"] == "abc"
    assert client.post(f"{httpbin.url}/post", json={"a": [1]}).json()["json"] == {"a": [1]}


def test_basic_is_checked(httpbin: Httpbin, client: httpx.Client) -> None:
    url = f"{httpbin.url}/basic-auth/user/p%20w%25+1"
    assert client.get(url, auth=("user", "p w%+1")).json() == {"authenticated": True, "user": "user"}
    refused = client.get(url, auth=("user", "wrong"))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic")


def test_hidden_basic_wants_the_credentials_at_once(httpbin: Httpbin, client: httpx.Client) -> None:
    url = f"{httpbin.url}/hidden-basic-auth/user/secret"
    assert client.get(url).status_code == 404
    assert client.get(url, auth=("user", "secret")).status_code == 200


def test_bearer_is_checked(httpbin: Httpbin, client: httpx.Client) -> None:
    assert client.get(f"{httpbin.url}/bearer", headers={"Authorization": "Bearer t"}).json()["token"] == "t"
    refused = client.get(f"{httpbin.url}/bearer")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


def test_it_redirects_to_another_origin(httpbin: Httpbin, client: httpx.Client) -> None:
    target = f"{httpbin.other_url}/headers"
    first = client.get(f"{httpbin.url}/redirect-to", params={"url": target})
    assert first.headers["location"] == target
    assert client.get(target).status_code == 200


def test_a_client_certificate_is_required(httpbin: Httpbin, certificates: Certificates) -> None:
    def get(*args: object, **options: str) -> int:
        with httpx.Client(verify=certificates.context(*args, **options), trust_env=False) as client:
            return client.get(f"{httpbin.tls_url}/get").status_code

    assert get("alice") == 200
    assert get("bob") == 200
    assert get("alice", key="alice-encrypted.key", password=PASSPHRASE) == 200
    for stranger in (None, "mallory", "expired"):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError, httpx.ConnectError)):
            get(stranger)
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        get("alice", ca="otherca")
