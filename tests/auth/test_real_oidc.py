"""Against oidc-provider: client credentials, an authorization-code token, rotation with re-use that kills the grant."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.errors import LoginRequired, TokenError
from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.opened import Open
from tests.servers.certificates import Certificates
from tests.servers.oidc_provider import (
    MACHINE_BASIC,
    MTLS,
    NATIVE_BASIC,
    NATIVE_PKCE,
    WEB_POST,
    WEIRD,
    WEIRD_MACHINE,
    Client,
    OidcProvider,
)
from tests.servers.oidc_provider import REDIRECT_URI as REGISTERED
from tests.servers.person import Person

REDIRECT = "http://127.0.0.1:54321/callback"


def machine(oidc: OidcProvider, opened: Open, client: Client = MACHINE_BASIC, **auth: Any) -> Collection:
    known = {"client_id": client.id, "client_secret": Secret(client.secret), "token_endpoint": oidc.token_endpoint,
             "client_auth_basic": True}  # fmt: skip
    return opened(oidc.issuer, "oauth2-client-credentials", {**known, **auth})


def customers(response: httpx.Response) -> set[str]:
    assert response.status_code == 200, response.text
    return {each["customer"] for each in response.json()["items"]}


# ── client credentials ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("client", [MACHINE_BASIC, WEIRD_MACHINE], ids=lambda client: client.id)
def test_client_credentials_with_basic(oidc: OidcProvider, opened: Open, client: Client) -> None:
    collection = machine(oidc, opened, client)
    assert customers(collection.send("GET /api/orders")) == {client.id}
    (asked,) = oidc.requests("token")
    pair = base64.b64decode(asked["authorization"].removeprefix("Basic ")).decode()
    assert [unquote(half) for half in pair.split(":")] == [client.id, client.secret]
    assert asked["body"] == {"grant_type": "client_credentials"}
    assert (asked["content_type"], asked["accept"]) == ("application/x-www-form-urlencoded", "application/json")
    collection.send("GET /api/orders")
    assert len(oidc.requests("token")) == 1


def test_client_credentials_in_the_body(oidc: OidcProvider, opened: Open) -> None:
    client = oidc.add_client(
        "body machine", "CANARY p&=+%:/~", redirect_uris=[], response_types=[], grant_types=["client_credentials"],
        token_endpoint_auth_method="client_secret_post",
    )  # fmt: skip
    assert customers(machine(oidc, opened, client, client_auth_basic=False).send("GET /api/orders")) == {client.id}
    (asked,) = oidc.requests("token")
    assert asked["authorization"] == ""
    assert asked["body"]["client_secret"] == client.secret


def test_a_wrong_secret_is_said_in_the_providers_words(oidc: OidcProvider, opened: Open, canary: Canary) -> None:
    with pytest.raises(TokenError, match="invalid_client") as caught:
        machine(oidc, opened, client_secret=Secret(canary("wrong"))).send("GET /api/orders")
    assert (caught.value.error, caught.value.status) == ("invalid_client", 401)
    canary.assert_absent(str(caught.value), caught.value.description)


def test_a_scope_and_extra_parameters(oidc: OidcProvider, opened: Open) -> None:
    machine(oidc, opened, scope="orders:read other", extra_token_params={"scope2": "x"}).send("GET /api/orders")
    (asked,) = oidc.requests("token")
    assert asked["body"]["scope"] == "orders:read other"


def test_a_client_known_by_its_certificate(oidc: OidcProvider, certificates: Certificates, opened: Open) -> None:
    """The token request presents the collection's certificate (RFC 8705)."""
    token_endpoint = oidc.token_endpoint.replace(oidc.issuer, oidc.tls_issuer)
    collection = opened(
        oidc.tls_issuer, "oauth2-client-credentials", {"client_id": MTLS.id, "token_endpoint": token_endpoint},
        certificate=certificates.text("alice.pem"), certificate_key=Secret(certificates.text("alice.key")),
        ca_certificate=certificates.text("ca.pem"),
    )  # fmt: skip
    assert customers(collection.send("GET /api/orders")) == {MTLS.id}
    bare = opened(
        oidc.tls_issuer, "oauth2-client-credentials", {"client_id": MTLS.id, "token_endpoint": token_endpoint},
        ca_certificate=certificates.text("ca.pem"),
    )  # fmt: skip
    with pytest.raises(TokenError, match="invalid_client"):
        bare.send("GET /api/orders")


def test_it_renews_before_it_expires_and_after_a_401(oidc: OidcProvider, opened: Open) -> None:
    oidc.set(access_token_ttl=2)
    collection = machine(oidc, opened)
    collection.send("GET /api/orders")
    time.sleep(2.1)
    assert collection.send("GET /api/orders").status_code == 200
    assert oidc.token_requests() == {"client_credentials": 2}
    token = collection.slot.token
    assert token is not None
    oidc.http.post(  # somebody revokes it at the provider
        oidc.revocation_endpoint, data={"token": token.access_token.reveal()},
        auth=(MACHINE_BASIC.id, MACHINE_BASIC.secret),
    ).raise_for_status()  # fmt: skip
    assert collection.send("POST /api/orders").status_code == 200, "an action too: a 401 says that nothing was done"
    assert oidc.token_requests() == {"client_credentials": 3}


# ── a person's token ───────────────────────────────────────────────────────────────────────────────────────────────

