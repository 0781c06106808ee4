"""Providers that answer in their own ways: each one signs in, and the token works and renews."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest

from apiconn_nb.demo.server import Demo
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login
from apiconn_nb.secrets import Secret
from tests.echo import Answer, Arrived, Echo

Shop = Callable[..., Collection]
Begin = Callable[..., Login]


def signed_in(shop: Shop, begin: Begin, provider: Demo, **settings: Any) -> tuple[Collection, Login]:
    collection = shop(**settings)
    login = begin(collection)
    provider.sign_in(login.link)
    assert login.wait(10)
    return collection, login


@pytest.mark.parametrize(
    ("quirks", "settings", "faults"),
    [
        ("form", {}, ["token_response_is_query"]),
        ("form", {"token_response_is_query": True}, []),
        ("text", {}, ["token_response_is_query"]),
        ("nested", {"token_field": "data.token"}, []),
        ("renamed", {"token_field": "token"}, []),
        ("renamed,form", {"token_field": "token", "token_response_is_query": True}, []),
        ("no-expiry", {}, ["token_lifetime"]),
        ("no-expiry", {"token_lifetime": 600}, []),
        ("string-expiry", {}, []),
        ("comma-scope", {"scope": "read,write"}, []),
        ("no-rotation", {}, []),
        ("", {"token_response_is_query": True}, ["token_response_is_query"]),
    ],
)
def test_each_shape_of_answer_signs_in_and_renews(
    shop: Shop, begin: Begin, provider: Demo, quirks: str, settings: dict[str, Any], faults: list[str]
) -> None:
    endpoint = f"{provider.url}/oauth/token?quirks={quirks}"
    collection, login = signed_in(shop, begin, provider, token_endpoint=endpoint, **settings)
    assert login.state == "done", login.message
    assert [fault.setting for fault in login.faults] == faults
    assert len(collection.get("/customers")) == 50
    token = collection.slot.token
    assert token is not None
    provider.expire_tokens()
    assert len(collection.get("/customers")) == 50, "a 401 renews"
    renewed = collection.slot.token
    assert renewed is not None
    assert renewed.access_token != token.access_token
    assert renewed.identity == token.identity, "who signed in is kept"
    if quirks == "no-rotation":
        assert renewed.refresh_token == token.refresh_token, "a refresh without a new refresh token keeps the old one"
    assert provider.counters["reuse:refresh_token"] == 0
    if quirks == "no-expiry" and not settings:
        assert (token.expires_at, "until the provider ends it" in login.message) == (None, True)
    else:
        assert token.expires_at is not None


def test_an_error_with_status_200_is_an_error(shop: Shop, begin: Begin, provider: Demo, echo: Echo) -> None:
    echo.answer("/token", Answer(200, {"error": "bad_verification_code", "error_description": "The code is wrong."}))
    _, login = signed_in(shop, begin, provider, token_endpoint=f"{echo.url}/token")
    assert login.state == "failed"
    assert "bad_verification_code: The code is wrong." in login.message


def test_slack_says_ok_false(shop: Shop, begin: Begin, provider: Demo, echo: Echo) -> None:
    echo.answer("/token", Answer(200, {"ok": False, "error": "invalid_code"}))
    _, login = signed_in(shop, begin, provider, token_endpoint=f"{echo.url}/token")
    assert "invalid_code" in login.message


def test_a_token_in_the_redirect_itself(shop: Shop, begin: Begin, provider: Demo) -> None:
    page = f"{provider.url}/oauth/authorize?quirks=token"
    collection, login = signed_in(shop, begin, provider, authorization_endpoint=page, token_response_is_query=True)
    assert login.state == "done", login.message
    assert provider.counters["token"] == 0
    assert len(collection.get("/customers")) == 50
    assert "then sign in again" in login.message
    assert collection.slot.token is not None
    assert collection.slot.token.access_token.reveal() not in login.message + str(login.steps)


def test_a_token_in_the_redirect_is_refused_unless_the_setting_says_so(
    shop: Shop, begin: Begin, provider: Demo
) -> None:
    login = begin(shop(authorization_endpoint=f"{provider.url}/oauth/authorize?quirks=token"))
    page = provider.sign_in(login.link)
    assert "Not an answer" in page
    assert login.state == "waiting"


def test_a_provider_that_forgets_the_state_is_refused(shop: Shop, begin: Begin, provider: Demo) -> None:
    login = begin(shop(authorization_endpoint=f"{provider.url}/oauth/authorize?quirks=no-state"))
    assert "Not an answer" in provider.sign_in(login.link)
    assert login.state == "waiting"


@pytest.mark.parametrize(
    "settings",
    [
        {"client_id": "demo-basic", "client_secret": "demo-basic-secret", "client_auth_basic": True},
        {"client_id": "demo-post", "client_secret": "demo-post-secret"},
        {"client_id": "demo-native", "client_secret": ""},
        {"client_id": "demo-pkce", "client_secret": "demo-pkce-secret"},
        {"client_id": "demo-no-pkce", "client_secret": "demo-no-pkce-secret", "pkce": False},
        {"client_id": "demo-offline", "client_secret": "demo-offline-secret", "offline_access": True},
        {"client_id": "demo client/encoded", "client_secret": "p@ss:w/rd+50%25 ok&=?~", "client_auth_basic": True},
        {"client_id": "demo client/encoded", "client_secret": "p@ss:w/rd+50%25 ok&=?~"},
    ],
    ids=lambda settings: f"{settings['client_id']}{', Basic' if settings.get('client_auth_basic') else ''}",
)
def test_each_kind_of_client_signs_in_and_renews(
    shop: Shop, begin: Begin, provider: Demo, settings: dict[str, Any]
) -> None:
    collection, login = signed_in(
        shop, begin, provider, **{**settings, "client_secret": Secret(settings["client_secret"])}
    )
    assert login.state == "done", login.message
    provider.expire_tokens()
    assert len(collection.get("/customers")) == 50
    assert provider.counters["issued:refresh_token"] == 1


def test_a_basic_client_whose_provider_does_not_decode_is_said_once_more_unencoded(
    shop: Shop, begin: Begin, provider: Demo, echo: Echo
) -> None:
    def token(arrived: Arrived) -> Answer:
        pair = b64decode(arrived.headers["Authorization"].partition(" ")[2]).decode()
        if pair != "a b:c/d":
            return Answer(401, {"error": "invalid_client"})
        return Answer(200, {"access_token": "CANARY-t", "expires_in": 60})

    echo.answer("/token", token)
    _, login = signed_in(
        shop,
        begin,
        provider,
        client_id="a b",
        client_secret=Secret("c/d"),
        client_auth_basic=True,
        authorization_endpoint=f"{provider.url}/oauth/authorize?client_id=demo-app",
        token_endpoint=f"{echo.url}/token",
        profile_endpoint="",
    )
    assert login.state == "done", login.message
    assert echo.count("/token") == 2


def test_the_token_as_a_parameter(shop: Shop, begin: Begin, provider: Demo) -> None:
    collection, login = signed_in(shop, begin, provider, token_in_header=False)
    assert login.state == "done", login.message
    assert "as ada@example.org" in login.message
    assert len(collection.get("/customers")) == 50


def test_extra_parameters_stay_in_their_leg(shop: Shop, begin: Begin, provider: Demo, echo: Echo, browser: Any) -> None:
    answer = {"access_token": "CANARY-t", "refresh_token": "CANARY-r", "expires_in": 3600}
    echo.answer("/token", Answer(200, answer))
    echo.answer("/api/x", Answer(401), Answer(200, []))
    collection, login = signed_in(
        shop,
        begin,
        provider,
        token_endpoint=f"{echo.url}/token",
        profile_endpoint=f"{echo.url}/me",
        extra_authorization_params={"audience": "login"},
        extra_token_params={"resource": "token"},
    )
    assert login.state == "done", login.message
    asked = next(each for each in echo.arrived if each.target == "/token").form
    assert asked["resource"] == "token"
    assert "audience" not in asked
    with pytest.raises(Exception, match="no origin of shop"):
        collection.get(f"{provider.tls_url}/x")  # and the token goes to no other origin
    collection.get(f"{echo.url}/api/x")  # the profile endpoint's origin is the collection's own
    renewed = [each for each in echo.arrived if each.target == "/token"][-1].form
    assert renewed["grant_type"] == "refresh_token"
    assert not {"resource", "audience"} & set(renewed)
