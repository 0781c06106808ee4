"""A value can never change the structure around it."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apiconn_nb import placeholders
from apiconn_nb.errors import ApiConnError, PlaceholderError, UsageError
from apiconn_nb.placeholders import Needed
from apiconn_nb.private_values import PRIVATE, private_copy
from apiconn_nb.request import Shared, Template, build, parse
from apiconn_nb.secrets import Secret

SHARED = Shared("https://api.example.org/v1")
TEXT = st.text(min_size=1, max_size=40).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def request(text: str, **values: Any) -> httpx.Request:
    return build(parse(text), SHARED, values, frozenset())


@given(TEXT)
def test_a_value_is_one_segment_and_one_parameter(value: str) -> None:
    assume(value not in (".", ".."))
    sent = request("GET /a/[x]/b?q=[x]&r=1", x=value)
    parts = urlsplit(str(sent.url))
    assert parts.netloc == "api.example.org"
    raw = sent.url.raw_path.decode().partition("?")[0].split("/")
    assert [raw[1], raw[2], raw[4]] == ["v1", "a", "b"]
    assert unquote(raw[3]) == value
    assert parse_qsl(sent.url.query.decode(), keep_blank_values=True) == [("q", value), ("r", "1")]
    assert parts.fragment == ""


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30).filter(lambda t: t.strip("."))
)
def test_a_private_value_arrives_as_the_same_bytes_as_a_public_one(value: str) -> None:
    text = 'POST /a/[x]?q=[x]\nX-H: [x]\n\n{"t": "a <x>", "v": <x>}'
    public, hidden = request(text, x=value), request(text, x=Secret(value))
    assert hidden.extensions[PRIVATE]
    sent = private_copy(hidden)
    assert str(sent.url) == str(public.url)
    assert sent.headers["X-H"] == public.headers["X-H"]
    assert json.loads(sent.read()) == json.loads(public.read())
    assert sent.headers["Content-Length"] == str(len(sent.read()))


@pytest.mark.parametrize("value", [".", "..", ""])
def test_dot_segments_and_nothing_are_no_path_values(value: str) -> None:
    with pytest.raises(PlaceholderError, match="would change the path"):
        request("GET /a/[x]/b", x=value)


@given(TEXT)
def test_a_header_is_one_line(value: str) -> None:
    text = "GET /a\nX-One: <[x]>"
    controls = {character for character in value if ord(character) < 32 or ord(character) == 127} - {"\t"}
    if controls:
        with pytest.raises(PlaceholderError, match="line break" if controls & set("\r\n\0") else "control character"):
            request(text, x=value)
        return
    sent = request(text, x=value)
    assert len([name for name in sent.headers if name == "x-one"]) == 1
    assert sent.headers["X-One"] == f"<{value}>"


@given(JSON, TEXT)
def test_json_holds_the_value_and_nothing_else(value: Any, text: str) -> None:
    sent = request('POST /a\n\n{"v": <v>, "list": [1, <v>], "t": "say <t>!"}', v=value, t=text)
    assert json.loads(sent.read()) == {"v": value, "list": [1, value], "t": f"say {text}!"}
    assert sent.headers["Content-Type"] == "application/json"


@given(TEXT)
def test_form_holds_the_value_and_nothing_else(value: str) -> None:
    sent = request("POST /a\n\na=1&b=<x>", x=value)
    assert parse_qsl(sent.read().decode(), keep_blank_values=True) == [("a", "1"), ("b", value)]


@given(TEXT)
def test_xml_is_escaped_and_other_tags_stay(value: str) -> None:
    from xml.sax.saxutils import unescape

    sent = request("POST /a\nContent-Type: application/xml\n\n<order><sku><name></sku></order>", name=value)
    body = sent.read().decode()
    assert body.startswith("<order><sku>")
    inner = body.removeprefix("<order><sku>").removesuffix("</sku></order>")
    assert unescape(inner, {"&quot;": '"', "&apos;": "'"}) == value
    assert "<" not in inner


def test_a_bracket_in_a_query_name_is_literal() -> None:
    assert request("GET /a?filter[state]=[state]", state="open").url.query == b"filter[state]=open"


def test_doubled_brackets_are_literal() -> None:
    sent = request('POST /a?q=[[x]\n\n{"t": "<<b> and <x>"}', x=1)
    assert dict(sent.url.params) == {"q": "[x]"}
    assert json.loads(sent.read()) == {"t": "<b> and 1"}


def test_a_name_without_a_value_says_what_to_do() -> None:
    with pytest.raises(PlaceholderError) as caught:
        request("GET /users/[user_nam]", user_name="ada")
    message = str(caught.value)
    assert "[user_nam]" in message
    assert "user_name" in message
    assert "[[user_nam]" in message
    with pytest.raises(PlaceholderError, match="<<sku>"):
        request('POST /a\n\n{"s": <sku>}')


def test_frames_numbers_and_dates_are_plain_values() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    sent = request(
        'POST /a?n=[n]&d=[d]&l=[l]\n\n{"f": <f>, "s": <s>, "n": <n>, "na": <na>}',
        f=frame, s=pd.Series([1.5, float("nan")]), n=np.int64(3), d=pd.Timestamp("2026-01-02"), l=[1, "b"], na=pd.NA,
    )  # fmt: skip
    assert json.loads(sent.read()) == {
        "f": [{"a": 1, "b": "x"}, {"a": 2, "b": None}], "s": [1.5, None], "n": 3, "na": None,
    }  # fmt: skip
    assert dict(sent.url.params) == {"n": "3", "d": "2026-01-02T00:00:00", "l": "1,b"}


@pytest.mark.parametrize("value", [None, object(), {"a": 1}, [[1]], float("inf")])
def test_what_has_no_text_is_refused(value: Any) -> None:
    if value == float("inf"):
        with pytest.raises(PlaceholderError, match="JSON"):
            request('POST /a\n\n{"v": <v>}', v=value)
        return
    with pytest.raises(PlaceholderError):
        request("GET /a?v=[v]", v=value)


def test_custom_token_body_is_filled_as_a_tree() -> None:
    needed = Needed({"a": 'x", "admin": true, "y": "', "n": [1]}, reveal=True)
    tree = placeholders.fill_tree({"user": "<a>", "deep": [{"t": "is <a>"}], "n": "<n>", "k": "<<a>"}, needed)
    assert tree == {
        "user": 'x", "admin": true, "y": "',
        "deep": [{"t": 'is x", "admin": true, "y": "'}],
        "n": [1],
        "k": "<a>",
    }


# ── the text of a cell ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /users?limit=10", Template("GET", "/users?limit=10")),
        ("/users", Template("GET", "/users")),
        ("https://api.example.org/x", Template("GET", "https://api.example.org/x")),
        ("get /users HTTP/1.1", Template("GET", "/users")),
        ("# note\n// more\n\nDELETE /users/1\n", Template("DELETE", "/users/1")),
        ("GET /s\n    ?q=a\n    &b=2\nAccept: text/csv", Template("GET", "/s?q=a&b=2", (("Accept", "text/csv"),))),
        ('/u\nX-A: 1\nX-B: a:b\n\n{"a": 1}\n', Template("POST", "/u", (("X-A", "1"), ("X-B", "a:b")), '{"a": 1}')),
        ("### title\nGET /a\n", Template("GET", "/a")),
        ("GET /a\r\nX-A: 1\r\n\r\nbody", Template("GET", "/a", (("X-A", "1"),), "body")),
    ],
)  # fmt: skip
def test_the_cell_is_http(text: str, expected: Template) -> None:
    assert parse(text) == expected
    assert parse(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no request"),
        ("# only a comment", "no request"),
        ("GET", "has no URL"),
        ("FETCH /a", "no HTTP method"),
        ("hello there", "no request line"),
        ("GET /a\nnot a header", "Line 2.*header is NAME: value"),
        ("GET /a\nbad name: 1", "no header name"),
        ("GET /a\n###\nGET /b", "2 requests split by ###"),
        ('POST /a\n\n{"a": }', "line 1, character 7"),
    ],
)
def test_bad_text_says_what_to_write(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        request(text)


@given(st.text(max_size=200))
def test_any_text_is_a_request_or_one_clear_error(text: str) -> None:
    with contextlib.suppress(ApiConnError):
        build(parse(text), SHARED, {"x": "1"}, frozenset())
