"""All ten methods against the embedded demo, in both environments; and the custom token in each of its forms."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from apiconn_nb import auth
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.calling import run
from apiconn_nb.demo import serve
from apiconn_nb.demo.server import Demo
from apiconn_nb.errors import ApiConnError, ConfigError, StatusError, TokenError
from apiconn_nb.live_collection import Collection
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from tests.opened import Open

pytestmark = pytest.mark.filterwarnings("ignore::apiconn_nb.auth.oauth2_password.LegacyGrantWarning")
REDIRECT = "http://127.0.0.1:54321/callback"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with serve() as running:
        yield running


def settings(demo: Demo) -> dict[str, dict[str, Any]]:
    """Each method's settings, with development twins where it has them."""
    live, dev = demo.credentials.live, demo.credentials.development
    key = {"key": Secret(live.api_key), "dev_key": Secret(dev.api_key)}
    token = f"{demo.url}/oauth/token"
    return {
        "none": {},
        "key-in-url": {"key_name": "api_key", **key},
        "key-in-header": {"key_name": "X-Api-Key", **key},
        "basic": {"username": live.username, "password": Secret(live.password)},
        "oauth2-password": {"username": live.username, "password": Secret(live.password), "token_endpoint": token},
        "oauth2-user-agent": {
            "client_id": live.client_id, "client_secret": Secret(live.client_secret), "token_endpoint": token,
            "dev_client_id": dev.client_id, "dev_client_secret": Secret(dev.client_secret), "scope": "read write",
            "authorization_endpoint": f"{demo.url}/oauth/authorize",
        },
        "oauth2-custom-token": custom(demo),
        "jwt": {"private_key": Secret(live.service_account), "scope": "read"},
        "client-certificate": {
            "certificate": live.certificate, "private_key": Secret(live.certificate_key),
            "ca_certificate": demo.credentials.certificates.ca,
        },
        "oauth2-client-credentials": {
            "client_id": live.service_client_id, "client_secret": Secret(live.service_client_secret),
            "dev_client_id": dev.service_client_id, "dev_client_secret": Secret(dev.service_client_secret),
            "token_endpoint": token, "scope": "read",
        },
    }  # fmt: skip


def custom(demo: Demo, **changed: Any) -> dict[str, Any]:
    account = demo.credentials.live
    return {
        "token_endpoint": f"{demo.url}/custom/token",
        "token_headers": {"X-Tenant": account.tenant},
        "token_body": '{"app": "<app>", "secret": "<secret>"}',
        "token_params": {"app": account.app, "secret": Secret(account.app_secret)},
        **changed,
    }


def collection(demo: Demo, opened: Open, method: str, environment: str = "live") -> Collection:
    base = demo.tls_url if method == "client-certificate" else demo.url
    made = opened(
        f"{base}/{method}", method, settings(demo)[method], environment=environment,
        dev_base_url=f"{base}/development/{method}",
    )  # fmt: skip
    if isinstance(made.method, AuthorizationCode):
        sign_in(demo, made)
    return made


def sign_in(demo: Demo, collection: Collection) -> None:
    """The person at the page, and the method's own exchange of the code."""
    method = collection.method
    assert isinstance(method, AuthorizationCode)
    account = getattr(demo.credentials, collection.environment)
    url = method.authorization_url(REDIRECT, "state-1", "v" * 43)
    form = {"username": account.username, "password": account.password, "decision": "allow"}
    page = httpx.post(url, data=form, trust_env=False)
    (code,) = parse_qs(urlsplit(page.headers["Location"]).query)["code"]
    flow = method.exchange_code(code, REDIRECT, "v" * 43)
    with pytest.raises(StopIteration) as done:
        flow.send(collection.door.send_aside(next(flow)))
    collection.slot.keep(done.value.value)


METHODS = [each.slug for each in auth.methods()]
WITH_TWINS = ["none", "key-in-url", "key-in-header", "oauth2-user-agent", "oauth2-client-credentials"]


@pytest.mark.parametrize("method", METHODS)
def test_every_door_opens_with_live_credentials(demo: Demo, opened: Open, method: str) -> None:
    made = collection(demo, opened, method)
    outcome = run(made, parse("GET /customers?per_page=5"))
    assert len(outcome.frame()) == 5
    assert made.send("GET /me").json()["environment"] == "live"
    assert " · live" in outcome.status()


@pytest.mark.parametrize("method", WITH_TWINS)
def test_the_development_twins_open_the_development_doors(demo: Demo, opened: Open, method: str) -> None:
    made = collection(demo, opened, method, "development")
    outcome = run(made, parse("GET /customers?per_page=5"))
    assert len(outcome.frame()) == 5
    assert made.base_url == f"{demo.url}/development/{method}"
    assert made.send("GET /me").json()["environment"] == "development"
    assert " · development" in outcome.status()
    assert "from live" not in outcome.status()


