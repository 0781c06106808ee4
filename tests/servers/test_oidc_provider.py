"""What other tests rely on oidc-provider for."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.servers.certificates import Certificates
from tests.servers.oidc_provider import (
    DEVICE,
    DEVICE_GRANT,
    MACHINE_BASIC,
    NATIVE_BASIC,
    NATIVE_PKCE,
    REDIRECT_URI,
    WEB_BASIC,
    WEB_POST,
    WEIRD,
    WEIRD_MACHINE,
    Client,
    OidcProvider,
)
from tests.servers.person import Person

LOOPBACK = "http://127.0.0.1:54321/callback"


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as running:
        yield running


def basic(client: Client, encode: Callable[[str], str] = lambda text: quote(text, safe="")) -> dict[str, str]:
    pair = f"{encode(client.id)}:{encode(client.secret)}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def authorization_url(oidc: OidcProvider, client: Client, verifier: str, redirect_uri: str, **extra: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": client.id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": "openid email offline_access",
        "state": "state-1",
        "prompt": "consent",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **extra,
    }
    return f"{oidc.authorization_endpoint}?{urlencode({name: value for name, value in asked.items() if value})}"


def code_request(oidc: OidcProvider, person: Person, client: Client, redirect_uri: str, **extra: str) -> dict[str, str]:
    """Sign in; the form of the token request that belongs to the code."""
    verifier = secrets.token_urlsafe(48)
    answer = person.authorize(authorization_url(oidc, client, verifier, redirect_uri, **extra), redirect_uri)
    assert answer["state"] == "state-1"
    assert answer["iss"] == oidc.issuer  # RFC 9207
    return {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }


def sign_in(oidc: OidcProvider, person: Person, http: httpx.Client) -> dict[str, str]:
    """The token response of `NATIVE_BASIC`."""
    form = code_request(oidc, person, NATIVE_BASIC, LOOPBACK)
    return http.post(oidc.token_endpoint, data=form, headers=basic(NATIVE_BASIC)).raise_for_status().json()


def refresh(oidc: OidcProvider, http: httpx.Client, token: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return http.post(oidc.token_endpoint, data=form, headers=basic(NATIVE_BASIC))


def orders(oidc: OidcProvider, http: httpx.Client, token: str) -> httpx.Response:
    return http.get(oidc.orders_url, headers={"Authorization": f"Bearer {token}"})


def test_login_with_pkce_gives_tokens_that_the_resource_takes(
    oidc: OidcProvider, person: Person, http: httpx.Client
) -> None:
    tokens = sign_in(oidc, person, http)
    assert tokens["refresh_token"]
    assert orders(oidc, http, tokens["access_token"]).json()["items"][0]["customer"] == "ada"
    profile = http.get(oidc.userinfo_endpoint, headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert profile.json()["email"] == "ada@example.test"
    assert oidc.token_requests() == {"authorization_code": 1}
    (asked,) = oidc.requests("token")
    assert asked["body"]["redirect_uri"] == LOOPBACK
    assert asked["authorization"] == basic(NATIVE_BASIC)["Authorization"]


def test_pkce_is_required(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    url = authorization_url(oidc, WEB_BASIC, "x" * 43, REDIRECT_URI, code_challenge="", code_challenge_method="")
    answer = person.authorize(url, REDIRECT_URI)
    assert answer["error"] == "invalid_request"
    assert "code" not in answer
    form = code_request(oidc, person, WEB_BASIC, REDIRECT_URI)
    del form["code_verifier"]
    assert http.post(oidc.token_endpoint, data=form, headers=basic(WEB_BASIC)).status_code == 400


def test_the_redirect_url_is_compared_exactly(oidc: OidcProvider, person: Person) -> None:
    url = authorization_url(oidc, WEB_BASIC, "x" * 43, f"{REDIRECT_URI}/")
    assert person.open(url).status_code == 400
    url = authorization_url(oidc, NATIVE_PKCE, "x" * 43, "http://127.0.0.1:54321/other-path")
    assert person.open(url).status_code == 400


def test_a_native_client_may_use_any_loopback_port(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    form = code_request(oidc, person, NATIVE_PKCE, LOOPBACK)
    answer = http.post(oidc.token_endpoint, data={**form, "client_id": NATIVE_PKCE.id})
    assert answer.status_code == 200
    replayed = http.post(oidc.token_endpoint, data={**form, "client_id": NATIVE_PKCE.id})
    assert replayed.json()["error"] == "invalid_grant"


def test_without_consent_there_is_no_refresh_token(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    form = code_request(oidc, person, NATIVE_BASIC, LOOPBACK, prompt="")
    tokens = http.post(oidc.token_endpoint, data=form, headers=basic(NATIVE_BASIC)).json()
    assert "access_token" in tokens
    assert "refresh_token" not in tokens


def test_refresh_rotates_and_reuse_ends_the_grant(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    first = sign_in(oidc, person, http)
    second = refresh(oidc, http, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert orders(oidc, http, second["access_token"]).status_code == 200
    assert refresh(oidc, http, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert orders(oidc, http, second["access_token"]).status_code == 401
    assert refresh(oidc, http, second["refresh_token"]).json()["error"] == "invalid_grant"
    assert oidc.token_requests(granted=True)["refresh_token"] == 1
    assert oidc.token_requests(granted=False)["refresh_token"] == 2


def test_parallel_refreshes_are_counted_and_overlap(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    token = sign_in(oidc, person, http)["refresh_token"]
    oidc.set(token_delay=0.3)
    start = threading.Barrier(8)

    def one(_: int) -> float:
        start.wait()
        refresh(oidc, http, token)
        return time.monotonic()

    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(one, range(8)))
    assert oidc.token_requests()["refresh_token"] == 8
    assert 0.3 <= max(ended) - begun < 8 * 0.3


def test_the_lifetime_of_a_token_can_be_set(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    oidc.set(access_token_ttl=1)
    tokens = sign_in(oidc, person, http)
    assert tokens["expires_in"] == 1
    assert orders(oidc, http, tokens["access_token"]).status_code == 200
    time.sleep(1.5)
    refused = orders(oidc, http, tokens["access_token"])
    assert refused.status_code == 401
    assert "invalid_token" in refused.headers["www-authenticate"]


def test_the_token_endpoint_can_be_made_to_fail(oidc: OidcProvider, http: httpx.Client) -> None:
    oidc.set(token_failures=1)
    form = {"grant_type": "client_credentials"}
    assert http.post(oidc.token_endpoint, data=form, headers=basic(MACHINE_BASIC)).status_code == 503
    assert http.post(oidc.token_endpoint, data=form, headers=basic(MACHINE_BASIC)).status_code == 200


def test_client_credentials(oidc: OidcProvider, http: httpx.Client) -> None:
    form = {"grant_type": "client_credentials"}
    token = http.post(oidc.token_endpoint, data=form, headers=basic(MACHINE_BASIC)).json()["access_token"]
    assert orders(oidc, http, token).json()["items"][0]["customer"] == MACHINE_BASIC.id
    refused = http.post(oidc.token_endpoint, data=form, headers=basic(Client(MACHINE_BASIC.id, "wrong")))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic")
    as_json = http.post(oidc.token_endpoint, json={**form, "client_id": MACHINE_BASIC.id})
    assert as_json.status_code == 400


def test_basic_must_be_percent_encoded(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    form = {"grant_type": "client_credentials"}
    assert http.post(oidc.token_endpoint, data=form, headers=basic(WEIRD_MACHINE)).status_code == 200
    raw = http.post(oidc.token_endpoint, data=form, headers=basic(WEIRD_MACHINE, str))
    assert raw.status_code in {400, 401}
    form = code_request(oidc, person, WEIRD, LOOPBACK)
    assert http.post(oidc.token_endpoint, data=form, headers=basic(WEIRD)).status_code == 200


def test_one_way_of_client_authentication_only(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    body = {"client_id": WEB_POST.id, "client_secret": WEB_POST.secret}
    form = code_request(oidc, person, WEB_POST, REDIRECT_URI)
    both = http.post(oidc.token_endpoint, data={**form, **body}, headers=basic(WEB_POST))
    assert both.status_code == 400
    form = code_request(oidc, person, WEB_POST, REDIRECT_URI)
    assert http.post(oidc.token_endpoint, data={**form, **body}).status_code == 200


def test_device_login(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    asked = http.post(oidc.device_authorization_endpoint, data={"client_id": DEVICE.id, "scope": "openid"}).json()
    form = {"grant_type": DEVICE_GRANT, "device_code": asked["device_code"], "client_id": DEVICE.id}
    assert http.post(oidc.token_endpoint, data=form).json()["error"] == "authorization_pending"
    page = person.open(asked["verification_uri"], user_code=asked["user_code"])
    assert page.status_code == 200
    token = http.post(oidc.token_endpoint, data=form).raise_for_status().json()["access_token"]
    assert orders(oidc, http, token).json()["items"][0]["customer"] == "ada"


def test_a_device_code_expires(oidc: OidcProvider, http: httpx.Client) -> None:
    oidc.set(device_code_ttl=1)
    asked = http.post(oidc.device_authorization_endpoint, data={"client_id": DEVICE.id, "scope": "openid"}).json()
    time.sleep(1.5)
    form = {"grant_type": DEVICE_GRANT, "device_code": asked["device_code"], "client_id": DEVICE.id}
    assert http.post(oidc.token_endpoint, data=form).json()["error"] in {"expired_token", "invalid_grant"}


def test_revocation_ends_the_token(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    tokens = sign_in(oidc, person, http)
    assert oidc.is_active(tokens["refresh_token"])
    revoked = http.post(oidc.revocation_endpoint, data={"token": tokens["refresh_token"]}, headers=basic(NATIVE_BASIC))
    assert revoked.status_code == 200
    assert not oidc.is_active(tokens["refresh_token"])
    assert orders(oidc, http, tokens["access_token"]).status_code == 401


def test_a_client_of_the_tests_own(oidc: OidcProvider, person: Person, http: httpx.Client) -> None:
    redirect_uri = "http://127.0.0.1:9/user/ada/proxy/8123/done"
    client = oidc.add_client("own/1", "CANARY-own", redirect_uris=[redirect_uri], application_type="web")
    form = code_request(oidc, person, client, redirect_uri)
    assert http.post(oidc.token_endpoint, data=form, headers=basic(client)).status_code == 200


def test_a_person_delivers_the_answer(oidc: OidcProvider, person: Person, httpbin: object) -> None:
    redirect_uri = f"{httpbin.url}/get"  # type: ignore[attr-defined]
    client = oidc.add_client("delivered", redirect_uris=[redirect_uri], application_type="web")
    page = person.open(authorization_url(oidc, client, "x" * 43, redirect_uri))
    assert page.json()["args"]["state"] == "state-1"
    assert page.json()["args"]["code"]


def test_a_client_may_prove_itself_with_a_certificate(oidc: OidcProvider, certificates: Certificates) -> None:
    def ask(name: str | None) -> httpx.Response:
        with httpx.Client(verify=certificates.context(name), trust_env=False) as client:
            form = {"grant_type": "client_credentials", "client_id": "mtls"}
            return client.post(f"{oidc.tls_issuer}/token", data=form)

    assert ask("alice").status_code == 200
    for stranger in ("bob", "mallory", "expired", None):
        assert ask(stranger).status_code == 401, stranger


def test_a_client_may_prove_itself_with_a_signature(
    oidc: OidcProvider, certificates: Certificates, http: httpx.Client
) -> None:
    key = RSAKey.import_key(certificates.path("alice.key").read_bytes())

    def ask(**claims: object) -> int:
        now = int(time.time())
        payload = {"iss": "svc-jwt", "sub": "svc-jwt", "aud": oidc.issuer, "iat": now, "exp": now + 60, **claims}
        payload.setdefault("jti", secrets.token_hex(8))
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": "RS256", "kid": "svc-1"}, payload, key),
        }
        return http.post(oidc.token_endpoint, data=form).status_code

    assert ask() == 200
    assert ask(aud="https://other.example") == 401
    assert ask(exp=int(time.time()) - 10) == 401
    assert (ask(jti="once"), ask(jti="once")) == (200, 401)
