"""Logins at providers that nobody here wrote: oidc-provider (certified), django-oauth-toolkit, oidc-provider-mock."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb.auth.store import FileStore
from apiconn_nb.errors import LoginRequired
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login, logout
from apiconn_nb.login.doctor import examine
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.login.conftest import Make, until
from tests.login.kernel import Kernel
from tests.login.test_refresh import at_once
from tests.servers.django_oauth import LOGIN as DJANGO_LOGIN
from tests.servers.django_oauth import DjangoOAuth
from tests.servers.jwt_bearer import ISSUER, JwtBearer
from tests.servers.oidc_mock import OidcMock
from tests.servers.oidc_provider import (
    DEVICE,
    MACHINE_BASIC,
    NATIVE_BASIC,
    NATIVE_PKCE,
    WEB_BASIC,
    WEIRD,
    Client,
    OidcProvider,
)
from tests.servers.person import Person

Begin = Callable[..., Login]
SCOPE = "openid email offline_access"


@pytest.fixture
def shop(oidc: OidcProvider, make: Make) -> Callable[..., Collection]:
    """Makes a collection on oidc-provider's orders, by its issuer alone."""

    def new(client: Client = NATIVE_PKCE, **settings: Any) -> Collection:
        whole = {
            "client_id": client.id,
            "issuer": oidc.issuer,
            "scope": SCOPE,
            # Without it oidc-provider gives no refresh token.
            "extra_authorization_params": {"prompt": "consent"},
            **settings,
        }
        if client.secret:
            whole = {"client_secret": Secret(client.secret), "client_auth_basic": True, **whole}
        return make(oidc.issuer, **whole)

    return new


def orders(collection: Collection) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = collection.send("GET /api/orders").raise_for_status().json()["items"]
    return found


# ── the ways back ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("client", [NATIVE_PKCE, NATIVE_BASIC, WEIRD], ids=lambda client: client.id)
def test_loopback_by_issuer_alone(
    shop: Callable[..., Collection], begin: Begin, person: Person, oidc: OidcProvider, client: Client
) -> None:
    collection = shop(client)
    login = begin(collection)
    page = person.open(login.link)
    assert "Back to the notebook" in page.text
    assert login.wait(20)
    assert login.state == "done", login.message
    assert "signed in as ada@example.test (id ada) · live" in login.message
    assert "renews by itself" in login.message
    assert orders(collection)[0]["customer"] == "ada"
    assert oidc.token_requests() == {"authorization_code": 1}
    (asked,) = oidc.requests("token")
    assert asked["body"]["redirect_uri"] == login.redirect_url
    assert login.faults == []
    (opened,) = [each for each in oidc.requests("authorization") if each["query"].get("code_challenge")]
    assert opened["query"]["code_challenge_method"] == "S256"
    assert len(opened["query"]["state"]) >= 43


def test_a_call_waits_while_somebody_signs_in(
    shop: Callable[..., Collection], begin: Begin, person: Person, oidc: OidcProvider
) -> None:
    collection = shop()
    login = begin(collection)
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(orders, collection) for _ in range(3)]
        time.sleep(0.3)
        assert not any(call.done() for call in calls)
        person.open(login.link)
        assert all(len(call.result(20)) == 3 for call in calls)
    assert oidc.token_requests() == {"authorization_code": 1}


def test_paste(shop: Callable[..., Collection], begin: Begin, person: Person) -> None:
    collection = shop()
    login = begin(collection, via="paste")
    end = person.open(login.link, stop_at=login.redirect_url)
    login.paste(end.headers["location"])
    assert login.wait(20)
    assert login.state == "done", login.message
    assert orders(collection)[0]["customer"] == "ada"


def test_device(shop: Callable[..., Collection], begin: Begin, person: Person, oidc: OidcProvider) -> None:
    collection = shop(DEVICE, extra_authorization_params={})
    login = begin(collection, via="device")
    assert login.verification_uri.startswith(oidc.issuer)
    person.open(login.verification_uri, user_code=login.user_code)
    assert login.wait(30)
    assert login.state == "done", login.message
    assert orders(collection)[0]["customer"] == "ada"


def test_a_device_code_that_is_over(shop: Callable[..., Collection], begin: Begin, oidc: OidcProvider) -> None:
    oidc.set(device_code_ttl=3)
    login = begin(shop(DEVICE), via="device")
    assert login.wait(30)
    assert login.state == "failed"
    assert "in time" in login.message


def test_the_exact_url_of_a_web_client(
    shop: Callable[..., Collection], begin: Begin, person: Person, oidc: OidcProvider, own_port: int
) -> None:
    """One fixed URL, registered once; the path is the client's own."""
    url = f"http://127.0.0.1:{own_port}/signed/in"
    client = oidc.add_client("exact", "exact-secret", redirect_uris=[url], application_type="web")
    login = begin(shop(client, redirect_url=url))
    person.open(login.link)
    assert login.wait(20)
    assert login.state == "done", login.message
    assert login.redirect_url == url


