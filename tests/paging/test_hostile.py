"""Next links and documents are hostile input: a request, or a reason; never an error, a hang or a credential lost."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apiconn_nb.paging import NextLink, Paginator, find_paginator, paginator_named
from apiconn_nb.paging.envelope import words
from apiconn_nb.paging.place import put, with_query
from apiconn_nb.paging.urls import same_target
from tests.canary import Canary

REQUEST = httpx.Request(
    "GET",
    "https://api.example.org/v1/items?limit=2",
    headers={"Accept": "application/json", "X-Tenant": "acme", "Cookie": "session=1", "Authorization": "typed by hand"},
    extensions={"timeout": {"read": 3}},
)


def follow(link: str, request: httpx.Request = REQUEST, **options: Any) -> tuple[httpx.Request | None, Paginator]:
    document = {"items": [{"id": 1}], "next": link}
    paginator = NextLink("next", **options)
    response = httpx.Response(200, json=document, request=request)
    return paginator.advance(request, response, document), paginator


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://api.example.org/v1/items?page=2", "https://api.example.org/v1/items?page=2"),
        ("/v1/items?page=2", "https://api.example.org/v1/items?page=2"),
        ("items?page=2", "https://api.example.org/v1/items?page=2"),
        ("?page=2", "https://api.example.org/v1/items?page=2"),
        ("//api.example.org/v1/items?page=2", "https://api.example.org/v1/items?page=2"),
        ("../v2/items", "https://api.example.org/v2/items"),
        ("  /v1/items?page=2 ", "https://api.example.org/v1/items?page=2"),
        ("https://api.example.org/v1/items?page=2#rows", "https://api.example.org/v1/items?page=2"),
        ("https://ada:pw@api.example.org/v1/items?page=2", "https://api.example.org/v1/items?page=2"),
        ("http://api.example.org/v1/items?page=2", "https://api.example.org/v1/items?page=2"),  # behind a proxy
        ("https://api.example.org:443/v1/items?page=2", "https://api.example.org/v1/items?page=2"),
        ("https://evil.example/v1/items?page=2", "https://evil.example/v1/items?page=2"),  # for the fence to judge
        ("http://api.example.org:8080/x?p=1", "http://api.example.org:8080/x?p=1"),
        ("https://[2001:db8::1]/x?p=1", "https://[2001:db8::1]/x?p=1"),
        ("https://api.example.org/a b?q=ü", "https://api.example.org/a%20b?q=%C3%BC"),
    ],
)
def test_a_link_is_resolved(link: str, url: str) -> None:
    following, _ = follow(link)
    assert following is not None
    assert str(following.url) == url
    assert following.url.userinfo == b""
    assert following.extensions == REQUEST.extensions


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("javascript:alert(1)", "the next link is no http URL: 'javascript:alert(1)'"),
        ("file:///etc/passwd", "the next link is no http URL"),
        ("ftp://api.example.org/x", "the next link is no http URL"),
        ("https://[::1", "the next link is no URL"),
        ("https://api.example.org:port/", "the next link is no URL"),
        ("/x\r\nHost: evil.example", "the next link is no URL"),
        ("/x\x00y", "the next link is no URL"),
        ("/" + "x" * 20_000, "the next link is 20,001 characters long"),
        ("data:text/html,x", "the next link is no http URL"),
    ],
)
def test_a_link_that_cannot_be_followed_ends_the_walk_with_a_reason(link: str, said: str) -> None:
    following, paginator = follow(link)
    assert following is None
    assert paginator.stopped.startswith(said)
    assert len(paginator.stopped) < 150


@pytest.mark.parametrize(
    "link", ["https://evil.example/x", "http://api.example.org:8080/x", "https://api.example.org:444/x"]
)
def test_nothing_that_was_meant_for_one_origin_goes_to_another(link: str) -> None:
    following, _ = follow(link)
    assert following is not None
    assert set(following.headers) == {"host", "accept"}
    assert following.headers["host"] == following.url.netloc.decode()


def test_headers_stay_within_an_origin() -> None:
    following, _ = follow("/v1/items?page=2")
    assert following is not None
    assert following.headers["x-tenant"] == "acme"
    assert following.headers["authorization"] == "typed by hand"


def test_our_own_key_is_dropped_from_a_link_that_echoes_it(canary: Canary) -> None:
    key = canary("api-key")
    following, paginator = follow(
        f"/v1/items?page=2&api_key={key}&filter[a]=1&API_KEY=other", strip_query=frozenset({"api_key"})
    )
    assert following is not None
    assert str(following.url) == "https://api.example.org/v1/items?page=2&filter[a]=1&API_KEY=other"
    canary.assert_absent(following.url, paginator, paginator.stopped, paginator.describe(), following.headers)


def test_a_link_header_that_echoes_our_key_still_forecasts(canary: Canary) -> None:
    key = canary("api-key")
    header = f'</v1/items?page=2&key={key}>; rel="next", </v1/items?page=4&key={key}>; rel="last"'
    response = httpx.Response(200, json=[{"id": 1}], headers={"Link": header}, request=REQUEST)
    paginator = find_paginator(REQUEST, response, [{"id": 1}], strip_query={"key"})
    assert paginator is not None
    paginator.advance(REQUEST, response, [{"id": 1}])
    urls = [str(request.url) for request in paginator.pages_ahead()]
    assert urls == [f"https://api.example.org/v1/items?page={n}" for n in (2, 3, 4)]
    canary.assert_absent(*urls)


def test_a_link_is_relative_to_where_the_answer_came_from() -> None:
    moved = httpx.Request("GET", "https://api.example.org/v2/list/")
    document = {"items": [{"id": 1}], "next": "?page=2"}
    response = httpx.Response(200, json=document, request=moved)
    following = NextLink("next").advance(REQUEST, response, document)
    assert following is not None
    assert str(following.url) == "https://api.example.org/v2/list/?page=2"


def test_the_query_keeps_its_bytes() -> None:
    url = httpx.URL("https://h.example/x?$limit=2&filter[state]=a,b&q=%C3%BC+%2F&flag&page=1&page=9")
    assert with_query(url, {"page": "2"}).query == b"$limit=2&filter[state]=a,b&q=%C3%BC+%2F&flag&page=2"
    assert with_query(url, {"$offset": "2"}).query == url.query + b"&$offset=2"
    assert with_query(url, {"absent": None}).query == url.query


@given(st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_a_value_can_never_change_the_structure_of_a_query(name: str, value: str) -> None:
    try:
        name.encode(), value.encode()
    except UnicodeEncodeError:
        return
    request = httpx.Request("GET", "https://h.example/p?keep=1")
    if name == "keep":
        return
    params = put(request, f"query:{name}", value).url.params
    assert params.multi_items() == [("keep", "1"), (name, value)]


WORDS = words(
    """next next_page next_cursor cursor links rel href url paging after offset total page pages count has_more items
    data results _links next_page_token pageInfo hasNextPage endCursor continue meta object id"""
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(sorted(WORDS)) | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@settings(max_examples=400, deadline=None)
@given(json_values, st.sampled_from(["", "?page=1", "?limit=2&offset=0", "?per_page=2", "?cursor=*", "?$top=1"]))
def test_any_document_gives_a_request_or_a_reason(document: Any, query: str) -> None:
    request = httpx.Request("GET", f"https://h.example/x{query}")
    response = httpx.Response(200, content=b"x", request=request)
    paginator = find_paginator(request, response, document)
    if paginator is None:
        return
    assert paginator_named(paginator.spec) == paginator
    following = paginator.advance(request, response, document)
    assert (following is None) == bool(paginator.stopped)
    assert following is None or not same_target(following, request)
    assert paginator.describe()
    assert all(isinstance(ahead, httpx.Request) for _, ahead in zip(range(20), paginator.pages_ahead(), strict=False))


def deep(levels: int) -> Any:
    document: Any = {"next": "/x"}
    for _ in range(levels):
        document = {"meta": document}
    return document


@pytest.mark.parametrize(
    "document",
    [
        deep(900),
        {str(n): {"next": "/x"} for n in range(200_000)},
        {"items": [{"next": "/x"}] * 200_000},
        {"links": [{"rel": "prev", "href": "/x"}] * 200_000},
        {"total": 10**400, "page": 1, "items": [{"id": 10**5000}] * 3},
        {"total": float("nan"), "page": float("inf"), "items": [[]]},
        {"next_cursor": "\x00", "items": [{}]},
        {"next": "/x" * 1_000_000, "items": [{}]},
        {"a": [{"b": n} for n in range(100_000)], "page": 1, "pages": 10**17},
    ],
    ids=["deep", "wide", "long", "links", "huge numbers", "no numbers", "control", "huge link", "many pages"],
)
def test_a_monstrous_document_costs_little(document: Any) -> None:
    request = httpx.Request("GET", "https://h.example/x?page=1")
    response = httpx.Response(200, content=b"x", request=request)
    began = time.perf_counter()
    paginator = find_paginator(request, response, document)
    if paginator is not None:
        paginator.advance(request, response, document)
        for _, _ in zip(range(3), paginator.pages_ahead(), strict=False):
            pass
    assert time.perf_counter() - began < 0.5
