"""What other tests rely on nginx for."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.servers.certificates import PASSPHRASE, Certificates
from tests.servers.nginx import KEY, PASSWORD, USERNAME, Nginx


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as running:
        yield running


def test_the_key_in_the_url_must_be_percent_encoded(nginx: Nginx, http: httpx.Client) -> None:
    assert http.get(f"{nginx.url}/url-key?api_key={quote(KEY, safe='')}").status_code == 200
    assert http.get(f"{nginx.url}/url-key?api_key={quote(KEY)}").status_code == 401
    kept = http.get(f"{nginx.url}/url-key?q=1&api_key={quote(KEY, safe='')}")
    assert kept.json()["query"].startswith("q=1&api_key=")


def test_the_key_in_a_header(nginx: Nginx, http: httpx.Client) -> None:
    assert http.get(f"{nginx.url}/header-key", headers={"X-Api-Key": KEY}).status_code == 200
    assert http.get(f"{nginx.url}/header-key").status_code == 401
    assert http.get(f"{nginx.url}/authorization-key", headers={"Authorization": f"ApiKey {KEY}"}).status_code == 200
    assert http.get(f"{nginx.url}/authorization-key", headers={"Authorization": KEY}).status_code == 401


@pytest.mark.parametrize(("charset", "status"), [("utf-8", 200), ("latin-1", 401)])
def test_basic_is_utf_8(nginx: Nginx, http: httpx.Client, charset: str, status: int) -> None:
    pair = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode(charset)).decode()
    assert http.get(f"{nginx.url}/basic", headers={"Authorization": f"Basic {pair}"}).status_code == status


def test_too_many_requests(nginx: Nginx, http: httpx.Client) -> None:
    assert 429 in [http.get(f"{nginx.url}/limited").status_code for _ in range(3)]


def test_the_redirect_leaves_the_origin(nginx: Nginx, http: httpx.Client) -> None:
    target = http.get(f"{nginx.url}/redirect").headers["location"]
    assert target == nginx.url.replace("127.0.0.1", "localhost") + "/echo"
    assert http.get(target, headers={"X-Api-Key": "seen"}).json()["x_api_key"] == "seen"


def get(url: str, context: ssl.SSLContext) -> httpx.Response:
    with httpx.Client(verify=context, trust_env=False) as client:
        return client.get(url)


@pytest.mark.parametrize(
    ("client", "key", "password"),
    [
        ("alice", None, None),
        ("bob", None, None),
        ("alice", "alice-encrypted.key", PASSPHRASE),
        ("alice", "alice-pkcs1.key", None),
        ("alice-chain", "alice.key", None),
    ],
)
def test_good_certificates(
    nginx: Nginx, certificates: Certificates, client: str, key: str | None, password: str | None
) -> None:
    answer = get(nginx.required_url, certificates.context(client, key=key, password=password))
    assert answer.json()["subject"] == f"CN={client.partition('-')[0]}"
    assert answer.json()["verify"] == "SUCCESS"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_tls_versions(nginx: Nginx, certificates: Certificates, version: ssl.TLSVersion) -> None:
    context = certificates.context("alice")
    context.minimum_version = context.maximum_version = version
    assert get(nginx.required_url, context).json()["protocol"] == version.name.replace("_", ".")


@pytest.mark.parametrize("client", [None, "mallory", "expired"])
def test_bad_certificates_are_answered_with_400(nginx: Nginx, certificates: Certificates, client: str | None) -> None:
    assert get(nginx.required_url, certificates.context(client)).status_code == 400


def test_the_wrong_passphrase_opens_nothing(certificates: Certificates) -> None:
    with pytest.raises(ssl.SSLError):
        certificates.context("alice", key="alice-encrypted.key", password="wrong")


def test_the_servers_own_certificate_is_checked(nginx: Nginx, certificates: Certificates) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        get(nginx.required_url, certificates.context("alice", ca="otherca"))


def test_an_optional_certificate(nginx: Nginx, certificates: Certificates) -> None:
    assert get(f"{nginx.optional_url}/public", certificates.context()).json() == {"verify": "NONE"}
    assert get(f"{nginx.optional_url}/alice", certificates.context()).status_code == 403
    assert get(f"{nginx.optional_url}/alice", certificates.context("bob")).status_code == 403
    assert get(f"{nginx.optional_url}/alice", certificates.context("alice")).status_code == 200