def test_the_person_refuses(shop: Callable[..., Collection], begin: Begin, person: Person) -> None:
    login = begin(shop())
    page = person.http.get(login.link, follow_redirects=True)
    person.http.get(str(page.url).rstrip("/") + "/abort", follow_redirects=True)
    assert login.wait(20)
    assert login.state == "failed"
    assert "access_denied: End-User aborted interaction" in login.message


def test_oidc_provider_mock(oidc_mock: OidcMock, make: Make, begin: Begin, person: Person, own_port: int) -> None:
    client = oidc_mock.register(f"http://127.0.0.1:{own_port}/callback")
    collection = make(
        oidc_mock.issuer,
        client_id=client.id,
        client_secret=Secret(client.secret),
        client_auth_basic=True,
        issuer=oidc_mock.issuer,
        scope="openid email",
        generic_redirect=True,
    )
    login = begin(collection)
    person.open(login.link)
    assert login.wait(20)
    assert login.state == "done", login.message
    assert "ada@example.test" in login.message


def test_django(django_oauth: DjangoOAuth, make: Make, begin: Begin, person: Person) -> None:
    collection = make(
        django_oauth.url,
        client_id=DJANGO_LOGIN.id,
        client_secret=Secret(DJANGO_LOGIN.secret),
        authorization_endpoint=django_oauth.authorization_endpoint,
        token_endpoint=django_oauth.token_endpoint,
        revocation_endpoint=django_oauth.revocation_endpoint,
        scope="read",
    )
    login = begin(collection)
    person.open(login.link)
    assert login.wait(20)
    assert login.state == "done", login.message
    assert orders(collection)
    assert "The provider revoked them" in logout(collection)
    with pytest.raises(LoginRequired):
        orders(collection)


# ── renewal and signing out ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def signed_in(
    shop: Callable[..., Collection],
    begin: Begin,
    person: Person,
    oidc: OidcProvider,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Callable[..., Collection]:
    """A collection that somebody has signed in to, on a token file; tokens live for two seconds."""
    monkeypatch.setenv("SHOP_SECRET", NATIVE_BASIC.secret)

    def new(**settings: Any) -> Collection:
        oidc.set(access_token_ttl=2)
        collection = shop(
            NATIVE_BASIC,
            client_secret="env:SHOP_SECRET",
            store=tmp_path / "tokens.json",
            authorization_endpoint=oidc.authorization_endpoint,
            token_endpoint=oidc.token_endpoint,
            **settings,
        )
        login = begin(collection)
        person.open(login.link)
        assert login.wait(20)
        assert login.state == "done", login.message
        return collection

    return new


def test_parallel_calls_refresh_once_and_reuse_detection_never_trips(
    signed_in: Callable[..., Collection], oidc: OidcProvider
) -> None:
    collection = signed_in()
    oidc.set(token_delay=0.3)
    for round_number in range(1, 4):
        time.sleep(2.1)
        assert [len(rows) for rows in at_once(24, lambda _: orders(collection))] == [3] * 24
        assert oidc.token_requests()["refresh_token"] == round_number
    assert oidc.token_requests(granted=False) == {}
    token = collection.slot.token
    assert token is not None
    assert oidc.is_active(token.refresh_token.reveal()), "the grant lives"


def test_two_kernels_on_one_stored_token_refresh_once(
    signed_in: Callable[..., Collection], oidc: OidcProvider, tmp_path: Path
) -> None:
    collection = signed_in()
    kernels = [Kernel(collection, tmp_path / "tokens.json") for _ in range(2)]
    oidc.set(token_delay=0.3)
    for round_number in range(1, 4):
        time.sleep(2.1)
        for kernel in kernels:
            kernel.ask("/api/orders")
        assert len(orders(collection)) == 3
        assert [kernel.answer() for kernel in kernels] == ["200", "200"]
        assert oidc.token_requests()["refresh_token"] == round_number
    assert oidc.token_requests(granted=False) == {}
    assert [kernel.end() for kernel in kernels] == [0, 0]


def test_a_kernel_killed_before_it_used_the_rotated_token_loses_nothing(
    signed_in: Callable[..., Collection], oidc: OidcProvider, tmp_path: Path
) -> None:
    collection = signed_in()
    kernel = Kernel(collection, tmp_path / "tokens.json", die=True)
    time.sleep(2.1)
    kernel.ask("/api/orders")
    assert kernel.answer() == ""
    assert kernel.end() < 0
    assert oidc.token_requests(granted=True)["refresh_token"] == 1
    assert len(orders(collection)) == 3
    assert oidc.token_requests(granted=False) == {}


