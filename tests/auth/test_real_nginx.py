"""Against nginx: keys it compares byte by byte, Basic with every awkward character, 429, client certificates."""

from __future__ import annotations

from typing import Any

import pytest

from apiconn_nb.calling import run
from apiconn_nb.errors import ConfigError, FenceError, NetworkError, SecretError, StatusError
from apiconn_nb.live_collection import Collection
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.opened import Open
from tests.servers.certificates import PASSPHRASE, Certificates
from tests.servers.nginx import KEY, PASSWORD, USERNAME, Nginx


def test_a_key_in_the_url_that_needs_percent_encoding(nginx: Nginx, opened: Open) -> None:
    collection = opened(nginx.url, "key-in-url", {"key_name": "api_key", "key": Secret(KEY)})
    assert collection.send("GET /url-key?a=1").json()["ok"] is True
    refused = opened(nginx.url, "key-in-url", {"key_name": "api_key", "key": Secret("k-123")}).send("GET /url-key")
    assert refused.status_code == 401


@pytest.mark.parametrize(
    ("path", "auth"),
    [
        ("/header-key", {"key_name": "X-Api-Key", "key": Secret(KEY)}),
        ("/authorization-key", {"key": Secret(KEY), "key_prefix": "ApiKey "}),
        ("/authorization-key", {"key": Secret(f"ApiKey {KEY}")}),
    ],
)
def test_a_key_in_a_header(nginx: Nginx, opened: Open, path: str, auth: dict[str, Any]) -> None:
    assert opened(nginx.url, "key-in-header", auth).send(f"GET {path}").json() == {"ok": True}
    assert opened(nginx.url).send(f"GET {path}").status_code == 401


def test_basic_with_colon_plus_percent_space_and_umlaut(nginx: Nginx, opened: Open) -> None:
    auth = {"username": USERNAME, "password": Secret(PASSWORD)}
    assert opened(nginx.url, "basic", auth).send("GET /basic").json() == {"ok": True, "user": USERNAME}
    assert opened(nginx.url, "basic", {"username": USERNAME}).send("GET /basic").status_code == 401


def test_a_429_is_waited_out_by_data_and_said_of_an_action(nginx: Nginx, opened: Open) -> None:
    """One call a second; nginx sends no Retry-After."""
    collection = opened(nginx.url)
    frames = [run(collection, parse("GET /limited")) for _ in range(2)]
    assert [each.response.status_code for each in frames] == [200, 200]
    for _ in range(3):
        refused = collection.send("POST /limited")
        if refused.status_code == 429:
            break
    with pytest.raises(StatusError, match=r"429 Too Many Requests.*wait"):
        run(opened(nginx.url, retries=0), parse("GET /limited"))


def test_a_redirect_to_another_origin(nginx: Nginx, opened: Open, canary: Canary) -> None:
    auth = {"key_name": "X-Api-Key", "key": Secret(canary("key"))}
    other = nginx.url.replace("127.0.0.1", "localhost")
    with pytest.raises(FenceError, match="localhost"):
        opened(nginx.url, "key-in-header", auth).send("GET /redirect")
    bare = opened(nginx.url, "key-in-header", auth, redirect_origins=other).send("GET /redirect").json()
    assert bare["x_api_key"] == bare["authorization"] == bare["cookie"] == ""


# ── client certificates ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def presenting(nginx: Nginx, certificates: Certificates, opened: Open) -> Any:
    """``presenting(certificate, key, password="")``: a collection at the server that requires one of its CA."""

    def make(certificate: str, key: str, password: str = "", url: str = "") -> Collection:
        auth = {"certificate": certificates.text(certificate), "private_key": Secret(certificates.text(key)),
                "ca_certificate": certificates.text("ca.pem")}  # fmt: skip
        if password:
            auth["private_key_password"] = Secret(password)
        return opened(url or nginx.required_url, "client-certificate", auth)

    return make


