"""Pages that an error or an interrupt cut off: those before are kept, and resuming gives every row exactly once."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apiconn_nb.calling import prepare, run
from apiconn_nb.errors import FrameError, StatusError, UsageError
from apiconn_nb.frames import FrameBuilder, Raw
from apiconn_nb.gathering import Gathering
from apiconn_nb.paging import Pages
from apiconn_nb.request import parse
from tests.calling.listing import listing, numbered, rows
from tests.echo import Answer, Echo
from tests.opened import Open

LISTINGS = [pytest.param(listing, id="link"), pytest.param(numbered, id="numbered")]
Listing = Callable[..., None]


def fails_once(*pages: int, answer: Answer | None = None) -> Callable[[int, int], Answer | None]:
    return lambda page, time: (answer or Answer(500)) if page in pages and time == 1 else None


@pytest.mark.parametrize("serve", LISTINGS)
@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_error_keeps_the_pages_so_far(serve: Listing, concurrency: int, echo: Echo, opened: Open) -> None:
    serve(echo, "/list", 6, fails_once(4))
    walk = prepare(opened(echo.url), parse("GET /list?page=1"), pages="all", concurrency=concurrency)
    with pytest.raises(StatusError) as caught:
        walk.run()
    assert caught.value.unfinished is walk  # type: ignore[attr-defined]
    assert not walk.is_whole
    partial = walk.partial()
    assert list(partial.frame()["id"]) == rows(3)
    assert walk.so_far().startswith("3 of 6 pages, 9 rows" if serve is numbered else "3 ")
    assert partial.status().startswith("partial · GET ")
    assert partial.frame().attrs["apiconn"]["partial"] in walk.so_far()
    before = list(partial.frame()["id"])

    whole = walk.run()
    assert list(whole.frame()["id"]) == rows(6)
    assert whole.pages == 6
    assert "partial" not in whole.status()
    assert walk.is_whole
    assert list(partial.frame()["id"]) == before, "what was given away stays what it was"


@pytest.mark.parametrize(("pages", "wanted"), [(1, 1), (3, 3), ("all", 6), (9, 6)])
def test_progress_is_of_the_pages_that_are_wanted(pages: int | str, wanted: int, echo: Echo, opened: Open) -> None:
    numbered(echo, "/list", 6)
    seen: list[tuple[int, int]] = []
    walk = prepare(opened(echo.url), parse("GET /list?page=1"), pages=pages)
    walk.run(lambda progress: seen.append((progress.calls, progress.total)))
    assert seen == [(page, wanted) for page in range(1, wanted + 1)]


def test_resuming_fails_as_often_as_it_has_to(echo: Echo, opened: Open) -> None:
    listing(echo, "/list", 5, lambda page, time: Answer(500) if page in (2, 4) and time <= 2 else None)
    walk = prepare(opened(echo.url), parse("GET /list"), pages="all", concurrency=1)
    counts = []
    for _ in range(4):
        with pytest.raises(StatusError):
            walk.run()
        counts.append(len(walk.partial().frame()))
    assert counts == [3, 3, 9, 9]
    assert list(walk.run().frame()["id"]) == rows(5)
    assert echo.count("/list") == 5 + 4


def test_a_page_that_is_no_page_is_asked_for_again(echo: Echo, opened: Open) -> None:
    page = Answer(body=b"<!doctype html><h1>Maintenance</h1>", headers={"Content-Type": "text/html"})
    listing(echo, "/list", 5, fails_once(3, answer=page))
    walk = prepare(opened(echo.url), parse("GET /list"), pages="all")
    with pytest.raises(FrameError, match="web page"):
        walk.run()
    assert list(walk.partial().frame()["id"]) == rows(2)
    assert list(walk.run().frame()["id"]) == rows(5)


def test_the_first_page_leaves_nothing_behind(echo: Echo, opened: Open) -> None:
    listing(echo, "/list", 3, fails_once(1))
    walk = prepare(opened(echo.url), parse("GET /list"), pages="all")
    with pytest.raises(StatusError) as caught:
        walk.run()
    assert not hasattr(caught.value, "unfinished")
    with pytest.raises(FrameError, match="Nothing of this call"):
        walk.partial()
    assert list(walk.run().frame()["id"]) == rows(3)


def test_an_action_is_not_gone_on_with(echo: Echo, opened: Open) -> None:
    listing(echo, "/search", 3, fails_once(2))
    template = parse("POST /search\n\n{}")
    walk = prepare(opened(echo.url), template, pages="all")
    with pytest.raises(StatusError):
        walk.run()
    assert list(walk.partial().frame()["id"]) == rows(1)
    with pytest.raises(UsageError, match="--use-as data"):
        walk.run()
    declared = prepare(opened(echo.url), template, pages="all", use_as="data")
    assert list(declared.run().frame()["id"]) == rows(3)


# ── interrupts ─────────────────────────────────────────────────────────────────────────────────────────────────────

POINTS: dict[str, tuple[Any, str]] = {
    "before a page is asked for": (Pages, "__next__"),
    "while a page is read": (FrameBuilder, "add"),
    "while its bytes are kept": (Raw, "add"),
    "while it is added": (Gathering, "add"),
}


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("nth", [2, 4])
@pytest.mark.parametrize("serve", LISTINGS)
def test_an_interrupt_at_any_moment_loses_no_row_and_doubles_none(
    serve: Listing, nth: int, point: str, place: str, echo: Echo, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(echo, "/list", 5)
    walk = prepare(opened(echo.url), parse("GET /list?page=1"), pages="all", concurrency=2)
    owner, name = POINTS[point]
    original = getattr(owner, name)
    calls = 0

    def interrupted(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and place == "before":
            raise KeyboardInterrupt
        result = original(*args, **options)
        if calls == nth:
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            walk.run()
    assert caught.value.unfinished is walk  # type: ignore[attr-defined]
    kept = list(walk.partial().frame()["id"])
    assert kept == rows(5)[: len(kept)]
    assert len(kept) >= 3 * (nth - 2)
    assert list(walk.run().frame()["id"]) == rows(5)


def test_a_real_interrupt_while_a_page_is_awaited(echo: Echo, opened: Open) -> None:
    waiting = threading.Event()

    def trouble(page: int, time_asked: int) -> None:
        if page == 3 and time_asked == 1:
            waiting.set()
            time.sleep(3)

    listing(echo, "/list", 4, trouble)
    walk = prepare(opened(echo.url), parse("GET /list"), pages="all")

    def interrupt() -> None:
        waiting.wait(10)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        walk.run()
    assert time.monotonic() - began < 2.5
    assert list(walk.partial().frame()["id"]) == rows(2)
    assert list(walk.run().frame()["id"]) == rows(4)
    assert not [each for each in threading.enumerate() if each.name.startswith("apiconn")]


# ── what is kept in memory ─────────────────────────────────────────────────────────────────────────────────────────


def test_pages_are_freed_as_they_become_rows(echo: Echo, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of forty pages of half a megabyte, a handful is held at any time."""
    alive: list[weakref.ref[httpx.Response]] = []
    most = 0
    original = Gathering.add

    def add(self: Gathering, content: bytes, content_type: str) -> int:
        nonlocal most
        most = max(most, sum(ref() is not None for ref in alive))
        return original(self, content, content_type)

    monkeypatch.setattr(Gathering, "add", add)
    made = httpx.Response.__init__

    def init(self: httpx.Response, *args: Any, **options: Any) -> None:
        made(self, *args, **options)
        alive.append(weakref.ref(self))

    monkeypatch.setattr(httpx.Response, "__init__", init)
    numbered(echo, "/list", 40)
    gc.collect()
    outcome = run(opened(echo.url), parse("GET /list?page=1"), pages="all", concurrency=4)
    assert list(outcome.frame()["id"]) == rows(40)
    assert most <= 12


def test_refreshing_repeats_the_call_with_the_values_it_had(echo: Echo, opened: Open) -> None:
    notebook = {"who": "ada", "df": None}
    frame = run(opened(echo.url), parse("GET /x?who=[who]"), variables=notebook).frame()
    notebook["who"] = "bob"
    frame.api.refresh()
    assert [each.target for each in echo.arrived] == ["/x?who=ada"] * 2
