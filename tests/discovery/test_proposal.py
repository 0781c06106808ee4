"""A whole setup from a URL: the demo's ten doors, pages of our own, and a real RFC 9728 server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from apiconn_nb import demo
from apiconn_nb.auth import discovery
from apiconn_nb.demo.server import Demo
from apiconn_nb.discovery import Proposal, propose
from apiconn_nb.errors import ConfigError, NetworkError
from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.echo import Answer, Echo
from tests.servers.django_oauth import DjangoOAuth
from tests.servers.oidc_provider import OidcProvider

Propose = Callable[[str], Proposal]


@pytest.fixture(scope="module")
def doors() -> Iterator[Demo]:
    with demo.serve() as running:
        yield running


@pytest.fixture
def ask() -> Iterator[Propose]:
    """Proposes through a collection's own door, as the magic does."""
    discovery.forget()
    opened: list[Collection] = []

    def run(url: str) -> Proposal:
        opened.append(Collection(CollectionSettings("api", "none", {"base_url": url})))
        proposal = propose(url, opened[-1].door.send_aside, name="shop")
        proposal.settings.check()
        for other in proposal.others:
            other.check()
        return proposal

    yield run
    for collection in opened:
        collection.close()


@pytest.mark.parametrize(
    ("door", "values", "missing"),
    [
        ("none", {}, ()),
        ("key-in-url", {"key_name": "api_key"}, ("Private key",)),
        ("key-in-header", {"key_name": "X-Api-Key"}, ("Private key",)),
        ("basic", {}, ("Username", "Password")),
        ("oauth2-user-agent", {"issuer": "{url}"}, ("App ID", "App Secret")),
        ("oauth2-client-credentials", {"issuer": "{url}"}, ("Client ID", "Client secret")),
    ],
)
def test_each_door_of_the_demo_proposes_itself(
    doors: Demo, ask: Propose, door: str, values: dict[str, str], missing: tuple[str, ...]
) -> None:
    proposal = ask(f"{doors.url}/{door}")
    assert proposal.settings.method == door
    assert proposal.settings.name == "shop"
    assert proposal.settings.connection == {"base_url": f"{doors.url}/{door}"}
    expected = {name: value.format(url=doors.url) for name, value in values.items()}
    assert expected.items() <= proposal.settings.auth.items()
    assert proposal.missing == missing
    assert all("\n" not in fact for fact in proposal.facts)


def test_what_was_proposed_works_once_the_rest_is_filled_in(doors: Demo, ask: Propose) -> None:
    proposal = ask(f"{doors.url}/oauth2-client-credentials")
    live = doors.credentials.live
    filled = {"client_id": live.service_client_id, "client_secret": Secret(live.service_client_secret)}
    settings = dataclasses.replace(proposal.settings, auth={**proposal.settings.auth, **filled})
    collection = Collection(settings)
    assert len(collection.get("/customers")) == 50
    collection.close()


def test_the_facts_name_their_sources(doors: Demo, ask: Propose) -> None:
    text = "\n".join(ask(f"{doors.url}/oauth2-user-agent").facts)
    for expected in (
        "answers 401 without credentials",
        "its refusal asks for Bearer",
        f"/.well-known/oauth-protected-resource/oauth2-user-agent names the authorization server {doors.url}",
        f"login page {doors.url}/oauth/authorize",
        f"{doors.url}/openapi.json describes the API “apiconn demo”",
        "proposed: OAuth2 User-Agent Flow",
    ):
        assert expected in text


# ── servers of our own ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def quiet(echo: Echo) -> Echo:
    """A server that has nothing but what the test gives it."""
    echo.rules.append(lambda _: Answer(404, {"error": "no"}))
    return echo


def refuse(echo: Echo, path: str, challenge: str) -> None:
    echo.answer(path, Answer(401, {}, {"WWW-Authenticate": challenge}))


