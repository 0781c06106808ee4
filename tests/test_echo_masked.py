"""Servers repeat what they are sent (httpbin, debug routes, error texts): the call's own secrets are masked there."""

from __future__ import annotations

import base64
import gzip
import html
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from apiconn_nb.calling import run
from apiconn_nb.errors import StatusError
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.echo import Answer, Arrived, Echo
from tests.opened import Open


def repeat(arrived: Arrived) -> Answer:
    """Everything that arrived, as a debug route gives it back."""
    return Answer(
        body={"target": arrived.target, "query": dict(arrived.query), "headers": arrived.headers,
              "body": arrived.body.decode("utf-8", "replace")},
        headers={"X-Seen": json.dumps(arrived.headers), "Link": f'<{arrived.target}&page=2>; rel="self"'},
    )  # fmt: skip


def token_of(canary: Canary) -> Any:
    return lambda arrived: Answer(body={"access_token": canary("access", awkward=True), "expires_in": 60})


METHODS = ["key-in-url", "key-in-header", "basic", "oauth2-client-credentials"]


def auth_of(method: str, canary: Canary, echo: Echo) -> dict[str, Any]:
    secret = Secret(canary(method, awkward=True))
    return {
        "key-in-url": {"key_name": "k", "key": secret},
        "key-in-header": {"key_name": "X-Key", "key": secret},
        "basic": {"username": "ada", "password": secret},
        "oauth2-client-credentials": {
            "client_id": "a", "client_secret": secret, "token_endpoint": f"{echo.url}/token", "client_auth_basic": True
        },
    }[method]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_what_a_method_sent_is_masked_in_body_and_headers(
    echo: Echo, opened: Open, canary: Canary, method: str
) -> None:
    echo.answer("/token", token_of(canary))
    echo.answer("/repeat", repeat)
    collection = opened(echo.url, method, auth_of(method, canary, echo))
    response = collection.send("GET /repeat?a=1")
    canary.assert_absent(response.content, repr(response.headers.raw), response.text)
    outcome = run(collection, parse("GET /repeat?a=1"))
    canary.assert_absent(outcome.frame().to_csv(), json.dumps(outcome.frame().attrs), outcome.status())
    assert any("repeated a secret" in note for note in outcome.notes)


def test_the_token_request_may_be_repeated_too(echo: Echo, opened: Open, canary: Canary) -> None:
    auth = auth_of("oauth2-client-credentials", canary, echo)
    echo.answer("/token", token_of(canary))
    echo.answer("/repeat", lambda arrived: Answer(body=[{"secret": canary.values[0]}]))
    assert canary.values[0].encode() not in opened(echo.url, "oauth2-client-credentials", auth).send("GET /repeat").content  # fmt: skip # noqa: E501


@pytest.mark.parametrize(
    "write",
    [
        str, quote, lambda text: quote(text, safe=""), quote_plus, html.escape, lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/"),  # PHP
        lambda text: json.dumps(text)[1:-1].replace("+", "\\u002b").replace("&", "\\u0026"),  # .NET, Go
        lambda text: text.encode().hex(), lambda text: base64.b64encode(f"ab{text}cd".encode()).decode(),
        lambda text: base64.urlsafe_b64encode(f"a{text}d".encode()).decode(),
    ],
)  # fmt: skip
def test_in_every_way_that_servers_write_it(echo: Echo, opened: Open, canary: Canary, write: Any) -> None:
    key = canary("key", awkward=True)
    echo.answer("/x", Answer(body=f'{{"a": "{write(key)}", "b": 1}}'.encode()))
    content = opened(echo.url, "key-in-header", {"key_name": "X-Key", "key": Secret(key)}).send("GET /x").content
    assert write(key).encode() not in content
    assert "•••".encode() in content
    assert b'"b": 1' in content


def test_private_values_are_masked_and_public_ones_are_not(echo: Echo, opened: Open, canary: Canary) -> None:
    echo.answer("/x", repeat)
    response = opened(echo.url).send("GET /x?a=[a]&b=[b]", a=Secret(canary("private")), b="public value")
    canary.assert_absent(response.content)
    assert response.json()["query"]["b"] == "public value"


def test_a_next_page_that_repeats_a_private_parameter_is_followed(echo: Echo, opened: Open, canary: Canary) -> None:
    """The address is masked where it is shown, and the next call has the value again."""
    value = canary("private", awkward=True)

    def page(arrived: Arrived) -> Answer:
        query = dict(arrived.query)
        number = int(query.get("page", "1"))
        following = f"{echo.url}/x?t={quote(query['t'], safe='')}&page={number + 1}" if number < 3 else None
        return Answer(body={"items": [{"n": number}], "next": following})

    echo.answer("/x", page)
    outcome = run(opened(echo.url), parse("GET /x?t=[t]"), values={"t": Secret(value)}, pages="all")
    assert list(outcome.frame()["n"]) == [1, 2, 3]
    assert [dict(each.query)["t"] for each in echo.arrived] == [value] * 3
    canary.assert_absent(outcome.status(), json.dumps(outcome.frame().attrs), repr(outcome.request))


def test_short_secrets_do_not_garble_the_data(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(body=[{"city": "Paris", "n": 1234567}]))
    auth = {"username": "ada", "password": Secret("is")}
    assert opened(echo.url, "basic", auth).send("GET /x").json() == [{"city": "Paris", "n": 1234567}]


def test_a_packed_answer_is_masked_too(echo: Echo, opened: Open, canary: Canary) -> None:
    key = canary("key")
    packed = gzip.compress(json.dumps([{"k": key}]).encode())
    echo.answer("/x", Answer(body=packed, headers={"Content-Encoding": "gzip"}))
    response = opened(echo.url, "key-in-header", {"key_name": "X-Key", "key": Secret(key)}).send("GET /x")
    assert response.json() == [{"k": "•••"}]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/html"])
def test_a_refusal_that_repeats_the_secret_is_redacted(echo: Echo, opened: Open, canary: Canary, kind: str) -> None:
    key = canary("key")
    body = json.dumps({"message": f"bad key {key}"}) if "json" in kind else f"bad key {key}"
    echo.answer("/x", Answer(403, body.encode(), {"Content-Type": kind, "X-Your-Key": key}))
    collection = opened(echo.url, "key-in-header", {"key_name": "X-Key", "key": Secret(key)})
    with pytest.raises(StatusError, match="403") as caught:
        run(collection, parse("GET /x"))
    assert caught.value.response is not None
    canary.assert_absent(str(caught.value), caught.value.response.content, repr(caught.value.response.headers.raw))
    if "html" not in kind:
        assert "bad key •••" in str(caught.value)
