"""Flows driven by hand, as httpx's own tests do it: what they yield, and what they make of each answer. No client."""

from __future__ import annotations

import base64
import time
from collections.abc import Generator
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import pytest

from apiconn_nb.auth.oauth2_client_credentials import ClientCredentials
from apiconn_nb.auth.oauth2_password import LegacyGrantWarning, PasswordGrant, _warned
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.auth.slot import TokenSlot
from apiconn_nb.auth.store import MemoryStore
from apiconn_nb.auth.token import Token
from apiconn_nb.auth.tokens import TokenMethod
from apiconn_nb.errors import LoginRequired, TokenError
from apiconn_nb.secrets import NO_SECRET, Secret

ENDPOINT = "https://provider.example/token"
WEIRD_ID, WEIRD_SECRET = "weird client/1", "p@ss:w/rd+100% ok&=?~é"


def call(method: str = "GET", url: str = "https://api.example/items?a=1&a=2", **options: Any) -> httpx.Request:
    return httpx.Request(method, url, **options)


def answer(status: int = 200, **members: Any) -> httpx.Response:
    return httpx.Response(status, json=members)


def token_answer(access: str = "CANARY-new", **members: Any) -> httpx.Response:
    return answer(access_token=access, expires_in=3600, **members)


def form_of(request: httpx.Request) -> dict[str, str]:
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"
    return dict(parse_qsl(request.content.decode(), keep_blank_values=True))


def basic_of(request: httpx.Request) -> str:
    scheme, _, pair = request.headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    return base64.b64decode(pair).decode()


def end(flow: Generator[httpx.Request, httpx.Response, Any], response: httpx.Response) -> Any:
    """Send the last answer; what the flow returns."""
    with pytest.raises(StopIteration) as stopped:
        flow.send(response)
    return stopped.value.value


def slot_with(token: Token | None = None) -> TokenSlot:
    slot = TokenSlot(MemoryStore(), "demo:live:x", "%apiconn_auth demo --login")
    if token is not None:
        slot.keep(token)
    return slot


def token(access: str = "CANARY-old", *, left: float | None = 3600, refresh: str = "") -> Token:
    """A token of an hour with `left` seconds left."""
    now = time.time()
    return Token(
        Secret(access),
        expires_at=None if left is None else now + left,
        obtained_at=now + (left or 0) - 3600,
        refresh_token=Secret(refresh) if refresh else NO_SECRET,
    )


def machine(**settings: Any) -> ClientCredentials:
    known = {"client_id": WEIRD_ID, "client_secret": Secret(WEIRD_SECRET), "token_endpoint": ENDPOINT}
    return ClientCredentials(**{**known, **settings})


def login(**settings: Any) -> AuthorizationCode:
    known = {
        "client_id": "app", "client_secret": Secret("CANARY-app-secret"), "token_endpoint": ENDPOINT,
        "authorization_endpoint": "https://provider.example/authorize",
    }  # fmt: skip
    return AuthorizationCode(**{**known, **settings})


def password_grant(**settings: Any) -> PasswordGrant:
    _warned.add(ENDPOINT)
    known = {"username": "ada", "password": Secret("CANARY pass&=é"), "token_endpoint": ENDPOINT}
    return PasswordGrant(**{**known, **settings})


# ── the client at the token endpoint ───────────────────────────────────────────────────────────────────────────────


def test_basic_is_percent_encoded_and_nothing_stands_in_the_body() -> None:
    flow = machine(client_auth_basic=True).grant()
    request = next(flow)
    halves = basic_of(request).split(":")
    assert [unquote(half) for half in halves] == [WEIRD_ID, WEIRD_SECRET]
    assert "%20" in halves[0]
    assert "+" not in basic_of(request)
    assert form_of(request) == {"grant_type": "client_credentials"}
    assert end(flow, token_answer()).access_token.reveal() == "CANARY-new"


def test_in_the_body_nothing_stands_in_the_header() -> None:
    request = next(machine(scope="a b").grant())
    assert "Authorization" not in request.headers
    assert form_of(request) == {
        "grant_type": "client_credentials", "scope": "a b", "client_id": WEIRD_ID, "client_secret": WEIRD_SECRET,
    }  # fmt: skip


@pytest.mark.parametrize("status", [400, 401])
def test_basic_is_said_once_more_unencoded_after_invalid_client(status: int) -> None:
    flow = machine(client_auth_basic=True).grant()
    first = next(flow)
    second = flow.send(answer(status, error="invalid_client"))
    assert basic_of(second) == f"{WEIRD_ID}:{WEIRD_SECRET}"
    assert second.content == first.content
    with pytest.raises(TokenError, match="invalid_client"):
        flow.send(answer(status, error="invalid_client"))


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, "invalid_grant"), (400, "invalid_request"), (401, "unauthorized"), (403, "invalid_client"),
     (429, "invalid_client"), (500, "invalid_client"), (400, ""), (200, "invalid_client")],
)  # fmt: skip
def test_any_other_refusal_stands(status: int, error: str) -> None:
    flow = machine(client_auth_basic=True).grant()
    next(flow)
    with pytest.raises(TokenError):
        flow.send(answer(status, error=error, x=1))


