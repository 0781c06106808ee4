"""Pages that never end, repeat, shrink or break off: what has come is kept, and a call goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apiconn_nb.errors import ApiConnError
from apiconn_nb.options import Options
from apiconn_nb.request import parse
from apiconn_nb.walking import Walk
from tests.echo import Answer, Arrived, Echo
from tests.hardening import evidence
from tests.opened import Open

PAGES, ROWS = 40, 25


def rows(number: int, many: int = ROWS) -> list[dict[str, int]]:
    return [{"id": (number - 1) * ROWS + each} for each in range(many)]


def by_number(fails: Iterator[int | None]) -> Any:
    """Numbered pages; the n-th request is answered with the n-th of `fails`, where it is a status."""

    def page(arrived: Arrived) -> Answer:
        status = next(fails, None)
        if status:
            return Answer(status, {"message": "not now"})
        number = int(dict(arrived.query).get("page", "1"))
        following = f"/x?page={number + 1}" if number < PAGES else None
        return Answer(body={"items": rows(number), "next": following})

    return page


@pytest.mark.parametrize("breaks_at", [2, 12, PAGES])
def test_pages_that_came_are_kept_and_the_call_goes_on(echo: Echo, opened: Open, breaks_at: int) -> None:
    fails = [None] * (breaks_at - 1) + [500]
    echo.answer("/x", by_number(iter(fails)))
    walk = Walk(opened(echo.url, retries=0), opened(echo.url).request(parse("GET /x"), {}), Options(pages=None))
    with pytest.raises(ApiConnError, match="500"):
        walk.run()
    assert len(walk.partial().frame()) == (breaks_at - 1) * ROWS
    before = len(echo.arrived)
    frame = walk.run().frame()
    assert list(frame["id"]) == list(range(PAGES * ROWS)), "each row once and in order"
    assert len(echo.arrived) - before == PAGES - breaks_at + 1, "no page that came is asked for again"
    evidence.count("faults", survived=1)


def test_a_repeated_cursor_ends(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(body={"items": rows(1), "next_cursor": "abc"}))
    collection = opened(echo.url, retries=0)
    walk = Walk(collection, collection.request(parse("GET /x"), {}), Options(pages=None))
    walk.run()
    assert len(echo.arrived) <= 4
    evidence.count("faults", survived=1)


def test_pages_without_end_stop_at_the_time_of_the_person(echo: Echo, opened: Open) -> None:
    """A cursor that is new for ever: a limit ends it, and the rows so far are there."""
    count = iter(range(10**9))
    echo.answer("/x", lambda arrived: Answer(body={"items": [{"id": (n := next(count))}], "next_cursor": f"c{n}"}))
    collection = opened(echo.url, retries=0)
    outcome = Walk(collection, collection.request(parse("GET /x"), {}), Options(pages=60)).run()
    assert len(outcome.frame()) == 60
    assert outcome.has_more
    evidence.count("faults", survived=1)


def test_a_page_that_shrinks_loses_and_doubles_nothing_that_was_sent(echo: Echo, opened: Open) -> None:
    """The total falls and pages become shorter while they are read."""
    sizes = {1: ROWS, 2: ROWS, 3: 7, 4: 0}

    def page(arrived: Arrived) -> Answer:
        number = int(dict(arrived.query).get("page", "1"))
        total = sum(sizes.values()) - number
        body = {"items": rows(number, sizes.get(number, 0)), "page": number, "per_page": ROWS, "total": total}
        return Answer(body=body)

    echo.answer("/x", page)
    collection = opened(echo.url, retries=0)
    frame = Walk(collection, collection.request(parse("GET /x?page=1"), {}), Options(pages=None)).run().frame()
    assert frame["id"].is_unique
    assert set(frame["id"]) >= set(range(2 * ROWS))
    evidence.count("faults", survived=1)


def test_a_page_of_another_kind_is_one_error_and_the_rest_is_kept(echo: Echo, opened: Open) -> None:
    def page(arrived: Arrived) -> Answer:
        number = int(dict(arrived.query).get("page", "1"))
        if number == 3:
            return Answer(body=b"<html>Maintenance</html>", headers={"Content-Type": "text/html"})
        return Answer(body={"items": rows(number), "next": f"/x?page={number + 1}"})

    echo.answer("/x", page)
    collection = opened(echo.url, retries=0)
    walk = Walk(collection, collection.request(parse("GET /x"), {}), Options(pages=None))
    with pytest.raises(ApiConnError):
        walk.run()
    assert list(walk.partial().frame()["id"]) == list(range(2 * ROWS))
    evidence.count("faults", survived=1)
