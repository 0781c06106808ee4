"""From a preset to a collection, and what then goes over the wire to the provider's token and login endpoints."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from apiconn_nb import auth
from apiconn_nb.auth.client import Flow
from apiconn_nb.auth.oauth2_client_credentials import ClientCredentials
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.errors import ConfigError, UnknownNameError
from apiconn_nb.presets import Preset, parse, preset
from tests.presets.sample import sample

# ── from preset to collection ──────────────────────────────────────────────────────────────────────────────────────


def test_a_variable_goes_everywhere_it_stands() -> None:
    table = preset("zendesk").collection({"subdomain": "acme", "email": "agent@acme.example"})
    assert table["base_url"] == "https://acme.zendesk.com/api/v2"
    assert table["auth"] == {
        "method": "basic",
        "username": "agent@acme.example/token",
        "password": "env:ZENDESK_API_TOKEN",
    }
    assert table["calls"]["test"] == {"request": "GET /users/me"}


def test_a_call_keeps_the_parameters_that_are_its_own() -> None:
    filled = preset("twilio").filled({"account_sid": "AC00"})
    assert filled.calls["messages"]["request"] == "GET /Accounts/AC00/Messages.json?PageSize=1000"
    issues = preset("github").filled({}).calls["issues"]
    assert issues["request"].startswith("GET /repos/[owner]/[repo]/issues")
    assert preset("plaid").filled({"client_id": "c"}).variables[0].name == "access_token"


def test_a_default_is_taken_and_a_missing_value_is_asked_for() -> None:
    assert preset("gitlab").filled({}).base_url == "https://gitlab.com/api/v4"
    assert preset("gitlab").filled({"host": "git.example.org"}).base_url == "https://git.example.org/api/v4"
    with pytest.raises(ConfigError, match=r"Shop \(shop\) is missing, for instance example"):
        preset("shopify").filled({})
    with pytest.raises(UnknownNameError, match="did you mean shop"):
        preset("shopify").filled({"shp": "acme"})


@pytest.mark.parametrize(
    "value", ["evil.example/", "a:b@evil.example", "evil.example#", "a b", "x?y=", "a%2f", "[x]", "a\nb", "\\"]
)
def test_a_value_cannot_lead_to_another_server(value: str) -> None:
    with pytest.raises(ConfigError, match=r"Shop \(shop\) can hold letters"):
        preset("shopify").filled({"shop": value})


def test_an_alternative_is_the_same_api_with_another_method() -> None:
    login = preset("atlassian").alternatives["oauth2-user-agent"]
    assert login.method == "oauth2-user-agent"
    assert [each.name for each in login.asks()] == ["cloud_id"]
    assert login.calls == preset("atlassian").calls
    assert login.secrets == {"client_secret": "env:ATLASSIAN_CLIENT_SECRET"}
    assert login.filled({"cloud_id": "c1"}).base_url == "https://api.atlassian.com/ex/jira/c1/rest/api/3"


def test_an_unknown_or_missing_key_is_said() -> None:
    good = {"title": "T", "sources": {}, "base_url": "https://api.example.org", "auth": {"method": "none"}}
    assert parse("t", good).title == "T"
    with pytest.raises(ConfigError, match="Preset t: unknown key 'tite'"):
        parse("t", {**good, "tite": "T"})
    with pytest.raises(ConfigError, match="Preset t: base_url is missing"):
        parse("t", {key: value for key, value in good.items() if key != "base_url"})
    with pytest.raises(ConfigError, match="an alternative cannot have the key 'variables'"):
        parse("t", {**good, "alternatives": {"basic": {"variables": []}}})


# ── on the wire ────────────────────────────────────────────────────────────────────────────────────────────────────


def built(one: Preset, **person: str) -> Any:
    table = one.collection(sample(one))["auth"]
    values = {key: value for key, value in table.items() if key != "method"} | person
    return auth.build(auth.method(one.method), values, environment="live", owner=one.name)[0]


def token_request(flow: Flow) -> tuple[httpx.Request, dict[str, str]]:
    sent = next(flow)
    flow.close()
    return sent, dict(parse_qsl(sent.content.decode()))


def test_zoom_asks_for_a_token_of_its_own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOM_CLIENT_SECRET", "CANARY-zoom")
    method = built(preset("zoom"), client_id="id")
    assert isinstance(method, ClientCredentials)
    sent, form = token_request(method.grant())
    assert str(sent.url) == "https://zoom.us/oauth/token"
    assert form["grant_type"] == "account_credentials"
    assert form["account_id"] == preset("zoom").asks()[0].example
    assert sent.headers["Authorization"].startswith("Basic ")
    assert "client_secret" not in form


def test_auth0_names_its_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH0_CLIENT_SECRET", "CANARY-auth0")
    sent, form = token_request(built(preset("auth0"), client_id="id").grant())
    assert str(sent.url) == "https://example.eu.auth0.com/oauth/token"
    assert form["audience"] == "https://example.eu.auth0.com/api/v2/"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("google", {"access_type": "offline", "prompt": "consent", "code_challenge_method": "S256"}),
        ("dropbox", {"token_access_type": "offline"}),
        ("atlassian", {"audience": "api.atlassian.com", "prompt": "consent"}),
        ("notion", {"owner": "user"}),
        ("reddit", {"duration": "permanent"}),
        ("strava", {"scope": "read,activity:read_all", "approval_prompt": "auto"}),
        ("square", {"session": "false"}),
    ],
)
def test_the_login_page_gets_what_the_provider_wants(name: str, expected: dict[str, str]) -> None:
    one = preset(name)
    login = one if one.method == "oauth2-user-agent" else one.alternatives["oauth2-user-agent"]
    method = built(login, client_id="id")
    assert isinstance(method, AuthorizationCode)
    url = method.authorization_url("http://127.0.0.1:8765/", "state", "verifier")
    sent = dict(parse_qsl(urlsplit(url).query))
    assert expected.items() <= sent.items()
    assert sent["client_id"] == "id"
    assert ("code_challenge" in sent) == login.auth.get("pkce", True)