SignIn = Callable[..., Collection]


@pytest.fixture
def signed_in(oidc: OidcProvider, person: Person, opened: Open) -> SignIn:
    """``signed_in(client)``: a collection whose person has signed in, the code exchanged by the method's flow."""

    def make(client: Client = NATIVE_BASIC, redirect: str = REDIRECT, **auth: Any) -> Collection:
        known = {
            "client_id": client.id, "scope": "openid email offline_access", "client_auth_basic": bool(client.secret),
            "authorization_endpoint": f"{oidc.authorization_endpoint}?prompt=consent",
            "token_endpoint": oidc.token_endpoint, "profile_endpoint": oidc.userinfo_endpoint,
        }  # fmt: skip
        if client.secret:
            known["client_secret"] = Secret(client.secret)
        collection = opened(oidc.issuer, "oauth2-user-agent", {**known, **auth})
        method = collection.method
        assert isinstance(method, AuthorizationCode)
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        answer = person.authorize(method.authorization_url(redirect, state, verifier), redirect)
        assert (answer["state"], answer["iss"]) == (state, oidc.issuer)
        flow = method.exchange_code(answer["code"], redirect, verifier)
        with pytest.raises(StopIteration) as done:
            flow.send(collection.door.send_aside(next(flow)))
        collection.slot.keep(done.value.value)
        return collection

    return make


@pytest.mark.parametrize("client", [NATIVE_BASIC, NATIVE_PKCE, WEIRD], ids=lambda client: client.id)
def test_a_code_is_exchanged_and_the_token_signs(signed_in: SignIn, oidc: OidcProvider, client: Client) -> None:
    collection = signed_in(client)
    assert customers(collection.send("GET /api/orders")) == {"ada"}
    assert collection.send(f"GET {oidc.userinfo_endpoint}").json()["email"] == "ada@example.test"
    (asked,) = oidc.requests("token")
    assert asked["body"]["redirect_uri"] == REDIRECT
    assert "prompt" not in asked["body"]
    assert ("client_secret" in asked["body"], bool(asked["authorization"])) == (False, bool(client.secret))


def test_a_client_that_wants_its_secret_in_the_body(signed_in: SignIn, oidc: OidcProvider) -> None:
    collection = signed_in(WEB_POST, REGISTERED, client_auth_basic=False)
    assert customers(collection.send("GET /api/orders")) == {"ada"}
    assert oidc.requests("token")[0]["body"]["client_secret"] == WEB_POST.secret


def test_a_rotated_refresh_token_is_used_once_each(signed_in: SignIn, oidc: OidcProvider) -> None:
    oidc.set(access_token_ttl=1)
    collection = signed_in()
    for _ in range(3):
        time.sleep(1.05)
        assert customers(collection.send("GET /api/orders")) == {"ada"}
    assert oidc.token_requests(granted=True) == {"authorization_code": 1, "refresh_token": 3}
    spent = [each["body"]["refresh_token"] for each in oidc.requests("token") if "refresh_token" in each["body"]]
    assert len(set(spent)) == 3
    assert all(each["body"].keys() == {"grant_type", "refresh_token"} for each in oidc.requests("token")[1:])


def test_32_threads_at_the_moment_of_expiry_make_one_refresh(signed_in: SignIn, oidc: OidcProvider) -> None:
    """The provider waits 0.3 s with each token request; a second refresh would come with a spent token and end all."""
    oidc.set(access_token_ttl=2, token_delay=0.3)
    collection = signed_in()
    time.sleep(2.05)
    oidc.set(access_token_ttl=60)
    barrier = threading.Barrier(32)

    def call(number: int) -> int:
        barrier.wait(10)
        return collection.send("GET /api/orders").status_code

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(call, range(32))) == {200}
    assert oidc.token_requests()["refresh_token"] == 1
    token = collection.slot.token
    assert token is not None
    assert oidc.is_active(token.refresh_token.reveal())


def test_a_provider_that_is_down_for_a_moment_costs_no_sign_in(signed_in: SignIn, oidc: OidcProvider) -> None:
    collection = signed_in()
    oidc.set(token_failures=1)
    token = collection.slot.token
    assert token is not None
    collection.slot.keep(_old(token, left=30))
    assert customers(collection.send("GET /api/orders")) == {"ada"}
    collection.slot._entry.failed_at = -1e9  # the pause after a failed renewal is over
    assert customers(collection.send("GET /api/orders")) == {"ada"}
    assert oidc.token_requests(granted=True)["refresh_token"] == 1


def test_a_grant_that_the_person_took_back_is_one_sentence(signed_in: SignIn, oidc: OidcProvider) -> None:
    collection = signed_in()
    token = collection.slot.token
    assert token is not None
    oidc.http.post(
        oidc.revocation_endpoint, data={"token": token.refresh_token.reveal()},
        auth=(NATIVE_BASIC.id, NATIVE_BASIC.secret),
    ).raise_for_status()  # fmt: skip
    collection.slot.keep(_old(token, left=-1))
    with pytest.raises(LoginRequired, match=r"sign-in is over.*%apiconn_auth demo --login"):
        collection.send("GET /api/orders")


def _old(token: Any, *, left: float) -> Any:
    return type(token)(**{**vars(token), "expires_at": time.time() + left, "obtained_at": time.time() + left - 3600})
