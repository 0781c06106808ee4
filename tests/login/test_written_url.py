"""The login URL as a person writes it: dynamic values, and every parameter of the login written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from apiconn_nb import workspace
from apiconn_nb.demo.server import Demo
from apiconn_nb.errors import ConfigError, PlaceholderError, UsageError
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login, login_of, redirect_to_register
from tests.echo import Answer, Echo
from tests.login.conftest import Browser
from tests.shell import NotebookShell

Shop = Callable[..., Collection]
Begin = Callable[..., Login]


@pytest.fixture
def opened_page(shop: Shop, begin: Begin, browser: Browser, provider: Demo) -> Callable[..., dict[str, str]]:
    """The query of the login URL that a login leads to; nothing stands in it twice."""

    def page(written: str, **settings: Any) -> dict[str, str]:
        login = begin(shop(authorization_endpoint=f"{provider.url}/oauth/authorize{written}", **settings))
        return browser.open(login.link)

    return page


def test_every_parameter_can_be_written_as_a_name(opened_page: Callable[..., dict[str, str]]) -> None:
    names = ("redirect_uri", "state", "scope", "response_type", "code_challenge", "code_challenge_method", "client_id")
    found = opened_page("?" + "&".join(f"{name}=[{name}]" for name in names), scope="a b,c")
    assert (found["response_type"], found["client_id"], found["scope"]) == ("code", "demo-app", "a b,c")
    assert (len(found["state"]), len(found["code_challenge"]), found["code_challenge_method"]) == (43, 43, "S256")
    assert found["redirect_uri"].endswith("/callback")


def test_without_pkce_and_scope_their_names_leave_nothing(opened_page: Callable[..., dict[str, str]]) -> None:
    written = "?scope=[scope]&code_challenge=[code_challenge]&code_challenge_method=S256"
    assert set(opened_page(written, pkce=False)) == {"response_type", "client_id", "redirect_uri", "state"}


def test_what_is_written_stands_and_a_state_of_all_logins_does_not(opened_page: Callable[..., dict[str, str]]) -> None:
    found = opened_page("?scope=mine&prompt=none&state=fixed", scope="a", offline_access=True)
    assert (found["scope"], found["prompt"], found["access_type"]) == ("mine", "none", "offline")
    assert found["state"] != "fixed"


@pytest.mark.parametrize(
    "settings",
    [
        {"authorization_endpoint": "https://provider.example/authorize?response_mode=form_post"},
        {"extra_authorization_params": {"response_mode": "fragment"}},
    ],
)
def test_an_answer_that_could_not_arrive_is_refused(shop: Shop, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="response_mode"):
        shop(**settings)
    shop(extra_authorization_params={"response_mode": "query"})


@pytest.mark.parametrize("name", ["state", "redirect_uri", "code_challenge"])
def test_what_each_login_makes_is_no_extra_parameter(shop: Shop, name: str) -> None:
    with pytest.raises(ConfigError, match=f"Extra login parameters: {name} is made by each login"):
        shop(extra_authorization_params={name: "fixed"})


def test_a_redirect_url_in_the_login_url_is_the_registered_one(shop: Shop, begin: Begin, own_port: int) -> None:
    """It is listened on, told as the one to register, and repeated in the token request (RFC 6749 §4.1.3)."""
    here = f"http://127.0.0.1:{own_port}/back"
    collection = shop(authorization_endpoint=f"https://provider.example/[tenant]/authorize?redirect_uri={here}")
    assert redirect_to_register(collection) == [here]
    assert begin(collection, values={"tenant": "x"}).redirect_url == here


def test_a_token_in_the_redirect_under_its_own_name(shop: Shop, begin: Begin, browser: Browser, provider: Demo) -> None:
    collection = shop(token_response_is_query=True, token_field="oauth_token", profile_endpoint="")
    login = begin(collection)
    asked = browser.open(login.link)
    answer = browser.http.get(asked["redirect_uri"], params={"oauth_token": "CANARY-t", "state": asked["state"]})
    assert answer.status_code == 200
    assert login.wait(5)
    assert login.state == "done", login.message
    token = collection.slot.token
    assert token is not None
    assert token.access_token.reveal() == "CANARY-t"


# ── by magic ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def tenants(magics: NotebookShell, echo: Echo, own_port: int) -> NotebookShell:
    magics.run(
        f"%apiconn_auth shop oauth2-user-agent --base-url {echo.url} --client-id app --token-endpoint {echo.url}/token "
        f"--authorization-endpoint '{echo.url}/[tenant]/authorize?login_hint=[hint]'"
    )
    return magics


def login_url(browser: Browser) -> str:
    login = login_of(workspace.collection("shop"))
    assert login is not None
    return str(browser.get(login.link).headers["Location"])


def test_values_of_the_line_and_of_the_notebook(tenants: NotebookShell, browser: Browser, echo: Echo) -> None:
    tenants.run("tenant, hint = 'acme/eu', 'somebody'")
    tenants.run("%apiconn_auth shop --login --via loopback -p hint=ada@example.org")
    url = login_url(browser)
    assert url.startswith(f"{echo.url}/acme%2Feu/authorize?login_hint=ada%40example.org&")
    assert "tenant" not in dict(parse_qsl(urlsplit(url).query))


def test_a_missing_value_is_named(tenants: NotebookShell) -> None:
    with pytest.raises(PlaceholderError, match=r"\[tenant\] in Login dialog redirect: give it with -p tenant=…"):
        tenants.run("%apiconn_auth shop --login")


@pytest.mark.parametrize(
    ("given", "said"),
    [("-p tenant=x -p nobody=y", r"no \[nobody\]; it has \[tenant\], \[hint\]"), ("-p tenant=env:X", "secret")],
)
def test_a_value_that_cannot_go_there(tenants: NotebookShell, given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        tenants.run(f"%apiconn_auth shop --login {given}")


def test_the_doctor_asks_the_login_page_with_the_values(tenants: NotebookShell, echo: Echo) -> None:
    tenants.run("%apiconn_auth shop --debug -p tenant=acme -p hint=ada")
    assert any(each.target.startswith("/acme/authorize?login_hint=ada&") for each in echo.arrived)


# ── further parameters of the token requests ───────────────────────────────────────────────────────────────────────


def test_a_provider_that_takes_json_and_names_the_client_in_its_own_way(
    shop: Shop, begin: Begin, provider: Demo, echo: Echo
) -> None:
    """Square and others take JSON; TikTok wants its ``client_key`` in each leg."""
    echo.answer("/token", Answer(200, {"access_token": "CANARY-t", "refresh_token": "CANARY-r", "expires_in": 3600}))
    echo.answer("/api/x", Answer(401), Answer(200, []))
    key = {"client_key": "k"}
    collection = shop(
        token_endpoint=f"{echo.url}/token", profile_endpoint=f"{echo.url}/me", token_body_format="json",
        extra_authorization_params=key, extra_token_params=key, extra_refresh_params=key,
    )  # fmt: skip
    login = begin(collection)
    provider.sign_in(login.link)
    assert login.wait(10)
    assert login.state == "done", login.message
    collection.get(f"{echo.url}/api/x")
    code, refresh = [each for each in echo.arrived if each.target == "/token"]
    assert [each.headers["Content-Type"] for each in (code, refresh)] == ["application/json"] * 2
    secret = provider.credentials.live.client_secret
    assert code.json.items() >= {
        "grant_type": "authorization_code", "client_id": "demo-app", "client_secret": secret, "client_key": "k",
        "redirect_uri": login_redirect(collection),
    }.items()  # fmt: skip
    assert {"code", "code_verifier"} <= set(code.json)
    assert refresh.json == {
        "grant_type": "refresh_token", "refresh_token": "CANARY-r", "client_key": "k", "client_id": "demo-app",
        "client_secret": secret,
    }  # fmt: skip


def login_redirect(collection: Collection) -> str:
    login = login_of(collection)
    assert login is not None
    return login.redirect_url
