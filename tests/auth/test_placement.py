"""Where the token goes in a call: a header, a form body, the query; behind what is there, never a second time."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from apiconn_nb.auth.token import Token
from apiconn_nb.errors import AuthError
from apiconn_nb.secrets import Secret
from tests.auth.test_flows import call, login, signing, slot_with


def signed(request: httpx.Request, **settings: Any) -> httpx.Request:
    value = Token(Secret("CANARY-t/+ é"))
    return next(signing(login(**settings), slot_with(value), request))  # type: ignore[no-any-return]


def test_in_the_query_behind_what_is_there() -> None:
    request = signed(call(), token_in_header=False)
    assert str(request.url) == "https://api.example/items?a=1&a=2&access_token=CANARY-t%2F%2B+%C3%A9"
    assert "Authorization" not in request.headers
    assert request.headers["Cache-Control"] == "no-store"
    own = signed(call(headers={"Cache-Control": "no-cache"}), token_in_header=False)
    assert own.headers["Cache-Control"] == "no-cache"
    bare = signed(call(url="https://api.example/x"), token_in_header=False)
    assert str(bare.url).endswith("/x?access_token=CANARY-t%2F%2B+%C3%A9")


@pytest.mark.parametrize("body", [{"x": "1", "y": "é"}, {}])
def test_in_the_form_body_where_the_call_has_one(body: dict[str, str]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = signed(call("POST", data=body, headers=headers), token_in_header=False)
    assert dict(parse_qsl(request.content.decode())) == {**body, "access_token": "CANARY-t/+ é"}
    assert request.headers["Content-Length"] == str(len(request.content))
    assert "access_token" not in str(request.url)


def test_a_json_body_stays_as_it_is() -> None:
    request = signed(call("POST", json={"x": 1}), token_in_header=False)
    assert json.loads(request.read()) == {"x": 1}
    assert "access_token=" in str(request.url)


@pytest.mark.parametrize(
    "request_",
    [call(url="https://api.example/x?access_token=mine"), call(url="https://api.example/x?access%5Ftoken="),
     call("POST", data={"access_token": "mine"})],
)  # fmt: skip
def test_a_second_access_token_is_refused(request_: httpx.Request) -> None:
    with pytest.raises(AuthError, match="access_token already"):
        signed(request_, token_in_header=False)


def test_header_name_and_prefix() -> None:
    assert "Cache-Control" not in signed(call()).headers
    request = signed(call(headers={"Authorization": "mine"}), header_name="X-Token", header_prefix="")
    assert request.headers["X-Token"].encode() == "CANARY-t/+ é".encode()
    assert request.headers["Authorization"] == "mine"
