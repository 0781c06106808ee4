"""What other tests rely on the JWT bearer server for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.servers.jwt_bearer import GRANT, ISSUER, SUBJECTS, JwtBearer


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as running:
        yield running


def ask(
    jwt_bearer: JwtBearer, http: httpx.Client, key: str = "", algorithm: str = "RS256", **changes: object
) -> httpx.Response:
    now = int(time.time())
    claims = {"iss": ISSUER, "scope": "orders", "aud": jwt_bearer.token_endpoint, "iat": now, "exp": now + 3600}
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    signed = jwt.encode({"alg": algorithm}, claims, RSAKey.import_key(key or jwt_bearer.private_key), [algorithm])
    return http.post(jwt_bearer.token_endpoint, data={"grant_type": GRANT, "assertion": signed})


@pytest.mark.parametrize(("subject", "customer"), [(None, ISSUER), (SUBJECTS[0], SUBJECTS[0])])
def test_an_assertion_gives_a_token(
    jwt_bearer: JwtBearer, http: httpx.Client, subject: str | None, customer: str
) -> None:
    token = ask(jwt_bearer, http, sub=subject).raise_for_status().json()["access_token"]
    rows = http.get(jwt_bearer.orders_url, headers={"Authorization": f"Bearer {token}"}).json()["items"]
    assert (rows[0]["customer"], rows[0]["scope"]) == (customer, "orders")
    (asked,) = jwt_bearer.requests()
    assert asked["claims"]["iss"] == ISSUER
    assert asked["header"]["alg"] == "RS256"
    assert asked["form"]["grant_type"] == GRANT


def test_both_forms_of_the_key_are_one_key(jwt_bearer: JwtBearer, http: httpx.Client) -> None:
    assert "RSA PRIVATE KEY" in jwt_bearer.private_key_pkcs1
    assert ask(jwt_bearer, http, key=jwt_bearer.private_key_pkcs1).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": 0},
        {"iat": 5, "exp": 60},
        {"iat": -100, "exp": -1},
        {"exp": 3601},
        {"iat": None},
        {"exp": None},
        {"aud": "https://oauth2.example/token"},
        {"iss": "somebody@else.example"},
        {"sub": "bob@example.test"},
    ],
    ids=str,
)
def test_what_google_refuses_is_refused(jwt_bearer: JwtBearer, http: httpx.Client, changes: dict[str, object]) -> None:
    now = int(time.time())
    absolute = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}
    if changes == {"iat": 0}:  # the one control: what is valid passes
        assert ask(jwt_bearer, http, **absolute).status_code == 200
        return
    assert ask(jwt_bearer, http, **absolute).status_code == 400


def test_another_key_or_algorithm_is_refused(jwt_bearer: JwtBearer, http: httpx.Client) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    pem = stranger.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert ask(jwt_bearer, http, key=pem).status_code == 400
    assert ask(jwt_bearer, http, algorithm="RS512").status_code == 400


def test_the_lifetime_of_a_token_can_be_set(jwt_bearer: JwtBearer, http: httpx.Client) -> None:
    jwt_bearer.set(access_token_ttl=1)
    answer = ask(jwt_bearer, http).json()
    assert answer["expires_in"] == 1
    time.sleep(1.2)
    refused = http.get(jwt_bearer.orders_url, headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert refused.status_code == 401
    assert "invalid_token" in refused.headers["www-authenticate"]
