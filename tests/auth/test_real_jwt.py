"""Against Authlib's JWT bearer endpoint: every form a key comes in, every claim, and each way to get it wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from apiconn_nb.errors import ConfigError, TokenError
from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import Secret
from tests.opened import Open
from tests.servers.jwt_bearer import GRANT, ISSUER, SUBJECTS, JwtBearer


def service(jwt_bearer: JwtBearer, opened: Open, key: str | None = None, **auth: Any) -> Collection:
    known = {"issuer": ISSUER, "token_endpoint": jwt_bearer.token_endpoint, "scope": "orders:read",
             "private_key": Secret(jwt_bearer.private_key if key is None else key)}  # fmt: skip
    return opened(jwt_bearer.url, "jwt", {**known, **auth})


def orders(collection: Collection) -> int:
    response = collection.send("GET /api/orders")
    assert response.status_code == 200, response.text
    return len(response.json()["items"])


def mended_forms(pem: str) -> dict[str, str]:
    """What happens to a PEM on its way through editors, environments, terminals and forms."""
    begin, *lines, end = pem.strip().split("\n")
    return {
        "as it is": pem,
        "without the last line break": pem.strip(),
        "CRLF": pem.replace("\n", "\r\n"),
        "literal backslash n": pem.strip().replace("\n", "\\n"),
        "literal backslash r n": pem.strip().replace("\n", "\\r\\n"),
        "indented": "\n".join(f"    {line}" for line in pem.strip().split("\n")),
        "blank lines around": f"\n\n{pem}\n\n",
        "spaces for line breaks": f"{begin} {' '.join(lines)} {end}",
        "one long line": f"{begin}\n{''.join(lines)}\n{end}",
        "with words before it": f"Bag Attributes\n    friendlyName: x\n{pem}",
    }


FORMS = list(mended_forms("-----BEGIN X-----\nAAAA\n-----END X-----\n"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layout", ["PKCS#8", "PKCS#1"])
def test_a_key_in_every_form(jwt_bearer: JwtBearer, opened: Open, form: str, layout: str) -> None:
    pem = jwt_bearer.private_key if layout == "PKCS#8" else jwt_bearer.private_key_pkcs1
    assert orders(service(jwt_bearer, opened, mended_forms(pem)[form])) > 0


def test_the_assertion(jwt_bearer: JwtBearer, opened: Open) -> None:
    orders(service(jwt_bearer, opened, key_id="k-1", extra_claims='{"x": [1]}', lifetime=120))
    (asked,) = jwt_bearer.requests()
    assert asked["header"] == {"alg": "RS256", "typ": "JWT", "kid": "k-1"}
    claims = asked["claims"]
    assert claims.keys() == {"iss", "aud", "iat", "exp", "scope", "x"}
    assert (claims["iss"], claims["aud"], claims["scope"]) == (ISSUER, jwt_bearer.token_endpoint, "orders:read")
    assert claims["exp"] - claims["iat"] == 120
    assert abs(claims["iat"] - time.time()) < 10
    assert asked["form"].keys() == {"grant_type", "assertion"}
    assert asked["form"]["grant_type"] == GRANT


def test_an_hour_without_scope_and_for_somebody(jwt_bearer: JwtBearer, opened: Open) -> None:
    orders(service(jwt_bearer, opened, scope="", subject=SUBJECTS[0]))
    (asked,) = jwt_bearer.requests()
    assert asked["claims"]["exp"] - asked["claims"]["iat"] == 3600
    assert asked["claims"]["sub"] == SUBJECTS[0]
    assert "scope" not in asked["claims"]


def test_it_renews_with_a_fresh_assertion(jwt_bearer: JwtBearer, opened: Open) -> None:
    jwt_bearer.set(access_token_ttl=1)
    collection = service(jwt_bearer, opened)
    orders(collection)
    time.sleep(1.1)
    orders(collection)
    first, second = (each["claims"]["iat"] for each in jwt_bearer.requests())
    assert second > first


@pytest.mark.parametrize("as_file", [True, False])
def test_a_service_account_file_fills_everything(
    jwt_bearer: JwtBearer, opened: Open, tmp_path: Path, as_file: bool
) -> None:
    text = json.dumps(jwt_bearer.service_account, indent=2)
    (tmp_path / "account.json").write_text(text)
    key = Secret.from_reference(f"file:{tmp_path / 'account.json'}") if as_file else Secret(text)
    assert orders(opened(jwt_bearer.url, "jwt", {"private_key": key, "scope": "orders:read"})) > 0
    assert jwt_bearer.requests()[0]["header"]["kid"] == "key-1"


def test_another_key_is_the_providers_refusal(jwt_bearer: JwtBearer, opened: Open) -> None:
    other = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(TokenError, match=r"invalid_(grant|client)") as caught:
        orders(service(jwt_bearer, opened, other.decode()))
    assert "PRIVATE KEY" not in str(caught.value)


@pytest.mark.parametrize("auth", [{"audience": "https://elsewhere.example"}, {"issuer": "nobody@example"},
                                  {"subject": "nobody@example"}, {"algorithm": "RS384"}])  # fmt: skip
def test_a_claim_that_the_provider_does_not_take(jwt_bearer: JwtBearer, opened: Open, auth: dict[str, str]) -> None:
    with pytest.raises(TokenError) as caught:
        orders(service(jwt_bearer, opened, **auth))
    assert caught.value.error
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("lifetime", [0, -1, 3601])
def test_a_lifetime_out_of_range_is_said_before_a_call(jwt_bearer: JwtBearer, opened: Open, lifetime: int) -> None:
    with pytest.raises(ConfigError, match="Lifetime"):
        service(jwt_bearer, opened, lifetime=lifetime)


def private(key: Any, encryption: Any = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()  # type: ignore[no-any-return]


RSA = rsa.generate_private_key(65537, 2048)
WRONG = {
    "empty": ("  ", "it is empty"),
    "its middle": ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "-----BEGIN"),
    "no end": (private(RSA).rpartition("-----END")[0], "does not end"),
    "cut short": ("\n".join([*private(RSA).split("\n")[:20], "-----END PRIVATE KEY-----"]), "cut short: it says"),
    "a lost line": ("\n".join(each for at, each in enumerate(private(RSA).split("\n")) if at != 5), "cut short: it"),
    "a lost character": (private(RSA)[:200] + private(RSA)[201:], "cut short or has lost characters"),
    "another character": (private(RSA)[:200] + "!" + private(RSA)[200:], r"line 4 of the PEM .* not base64"),
    "a public key": (RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
                     "this is a public key"),
    "an elliptic key": (private(ec.generate_private_key(ec.SECP256R1())), "RS256 needs an RSA private key"),
    "an encrypted key": (private(RSA, BestAvailableEncryption(b"x")), "it is encrypted"),
    "broken JSON": ('{"private_key": ', "breaks at line 1"),
    "JSON without a key": ('{"type": "authorized_user"}', "no private_key"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_key_that_cannot_sign_is_named_before_a_call_is_made(jwt_bearer: JwtBearer, opened: Open, name: str) -> None:
    text, words = WRONG[name]
    collection = service(jwt_bearer, opened, text)
    with pytest.raises(ConfigError, match=words) as caught:
        orders(collection)
    assert "\n" not in str(caught.value)
    assert text[40:80].strip() == "" or text[40:80] not in str(caught.value)
    assert not jwt_bearer.requests()
    with pytest.raises(ConfigError):
        collection.method.check_secrets()