def test_where_the_two_forms_are_the_same_nothing_is_said_twice() -> None:
    flow = machine(client_id="plain", client_secret=Secret("CANARY-plain_1.~"), client_auth_basic=True).grant()
    next(flow)
    with pytest.raises(TokenError, match="invalid_client"):
        flow.send(answer(401, error="invalid_client"))


@pytest.mark.parametrize(
    ("way", "in_body", "in_header"),
    [("body", True, False), ("basic", False, True), ("none", False, False)],
)
def test_the_password_grants_client(way: str, in_body: bool, in_header: bool) -> None:
    method = password_grant(client_id="app", client_secret=Secret("CANARY-client"), client_auth=way)
    request = next(method.grant())
    form = form_of(request)
    assert (form["grant_type"], form["username"], form["password"]) == ("password", "ada", "CANARY pass&=é")
    assert "scope" not in form
    assert ("client_secret" in form, "Authorization" in request.headers) == (in_body, in_header)
    assert ("client_id" in form) == (way != "basic")


def test_the_password_grant_warns_once() -> None:
    method = password_grant(token_endpoint="https://provider.example/warns-once")
    with pytest.warns(LegacyGrantWarning, match="RFC 9700"):
        next(method.grant())
    next(method.grant())


def test_a_public_client_names_itself_and_has_no_secret() -> None:
    request = next(login(client_secret=NO_SECRET, client_auth_basic=False).exchange_code("c", "http://127.0.0.1/", "v"))
    assert form_of(request)["client_id"] == "app"
    assert "client_secret" not in form_of(request)


# ── signing and renewing ───────────────────────────────────────────────────────────────────────────────────────────


def signing(method: TokenMethod, slot: TokenSlot, request: httpx.Request | None = None) -> Any:
    return method.auth(slot).auth_flow(request or call())  # type: ignore[union-attr]


def test_a_fresh_token_signs_and_nothing_is_asked() -> None:
    flow = signing(machine(), slot_with(token()))
    request = next(flow)
    assert request.headers["Authorization"] == "Bearer CANARY-old"
    assert str(request.url) == "https://api.example/items?a=1&a=2"
    end(flow, answer())


def test_without_a_token_one_is_granted_kept_and_sent() -> None:
    slot = slot_with()
    flow = signing(machine(), slot)
    assert str(next(flow).url) == ENDPOINT
    assert flow.send(token_answer()).headers["Authorization"] == "Bearer CANARY-new"
    assert slot.token is not None
    end(flow, answer())


def test_a_401_renews_once_and_the_second_one_stands() -> None:
    slot = slot_with(token())
    flow = signing(machine(), slot)
    next(flow)
    assert str(flow.send(answer(401)).url) == ENDPOINT
    again = flow.send(token_answer())
    assert again.headers["Authorization"] == "Bearer CANARY-new"
    end(flow, answer(401))
    assert slot.token is not None, "a refused token is kept: the next call decides"


def test_after_a_401_another_callers_token_is_taken_without_asking() -> None:
    next(flow := signing(machine(), slot := slot_with(token())))
    slot.keep(token("CANARY-of-another"))
    assert flow.send(answer(401)).headers["Authorization"] == "Bearer CANARY-of-another"


@pytest.mark.parametrize("status", [200, 400, 403, 404, 429, 500])
def test_other_answers_end_the_flow(status: int) -> None:
    flow = signing(machine(), slot_with(token()))
    next(flow)
    end(flow, answer(status))


def test_an_old_token_is_refreshed_and_the_rotated_one_stored_before_it_signs() -> None:
    slot = slot_with(token(left=10, refresh="CANARY-r1"))
    flow = signing(login(), slot)
    form = form_of(next(flow))
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "CANARY-r1")
    signed = flow.send(token_answer(refresh_token="CANARY-r2"))
    assert signed.headers["Authorization"] == "Bearer CANARY-new"
    record = slot._store.read(slot._key)
    assert record is not None
    assert record["refresh_token"] == "CANARY-r2"


