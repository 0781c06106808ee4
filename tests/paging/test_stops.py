"""Why a walk ends: each reason in words, and no server can keep it going."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apiconn_nb.paging import Answer, Pages, paginator_named
from apiconn_nb.paging.base import EMPTY_PAGES

URL = "https://api.example.org/x"


def walk(
    document_of: Callable[[int, httpx.Request], Any],
    *,
    url: str = URL,
    paginator: str = "",
    headers: Callable[[int], dict[str, str]] = lambda n: {},
    cap: int = 0,
) -> tuple[int, Pages]:
    """Drive a server that answers its n-th request with ``document_of(n, request)``; how many it answered."""
    numbers = itertools.count(1)
    asked = 0

    def fetch(request: httpx.Request) -> Answer:
        nonlocal asked
        asked = next(numbers)
        document = document_of(asked, request)
        return Answer(httpx.Response(200, json=document, headers=headers(asked), request=request), document)

    named = paginator_named(paginator) if paginator else None
    if named and cap:
        named.cap = cap
    pages = Pages(httpx.Request("GET", url), fetch, limit=None, paginator=named, concurrency=1)
    given = len(list(pages))
    assert given <= asked
    return asked, pages


ROWS = [{"id": 1}, {"id": 2}]


def test_a_server_that_ignores_the_page_number() -> None:
    asked, pages = walk(lambda n, r: {"items": ROWS, "took": n, "page": 1, "pages": 9})
    assert asked == 2
    assert pages.stopped == "page 2 repeats page 1: the server seems to ignore ?page="
    assert pages.number == 1, "the repeated page is not given: its rows are not new"


def test_a_server_that_ignores_the_offset() -> None:
    asked, pages = walk(lambda n, r: ROWS, url=f"{URL}?offset=0&limit=2")
    assert (asked, pages.stopped) == (2, "page 2 repeats page 1: the server seems to ignore ?offset=")


def test_a_cursor_that_leads_back() -> None:
    cursors = {None: "a", "a": "b", "b": "a"}
    asked, pages = walk(
        lambda n, r: {"items": [{"id": n}, {"id": -n}], "next_cursor": cursors[r.url.params.get("cursor")]}
    )
    assert (asked, pages.stopped) == (3, "the server names the same next page again")
    assert pages.number == 3


def test_a_next_link_to_itself() -> None:
    asked, pages = walk(lambda n, r: {"results": [{"id": n}], "next": URL}, url=URL)
    assert (asked, pages.stopped) == (1, "the server names the same next page again")


def test_a_next_link_that_only_turns_its_parameters_round() -> None:
    asked, pages = walk(
        lambda n, r: {"results": [{"id": n}], "next": f"{URL}?b=2&a=1" if n % 2 else f"{URL}?a=1&b=2"},
        url=f"{URL}?a=1&b=2",
    )
    assert (asked, pages.stopped) == (1, "the server names the same next page again")


def test_links_without_end_to_the_same_content() -> None:
    asked, pages = walk(lambda n, r: ROWS, headers=lambda n: {"Link": f"<{URL}?page={n + 1}>; rel=next"})
    assert (asked, pages.stopped) == (2, "page 2 repeats page 1")


def test_pages_without_end_meet_the_cap() -> None:
    asked, pages = walk(
        lambda n, r: {"items": [{"id": n}], "next_cursor": f"c{n}"}, paginator="cursor:cursor=next_cursor", cap=25
    )
    assert (asked, pages.stopped) == (25, "the cap of 25 pages")


def test_an_empty_page_ends_what_we_count_ourselves() -> None:
    asked, pages = walk(lambda n, r: ROWS if n == 1 else [], url=f"{URL}?page=1")
    assert (asked, pages.stopped, pages.number) == (2, "an empty page", 1)


def test_an_empty_page_is_passed_where_the_server_says_that_more_follows() -> None:
    """Google's AIP-158: a page may be empty and have a next page token."""
    documents = [{"items": ROWS, "nextPageToken": "a"}, {"items": [], "nextPageToken": "b"}, {"items": [{"id": 3}]}]
    asked, pages = walk(lambda n, r: documents[n - 1])
    assert (asked, pages.stopped) == (3, "no next cursor")


def test_empty_pages_without_end() -> None:
    asked, pages = walk(lambda n, r: {"items": ROWS if n == 1 else [], "nextPageToken": f"t{n}"})
    assert asked == 1 + EMPTY_PAGES
    assert pages.stopped == f"{EMPTY_PAGES} empty pages in a row"


def test_equal_rows_prove_nothing() -> None:
    """A stretch of zeros is followed by a stretch of zeros, and by the rest."""
    values = [0] * 6 + [1, 2, 3]

    def document(n: int, request: httpx.Request) -> Any:
        start = int(request.url.params["offset"])
        return {"offset": start, "total": len(values), "values": values[start : start + 2]}

    asked, pages = walk(document, url=f"{URL}?offset=0&limit=2")
    assert (asked, pages.stopped) == (5, "all 9 rows")


def test_a_total_that_shrinks() -> None:
    asked, pages = walk(
        lambda n, r: {"page": n, "total": 100 if n < 3 else 6, "per_page": 2, "items": [{"id": n}, {"id": -n}]}
    )
    assert (asked, pages.stopped) == (3, "all 3 pages")


def test_a_flag_that_turns() -> None:
    asked, pages = walk(lambda n, r: {"items": [{"id": n}, {"id": -n}], "has_more": n < 4, "quota_max": 300})
    assert (asked, pages.stopped) == (4, "the server says that there is no more")


def test_a_graphql_query_without_a_place_for_the_cursor() -> None:
    document = {"data": {"x": {"nodes": ROWS, "pageInfo": {"hasNextPage": True, "endCursor": "e"}}}}
    request = httpx.Request("POST", URL, json={"query": "{x(first: 2){nodes{id} pageInfo{hasNextPage endCursor}}}"})
    pages = Pages(request, lambda r: Answer(httpx.Response(200, json=document, request=r), document), limit=None)
    assert len(list(pages)) == 1
    assert pages.stopped.startswith("the query has no place for a cursor: declare $after")


@pytest.mark.parametrize(
    ("cursor", "said"),
    [
        ({"a": 1}, "the next cursor is an object, not a text"),
        ([1], "the next cursor is a list, not a text"),
        (True, "the next cursor is a boolean, not a text"),
        ("x" * 10_000, "the next cursor is longer than 8,192 characters"),
        (None, "no next cursor"),
        ("", "no next cursor"),
    ],
)
def test_a_cursor_that_is_none(cursor: Any, said: str) -> None:
    asked, pages = walk(lambda n, r: {"items": ROWS, "c": cursor}, paginator="cursor:cursor=c")
    assert (asked, pages.stopped) == (1, said)


def test_a_cursor_cannot_break_out_of_a_header() -> None:
    asked, pages = walk(lambda n, r: {"items": ROWS, "c": "a\r\nX-Evil: 1"}, paginator="cursor:header:Range=c")
    assert (asked, pages.stopped) == (1, "the next cursor has a character that no header can hold")
