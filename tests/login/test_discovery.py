"""Metadata by issuer (OpenID Connect, RFC 8414): found, checked, kept; and what it fills."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import httpx
import pytest

from apiconn_nb.auth import discovery
from apiconn_nb.auth.discovery import MetadataError, discover, endpoints, known, places
from apiconn_nb.auth.store import MemoryStore
from apiconn_nb.demo.server import Demo
from apiconn_nb.errors import AuthError, ConfigError
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import start_login
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.echo import Answer, Echo
from tests.login.conftest import Make

ISSUER = "https://login.example.org/tenant"
DOCUMENT = {"issuer": ISSUER, "token_endpoint": "https://login.example.org/token"}


def run(
    flow: Generator[httpx.Request, httpx.Response, Any], answers: dict[str, httpx.Response]
) -> tuple[Any, list[str]]:
    """Drive a flow; URLs that `answers` does not have are 404."""
    asked = []
    try:
        request = next(flow)
        while True:
            asked.append(str(request.url))
            request = flow.send(answers.get(str(request.url), httpx.Response(404)))
    except StopIteration as ended:
        return ended.value, asked


def test_the_places_where_metadata_may_be() -> None:
    assert places(ISSUER) == [
        "https://login.example.org/tenant/.well-known/openid-configuration",
        "https://login.example.org/.well-known/oauth-authorization-server/tenant",
        "https://login.example.org/.well-known/openid-configuration/tenant",
    ]
    assert places("https://x.example/") == [
        "https://x.example/.well-known/openid-configuration",
        "https://x.example/.well-known/oauth-authorization-server",
    ]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_place_is_tried_and_what_is_found_is_kept(number: int) -> None:
    place = places(ISSUER)[number]
    metadata, asked = run(discover(ISSUER), {place: httpx.Response(200, json=DOCUMENT)})
    assert metadata.text("token_endpoint") == DOCUMENT["token_endpoint"]
    assert asked == places(ISSUER)[: number + 1]
    again, asked = run(discover(ISSUER), {})
    assert (again, asked) == (metadata, [])
    assert known(ISSUER) is metadata
    discovery.forget(ISSUER)
    assert known(ISSUER) is None


@pytest.mark.parametrize("stated", [f"{ISSUER}/", "https://login.example.org", "HTTPS://login.example.org/tenant", ""])
def test_the_document_must_name_the_same_issuer(stated: str) -> None:
    answers = {places(ISSUER)[0]: httpx.Response(200, json={**DOCUMENT, "issuer": stated})}
    with pytest.raises(MetadataError) as caught:
        run(discover(ISSUER), answers)
    assert caught.value.stated == stated
    assert known(ISSUER) is None


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(200, text="<html>"), httpx.Response(200, json=[]), httpx.Response(500), httpx.Response(302)],
)
def test_what_is_no_document_is_none(answer: httpx.Response) -> None:
    with pytest.raises(MetadataError, match="no metadata for https"):
        run(discover(ISSUER), {places(ISSUER)[0]: answer})


def test_an_issuer_is_encrypted() -> None:
    with pytest.raises(ConfigError, match="not encrypted"):
        run(discover("http://login.example.org"), {})


WANTED = {"token_endpoint": "token_endpoint", "profile_endpoint": "userinfo_endpoint"}


def test_given_endpoints_stand_and_missing_ones_are_filled() -> None:
    document = {**DOCUMENT, "userinfo_endpoint": "https://login.example.org/me"}
    answers = {places(ISSUER)[0]: httpx.Response(200, json=document)}
    given = {"token_endpoint": "https://mine.example/token", "profile_endpoint": ""}
    found, _ = run(endpoints(ISSUER, WANTED, given, ("token_endpoint",)), answers)
    assert found == {"profile_endpoint": "https://login.example.org/me"}
    assert run(endpoints("", WANTED, given, ()), {}) == ({}, [])
    complete = dict.fromkeys(WANTED, "https://mine.example/x")
    assert run(endpoints(ISSUER, WANTED, complete, ()), {}) == ({}, []), "nothing is asked for nothing"


def test_without_metadata_a_complete_method_goes_on_and_an_incomplete_one_says_why() -> None:
    given = {"token_endpoint": "https://mine.example/token", "profile_endpoint": ""}
    assert run(endpoints(ISSUER, WANTED, given, ("token_endpoint",)), {})[0] == {}
    lacking = {"token_endpoint": "", "profile_endpoint": ""}
    with pytest.raises(MetadataError):
        run(endpoints(ISSUER, WANTED, lacking, ("token_endpoint",)), {})
    answers = {places(ISSUER)[0]: httpx.Response(200, json={"issuer": ISSUER})}
    with pytest.raises(AuthError, match="--token-endpoint"):
        run(endpoints(ISSUER, WANTED, lacking, ("token_endpoint",)), answers)


def test_an_endpoint_in_the_open_is_refused() -> None:
    answers = {places(ISSUER)[0]: httpx.Response(200, json={**DOCUMENT, "token_endpoint": "http://x.example/token"})}
    lacking = {"token_endpoint": "", "profile_endpoint": ""}
    with pytest.raises(ConfigError, match="not encrypted"):
        run(endpoints(ISSUER, WANTED, lacking, ("token_endpoint",)), answers)


def test_an_issuer_alone_signs_in_renews_and_signs_out(provider: Demo, make: Make, own_port: int) -> None:
    live = provider.credentials.live
    collection = make(
        f"{provider.url}/oauth2-user-agent",
        client_id=live.client_id,
        client_secret=Secret(live.client_secret),
        issuer=provider.url,
        scope="read openid email",
    )
    login = start_login(collection, via="loopback")
    provider.sign_in(login.link)
    assert login.wait(10)
    assert "ada@example.org (id 42)" in login.message, "userinfo has sub for id"
    discovery.forget()
    provider.expire_tokens()
    assert len(collection.get("/customers")) == 50, "in another kernel the refresh asks the issuer first"
    assert provider.counters["issued:refresh_token"] == 1


def test_client_credentials_by_issuer(provider: Demo) -> None:
    live = provider.credentials.live
    settings = {
        "client_id": live.service_client_id,
        "client_secret": Secret(live.service_client_secret),
        "issuer": provider.url,
    }
    base = {"base_url": f"{provider.url}/oauth2-client-credentials"}
    collection = Collection(CollectionSettings("svc", "oauth2-client-credentials", base, settings), store=MemoryStore())
    assert len(collection.get("/customers")) == 50
    with pytest.raises(ConfigError, match="--issuer"):
        Collection(CollectionSettings("svc", "oauth2-client-credentials", base, {"client_id": "x"}))
    collection.close()


def test_the_metadata_is_asked_for_once_in_a_process(echo: Echo, make: Make, own_port: int) -> None:
    def metadata(arrived: object) -> Answer:
        return Answer(
            200,
            {"issuer": echo.url, "token_endpoint": f"{echo.url}/token", "authorization_endpoint": f"{echo.url}/auth"},
        )

    echo.answer("/.well-known/openid-configuration", metadata)
    for name in ("one", "two"):
        start_login(make(echo.url, client_id="app", issuer=echo.url, name=name), via="loopback")
    assert echo.count("/.well-known/openid-configuration") == 1