def test_a_refresh_that_fails_keeps_the_old_token_and_the_next_one_works(
    signed_in: Callable[..., Collection], oidc: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apiconn_nb.auth.slot._PAUSE", 0.0)
    collection = signed_in()
    before = collection.slot.token
    assert before is not None
    time.sleep(2.1)
    oidc.set(token_failures=2)
    for _ in range(2):
        with pytest.raises(Exception, match="temporarily_unavailable"):
            orders(collection)
        kept = collection.slot.reload()
        assert kept is not None
        assert kept.refresh_token == before.refresh_token
    assert len(orders(collection)) == 3
    assert oidc.token_requests(granted=True)["refresh_token"] == 1


def test_signing_out_revokes_at_the_provider_and_the_other_kernel_sees_it(
    signed_in: Callable[..., Collection], oidc: OidcProvider, tmp_path: Path
) -> None:
    collection = signed_in(revocation_endpoint=oidc.revocation_endpoint)
    kernel = Kernel(collection, tmp_path / "tokens.json")
    token = collection.slot.token
    assert token is not None
    assert logout(collection).endswith("signed out, the tokens are forgotten. The provider revoked them.")
    assert not oidc.is_active(token.refresh_token.reveal())
    assert not oidc.is_active(token.access_token.reveal())
    assert FileStore(tmp_path / "tokens.json").read(collection.slot._key) is None
    kernel.ask("/api/orders")
    assert kernel.answer().startswith("LoginRequired")
    kernel.end()


def test_a_grant_that_was_taken_back_is_one_sentence(signed_in: Callable[..., Collection], oidc: OidcProvider) -> None:
    collection = signed_in(revocation_endpoint=oidc.revocation_endpoint)
    token = collection.slot.token
    assert token is not None
    secret = {"token": token.refresh_token.reveal()}
    oidc.http.post(oidc.revocation_endpoint, data=secret, auth=(NATIVE_BASIC.id, NATIVE_BASIC.secret))
    time.sleep(2.1)
    with pytest.raises(LoginRequired, match=r"The sign-in is over .*: run %apiconn_auth shop --login"):
        orders(collection)


# ── the doctor ─────────────────────────────────────────────────────────────────────────────────────────────────────

LIMITED = Client("limited", "", {"scope": "openid"})  # SCOPE asks for more
FAULTS: list[tuple[str, Client, dict[str, Any], str]] = [
    ("redirect URL", WEB_BASIC, {"redirect_url": "http://127.0.0.1:9/callback"}, "redirect_url"),
    ("client id", Client("nobody", "x"), {}, "client_id"),
    ("secret", Client(NATIVE_BASIC.id, "wrong"), {}, "client_secret"),
    ("no secret", Client(NATIVE_BASIC.id), {}, "client_secret"),
    ("PKCE", NATIVE_PKCE, {"pkce": False}, "pkce"),
    ("scope", LIMITED, {}, "scope"),
    ("no code grant", MACHINE_BASIC, {}, "redirect_url"),
    ("issuer", NATIVE_PKCE, {"issuer": "{issuer}/"}, "issuer"),
]


@pytest.mark.parametrize(("client", "settings", "setting"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_the_doctor_names_what_does_not_fit(
    shop: Callable[..., Collection], oidc: OidcProvider, client: Client, settings: dict[str, Any], setting: str
) -> None:
    filled = {key: value.format(issuer=oidc.issuer) if key == "issuer" else value for key, value in settings.items()}
    if client is LIMITED:
        oidc.add_client(client.id, **client.metadata)
    diagnosis = examine(shop(client, **filled), environ={})
    assert diagnosis.fault is not None, diagnosis
    assert diagnosis.fault.setting == setting, diagnosis


@pytest.mark.parametrize("client", [NATIVE_PKCE, NATIVE_BASIC, WEIRD], ids=lambda client: client.id)
def test_the_doctor_finds_nothing_where_everything_fits(shop: Callable[..., Collection], client: Client) -> None:
    diagnosis = examine(shop(client), environ={})
    assert diagnosis.fault is None, diagnosis


def test_a_clock_that_is_off_is_named_before_what_it_caused(
    jwt_bearer: JwtBearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "issuer": ISSUER,
        "private_key": Secret(jwt_bearer.private_key),
        "token_endpoint": jwt_bearer.token_endpoint,
    }
    collection = Collection(CollectionSettings("svc", "jwt", {"base_url": jwt_bearer.url}, {**settings, "scope": "x"}))
    assert examine(collection, environ={}).fault is None
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 600)
    diagnosis = examine(collection, environ={})
    assert diagnosis.fault is not None, diagnosis
    assert diagnosis.fault.name == "clock skew"
    assert re.search("60[012] s ahead of the provider's", diagnosis.fault.advice)
    collection.close()


def test_an_iss_that_does_not_fit_is_named_by_the_sign_in(
    shop: Callable[..., Collection], begin: Begin, person: Person, oidc: OidcProvider
) -> None:
    """The provider answers truly, and the setting names somebody else."""
    endpoints = {"authorization_endpoint": oidc.authorization_endpoint, "token_endpoint": oidc.token_endpoint}
    login = begin(shop(issuer=oidc.issuer.replace("127.0.0.1", "localhost"), **endpoints))
    person.open(login.link)
    assert login.wait(20)
    assert [fault.name for fault in login.faults] == ["iss mismatch"]
    assert oidc.token_requests() == {}
    until(lambda: login.state == "failed")