@pytest.mark.parametrize("failure", [answer(500), answer(503), answer(429), httpx.ConnectError("down")])
def test_a_refresh_that_fails_early_leaves_the_living_token_in_use(failure: Any) -> None:
    slot = slot_with(token(left=10, refresh="CANARY-r1"))
    flow = signing(login(), slot)
    next(flow)
    signed = flow.throw(failure) if isinstance(failure, Exception) else flow.send(failure)
    assert signed.headers["Authorization"] == "Bearer CANARY-old"
    assert slot.token is not None
    assert slot.token.refresh_token.reveal() == "CANARY-r1"


def test_a_refresh_that_fails_when_the_token_is_dead_is_the_error() -> None:
    slot = slot_with(token(left=-1, refresh="CANARY-r1"))
    flow = signing(login(), slot)
    next(flow)
    with pytest.raises(TokenError, match="503"):
        flow.send(answer(503))
    assert slot.token is not None, "the refresh token may still be good"


def test_a_dead_refresh_token_of_a_person_is_one_sentence_with_the_command() -> None:
    flow = signing(login(), slot_with(token(left=-1, refresh="CANARY-r1")))
    next(flow)
    with pytest.raises(LoginRequired, match=r"Revoked by you.*%apiconn_auth demo --login") as caught:
        flow.send(answer(400, error="invalid_grant", error_description="Revoked by you"))
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "members"),
    [
        (200, {"error": "bad_refresh_token", "error_description": "incorrect or expired"}),  # GitHub
        (200, {"ok": False, "error": "invalid_refresh_token"}),  # Slack
        (400, {"category": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}),  # HubSpot
        (401, {"error": "token_expired"}),
        (400, {"error": "invalid_request", "error_description": "Invalid Token!"}),
    ],
)
def test_providers_have_other_words_for_a_dead_refresh_token(status: int, members: dict[str, Any]) -> None:
    flow = signing(login(), slot_with(token(left=-1, refresh="CANARY-r1")))
    next(flow)
    with pytest.raises(LoginRequired, match="%apiconn_auth demo --login"):
        flow.send(answer(status, **members))
    flow = signing(password_grant(), slot_with(token(left=-1, refresh="CANARY-r1")))
    next(flow)
    assert form_of(flow.send(answer(status, **members)))["grant_type"] == "password"


@pytest.mark.parametrize(
    ("status", "members"),
    [
        (401, {"error": "invalid_client"}), (400, {"error": "invalid_request", "error_description": "no grant"}),
        (404, {"message": "Not found"}), (400, {}), (429, {"message": "slow"}), (500, {"error": "token_expired"}),
    ],
)  # fmt: skip
def test_what_says_nothing_of_the_refresh_token_is_the_providers_own_error(
    status: int, members: dict[str, Any]
) -> None:
    for method in (login(), password_grant()):
        flow = signing(method, slot_with(token(left=-1, refresh="CANARY-r1")))
        next(flow)
        with pytest.raises(TokenError, match=str(status)):
            flow.send(answer(status, **members))


def test_a_dead_refresh_token_of_a_password_grant_is_replaced_by_a_fresh_grant() -> None:
    flow = signing(password_grant(), slot_with(token(left=-1, refresh="CANARY-r1")))
    assert form_of(next(flow))["grant_type"] == "refresh_token"
    assert form_of(flow.send(answer(400, error="invalid_grant")))["grant_type"] == "password"
    assert flow.send(token_answer()).headers["Authorization"] == "Bearer CANARY-new"


def test_nobody_signed_in_is_one_sentence_with_the_command() -> None:
    with pytest.raises(LoginRequired, match="%apiconn_auth demo --login"):
        next(signing(login(), slot_with()))


def test_a_401_of_a_person_without_a_refresh_token_is_the_answer() -> None:
    flow = signing(login(), slot_with(token(left=None)))
    next(flow)
    end(flow, answer(401))


# ── each leg has its own parameters ────────────────────────────────────────────────────────────────────────────────


def test_extra_parameters_stay_in_their_leg() -> None:
    method = login(
        extra_authorization_params={"prompt": "consent", "audience": "api"}, extra_token_params={"resource": "r"}
    )
    url = httpx.URL(method.authorization_url("http://127.0.0.1/", "s", "v" * 43))
    assert (url.params["prompt"], url.params["audience"]) == ("consent", "api")
    assert "resource" not in url.params
    exchanged = form_of(next(method.exchange_code("c", "http://127.0.0.1/", "v" * 43)))
    assert exchanged["resource"] == "r"
    refreshed = form_of(next(method.refresh(token(refresh="CANARY-r1"))))
    for form in (exchanged, refreshed):
        assert not {"prompt", "audience", "state", "code_challenge"} & form.keys()
    assert refreshed == {
        "grant_type": "refresh_token", "refresh_token": "CANARY-r1", "client_id": "app",
        "client_secret": "CANARY-app-secret",
    }  # fmt: skip