@pytest.mark.parametrize("method", ["key-in-url", "key-in-header", "oauth2-client-credentials"])
def test_without_a_twin_the_live_value_is_taken_and_said(demo: Demo, opened: Open, method: str) -> None:
    values = {name: value for name, value in settings(demo)[method].items() if not name.startswith("dev_")}
    made = opened(f"{demo.url}/{method}", method, values, environment="development")
    outcome = run(made, parse("GET /customers?per_page=1"))
    assert "from live)" in outcome.status()
    assert made.send("GET /me").json()["environment"] == "live"


@pytest.mark.parametrize("method", [each for each in METHODS if each not in ("none", "client-certificate")])
def test_every_door_is_shut_to_nobody(demo: Demo, opened: Open, method: str) -> None:
    with pytest.raises(StatusError, match="401"):
        run(opened(f"{demo.url}/{method}"), parse("GET /customers"))


@pytest.mark.parametrize("method", [each for each in METHODS if each.startswith(("oauth2", "jwt"))])
def test_every_token_method_renews_when_its_tokens_end(demo: Demo, opened: Open, method: str) -> None:
    made = collection(demo, opened, method)
    assert made.send("GET /me").status_code == 200
    before = demo.counters["token"]
    demo.expire_tokens()
    assert made.send("GET /me").status_code == 200
    assert demo.counters["token"] == before + 1
    assert demo.counters["reuse:refresh_token"] == 0


# ── the custom token ───────────────────────────────────────────────────────────────────────────────────────────────


def call(demo: Demo, opened: Open, **changed: Any) -> Collection:
    made = opened(f"{demo.url}/oauth2-custom-token", "oauth2-custom-token", custom(demo, **changed))
    assert made.send("GET /me").status_code == 200
    return made


@pytest.mark.parametrize("body_format", ["json", "form"])
def test_the_body_as_json_and_as_form(demo: Demo, opened: Open, body_format: str) -> None:
    call(demo, opened, token_body_format=body_format)


def test_a_header_by_reference(demo: Demo, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANT", demo.credentials.live.tenant)
    call(demo, opened, token_headers={"X-Tenant": "env:TENANT"})


def test_a_tree_in_the_body(demo: Demo, opened: Open) -> None:
    body = '{"app": "<app>", "secret": "<secret>", "permissions": ["read", "<right>"], "n": {"deep": [1, null]}}'
    params = {**custom(demo)["token_params"], "right": "write"}
    made = call(demo, opened, token_body=body, token_params=params)
    assert made.slot.token is not None
    assert made.slot.token.scope == "read write"


def test_a_body_in_a_file(demo: Demo, opened: Open) -> None:
    Path("body.json").write_text('{"app": "<app>", "secret": "<secret>"}')
    call(demo, opened, token_body="file:body.json")
    Path("body.json").write_text('{"app": "<app>", "secret": "<missing>"}')
    with pytest.raises(ConfigError, match=r"Body: <missing> has no value: add --token-params missing="):
        call(demo, opened, token_body="file:body.json")


@pytest.mark.parametrize(("quirk", "field"), [("nested", "data.token"), ("renamed", "token"), ("form", "access_token")])
def test_the_token_under_another_name(demo: Demo, opened: Open, quirk: str, field: str) -> None:
    url = f"{demo.url}/custom/token?quirks={quirk}"
    call(demo, opened, token_endpoint=url, token_field=field)
    if field != "access_token":
        with pytest.raises(TokenError, match="--token-field"):
            call(demo, opened, token_endpoint=url)


def test_the_lifetime_where_the_answer_has_none(demo: Demo, opened: Open) -> None:
    url = f"{demo.url}/custom/token?quirks=no-expiry"
    made = call(demo, opened, token_endpoint=url, token_lifetime=120)
    assert made.slot.token is not None
    assert abs((made.slot.token.expires_at or 0) - time.time() - 120) < 5
    endless = call(demo, opened, token_endpoint=url)
    assert endless.slot.token is not None
    assert endless.slot.token.expires_at is None


def test_another_header_for_the_token(demo: Demo, opened: Open) -> None:
    """The demo's key door takes a bearer token in Authorization; the name and prefix are what is typed."""
    made = opened(demo.url, "oauth2-custom-token", custom(demo, header_name="X-Token", header_prefix="T "))
    preview = made.method.preview(made.request("GET /none/me", {}), made.slot)
    assert preview.headers["X-Token"] == "T •••"
    assert made.send("GET /none/me").status_code == 200


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"token_params": {"app": "x", "secret": "env:NONE"}}, "env:NONE is not set"),
     ({"token_headers": {}}, "missing_tenant: The header X-Tenant is missing"),
     ({"token_endpoint_suffix": "?quirks=error-200", "token_headers": {"X-Tenant": "nobody"}}, r"refused \(200\)"),
     ({"token_endpoint_suffix": "?quirks=html"}, "web page")],
)  # fmt: skip
def test_a_refusal_in_the_providers_words(demo: Demo, opened: Open, changed: dict[str, Any], words: str) -> None:
    suffix = changed.pop("token_endpoint_suffix", "")
    with pytest.raises(ApiConnError, match=words):
        call(demo, opened, token_endpoint=f"{demo.url}/custom/token{suffix}", **changed)