def test_a_bare_bearer_is_a_key_with_a_prefix(quiet: Echo, ask: Propose) -> None:
    refuse(quiet, "/v1", 'Bearer realm="x"')
    proposal = ask(f"{quiet.url}/v1")
    assert proposal.settings.method == "key-in-header"
    assert proposal.settings.auth == {"key_name": "Authorization", "key_prefix": "Bearer "}
    assert proposal.missing == ("Private key",)


def test_no_refusal_and_nothing_else_is_no_authentication(quiet: Echo, ask: Propose) -> None:
    quiet.answer("/v1", Answer(200, []))
    proposal = ask(f"{quiet.url}/v1")
    assert (proposal.settings.method, proposal.missing, proposal.others) == ("none", (), ())


def openapi(**members: Any) -> Answer:
    return Answer(200, {"openapi": "3.1.0", "info": {"title": "T"}, "paths": {}, **members})


def schemes(**named: dict[str, Any]) -> dict[str, Any]:
    return {"components": {"securitySchemes": named}}


URL = "https://login.example.org"


@pytest.mark.parametrize(
    ("scheme", "method", "values"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Token"}, "key-in-header", {"key_name": "X-Token"}),
        ({"type": "apiKey", "in": "query", "name": "k"}, "key-in-url", {"key_name": "k"}),
        ({"type": "http", "scheme": "BASIC"}, "basic", {}),
        ({"type": "http", "scheme": "bearer"}, "key-in-header", {"key_prefix": "Bearer "}),
        ({"type": "mutualTLS"}, "client-certificate", {}),
        (
            {"type": "openIdConnect", "openIdConnectUrl": f"{URL}/.well-known/openid-configuration"},
            "oauth2-user-agent",
            {"issuer": URL},
        ),
        (
            {
                "type": "oauth2",
                "flows": {"authorizationCode": {"authorizationUrl": f"{URL}/a", "tokenUrl": f"{URL}/t", "scopes": {}}},
            },
            "oauth2-user-agent",
            {"authorization_endpoint": f"{URL}/a", "token_endpoint": f"{URL}/t"},
        ),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": f"{URL}/t", "scopes": {}}}},
            "oauth2-client-credentials",
            {"token_endpoint": f"{URL}/t"},
        ),
        (
            {"type": "oauth2", "flows": {"password": {"tokenUrl": f"{URL}/t", "scopes": {}}}},
            "oauth2-password",
            {"token_endpoint": f"{URL}/t"},
        ),
    ],
)
def test_each_openapi_scheme(
    quiet: Echo, ask: Propose, scheme: dict[str, Any], method: str, values: dict[str, Any]
) -> None:
    refuse(quiet, "/v1", "Custom")
    quiet.answer("/openapi.json", openapi(**schemes(one=scheme), security=[{"one": []}], paths={"/x": {"get": {}}}))
    proposal = ask(f"{quiet.url}/v1")
    assert proposal.settings.method == method
    assert values.items() <= proposal.settings.auth.items()


@pytest.mark.parametrize(
    ("scheme", "method"),
    [
        ({"type": "basic"}, "basic"),
        ({"type": "apiKey", "in": "header", "name": "X-Token"}, "key-in-header"),
        (
            {"type": "oauth2", "flow": "accessCode", "authorizationUrl": f"{URL}/a", "tokenUrl": f"{URL}/t"},
            "oauth2-user-agent",
        ),
        ({"type": "oauth2", "flow": "application", "tokenUrl": f"{URL}/t"}, "oauth2-client-credentials"),
    ],
)
def test_swagger_2(quiet: Echo, ask: Propose, scheme: dict[str, Any], method: str) -> None:
    document = {"swagger": "2.0", "basePath": "/v2", "securityDefinitions": {"one": scheme}, "paths": {}}
    quiet.answer("/swagger.json", Answer(200, document))
    refuse(quiet, "/", "Custom")
    proposal = ask(f"{quiet.url}/")
    assert proposal.settings.method == method
    assert proposal.settings.connection["base_url"] == f"{quiet.url}/v2", "the document says where the calls lie"