@pytest.mark.parametrize(
    ("certificate", "key", "password", "subject"),
    [
        ("alice.pem", "alice.key", "", "CN=alice"),
        ("alice.pem", "alice-pkcs1.key", "", "CN=alice"),
        ("alice.pem", "alice-encrypted.key", PASSPHRASE, "CN=alice"),
        ("alice-chain.pem", "alice.key", "", "CN=alice"),
        ("alice-combined.pem", "alice-combined.pem", "", "CN=alice"),
        ("bob.pem", "bob.key", "", "CN=bob"),
    ],
)
def test_the_right_certificate(presenting: Any, certificate: str, key: str, password: str, subject: str) -> None:
    found = presenting(certificate, key, password).send("GET /").json()
    assert (found["subject"], found["verify"]) == (subject, "SUCCESS")


def test_a_foreign_certificate_is_the_servers_400(presenting: Any) -> None:
    answer = presenting("mallory.pem", "mallory.key").send("GET /")
    assert answer.status_code == 400
    assert "SSL certificate error" in answer.text


@pytest.mark.parametrize(
    ("certificate", "key", "password", "words"),
    [
        ("expired.pem", "expired.key", "", "it expired on"),
        ("alice.pem", "bob.key", "", "does not match the certificate"),
        ("alice.pem", "alice-encrypted.key", "", "the key is encrypted; set Key password"),
        ("alice.pem", "alice-encrypted.key", "wrong-sesame", "the password does not open it"),
        ("alice.pem", "alice.pem", "", "it holds no private key"),
        ("alice.key", "alice.key", "", "no certificate in it"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(
    presenting: Any, certificate: str, key: str, password: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        presenting(certificate, key, password).send("GET /")
    assert "BEGIN" not in str(caught.value).replace("-----BEGIN CERTIFICATE-----", "")
    assert "\n" not in str(caught.value)


def test_an_optional_certificate(presenting: Any, nginx: Nginx, certificates: Certificates, opened: Open) -> None:
    assert presenting("alice.pem", "alice.key", url=nginx.optional_url).send("GET /alice").status_code == 200
    assert presenting("bob.pem", "bob.key", url=nginx.optional_url).send("GET /alice").status_code == 403
    nobody = opened(nginx.optional_url, ca_certificate=certificates.text("ca.pem"))
    assert nobody.send("GET /public").json() == {"verify": "NONE"}


def test_a_certificate_beside_another_method(nginx: Nginx, certificates: Certificates, opened: Open) -> None:
    found = opened(
        nginx.required_url, "basic", {"username": "ada", "password": Secret("CANARY-p")},
        certificate=f"file:{certificates.path('alice.pem')}",
        certificate_key=Secret.from_reference(f"file:{certificates.path('alice-encrypted.key')}"),
        certificate_key_password=Secret(PASSPHRASE), ca_certificate=certificates.text("ca.pem"),
    ).send("GET /")  # fmt: skip
    assert found.json()["subject"] == "CN=alice"


@pytest.mark.parametrize("trusted", ["", "otherca.pem"])
def test_a_private_server_is_trusted_by_its_own_ca_alone(
    nginx: Nginx, certificates: Certificates, opened: Open, trusted: str
) -> None:
    more = {"ca_certificate": certificates.text(trusted)} if trusted else {}
    with pytest.raises(NetworkError, match="--ca-certificate"):
        opened(nginx.optional_url, **more).send("GET /public")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no pem", "-----BEGIN"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "CA certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----", "cut short"),
        ("file:no-such-file.pem", "cannot be read"),
    ],
)
@pytest.mark.parametrize("method", ["none", "client-certificate"])
def test_a_ca_that_cannot_be_read_is_said_in_words(
    nginx: Nginx, certificates: Certificates, opened: Open, text: str, words: str, method: str
) -> None:
    own = {"certificate": certificates.text("alice.pem"), "private_key": Secret(certificates.text("alice.key"))}
    own["ca_certificate"] = text
    settings = {"ca_certificate": text} if method == "none" else {}
    with pytest.raises((ConfigError, SecretError), match=words):
        opened(nginx.optional_url, method, own if method != "none" else {}, **settings).send("GET /public")


def test_the_key_is_on_the_disk_for_a_moment_alone(
    presenting: Any, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tmp")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert presenting("alice.pem", "alice-encrypted.key", PASSPHRASE).send("GET /").status_code == 200
    assert not list(folder.iterdir())
