"""The doctor: each fault is provoked, and named by the setting that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.auth.token import Token
from apiconn_nb.demo.server import Demo
from apiconn_nb.errors import TokenError
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login
from apiconn_nb.login.doctor import Diagnosis, examine
from apiconn_nb.login.faults import of_answer, of_page, of_token_error
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.canary import Canary
from tests.echo import Answer, Arrived, Echo
from tests.login.conftest import Make

Shop = Callable[..., Collection]
Begin = Callable[..., Login]


def app(client_id: str, secret: str = "", **settings: Any) -> dict[str, Any]:
    return {"client_id": client_id, "client_secret": Secret(secret), **settings}


@pytest.fixture
def look(own_port: int, canary: Canary) -> Callable[..., Diagnosis]:
    """Examines a collection, and makes sure that nothing of its secrets shows."""

    def examined(collection: Collection, **options: Any) -> Diagnosis:
        diagnosis = examine(collection, environ={}, **options)
        secret = getattr(collection.method, "client_secret", "")
        if secret:
            canary.watch(secret.reveal())
            canary.assert_absent(str(diagnosis), repr(diagnosis.faults))
        return diagnosis

    return examined


def test_nothing_is_found_where_everything_fits(shop: Shop, look: Callable[..., Diagnosis], provider: Demo) -> None:
    diagnosis = look(shop())
    assert diagnosis.fault is None, diagnosis
    assert diagnosis.verdict() == "Nothing found that does not fit."
    text = str(diagnosis)
    assert "does the login page take this request?" in text
    assert "the client is taken, and the made-up code is refused as it should be: invalid_grant" in text
    assert "client_secret=•••" in text
    assert provider.counters["login"] == provider.counters["issued:authorization_code"] == 0, "nobody was asked"


# What can be found without a person, by asking the demo.
WITHOUT_A_PERSON: list[tuple[str, dict[str, Any], str, str]] = [
    ("redirect URL", app("demo-exact", "demo-exact-secret"), "redirect URL not registered", "redirect_url"),
    ("client id", app("nobody", "CANARY-x"), "client unknown", "client_id"),
    ("secret", app("demo-app", "CANARY-wrong"), "client secret refused", "client_secret"),
    ("no secret", app("demo-app"), "client secret missing", "client_secret"),
    ("Basic wanted", app("demo-basic", "demo-basic-secret"), "wrong way of client authentication", "client_auth_basic"),
    (
        "body wanted",
        app("demo-post", "demo-post-secret", client_auth_basic=True),
        "wrong way of client authentication",
        "client_auth_basic",
    ),
    ("PKCE off", app("demo-pkce", "demo-pkce-secret", pkce=False), "PKCE required", "pkce"),
    ("PKCE on", app("demo-no-pkce", "demo-no-pkce-secret"), "PKCE refused", "pkce"),
    ("scope", app("demo-app", "demo-app-secret", scope="read fly"), "scope refused", "scope"),
    ("no code grant", app("demo-service", "demo-service-secret"), "grant not allowed", "client_id"),
    ("login page", {"authorization_endpoint": "{url}/nowhere"}, "wrong login page", "authorization_endpoint"),
    ("token endpoint", {"token_endpoint": "{url}/nowhere"}, "wrong token endpoint", "token_endpoint"),
    ("token endpoint down", {"token_endpoint": "{url}/oauth/token?quirks=html"}, "provider out of order", ""),
    ("clock late", {"token_endpoint": "{url}/oauth/token?quirks=late-clock"}, "clock skew", ""),
    ("clock early", {"token_endpoint": "{url}/oauth/token?quirks=early-clock"}, "clock skew", ""),
    ("issuer", {"issuer": "{url}/", "authorization_endpoint": ""}, "issuer mismatch", "issuer"),
    ("no metadata", {"issuer": "{url}/oauth", "token_endpoint": ""}, "no metadata", "issuer"),
    ("nobody there", {"token_endpoint": "http://127.0.0.1:9/token"}, "nobody answers", "token_endpoint"),
    (
        "no login page there",
        {"authorization_endpoint": "http://127.0.0.1:9/"},
        "nobody answers",
        "authorization_endpoint",
    ),
    ("certificate", {"token_endpoint": "{tls_url}/oauth/token"}, "certificate not trusted", ""),
]


@pytest.mark.parametrize(
    ("settings", "name", "setting"), [row[1:] for row in WITHOUT_A_PERSON], ids=[row[0] for row in WITHOUT_A_PERSON]
)
def test_a_fault_that_shows_without_a_person(
    shop: Shop, look: Callable[..., Diagnosis], provider: Demo, settings: dict[str, Any], name: str, setting: str
) -> None:
    filled = {
        key: value.format(url=provider.url, tls_url=provider.tls_url) if isinstance(value, str) else value
        for key, value in settings.items()
    }
    diagnosis = look(shop(**filled))
    assert diagnosis.fault is not None, diagnosis
    assert (diagnosis.fault.name, diagnosis.fault.setting) == (name, setting), diagnosis
    assert len(diagnosis.faults) == 1, diagnosis.verdict()
    verdict = diagnosis.verdict()
    assert verdict.startswith(f"✗ {name}")
    assert "\n" not in verdict
    if setting:
        assert f"(--{setting.replace('_', '-')})" in verdict


# What a real sign-in shows: the message under the cell says it, and so does the doctor afterwards.
AFTER_A_SIGN_IN: list[tuple[str, dict[str, Any], str, str, str]] = [
    (
        "nested",
        {"token_endpoint": "{url}/oauth/token?quirks=nested"},
        "failed",
        "token in another field",
        "token_field",
    ),
    (
        "renamed",
        {"token_endpoint": "{url}/oauth/token?quirks=renamed"},
        "failed",
        "token in another field",
        "token_field",
    ),
    (
        "form",
        {"token_endpoint": "{url}/oauth/token?quirks=form"},
        "done",
        "form-encoded answer",
        "token_response_is_query",
    ),
    ("no expiry", {"token_endpoint": "{url}/oauth/token?quirks=no-expiry"}, "done", "expiry missing", "token_lifetime"),
    ("iss", {"authorization_endpoint": "{url}/oauth/authorize?quirks=wrong-iss"}, "failed", "iss mismatch", "issuer"),
    ("no iss", {"authorization_endpoint": "{url}/oauth/authorize?quirks=no-iss"}, "failed", "iss missing", "issuer"),
    ("profile", {"profile_email_path": "mail.address"}, "done", "profile path leads nowhere", "profile_email_path"),
    (
        "not renewable",
        {**app("demo-offline", "demo-offline-secret"), "scope": "read offline_access"},
        "done",
        "no refresh token",
        "extra_authorization_params",
    ),
]


@pytest.mark.parametrize(
    ("settings", "state", "name", "setting"),
    [row[1:] for row in AFTER_A_SIGN_IN],
    ids=[row[0] for row in AFTER_A_SIGN_IN],
)
def test_a_fault_that_a_sign_in_shows(
    shop: Shop,
    begin: Begin,
    look: Callable[..., Diagnosis],
    provider: Demo,
    settings: dict[str, Any],
    state: str,
    name: str,
    setting: str,
) -> None:
    filled = {
        key: value.format(url=provider.url) if isinstance(value, str) else value for key, value in settings.items()
    }
    collection = shop(**{"issuer": provider.url, **filled})
    login = begin(collection)
    provider.sign_in(login.link)
    assert login.wait(10)
    assert login.state == state, login.message
    assert [(fault.name, fault.setting) for fault in login.faults] == [(name, setting)]
    if state == "failed":
        assert name in login.message
        assert f"(--{setting.replace('_', '-')})" in login.message
    diagnosis = look(collection)
    assert [(fault.name, fault.setting) for fault in diagnosis.faults] == [(name, setting)], diagnosis
    assert "the last sign-in (loopback)" in str(diagnosis)
    token = collection.slot.token
    assert token is None or token.access_token.reveal() not in str(diagnosis)


def test_where_the_token_seems_to_be_is_said(shop: Shop, begin: Begin, provider: Demo) -> None:
    login = begin(shop(token_endpoint=f"{provider.url}/oauth/token?quirks=nested"))
    provider.sign_in(login.link)
    assert login.wait(10)
    assert "--token-field data.token" in login.message


# ── pages and endpoints of our own, for what the demo does not do ──────────────────────────────────────────────────


@pytest.fixture
def odd(echo: Echo, make: Make) -> Callable[..., Collection]:
    """A collection on a provider of our own, whose token endpoint refuses every code as it should."""
    echo.answer("/token", Answer(400, {"error": "invalid_grant"}))
    echo.answer("/auth", Answer(200, b"<form>", {"Content-Type": "text/html"}))

    def new(**settings: Any) -> Collection:
        whole = {"authorization_endpoint": f"{echo.url}/auth", "token_endpoint": f"{echo.url}/token", **settings}
        return make(echo.url, **{"client_id": "app", **whole})

    return new


def page(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("answer", "setting"),
    [
        (page(400, "<h1>Error 400: redirect_uri_mismatch</h1>"), "redirect_url"),
        (page(400, "<p>AADSTS50011: The redirect URI 'x' specified in the request does not match</p>"), "redirect_url"),
        (page(403, "The redirect URL passed is not on the list. Callback URL mismatch."), "redirect_url"),
        (page(400, "<script>var scope;</script>Unknown client"), "client_id"),
        (page(400, "invalid_client"), "client_id"),
        (page(400, "AADSTS700016: Application with identifier 'x' was not found in the directory"), "client_id"),
        (page(400, "AADSTS90002: Something else"), "authorization_endpoint"),
        (page(404, "Not here"), "authorization_endpoint"),
        (page(400, "Proof Key for Code Exchange is not supported"), "pkce"),
        (Answer(302, b"", {"Location": "/error?error=invalid_scope&error_description=No+such+scope"}), "scope"),
        (Answer(302, b"", {"Location": "/error?error=invalid_request&error_description=redirect_uri"}), "redirect_url"),
        (Answer(302, b"", {"Location": "/missing"}), "authorization_endpoint"),
    ],
)
def test_what_real_providers_say_on_their_pages(
    odd: Shop, echo: Echo, look: Callable[..., Diagnosis], answer: Answer, setting: str
) -> None:
    echo.answer("/auth", answer)
    echo.answer("/missing", page(404, "Nothing"))
    diagnosis = look(odd())
    assert diagnosis.fault is not None, diagnosis
    assert diagnosis.fault.setting == setting, diagnosis


def test_a_page_that_says_nothing_is_asked_again_with_one_thing_changed(
    odd: Shop, echo: Echo, look: Callable[..., Diagnosis]
) -> None:
    def minds(name: str) -> Callable[[Arrived], Answer]:
        return lambda arrived: page(400 if name in dict(arrived.query) else 200, "Something went wrong")

    echo.answer("/auth", minds("code_challenge"))
    assert look(odd(scope="read")).fault.setting == "pkce"
    echo.answer("/auth", minds("scope"))
    assert look(odd(scope="read")).fault.setting == "scope"
    echo.answer("/auth", lambda arrived: page(200 if "code_challenge" in dict(arrived.query) else 400, "Oops"))
    assert (look(odd(pkce=False)).fault.name) == "PKCE required"
    echo.answer("/auth", page(418, "Teapot"))
    fault = look(odd()).fault
    assert (fault.name, "Teapot" in fault.advice) == ("login page refuses", True)


def test_a_login_page_that_is_large_is_a_page(odd: Shop, echo: Echo, look: Callable[..., Diagnosis]) -> None:
    echo.answer("/auth", page(200, "x" * (2 << 20)))
    assert look(odd()).fault is None


def test_a_page_that_leads_elsewhere_to_sign_in_is_fine(odd: Shop, echo: Echo, look: Callable[..., Diagnosis]) -> None:
    echo.answer("/auth", Answer(302, b"", {"Location": "http://internal.example/login"}))
    assert look(odd()).fault is None
    echo.answer("/auth", Answer(302, b"", {"Location": "/auth"}))
    assert look(odd()).fault is None, "and a circle ends"


@pytest.mark.parametrize(
    ("answer", "name", "setting"),
    [
        (Answer(307, b"", {"Location": "https://elsewhere.example/token"}), "token endpoint moved", "token_endpoint"),
        (Answer(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}), "refused", ""),
        (Answer(405, b""), "wrong token endpoint", "token_endpoint"),
        (Answer(503, {"x": 1}), "provider out of order", ""),
        (Answer(400, {"error": "unauthorized_client"}), "grant not allowed", "client_id"),
        (Answer(200, {"error": "incorrect_client_credentials"}), None, None),
    ],
)
def test_what_a_token_endpoint_may_answer(
    odd: Shop, echo: Echo, look: Callable[..., Diagnosis], answer: Answer, name: str | None, setting: str | None
) -> None:
    echo.answer("/token", answer)
    fault = look(odd()).fault
    assert (fault and fault.name, fault and fault.setting) == (name, setting)


def test_a_token_that_is_taken_in_the_other_place(
    odd: Shop, echo: Echo, begin: Begin, look: Callable[..., Diagnosis]
) -> None:
    echo.answer("/me", lambda arrived: Answer(200 if "access_token" in dict(arrived.query) else 401, {"id": 1}))
    collection = odd(profile_endpoint=f"{echo.url}/me")
    collection.slot.keep(Token(Secret("CANARY-token")))
    diagnosis = look(collection)
    assert diagnosis.fault is not None
    assert (diagnosis.fault.name, diagnosis.fault.setting) == ("token in the wrong place", "token_in_header")
    assert "CANARY" not in str(diagnosis)


def test_a_dynamic_parameter_without_a_value_is_asked_for(
    odd: Shop, look: Callable[..., Diagnosis], echo: Echo
) -> None:
    collection = odd(authorization_endpoint=f"{echo.url}/auth?tenant=[tenant]")
    diagnosis = look(collection)
    assert diagnosis.fault is not None
    assert "[tenant]" in diagnosis.verdict()
    assert look(collection, values={"tenant": "x"}).fault is None


def test_on_a_hub_whose_address_is_not_known_the_page_is_asked_later(odd: Shop, own_port: int) -> None:
    diagnosis = examine(odd(), environ={"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"})
    assert "open it first" in str(diagnosis)
    known = examine(odd(), environ={"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}, public_url="https://hub.example.org")
    assert f"redirect_uri=https://hub.example.org/user/ada/proxy/{own_port}/callback" in str(known)


# ── methods without a person ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def service(provider: Demo) -> Iterator[Callable[..., Collection]]:
    """Makes a collection of any method on the demo."""
    made = []

    def new(method: str, **settings: Any) -> Collection:
        made.append(Collection(CollectionSettings("svc", method, {"base_url": provider.url}, settings)))
        return made[-1]

    yield new
    for collection in made:
        collection.close()


def test_grants_are_examined_too(
    provider: Demo, service: Callable[..., Collection], look: Callable[..., Diagnosis]
) -> None:
    endpoint = f"{provider.url}/oauth/token"
    good = {"client_id": "demo-service", "client_secret": Secret("demo-service-secret"), "token_endpoint": endpoint}
    slug = "oauth2-client-credentials"
    assert look(service(slug, **good)).fault is None
    rows: list[tuple[dict[str, Any], str]] = [
        ({"client_secret": Secret("CANARY-wrong")}, "client_secret"),
        ({"scope": "fly"}, "scope"),
        ({"token_endpoint": f"{endpoint}?quirks=nested"}, "token_field"),
        ({"token_endpoint": f"{endpoint}?quirks=form"}, "token_response_is_query"),
        ({"token_endpoint": f"{endpoint}?quirks=no-expiry"}, "token_lifetime"),
        ({"token_endpoint": f"{provider.url}/nowhere"}, "token_endpoint"),
        ({"token_endpoint": "", "issuer": f"{provider.url}/"}, "issuer"),
    ]
    for changed, setting in rows:
        diagnosis = look(service(slug, **{**good, **changed}))
        assert diagnosis.fault is not None, changed
        assert diagnosis.fault.setting == setting, diagnosis


def test_a_method_without_tokens_has_nothing_to_be_examined(
    service: Callable[..., Collection], look: Callable[..., Diagnosis]
) -> None:
    diagnosis = look(service("none"))
    assert diagnosis.fault is None
    assert "no token to be had" in str(diagnosis)


# ── words alone ────────────────────────────────────────────────────────────────────────────────────────────────────

METHOD = AuthorizationCode(
    client_id="app", authorization_endpoint="https://x.example/a", token_endpoint="https://x.example/t", scope="a b"
)


@pytest.mark.parametrize(
    ("error", "description", "setting"),
    [
        ("redirect_uri_mismatch", "", "redirect_url"),
        ("invalid_request", "The redirect_uri MUST match the registered callback URL", "redirect_url"),
        ("invalid_request", "code challenge required", "pkce"),
        ("invalid_request", "Unknown parameter: code_challenge", "pkce"),
        ("invalid_scope", "", "scope"),
        ("invalid_request", "The scope is malformed", "scope"),
        ("unauthorized_client", "", "client_id"),
        ("unsupported_response_type", "", "authorization_endpoint"),
        ("access_denied", "", ""),
    ],
)
def test_words_of_an_authorization_answer(error: str, description: str, setting: str) -> None:
    fault = of_answer(error, description, METHOD, "http://127.0.0.1:8765/callback")
    assert fault is not None
    assert fault.setting == setting


@pytest.mark.parametrize(
    ("error", "description", "status"),
    [
        ("", "", 415),
        ("invalid_request", "Content-Type must be application/json", 400),
        ("", "Body is not valid JSON", 400),
    ],
)
def test_a_token_request_that_is_not_read(error: str, description: str, status: int) -> None:
    refusal = TokenError(f"refused: {description}", error=error, description=description, status=status)
    for written, other in (("form", "json"), ("json", "form")):
        fault = of_token_error(refusal, replace(METHOD, token_body_format=written))
        assert fault is not None
        assert fault.setting == "token_body_format"
        assert f"--token-body-format {other}" in fault.advice


def test_what_nobody_knows_is_named_by_nobody() -> None:
    assert of_answer("weird", "Something", METHOD, "") is None
    assert of_page(400, "Something", METHOD, "") is None
    assert of_token_error(TokenError("x", error="weird", status=400), METHOD) is None
