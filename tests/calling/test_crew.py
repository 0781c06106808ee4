"""The worker threads of pages and sweeps: one connection each, in order, flat, and gone at the end."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from apiconn_nb.crew import AHEAD, Crew
from apiconn_nb.errors import CallTimeout
from tests.echo import Echo
from tests.opened import Open
from tests.raw import Connection, RawServer


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("apiconn-call")]


def test_what_tasks_give_comes_in_order_whatever_takes_how_long(opened: Open, echo: Echo) -> None:
    def task(crew: Crew, number: int) -> int:
        time.sleep(0.02 if number % 7 == 0 else 0)
        if number % 10 == 3:
            raise ValueError(number)
        return number

    with Crew(opened(echo.url), 8) as crew:
        given = [(item, str(result)) for item, result in crew.in_order(task, range(100), lambda _: 1)]
    assert given == [(number, str(number)) for number in range(100)]
    assert not threads()


def test_one_that_waits_does_not_stop_the_others_and_they_do_not_run_away(opened: Open, echo: Echo) -> None:
    go, begun = threading.Event(), set()

    def task(crew: Crew, number: int) -> int:
        begun.add(number)
        if number == 40:
            go.wait(10)
        return number

    with Crew(opened(echo.url), 2) as crew:
        ordered = crew.in_order(task, range(1000), lambda _: 1)
        assert [next(ordered)[0] for _ in range(40)] == list(range(40))
        until = time.monotonic() + 5
        while len(begun) < 40 + AHEAD and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.2)
        assert 40 + AHEAD <= len(begun) <= 40 + 2 * AHEAD, "as many wait as are allowed to, for a reader that waits"
        go.set()
        assert [item for item, _ in ordered] == list(range(40, 1000))


def test_large_answers_wait_in_small_numbers(opened: Open, echo: Echo) -> None:
    begun: list[int] = []

    def task(crew: Crew, number: int) -> int:
        begun.append(number)
        return number

    with Crew(opened(echo.url), 4) as crew:
        ordered = crew.in_order(task, range(1000), lambda _: 1 << 24)
        for _ in range(20):
            next(ordered)
        time.sleep(0.3)
        assert len(begun) <= 20 + 8, "four of 16 MB fill what may be held; never less than two a thread"


def test_left_in_the_middle_it_gives_what_was_under_way_and_nothing_runs_on(opened: Open, echo: Echo) -> None:
    begun: set[int] = set()

    def task(crew: Crew, number: int) -> int:
        begun.add(number)
        time.sleep(0.005)
        return number

    with Crew(opened(echo.url), 4) as crew:
        ordered = crew.in_order(task, range(10_000), lambda _: 1)
        read = [next(ordered)[0] for _ in range(20)]
        crew.shutdown()
        late = [item for item, _ in ordered.finished()]
    assert not threads()
    assert {*read, *late} == begun, "each that was begun is accounted for"
    assert not set(read) & set(late)


@pytest.mark.parametrize("size", [1, 8])
def test_threads_that_got_ready_are_used_and_end(opened: Open, echo: Echo, size: int) -> None:
    with Crew(opened(echo.url), size) as crew:
        crew.get_ready()
        until = time.monotonic() + 5
        while len(threads()) < size and time.monotonic() < until:
            time.sleep(0.005)
        assert len(threads()) == size
        assert crew.submit(lambda: 7).result(timeout=5) == 7
        assert len(threads()) == size
    assert not threads()


def test_left_while_the_threads_get_ready(opened: Open, echo: Echo) -> None:
    for pause in (0.0, 0.002, 0.004, 0.006):
        with Crew(opened(echo.url), 16) as crew:
            crew.get_ready()
            time.sleep(pause)
        assert not threads()


# ── a thread's own connection ──────────────────────────────────────────────────────────────────────────────────────


def calls(crew: Crew, url: str, times: int) -> list[int]:
    def one() -> int:
        return crew.send(httpx.Request("GET", url)).response.status_code

    return [crew.submit(one).result(timeout=20) for _ in range(times)]


def test_one_connection_serves_all_calls_of_a_thread(raw: RawServer, opened: Open) -> None:
    def answer(each: Connection) -> None:
        while each.read_request():
            each.answer(b"{}", Connection="keep-alive")

    raw.script(answer)
    with Crew(opened(raw.url), 1) as crew:
        assert calls(crew, f"{raw.url}/x", 5) == [200] * 5
    assert raw.connections == 1


def test_a_connection_that_the_server_closed_is_replaced(raw: RawServer, opened: Open) -> None:
    """Between two calls, with no word: an action must not be sent into it, since it would not be sent again."""

    def answer(each: Connection) -> None:
        each.read_request()
        each.answer(b"{}", Connection="keep-alive")

    raw.script(answer)
    with Crew(opened(raw.url), 1) as crew:

        def act() -> int:
            return crew.send(httpx.Request("POST", f"{raw.url}/x")).response.status_code

        for _ in range(4):
            assert crew.submit(act).result(timeout=20) == 200
            time.sleep(0.1)
    assert raw.connections == 4
    assert len(raw.arrived) == 4


def test_each_read_keeps_the_deadline_of_its_call_on_a_connection_that_stands(raw: RawServer, opened: Open) -> None:
    """The socket's time-out is set where it differs from the last one: a shorter one must not be missed."""

    def answer(each: Connection) -> None:
        each.read_request()
        each.answer(b"{}", Connection="keep-alive")
        each.read_request()
        each.hang(5)

    raw.script(answer)
    with Crew(opened(raw.url, retries=0), 1) as crew:

        def call(seconds: float) -> int:
            return crew.send(httpx.Request("GET", f"{raw.url}/x"), timeout=seconds).response.status_code

        assert crew.submit(call, 60.0).result(timeout=20) == 200
        began = time.monotonic()
        with pytest.raises(CallTimeout):
            crew.submit(call, 0.3).result(timeout=20)
        assert time.monotonic() - began < 3
