"""Walks over whole listings: every row once, in order, whatever the style, the page size or the server's own limit."""

from __future__ import annotations

import pickle
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apiconn_nb.paging import Answer, Cursor, PageNumbers, Pages, find_paginator, paginator_named
from tests.paging import listing
from tests.paging.listing import FIRST, URL, Listing

Style = Callable[[Listing, dict[str, str]], tuple[Any, dict[str, str]]]
STYLES = list(FIRST)
BY_NUMBER = {
    listing.link,
    listing.next_url,
    listing.pages_known,
    listing.total_known,
    listing.from_zero,
    listing.offset_total,
    listing.offset_promised,
    listing.from_one,
    listing.header_total,
}


def first(style: Style, size: int) -> httpx.Request:
    return httpx.Request("GET", f"{URL}?{FIRST[style].format(n=size)}")


def ids(pages: Pages) -> list[int]:
    found: list[int] = []
    for page in pages:
        document = page.document
        rows = document if isinstance(document, list) else next(v for v in document.values() if isinstance(v, list))
        found += [row["id"] for row in rows]
    return found


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
@settings(max_examples=60, deadline=None)
@given(total=st.integers(0, 90), wanted=st.integers(1, 40), allowed=st.integers(1, 40))
def test_every_row_comes_once_and_in_order(style: Style, total: int, wanted: int, allowed: int) -> None:
    # A server that gives less than was asked for, and says neither a total nor that there is more, can be told from
    # one that has no more only by the round number to which it cuts.
    if style in (listing.bare_offset, listing.bare_page) and allowed < wanted:
        allowed = max(5, allowed // 5 * 5)
    api = Listing(total, style, allowed=allowed)
    pages = Pages(first(style, wanted), api.answer, limit=None, concurrency=1)
    assert ids(pages) == list(range(total))
    size = min(wanted, allowed)
    assert len(api.asked) <= max(1, -(-total // size)) + 1, "one request too many at most"
    assert pages.stopped
    assert pages.more is False


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
@pytest.mark.parametrize("total", [0, 1, 10, 95, 100])
def test_pages_fetched_ahead_come_in_order(style: Style, total: int) -> None:
    api = Listing(total, style)

    def fetch(request: httpx.Request) -> Answer:
        time.sleep(0.002 if len(api.asked) % 3 else 0.006)  # the later ones may be answered first
        return api.answer(request)

    with Pages(first(style, 10), fetch, limit=None, concurrency=4) as pages:
        assert ids(pages) == list(range(total))
    assert len(api.asked) == len(set(api.asked)), "no page is asked for twice"


@pytest.mark.parametrize("style", sorted(BY_NUMBER, key=lambda s: s.__name__), ids=lambda style: style.__name__)
def test_known_pages_are_under_way_together(style: Style) -> None:
    api = Listing(100, style)
    together, most, lock = 0, 0, threading.Lock()

    def fetch(request: httpx.Request) -> Answer:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.01)
        with lock:
            together -= 1
        return api.answer(request)

    with Pages(first(style, 10), fetch, limit=None, concurrency=4) as pages:
        next(pages)
        assert pages.total_pages == 10
        assert len(list(pages)) == 9
    assert most == 4
    assert len(api.asked) == 10


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_a_limit_is_kept_and_says_that_there_is_more(style: Style) -> None:
    api = Listing(100, style)
    with Pages(first(style, 10), api.answer, limit=3, concurrency=8) as pages:
        assert ids(pages) == list(range(30))
    assert len(api.asked) == 3
    assert pages.stopped == ""
    assert pages.more is (None if style in (listing.bare_offset, listing.bare_page) else True)
    assert pages.pending is not None


def test_one_page_is_one_page() -> None:
    api = Listing(3, listing.cursor)
    pages = Pages(httpx.Request("GET", URL), api.answer)
    assert ids(pages) == [0, 1, 2]
    assert (pages.more, pages.total_pages, pages.stopped) == (False, 1, "one page")


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_error_keeps_the_pages_before_it_and_the_walk_goes_on(concurrency: int) -> None:
    api = Listing(100, listing.total_known)
    broken = threading.Event()
    broken.set()

    def fetch(request: httpx.Request) -> Answer:
        if "page=5" in str(request.url) and broken.is_set():
            raise httpx.ReadTimeout("too slow", request=request)
        return api.answer(request)

    pages = Pages(first(listing.total_known, 10), fetch, limit=None, concurrency=concurrency)
    got: list[int] = []

    def read() -> None:
        for page in pages:
            got.extend(row["id"] for row in page.document["items"])

    with pytest.raises(httpx.ReadTimeout):
        read()
    assert got == list(range(40))
    assert pages.number == 4
    assert pages.pending is not None
    assert "page=5" in str(pages.pending.url)
    broken.clear()
    assert got + ids(pages) == list(range(100))
    pages.close()


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_a_walk_is_resumed_elsewhere(style: Style) -> None:
    api = Listing(60, style)
    pages = Pages(first(style, 10), api.answer, limit=None, concurrency=1)
    got = [next(pages) for _ in range(3)]
    pending, paginator = pickle.loads(pickle.dumps((pages.pending, pages.paginator)))
    rest = Pages(pending, api.answer, limit=None, paginator=paginator, number=pages.number, concurrency=1)
    assert [page.number for page in got] == [1, 2, 3]
    assert ids(rest) == list(range(30, 60))
    assert rest.number == 6


def test_a_forecast_that_proves_wrong_is_dropped() -> None:
    """The listing shrinks while it is read: the server's own links decide, not what was fetched ahead."""
    api = Listing(100, listing.next_url)

    def fetch(request: httpx.Request) -> Answer:
        if "offset=30" in str(request.url):
            api.total = 45
        return api.answer(request)

    with Pages(first(listing.next_url, 10), fetch, limit=None, concurrency=1) as pages:
        assert ids(pages) == list(range(45))
    assert pages.stopped == "no next link"


def test_a_link_that_jumps_is_followed_instead_of_the_forecast() -> None:
    def fetch(request: httpx.Request) -> Answer:
        page = int(request.url.params.get("page", 1))
        following = {1: 2, 2: 7, 7: 8}.get(page)
        document = {"count": 80, "next": following and f"/rows?page={following}", "results": [{"id": page}] * 1}
        response = httpx.Response(200, json=document, request=request)
        return Answer(response, document)

    with Pages(httpx.Request("GET", URL), fetch, limit=None, concurrency=4) as pages:
        assert ids(pages) == [1, 2, 7, 8]


def test_an_executor_of_the_caller_is_used_and_left_running() -> None:
    api = Listing(50, listing.cursor)
    names: set[str] = set()

    def fetch(request: httpx.Request) -> Answer:
        names.add(threading.current_thread().name.rstrip("_0123456789"))
        return api.answer(request)

    with ThreadPoolExecutor(2, thread_name_prefix="mine") as executor:
        with Pages(first(listing.cursor, 10), fetch, limit=None, executor=executor) as pages:
            assert ids(pages) == list(range(50))
        assert executor.submit(lambda: 7).result() == 7
    assert names == {"MainThread", "mine"}


def test_no_thread_is_left_behind() -> None:
    api = Listing(100, listing.total_known)
    pages = Pages(first(listing.total_known, 10), api.answer, limit=None)
    next(pages)
    pages.close()
    deadline = time.monotonic() + 5
    while any(t.name.startswith("apiconn-page") for t in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_next_page_is_fetched_while_this_one_is_worked_on() -> None:
    api = Listing(50, listing.cursor)

    def fetch(request: httpx.Request) -> Answer:
        time.sleep(0.03)
        return api.answer(request)

    began = time.monotonic()
    with Pages(first(listing.cursor, 10), fetch, limit=None) as pages:
        for _ in pages:
            time.sleep(0.03)
    assert time.monotonic() - began < 0.03 * 10 * 0.85, "five fetches and five turns at work overlap"


def test_a_paginator_named_by_the_person_is_used() -> None:
    api = Listing(30, listing.bare_offset)
    request = httpx.Request("GET", f"{URL}?$offset=0&$limit=10")
    with Pages(request, api.answer, limit=None, paginator=paginator_named("offset:$offset,step=10")) as pages:
        assert ids(pages) == list(range(30))
    assert pages.stopped == "an empty page"


def test_the_status_line_has_its_words() -> None:
    api = Listing(100, listing.pages_known)
    pages = Pages(first(listing.pages_known, 10), api.answer)
    next(pages)
    assert (pages.number, pages.total_pages, pages.more) == (1, 10, True)
    assert pages.paginator is not None
    assert pages.paginator.describe() == "page number ?page= (of $.pages)"


def test_a_page_is_asked_for_directly_where_that_is_possible() -> None:
    request = httpx.Request("GET", f"{URL}?page=1&q=a,b&filter[x]=1")
    assert str(PageNumbers("query:page").page(request, 7).url) == f"{URL}?page=7&q=a,b&filter[x]=1"
    with pytest.raises(Exception, match="Page 7 cannot be asked for directly"):
        Cursor("query:cursor", "next_cursor").page(request, 7)


def test_a_fresh_paginator_has_no_memory() -> None:
    api = Listing(30, listing.cursor)
    request = first(listing.cursor, 10)
    answer = api.answer(request)
    paginator = find_paginator(request, answer.response, answer.document)
    assert paginator is not None
    assert paginator.advance(request, answer.response, answer.document) is not None
    assert paginator.advance(request, answer.response, answer.document) is None
    assert paginator.stopped == "page 2 repeats page 1"
    again = paginator.fresh()
    assert again == paginator
    assert again.advance(request, answer.response, answer.document) is not None


@pytest.mark.parametrize(
    ("kind", "page_of"),
    [
        ("text/csv; charset=utf-8", lambda ids: "id,text\r\n" + "".join(f'{n},"a\nb ""{n}"""\r\n' for n in ids)),
        ("text/tab-separated-values", lambda ids: "id\ttext\n" + "".join(f"{n}\tx\n" for n in ids)),
        ("application/x-ndjson", lambda ids: "".join(f'{{"id": {n}}}\n' for n in ids)),
    ],
)
def test_pages_that_are_no_json_are_counted_too(kind: str, page_of: Callable[[range], str]) -> None:
    asked: list[str] = []

    def fetch(request: httpx.Request) -> Answer:
        offset = int(request.url.params["$offset"])
        asked.append(str(offset))
        content = page_of(range(offset, min(offset + 10, 34)))
        return Answer(httpx.Response(200, headers={"Content-Type": kind}, content=content.encode(), request=request))

    with Pages(httpx.Request("GET", f"{URL}?$limit=10&$offset=0"), fetch, limit=None) as pages:
        assert len(list(pages)) == 4
    assert asked == ["0", "10", "20", "30"]
    assert pages.stopped == "the page is not full (4 rows)"


def test_an_interrupt_leaves_the_walk_where_it_was() -> None:
    api, slow = Listing(60, listing.total_known), threading.Event()

    def fetch(request: httpx.Request) -> Answer:
        if "page=3" in str(request.url):
            slow.wait(30)
        return api.answer(request)

    with Pages(first(listing.total_known, 10), fetch, limit=None, concurrency=3) as pages:
        got = [next(pages), next(pages)]
        timer = threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT))
        timer.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            next(pages)
        timer.join()
        assert time.monotonic() - began < 5
        assert [page.number for page in got] == [1, 2]
        assert pages.number == 2
        slow.set()
        assert ids(pages) == list(range(20, 60))
    assert len(api.asked) == len(set(api.asked)) == 6


@pytest.mark.parametrize(("size", "most"), [(100, 16), (1 << 20, 8), (8 << 20, 2)])
def test_large_pages_are_not_fetched_far_ahead(size: int, most: int) -> None:
    asked: list[int] = []

    def fetch(request: httpx.Request) -> Answer:
        page = int(request.url.params["page"])
        asked.append(page)
        document = {"items": [{"id": page}], "page": page, "total_pages": 40}
        return Answer(httpx.Response(200, content=b" " * size, request=request), document, 1)

    with Pages(httpx.Request("GET", "https://api.example.org/x?page=1"), fetch, limit=None) as pages:
        for number, _ in enumerate(pages, 1):
            assert max(asked, default=1) - number <= most
            if number == 3:
                time.sleep(0.3)
                assert max(asked) - number <= most
