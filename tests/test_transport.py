"""The one door: what goes over the wire, what stays in the request that everybody sees, and where nothing may go."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

import httpx
import pytest

from apiconn_nb.errors import ApiConnError, ConfigError, FenceError, PlaceholderError, UsageError
from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import SavedCall
from tests.canary import Canary
from tests.echo import Answer, Echo
from tests.opened import Open


def header(echo: Echo, name: str) -> str:
    """A header as it arrived, its bytes read as UTF-8."""
    found = {key.lower(): value for key, value in echo.last.headers.items()}
    return found[name.lower()].encode("latin-1").decode()


def send(collection: Collection, text: str, private: frozenset[str] = frozenset(), **values: Any) -> httpx.Response:
    return collection.deliver(collection.request(text, values, private)).response


def shown(response: httpx.Response) -> list[Any]:
    request = response.request
    return [repr(request), str(request.url), repr(request.headers), request.read(), repr(response), response.headers,
            request.extensions, response.history]  # fmt: skip


AWKWARD = ' /+"&%é?#=<>\\'


# ── private values: on the wire, and nowhere else ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("awkward", ["", AWKWARD])
def test_a_private_value_in_the_path_the_query_and_a_header(
    echo: Echo, opened: Open, canary: Canary, awkward: str
) -> None:
    value = canary("private") + awkward
    canary.watch(value)
    response = send(opened(echo.url), "GET /a/[key]/b?x=1&k=[key]&k=2\nX-Mine: pre-[key]-post", key=Secret(value))
    assert httpx.URL(echo.url + echo.last.target).path == f"/a/{value}/b"
    assert echo.last.target.count("/") == 3, "the value stays in its segment"
    assert echo.last.query == [("x", "1"), ("k", value), ("k", "2")]
    assert header(echo, "X-Mine") == f"pre-{value}-post"
    canary.assert_absent(*shown(response))


@pytest.mark.parametrize(
    ("kind", "body", "read"),
    [
        ("application/json", '{"a": "<key>", "b": "x<key>y", "n": 1}', lambda raw: json.loads(raw)["a"]),
        ("application/json", '{"a": <key>}', lambda raw: json.loads(raw)["a"]),
        ("application/x-www-form-urlencoded", "a=<key>&b=1", lambda raw: dict(httpx.QueryParams(raw.decode()))["a"]),
        ("text/plain", "it is <key>.", lambda raw: raw.decode().removeprefix("it is ").removesuffix(".")),
    ],
)
@pytest.mark.parametrize("awkward", ["", AWKWARD, "\nsecond line"])
def test_a_private_value_in_a_body(
    echo: Echo, opened: Open, canary: Canary, kind: str, body: str, read: Any, awkward: str
) -> None:
    value = canary.watch(canary("private") + awkward)
    response = send(opened(echo.url), f"POST /x\nContent-Type: {kind}\n\n{body}", key=Secret(value))
    assert read(echo.last.body) == value
    assert header(echo, "Content-Length") == str(len(echo.last.body))
    canary.assert_absent(*shown(response))


def test_a_private_value_cannot_change_the_structure_of_xml(echo: Echo, opened: Open) -> None:
    value = 'CANARY-x</key><admin a="1">&'
    send(opened(echo.url), "POST /x\nContent-Type: application/xml\n\n<a><key></a>", key=Secret(value))
    assert echo.last.body == b"<a>CANARY-x&lt;/key&gt;&lt;admin a=&quot;1&quot;&gt;&amp;</a>"


@pytest.mark.parametrize("value", [".", "..", ""])
def test_a_private_value_cannot_change_the_path(echo: Echo, opened: Open, value: str) -> None:
    with pytest.raises(PlaceholderError, match="path"):
        send(opened(echo.url), "GET /a/[key]/b", key=Secret(value))
    assert not echo.arrived


@pytest.mark.parametrize("value", ["CANARY-a\r\nX-Evil: 1", "CANARY-a\nb", "CANARY\0"])
def test_a_private_value_cannot_begin_another_header(
    echo: Echo, opened: Open, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ApiConnError, match="line break") as caught:
        send(opened(echo.url), "GET /x\nX-Mine: [key]", key=Secret(value))
    with pytest.raises(ApiConnError, match="line break"):
        send(opened(echo.url, headers={"X-Shared": Secret(value)}), "GET /x")
    assert "CANARY" not in str(caught.value)
    assert not echo.arrived


def test_two_private_values_of_one_name_are_two(echo: Echo, opened: Open) -> None:
    collection = opened(
        echo.url, headers={"token": Secret("CANARY-of-header")}, query={"token": Secret("CANARY-of-query")}
    )
    send(collection, "GET /x?mine=[token]", token=Secret("CANARY-of-call"))
    assert dict(echo.last.query) == {"mine": "CANARY-of-call", "token": "CANARY-of-query"}
    assert header(echo, "token") == "CANARY-of-header"


def test_what_the_calls_private_list_names_is_private(echo: Echo, opened: Open, canary: Canary) -> None:
    value, other = canary("value"), canary("header")
    text = f"GET /x?k=[key]\nX-Odd: {other}"
    response = send(opened(echo.url), text, frozenset({"key", "x-odd"}), key=value)
    assert dict(echo.last.query) == {"k": value}
    assert header(echo, "X-Odd") == other
    canary.assert_absent(*shown(response))


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "Cookie", "X-Auth-Token", "apikey"])
def test_a_literal_credential_works_and_is_masked(echo: Echo, opened: Open, canary: Canary, name: str) -> None:
    value = canary("literal")
    response = send(opened(echo.url), f"GET /x\n{name}: Bearer {value}")
    assert header(echo, name) == f"Bearer {value}"
    canary.assert_absent(*shown(response))


LITERAL = 'CANARY-a+b/c="d" é%&'
IN_JSON = json.dumps(LITERAL)


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        (f"GET /x?a=1&api_key={quote(LITERAL, safe='')}&b=2", [("a", "1"), ("api_key", LITERAL), ("b", "2")]),
        ("GET /x?a=1&api_key=[v]&b=2", [("a", "1"), ("api_key", LITERAL), ("b", "2")]),
        (f"POST /x\n\na=1&access_token={quote_plus(LITERAL)}&b=2", [("a", "1"), ("access_token", LITERAL), ("b", "2")]),
        (f'POST /x\n\n{{"a": 1, "user": {{"password": {IN_JSON}}}, "b": ["token", "c"]}}',
         {"a": 1, "user": {"password": LITERAL}, "b": ["token", "c"]}),
        ('POST /x\n\n{"client_secret": <v>, "password": "", "token": 7}',
         {"client_secret": LITERAL, "password": "", "token": 7}),
        (f'POST /x\n\n[{{"apiKey": {IN_JSON}}}, {{"apiKey": "other-one"}}]',
         [{"apiKey": LITERAL}, {"apiKey": "other-one"}]),
    ],
)  # fmt: skip
def test_a_literal_in_the_query_or_the_body_is_masked_and_arrives_as_it_is(
    echo: Echo, opened: Open, canary: Canary, text: str, arrives: Any
) -> None:
    canary.watch(LITERAL)
    echo.answer("/x", lambda arrived: Answer(401, {"message": f"{arrived.target} {arrived.body.decode()}"}))
    response = send(opened(echo.url, retries=0), text, v=LITERAL)
    body = echo.last.body.decode()
    assert (json.loads(body) if body[:1] in ("{", "[") else parse_qsl(body) or list(echo.last.query)) == arrives
    assert header(echo, "Content-Length") == str(len(echo.last.body)) if body else True
    canary.assert_absent(*shown(response), response.text)


def test_a_reference_in_the_query_is_followed_as_it_is_written_alone(
    echo: Echo, opened: Open, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value may name no variable of this machine, and a parameter of another name is data."""
    monkeypatch.setenv("MINE", canary("env"))
    response = send(opened(echo.url), "GET /x?api_key=env:MINE&q=env:MINE&token=[v]", v="env:MINE")
    assert echo.last.query == [("api_key", canary.values[0]), ("q", "env:MINE"), ("token", "env:MINE")]
    canary.assert_absent(*shown(response))


