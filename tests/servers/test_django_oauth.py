"""What other tests rely on django-oauth-toolkit for."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.servers.django_oauth import (
    DEVICE,
    LOGIN,
    MACHINE,
    PASSWORD,
    PASSWORD_PUBLIC,
    PASSWORD_WEIRD,
    USERS,
    DjangoOAuth,
)
from tests.servers.oidc_provider import DEVICE_GRANT, Client
from tests.servers.person import Person

ALICE = {"grant_type": "password", "username": "alice", "password": USERS["alice"]}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as running:
        yield running


def basic(client: Client, encode: Callable[[str], str] = lambda text: quote(text, safe="")) -> dict[str, str]:
    pair = f"{encode(client.id)}:{encode(client.secret)}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def orders(django_oauth: DjangoOAuth, http: httpx.Client, token: str) -> httpx.Response:
    return http.get(django_oauth.orders_url, headers={"Authorization": f"Bearer {token}"})


def test_password_grant(django_oauth: DjangoOAuth, http: httpx.Client) -> None:
    tokens = http.post(django_oauth.token_endpoint, data=ALICE, headers=basic(PASSWORD)).raise_for_status().json()
    assert tokens["refresh_token"]
    assert orders(django_oauth, http, tokens["access_token"]).json()["items"][0]["customer"] == "alice"
    wrong = http.post(django_oauth.token_endpoint, data={**ALICE, "password": "wrong"}, headers=basic(PASSWORD))
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    stranger = http.post(django_oauth.token_endpoint, data=ALICE, headers=basic(Client(PASSWORD.id, "wrong")))
    assert (stranger.status_code, stranger.json()["error"]) == (401, "invalid_client")
    assert django_oauth.token_requests() == {"password": 3}
    assert django_oauth.token_requests(granted=True) == {"password": 1}


def test_the_client_may_stand_in_the_body(django_oauth: DjangoOAuth, http: httpx.Client) -> None:
    body = {**ALICE, "client_id": PASSWORD.id, "client_secret": PASSWORD.secret}
    assert http.post(django_oauth.token_endpoint, data=body).status_code == 200
    assert http.post(django_oauth.token_endpoint, data={**ALICE, "client_id": PASSWORD_PUBLIC.id}).status_code == 200
    assert http.post(django_oauth.token_endpoint, data=ALICE).status_code == 401


def test_basic_must_be_percent_encoded(django_oauth: DjangoOAuth, http: httpx.Client) -> None:
    assert http.post(django_oauth.token_endpoint, data=ALICE, headers=basic(PASSWORD_WEIRD)).status_code == 200
    assert http.post(django_oauth.token_endpoint, data=ALICE, headers=basic(PASSWORD_WEIRD, str)).status_code == 401


def test_refresh_rotates_and_reuse_is_refused(django_oauth: DjangoOAuth, http: httpx.Client) -> None:
    def refresh(token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return http.post(django_oauth.token_endpoint, data=form, headers=basic(PASSWORD))

    first = http.post(django_oauth.token_endpoint, data=ALICE, headers=basic(PASSWORD)).json()
    second = refresh(first["refresh_token"]).raise_for_status().json()
    assert second["refresh_token"] != first["refresh_token"]
    assert orders(django_oauth, http, first["access_token"]).status_code == 401
    assert refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(second["refresh_token"]).status_code == 400  # the re-use ended the whole family


def test_client_credentials(django_oauth: DjangoOAuth, http: httpx.Client) -> None:
    form = {"grant_type": "client_credentials"}
    token = http.post(django_oauth.token_endpoint, data=form, headers=basic(MACHINE)).json()["access_token"]
    assert orders(django_oauth, http, token).status_code == 200
    assert http.post(django_oauth.token_endpoint, data=form, headers=basic(PASSWORD)).status_code in {400, 401}


def test_introspection_and_revocation(django_oauth: DjangoOAuth, http: httpx.Client) -> None:
    token = http.post(django_oauth.token_endpoint, data=ALICE, headers=basic(PASSWORD)).json()["access_token"]

    def is_active() -> bool:
        answer = http.post(django_oauth.introspection_endpoint, data={"token": token}, headers=basic(MACHINE))
        return answer.raise_for_status().json()["active"]

    assert is_active()
    assert http.post(django_oauth.revocation_endpoint, data={"token": token}, headers=basic(PASSWORD)).is_success
    assert not is_active()


def test_the_lifetime_of_a_token_can_be_set(django_oauth: DjangoOAuth, http: httpx.Client) -> None:
    django_oauth.set(access_token_ttl=1)
    tokens = http.post(django_oauth.token_endpoint, data=ALICE, headers=basic(PASSWORD)).json()
    assert tokens["expires_in"] == 1
    time.sleep(1.2)
    assert orders(django_oauth, http, tokens["access_token"]).status_code == 401


def test_a_401_names_the_metadata(django_oauth: DjangoOAuth, http: httpx.Client) -> None:
    refused = http.get(django_oauth.orders_url)
    assert refused.status_code == 401
    assert "resource_metadata=" in refused.headers["www-authenticate"]
    resource = http.get(f"{django_oauth.url}/.well-known/oauth-protected-resource").json()
    (issuer,) = resource["authorization_servers"]
    assert issuer.startswith(django_oauth.url)
    metadata = http.get(f"{django_oauth.url}/.well-known/oauth-authorization-server/o").json()
    assert metadata["token_endpoint"] == django_oauth.token_endpoint
    assert metadata["authorization_endpoint"] == django_oauth.authorization_endpoint


def test_login_wants_the_right_password(django_oauth: DjangoOAuth, person: Person, http: httpx.Client) -> None:
    redirect_uri, verifier = "http://127.0.0.1:54321/callback", "x" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": LOGIN.id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "state": "state-1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    url = f"{django_oauth.authorization_endpoint}?{urlencode(asked)}"
    answer = person.authorize(url, redirect_uri)
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    tokens = http.post(django_oauth.token_endpoint, data=form, headers=basic(LOGIN)).raise_for_status().json()
    assert orders(django_oauth, http, tokens["access_token"]).json()["items"][0]["customer"] == "ada"
    impostor = Person(password="wrong")
    with pytest.raises(AssertionError, match="still not there"):
        impostor.authorize(url, redirect_uri)
    impostor.close()


def test_device_login(django_oauth: DjangoOAuth, person: Person, http: httpx.Client) -> None:
    asked = http.post(django_oauth.device_authorization_endpoint, data={"client_id": DEVICE.id}).json()
    form = {"grant_type": DEVICE_GRANT, "device_code": asked["device_code"], "client_id": DEVICE.id}
    assert http.post(django_oauth.token_endpoint, data=form).json()["error"] == "authorization_pending"
    page = person.open(asked["verification_uri"], user_code=asked["user_code"])
    assert page.status_code == 200, page.text
    token = http.post(django_oauth.token_endpoint, data=form).raise_for_status().json()["access_token"]
    assert orders(django_oauth, http, token).json()["items"][0]["customer"] == "ada"