def test_the_scheme_of_the_calls_here_comes_first(quiet: Echo, ask: Propose) -> None:
    named = schemes(key={"type": "apiKey", "in": "header", "name": "X-Key"}, basic={"type": "http", "scheme": "basic"})
    paths = {
        "/admin/a": {"get": {"security": [{"basic": []}]}, "post": {"security": [{"basic": []}]}},
        "/public/a": {"get": {"security": [{"key": []}]}},
        "/open/a": {"get": {"security": []}},
    }
    quiet.answer("/openapi.json", openapi(**named, paths=paths, servers=[{"url": "/"}]))
    for part, method in (("admin", "basic"), ("public", "key-in-header"), ("open", "none")):
        assert ask(f"{quiet.url}/{part}").settings.method == method


def test_a_service_description_is_found_by_its_link(quiet: Echo, ask: Propose) -> None:
    quiet.answer("/v1", Answer(401, {}, {"Link": '</docs/api>; rel="service-desc"'}))
    scheme = {"type": "http", "scheme": "basic"}
    quiet.answer("/docs/api", openapi(**schemes(one=scheme), security=[{"one": []}], paths={"/x": {"get": {}}}))
    assert ask(f"{quiet.url}/v1").settings.method == "basic"


def resource(echo: Echo, **members: Any) -> None:
    refuse(echo, "/v1", f'Bearer resource_metadata="{echo.url}/meta"')
    echo.answer("/meta", Answer(200, {"resource": f"{echo.url}/v1", "authorization_servers": [echo.url], **members}))


def server(echo: Echo, **members: Any) -> None:
    document = {
        "issuer": echo.url,
        "authorization_endpoint": f"{echo.url}/a",
        "token_endpoint": f"{echo.url}/t",
        **members,
    }
    echo.answer("/.well-known/oauth-authorization-server", Answer(200, document))


def test_rfc_9728_leads_to_the_authorization_server(quiet: Echo, ask: Propose) -> None:
    resource(quiet, scopes_supported=["read"])
    server(
        quiet, code_challenge_methods_supported=["plain"], token_endpoint_auth_methods_supported=["client_secret_basic"]
    )
    proposal = ask(f"{quiet.url}/v1")
    assert proposal.settings.method == "oauth2-user-agent"
    assert proposal.settings.auth == {
        "issuer": quiet.url,
        "scope": "read",
        "pkce": False,
        "client_auth_basic": True,
    }


@pytest.mark.parametrize(
    "stated", ["https://evil.example/v1", "{url}/v2", "{url}/v1/deeper", "http://127.0.0.1:1/v1", ""]
)
def test_metadata_of_another_resource_is_not_believed(quiet: Echo, ask: Propose, stated: str) -> None:
    """RFC 9728 §3.3: a document about somebody else would send the credentials to their server."""
    resource(quiet, resource=stated.format(url=quiet.url), authorization_servers=["https://evil.example"])
    proposal = ask(f"{quiet.url}/v1")
    assert "evil" not in str(proposal.settings)


def test_a_resource_covers_what_lies_below_it(quiet: Echo, ask: Propose) -> None:
    resource(quiet, resource=quiet.url)
    server(quiet)
    assert ask(f"{quiet.url}/v1").settings.auth["issuer"] == quiet.url


class Recorder:
    """A network that answers from a table, and keeps what was asked."""

    def __init__(self, **pages: httpx.Response) -> None:
        self.asked: list[str] = []
        self.pages: dict[str, httpx.Response] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        answer = self.pages.get(str(request.url), httpx.Response(404))
        answer.request = request
        return answer