def test_a_reference_in_a_header_is_resolved_on_the_wire(
    echo: Echo, opened: Open, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", canary("env"))
    response = send(opened(echo.url), "GET /x\nAuthorization: env:MINE")
    assert header(echo, "Authorization") == canary.values[0]
    canary.assert_absent(*shown(response))


def test_a_private_value_after_a_public_scheme(echo: Echo, opened: Open, canary: Canary) -> None:
    value = canary("token")
    response = send(opened(echo.url), "GET /x\nAuthorization: Bearer [token]", token=Secret(value))
    assert header(echo, "Authorization") == f"Bearer {value}"
    canary.assert_absent(*shown(response))


def test_a_dynamic_value_is_never_read_as_a_reference(
    echo: Echo, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come from a table that somebody else wrote, and must not name a file to send."""
    monkeypatch.setenv("MINE", "CANARY-env")
    send(opened(echo.url), "GET /x?q=[v]\nX-Mine: [v]", v="env:MINE")
    assert header(echo, "X-Mine") == "env:MINE"
    assert dict(echo.last.query) == {"q": "env:MINE"}


def test_a_fragment_is_not_sent(echo: Echo, opened: Open) -> None:
    send(opened(echo.url, query={"v": "1"}), "GET /x?a=1#part")
    assert echo.last.target == "/x?a=1&v=1"


def test_plain_text_beside_a_private_header_may_be_unicode(echo: Echo, opened: Open) -> None:
    send(opened(echo.url), "GET /x\nX-Name: Zoë\nX-Mine: [key]", key=Secret("CANARY-é"))
    assert header(echo, "X-Name") == "Zoë"
    assert header(echo, "X-Mine") == "CANARY-é"


def test_a_user_in_the_url_becomes_basic_and_is_masked(echo: Echo, opened: Open, canary: Canary) -> None:
    password = canary("url")
    response = send(opened(echo.url), "GET " + echo.url.replace("//", f"//ada:{password}%2F@") + "/x")
    assert base64.b64decode(header(echo, "Authorization").split()[1]).decode() == f"ada:{password}/"
    assert "@" not in str(response.request.url)
    canary.assert_absent(*shown(response))


# ── each method on the wire ────────────────────────────────────────────────────────────────────────────────────────


def test_the_key_is_added_to_the_query_and_nothing_there_changes(echo: Echo, opened: Open, canary: Canary) -> None:
    key = canary("key", awkward=True)
    collection = opened(echo.url, "key-in-url", {"key_name": "api key", "key": Secret(key)})
    response = send(collection, "GET /x?b=2&a=%2f+1&b=&flag")
    query = echo.last.target.partition("?")[2]
    assert query.startswith("b=2&a=%2f+1&b=&flag&api%20key=")
    assert echo.last.query[-1] == ("api key", key)
    canary.assert_absent(*shown(response))


def test_a_call_that_has_the_key_already_is_an_error_that_says_so(echo: Echo, opened: Open) -> None:
    collection = opened(echo.url, "key-in-url", {"key_name": "k", "key": Secret("CANARY-key")})
    with pytest.raises(ConfigError, match="'k' already"):
        send(collection, "GET /x?k=1")
    assert not echo.arrived


@pytest.mark.parametrize("key", ["CANARY-a b+/=", "CANARY-é"])
def test_the_header_is_sent_literally(echo: Echo, opened: Open, key: str) -> None:
    auth = {"key_name": "X-Key", "key": Secret(key), "key_prefix": "Token "}
    collection = opened(echo.url, "key-in-header", auth)
    for text in ("GET /x", 'POST /x\n\n{"a": 1}', "POST /x\nX-Mine: [p]\n\na=1"):
        send(collection, text, p=Secret("CANARY-p"))
        assert header(echo, "X-Key") == f"Token {key}"


@pytest.mark.parametrize("password", ["", "CANARY-p", "CANARY :p:é€"])
def test_basic(echo: Echo, opened: Open, password: str) -> None:
    send(opened(echo.url, "basic", {"username": "zoë", "password": Secret(password)}), "GET /x")
    assert base64.b64decode(header(echo, "Authorization").removeprefix("Basic ")).decode() == f"zoë:{password}"


def test_a_colon_in_the_username_is_refused_before_sending(opened: Open, echo: Echo) -> None:
    with pytest.raises(ConfigError, match=r"Username: a colon"):
        opened(echo.url, "basic", {"username": "a:b", "password": Secret("CANARY-p")})


def test_nothing_is_added_by_none(echo: Echo, opened: Open) -> None:
    send(opened(echo.url), "GET /x?a=1")
    assert {name.lower() for name in echo.last.headers} == {"host", "accept", "accept-encoding", "user-agent"}
    assert echo.last.target == "/x?a=1"


def test_shared_headers_and_parameters(echo: Echo, opened: Open) -> None:
    collection = opened(echo.url, headers={"Accept": "text/csv", "X-S": "1"}, query={"v": "2 é", "lang": "en"})
    send(collection, "GET /x?lang=de&a=1\nX-S: own")
    assert echo.last.query == [("lang", "de"), ("a", "1"), ("v", "2 é")]
    assert (header(echo, "Accept"), header(echo, "X-S")) == ("text/csv", "own")


# ── the fence ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_call_of_another_origin_is_refused_with_both_named(echo: Echo, other_echo: Echo, opened: Open) -> None:
    collection = opened(echo.url, "key-in-header", {"key_name": "X-Key", "key": Secret("CANARY-key")})
    with pytest.raises(FenceError) as caught:
        send(collection, f"GET {other_echo.url}/x")
    assert other_echo.url in str(caught.value)
    assert echo.url in str(caught.value)
    assert "--allowed-origins" in str(caught.value)
    assert not other_echo.arrived


def test_an_origin_that_was_added_gets_the_credentials(echo: Echo, other_echo: Echo, opened: Open) -> None:
    auth = {"key_name": "X-Key", "key": Secret("CANARY-key")}
    send(opened(echo.url, "key-in-header", auth, allowed_origins=other_echo.url), f"GET {other_echo.url}/x")
    assert other_echo.last.headers["X-Key"] == "CANARY-key"


@pytest.mark.parametrize(
    "target",
    ["http://api.example.org/x", "https://api.example.org:8443/x", "https://api.example.org.evil.example/x",
     "https://api.example.org@evil.example/x", "https://API.example.orgs/"],
)  # fmt: skip
def test_lookalike_origins_are_refused(opened: Open, target: str) -> None:
    collection = opened("https://api.example.org", "key-in-url", {"key_name": "k", "key": Secret("CANARY-key")})
    with pytest.raises((FenceError, UsageError)) as caught:
        send(collection, f"GET {target}")
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("target", ["//evil.example/x", "/\\evil.example/x", "/../../x", "@evil.example/x"])
def test_a_relative_target_stays_below_the_base_url(echo: Echo, opened: Open, target: str) -> None:
    send(opened(echo.url + "/v1"), f"GET {target}")
    assert echo.last.headers["Host"] == echo.url.removeprefix("http://")


def test_an_unencrypted_base_url_is_refused_and_loopback_is_not(opened: Open) -> None:
    with pytest.raises(ConfigError, match="https"):
        opened("http://api.example.org")
    for host in ("localhost:1", "127.0.0.1:1", "[::1]:1", "app.localhost:1"):
        opened(f"http://{host}")


def test_the_saved_calls_defaults_may_be_references(
    echo: Echo, opened: Open, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT", canary("default"))
    saved = SavedCall("GET /x?k=[key]", params={"key": "env:DEFAULT"})
    frame = opened(echo.url, calls={"mine": saved}).call("mine")
    assert dict(echo.last.query) == {"k": canary.values[0]}
    canary.assert_absent(json.dumps(frame.attrs), repr(frame.api.request))
