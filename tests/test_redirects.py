"""Redirects: followed within the collection's origins, refused or stripped of every credential outside them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from apiconn_nb.errors import CallError, FenceError, TokenError
from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.echo import Answer, Arrived, Echo
from tests.opened import Open


def to(place: str, status: int = 302) -> Answer:
    return Answer(status, b"", {"Location": place})


def keyed(opened: Open, echo: Echo, canary: Canary, **connection: Any) -> Collection:
    """A collection with a credential in every place."""
    connection.setdefault("headers", {"X-Shared-Token": Secret(canary("shared")), "X-Plain": "1"})
    return opened(echo.url, "key-in-header", {"key_name": "X-Api-Key", "key": Secret(canary("key"))}, **connection)


def everything(arrived: Arrived) -> str:
    return f"{arrived.method} {arrived.target} {arrived.headers} {arrived.body!r}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_within_the_origin_it_is_followed_and_signed_anew(
    echo: Echo, opened: Open, canary: Canary, status: int
) -> None:
    echo.answer("/a", to("/b?x=1", status))
    response = keyed(opened, echo, canary).send("GET /a\nX-Mine: 1")
    assert [each.target for each in echo.arrived] == ["/a", "/b?x=1"]
    for arrived in echo.arrived:
        assert arrived.headers["X-Api-Key"] == canary.values[-1]
        assert arrived.headers["X-Shared-Token"] == canary.values[0]
        assert arrived.headers["X-Mine"] == "1"
    assert [each.status_code for each in response.history] == [status]
    canary.assert_absent(response.history, response.request.headers, response.history[0].headers)


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_an_actions_method_and_body_after_a_redirect(echo: Echo, opened: Open, status: int, method: str) -> None:
    echo.answer("/a", to("/b", status))
    opened(echo.url).send('POST /a\n\n{"x": "<v>"}', v=Secret("CANARY-body"))
    assert echo.last.method == method
    assert echo.last.body == (b'{"x": "CANARY-body"}' if method == "POST" else b"")


def test_endless_redirects_end(echo: Echo, opened: Open) -> None:
    echo.answer("/a", to("/a"))
    with pytest.raises(CallError, match="more than 10 redirects"):
        opened(echo.url).send("GET /a")
    assert echo.count("/a") == 11


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_to_another_origin_is_an_error_that_names_both(
    echo: Echo, other_echo: Echo, opened: Open, canary: Canary, status: int, method: str
) -> None:
    echo.answer("/a", to(f"{other_echo.url}/b", status))
    with pytest.raises(FenceError) as caught:
        keyed(opened, echo, canary).send(f"{method} /a")
    assert echo.url in str(caught.value)
    assert other_echo.url in str(caught.value)
    assert "--redirect-origins" in str(caught.value)
    assert not other_echo.arrived
    assert echo.count("/a") == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_an_origin_that_the_person_allows_gets_no_credential(
    echo: Echo, other_echo: Echo, opened: Open, canary: Canary, status: int
) -> None:
    echo.answer("/a", to(f"{other_echo.url}/b?x=1", status))
    collection = keyed(opened, echo, canary, redirect_origins=other_echo.url)
    text = f"GET /a?t=[t]\nAuthorization: {canary('cell')}\nCookie: s={canary('cookie')}\nX-Odd: [t]"
    response = collection.send(text, t=Secret(canary("private")))
    assert response.status_code == 200
    canary.assert_absent(everything(other_echo.last))
    sent = {name.lower() for name in other_echo.last.headers}
    assert sent <= {"host", "accept", "user-agent", "accept-language", "connection", "accept-encoding"}
    assert other_echo.last.target == "/b?x=1"


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_never_goes_to_an_origin_without_credentials(
    echo: Echo, other_echo: Echo, opened: Open, canary: Canary, status: int
) -> None:
    echo.answer("/a", to(f"{other_echo.url}/b", status))
    with pytest.raises(FenceError):
        keyed(opened, echo, canary, redirect_origins=other_echo.url).send(f'POST /a\n\n{{"p": "{canary("body")}"}}')
    assert not other_echo.arrived


def test_a_foreign_origin_that_sends_us_back_cannot_choose_what_is_called_with_our_credentials(
    echo: Echo, other_echo: Echo, opened: Open, canary: Canary
) -> None:
    echo.answer("/a", to(f"{other_echo.url}/b"))
    other_echo.answer("/b", to(f"{echo.url}/delete-everything"))
    keyed(opened, echo, canary, redirect_origins=other_echo.url).send("GET /a")
    assert echo.last.target == "/delete-everything"
    canary.assert_absent(everything(echo.last), everything(other_echo.last))


def test_an_allowed_origin_gets_the_credentials_of_the_call_too(
    echo: Echo, other_echo: Echo, opened: Open, canary: Canary
) -> None:
    echo.answer("/a", to(f"{other_echo.url}/b"))
    collection = keyed(opened, echo, canary, allowed_origins=other_echo.url)
    collection.send(f"GET /a\nAuthorization: Bearer {canary('cell')}")
    assert other_echo.last.headers["X-Api-Key"] == canary.values[1]
    assert other_echo.last.headers["Authorization"] == f"Bearer {canary.values[-1]}"


@pytest.mark.parametrize(
    "place",
    ["http://api.example.org/b", "ftp://127.0.0.1/b", "file:///etc/passwd", "http://ada:pw@127.0.0.1:1/b",
     "//evil.example/b", "javascript:alert(1)", "http://[::1"],
)  # fmt: skip
def test_a_redirect_to_nowhere_good_is_an_error(echo: Echo, opened: Open, canary: Canary, place: str) -> None:
    echo.answer("/a", to(place))
    with pytest.raises((FenceError, CallError)) as caught:
        keyed(opened, echo, canary, retries=0).send("GET /a")
    assert "\n" not in str(caught.value)
    canary.assert_absent(str(caught.value))


def test_from_https_to_http_is_refused(opened: Open) -> None:
    collection = opened("https://api.example.org", allowed_origins="http://api.example.org")
    client = collection.new_client(
        httpx.MockTransport(lambda request: httpx.Response(302, headers={"Location": "http://api.example.org/x"}))
    )
    first = collection.request("GET /a", {})
    sent: list[httpx.Request] = []

    class Pool(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(302, headers={"Location": "http://api.example.org/x"}, request=request)

    collection.door._pool = Pool()
    with pytest.raises(FenceError, match="not encrypted"):
        collection.deliver(first)
    assert len(sent) == 1
    client.close()


# ── an address that repeats what was sent ──────────────────────────────────────────────────────────────────────────


def repeating(arrived: Arrived) -> Answer:
    """What a server does that adds a slash: the query comes back in the address."""
    return to("/b/?" + arrived.target.partition("?")[2])


@pytest.mark.parametrize("awkward", [False, True])
def test_a_key_that_comes_back_in_the_address_is_sent_once_and_shown_nowhere(
    echo: Echo, opened: Open, canary: Canary, awkward: bool
) -> None:
    key = canary("key", awkward=awkward)
    echo.answer("/a", repeating)
    response = opened(echo.url, "key-in-url", {"key_name": "k", "key": Secret(key)}).send("GET /a?x=1&y=2")
    assert echo.last.query == [("x", "1"), ("y", "2"), ("k", key)]
    canary.assert_absent(str(response.request.url), repr(response.history[0].headers), str(response.url))


@pytest.mark.parametrize("awkward", [False, True])
def test_a_private_parameter_that_comes_back_is_masked_and_sent(
    echo: Echo, opened: Open, canary: Canary, awkward: bool
) -> None:
    value = canary("private", awkward=awkward)
    echo.answer("/a", repeating)
    response = opened(echo.url).send("GET /a?x=[t]", t=Secret(value))
    assert echo.last.query == [("x", value)]
    canary.assert_absent(str(response.request.url), repr(response.history[0].headers))


def test_a_key_that_would_go_to_another_origin_in_the_address_does_not(
    echo: Echo, other_echo: Echo, opened: Open, canary: Canary
) -> None:
    echo.answer("/a", lambda arrived: to(f"{other_echo.url}/b?{arrived.target.partition('?')[2]}"))
    auth = {"key_name": "k", "key": Secret(canary("key"))}
    opened(echo.url, "key-in-url", auth, redirect_origins=other_echo.url).send("GET /a?x=1")
    assert other_echo.last.target == "/b?x=1"


def test_a_key_that_is_wrapped_into_another_parameter_ends_the_way(echo: Echo, opened: Open, canary: Canary) -> None:
    echo.answer("/a", lambda arrived: to("/login?next=" + quote(quote(arrived.target, safe=""), safe="")))
    with pytest.raises(FenceError, match="has a secret of this call in it") as caught:
        opened(echo.url, "key-in-url", {"key_name": "k", "key": Secret(canary("key", awkward=True))}).send("GET /a")
    canary.assert_absent(str(caught.value))


# ── the token endpoint ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_on_a_token_request(
    echo: Echo, other_echo: Echo, opened: Open, canary: Canary, status: int
) -> None:
    echo.answer("/token", to(f"{other_echo.url}/token", status))
    auth = {"client_id": "a", "client_secret": Secret(canary("s")), "token_endpoint": f"{echo.url}/token"}
    with pytest.raises(TokenError, match=f"redirect \\({status}\\)"):
        opened(echo.url, "oauth2-client-credentials", auth).send("GET /x")
    assert not other_echo.arrived
    assert echo.count("/x") == 0