def test_a_public_api_cannot_send_the_kernel_to_this_machine() -> None:
    """Server-side request forgery: a hub's own metadata service, a database on loopback."""
    api = "https://api.example.org/v1"
    network = Recorder()
    for inner in ("http://127.0.0.1:8080/meta", "http://169.254.169.254/latest", "http://api.example.org/meta"):
        network.pages[api] = httpx.Response(401, headers={"WWW-Authenticate": f'Bearer resource_metadata="{inner}"'})
        propose(api, network)
    document = {"resource": api, "authorization_servers": ["http://127.0.0.1:8080", "file:///etc/passwd"]}
    network.pages["https://api.example.org/meta"] = httpx.Response(200, json=document)
    challenge = 'Bearer resource_metadata="https://api.example.org/meta"'
    network.pages[api] = httpx.Response(401, headers={"WWW-Authenticate": challenge})
    proposal = propose(api, network)
    assert all(url.startswith("https://api.example.org/") for url in network.asked)
    assert any("is not asked" in fact for fact in proposal.facts)


def test_few_requests_are_made() -> None:
    network = Recorder()
    network.pages["https://api.example.org/v1"] = httpx.Response(401, headers={"WWW-Authenticate": "Bearer"})
    propose("https://api.example.org/v1", network)
    assert len(network.asked) == len(set(network.asked))
    assert len(network.asked) < 20


@pytest.mark.parametrize("url", ["", "api.example.org", "ftp://x", "http://api.example.org", "https://u:p@x.example"])
def test_what_is_no_url_is_refused_before_anything_is_sent(url: str) -> None:
    network = Recorder()
    with pytest.raises(ConfigError):
        propose(url, network)
    assert network.asked == []


def test_nobody_there_is_one_sentence(ask: Propose) -> None:
    with pytest.raises(NetworkError, match="nobody answers"):
        ask("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"openapi": "3.0.0", "components": {"securitySchemes": [1]}, "paths": [], "servers": {}}',
        b'{"openapi": 3, "components": {"securitySchemes": {"a": {"type": "oauth2", "flows": {"password": 1}}}}}',
        b'{"swagger": "2.0", "securityDefinitions": {"a": {"type": "oauth2"}}, "paths": {"/": {"get": 1}}}',
        b'{"openapi": "3.1.0", "servers": [{"url": "https://{x}/"}], "security": [1, null]}',
        b"\xff\xfe",
        b"",
    ],
)
def test_broken_documents_are_none(quiet: Echo, ask: Propose, body: bytes) -> None:
    for path in ("/openapi.json", "/.well-known/openid-configuration", "/.well-known/oauth-protected-resource/v1"):
        quiet.answer(path, Answer(200, body))
    refuse(quiet, "/v1", "Basic realm=x")
    assert ask(f"{quiet.url}/v1").settings.method == "basic"


def test_a_description_that_is_too_large_is_a_fact(quiet: Echo, ask: Propose) -> None:
    quiet.answer("/openapi.json", Answer(200, b" " * (2 << 20)))
    refuse(quiet, "/v1", "Basic realm=x")
    assert any("larger than 1 MiB" in fact for fact in ask(f"{quiet.url}/v1").facts)


def test_facts_are_plain_lines(quiet: Echo, ask: Propose) -> None:
    refuse(quiet, "/v1", 'Bearer realm="<script>alert(1)</script>\x1b[31m"')
    quiet.answer("/openapi.json", openapi(info={"title": "\u202eevil\nline"}))
    for fact in ask(f"{quiet.url}/v1").facts:
        assert fact.isprintable()


# ── real ones ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_django_names_its_metadata_in_the_refusal(django_oauth: DjangoOAuth, ask: Propose) -> None:
    proposal = ask(django_oauth.orders_url)
    assert proposal.settings.method == "oauth2-user-agent", proposal.facts
    assert proposal.settings.auth["issuer"].startswith(django_oauth.url)
    assert proposal.missing == ("App ID", "App Secret")


def test_oidc_provider_is_found_at_its_own_origin(oidc: OidcProvider, ask: Propose) -> None:
    proposal = ask(oidc.orders_url)
    assert proposal.settings.method == "oauth2-user-agent", proposal.facts
    assert proposal.settings.auth["issuer"] == oidc.issuer
