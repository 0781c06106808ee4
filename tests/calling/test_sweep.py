"""One call per row: every row accounted for exactly once, whatever fails, is interrupted or is made again."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from apiconn_nb import sending
from apiconn_nb.errors import CallError, PlaceholderError, StatusError, UsageError
from apiconn_nb.gathering import Gathering
from apiconn_nb.live_collection import Collection
from apiconn_nb.options import Options
from apiconn_nb.progress import Progress
from apiconn_nb.request import parse
from apiconn_nb.settings import SavedCall
from apiconn_nb.sweep import Sweep
from tests.calling.fault_server import failing
from tests.echo import Answer, Arrived, Echo
from tests.opened import Open
from tests.raw import Connection, RawServer


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_backoff", lambda attempt: 0.001)


class Faults:
    """Answers ``/items/N`` with ``{"id": N, …}``; `plan` says what comes instead, by N: statuses, one a call."""

    def __init__(self, echo: Echo) -> None:
        self.plan: dict[int, list[int]] = {}
        self.asked: Counter[int] = Counter()
        self.bodies: dict[int, Any] = {}
        self._lock = threading.Lock()
        echo.rules.insert(0, self._answer)

    def _answer(self, arrived: Arrived) -> Answer | None:
        path = arrived.target.partition("?")[0]
        if not path.startswith("/items/"):
            return None
        number = int(path.rpartition("/")[2])
        with self._lock:
            self.asked[number] += 1
            status = self.plan[number].pop(0) if self.plan.get(number) else 200
        if status != 200:
            return Answer(
                status, {"message": f"trouble with {number}"}, {"Retry-After": "0"} if status in (429, 503) else {}
            )
        return Answer(body=self.bodies.get(number, {"id": number, "square": number * number}))


@pytest.fixture
def faults(echo: Echo) -> Faults:
    return Faults(echo)


def table(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"n": range(rows), "label": [f"row {number}" for number in range(rows)]})


def sweep(collection: Any, rows: Any, text: str = "GET /items/[n]", **options: Any) -> Sweep:
    keep = options.pop("keep", None)
    return Sweep(collection, parse(text), rows, options=Options(**options), keep=keep)


def test_the_rows_stand_beside_their_parameters_in_order(faults: Faults, echo: Echo, opened: Open) -> None:
    outcome = sweep(opened(echo.url), table(40), keep=["label", "n"], concurrency=8).run()
    frame = outcome.frame()
    assert list(frame.columns) == ["label", "n", "id", "square"]
    assert list(frame["n"]) == list(frame["id"]) == list(range(40))
    assert outcome.failures.empty
    assert outcome.status().startswith("GET /items/[n] · 40 calls · 40 rows × 4 columns from $")


def test_a_list_of_dicts_and_whole_numbers_with_gaps(faults: Faults, echo: Echo, opened: Open) -> None:
    rows = [{"n": 1, "m": 5}, {"n": 2}]
    frame = sweep(opened(echo.url), rows, keep=["n", "m"]).run().frame()
    assert list(frame["id"]) == [1, 2]
    assert str(frame["m"].dtype) == "Int64"


def test_columns_that_hold_lists(echo: Echo, opened: Open) -> None:
    echo.rules.insert(0, lambda arrived: Answer(body={"got": arrived.body.decode(), "query": arrived.target}))
    rows = pd.DataFrame({"ids": [[1, 2], [3]], "tags": [np.array(["a", "b"]), np.array([])], "k": [{"a": 1}, None]})
    frame = (
        sweep(opened(echo.url), rows, 'POST /x?ids=[ids]\n\n{"tags": <tags>, "k": <k>}', use_as="data").run().frame()
    )
    assert list(frame["query"]) == ["/x?ids=1%2C2", "/x?ids=3"]
    assert list(frame["got"]) == ['{"tags": ["a", "b"], "k": {"a": 1}}', '{"tags": [], "k": null}']
    assert list(frame["ids"]) == [[1, 2], [3]]


def test_a_missing_column_names_what_is_there(echo: Echo, opened: Open) -> None:
    with pytest.raises(UsageError, match=r"no column 'id' for \[id\]: it has n, label"):
        sweep(opened(echo.url), table(2), "GET /items/[id]")
    with pytest.raises(UsageError, match="--keep nothing: the table has n, label"):
        sweep(opened(echo.url), table(2), keep=["nothing"])
    with pytest.raises(UsageError, match="--since"):
        sweep(opened(echo.url), table(2), since="last")


# ── failures ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_failures_are_a_second_frame_and_resume_repeats_only_these(faults: Faults, echo: Echo, opened: Open) -> None:
    faults.plan = {3: [404, 404], 7: [500], 9: [503] * 9}
    made = sweep(opened(echo.url, retries=1), table(12), keep=["n", "label"])
    outcome = made.run()
    failures = outcome.frame().api.failures
    assert list(failures["row"]) == [3, 7, 9]
    assert list(failures["status"]) == [404, 500, 503]
    assert list(failures["label"]) == ["row 3", "row 7", "row 9"]
    assert failures["reason"][1] == "Internal Server Error: trouble with 7", "its words first"
    assert sorted([*outcome.frame()["n"], *failures["n"]]) == list(range(12))
    before = Counter(faults.asked)
    again = made.run()
    assert {number: count - before[number] for number, count in faults.asked.items() if count > before[number]} == {
        3: 1, 7: 1, 9: 2,
    }  # fmt: skip
    assert list(again.failures["row"]) == [3, 9]
    frame = again.frame()
    assert list(frame["n"]) == [0, 1, 2, 4, 5, 6, 7, 8, 10, 11], "in the table's order"


def test_a_row_that_failed_and_came_later_is_in_its_place_with_its_child_rows(
    faults: Faults, echo: Echo, opened: Open
) -> None:
    faults.bodies = {
        number: {"id": number, "name": f"n{number}", "open": True, "lines": [{"x": number}, {"x": -number}]}
        for number in range(6)
    }
    faults.plan = {2: [500], 4: [500]}
    made = sweep(opened(echo.url), table(6))
    made.run()
    frame = made.run().frame()
    straight = sweep(opened(echo.url), table(6)).run().frame()
    pd.testing.assert_frame_equal(frame, straight)
    pd.testing.assert_frame_equal(frame.api.tables["lines"], straight.api.tables["lines"])
    lines = frame.merge(frame.api.tables["lines"], left_on="id", right_on="_parent_id")
    assert list(lines["x"].abs()) == [number for number in range(6) for _ in range(2)]


def test_an_answer_that_is_no_table_is_a_failure(faults: Faults, echo: Echo, opened: Open) -> None:
    echo.rules.insert(
        0,
        lambda arrived: Answer(body=b"<!doctype html><p>Oops", headers={"Content-Type": "text/html"})
        if arrived.target == "/items/1" else None,
    )  # fmt: skip
    outcome = sweep(opened(echo.url), table(3)).run()
    assert list(outcome.failures["row"]) == [1]
    assert "web page" in outcome.failures["reason"][0]
    assert list(outcome.frame()["id"]) == [0, 2]


def test_a_value_that_cannot_be_sent_is_a_failure_of_its_row(faults: Faults, echo: Echo, opened: Open) -> None:
    outcome = sweep(opened(echo.url), pd.DataFrame({"n": ["1", "..", "2"]})).run()
    assert list(outcome.failures["row"]) == [1]
    assert list(outcome.frame()["id"]) == [1, 2]


def test_where_nothing_succeeds_the_first_reason_is_raised(faults: Faults, echo: Echo, opened: Open) -> None:
    faults.plan = {number: [404] for number in range(5)}
    with pytest.raises(StatusError, match=r"All 5 calls failed; the first: GET .*404.*trouble with 0"):
        sweep(opened(echo.url), table(5)).run()


@pytest.mark.parametrize("status", [401, 403])
def test_where_nothing_can_succeed_the_others_are_not_tried(
    faults: Faults, echo: Echo, opened: Open, status: int
) -> None:
    faults.plan = {number: [status] for number in range(500)}
    made = sweep(opened(echo.url), table(500), concurrency=4)
    with pytest.raises(
        StatusError, match=rf"The first 10 calls failed, and the 490 others would too.*{status}"
    ) as caught:
        made.run()
    assert len(faults.asked) < 40
    assert caught.value.unfinished is made  # type: ignore[attr-defined]
    faults.plan.clear()  # the credential was mended
    assert list(made.run().frame()["id"]) == list(range(500))


def test_a_server_that_is_not_there_ends_a_sweep_soon(echo: Echo, opened: Open) -> None:
    collection = opened(echo.url, retries=0)
    echo.close()
    with pytest.raises(CallError, match=r"The first 10 calls failed.*no connection"):
        sweep(collection, table(300)).run()


def test_rows_that_are_refused_among_others_that_are_not_do_not_end_it(
    faults: Faults, echo: Echo, opened: Open
) -> None:
    faults.plan = {number: [403] for number in range(9)}
    outcome = sweep(opened(echo.url), table(50)).run()
    assert (len(outcome.frame()), len(outcome.failures)) == (41, 9)


# ── exactly once ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_ten_thousand_rows_with_failures_are_each_accounted_for_once(opened: Open) -> None:
    """One in twenty fails in some way; the server counts, so that nothing is asked for twice without a reason."""
    chance = random.Random(7)
    rows = 10_000
    kinds = [[404], [500], [503], [503, 503, 503, 503], [429, 500]]
    plan = {number: list(chance.choice(kinds)) for number in range(rows) if chance.random() < 0.05}
    lasting = {number for number, statuses in plan.items() if statuses not in ([503],)}
    expected = Counter({number: min(4, len(plan.get(number, [])) + (number not in lasting)) for number in range(rows)})
    with failing(plan) as url:
        collection = opened(url, retries=3)
        made = sweep(collection, table(rows), keep=["n"], concurrency=16)
        outcome = made.run()
        got, failed = list(outcome.frame()["n"]), list(outcome.failures["n"])
        assert len(got) + len(failed) == rows
        assert set(got) | set(failed) == set(range(rows))
        assert got == sorted(got)
        assert set(failed) == lasting
        assert asked(collection) == expected
        assert list(made.run().frame()["id"]) == list(range(rows))
        assert asked(collection) == expected + Counter(lasting)


def asked(collection: Collection) -> Counter[int]:
    return Counter({int(number): count for number, count in collection.send("GET /asked").json().items()})


def test_an_interrupt_in_the_middle_and_a_resume(faults: Faults, echo: Echo, opened: Open) -> None:
    made = sweep(opened(echo.url), table(400), concurrency=4)

    def watch(progress: Progress) -> None:
        if progress.calls == 100:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        made.run(watch)
    assert caught.value.unfinished is made  # type: ignore[attr-defined]
    partial = made.partial()
    assert len(partial.frame()) >= 100
    assert partial.status().startswith("partial · GET /items/[n] · 400 calls")
    asked = faults.asked.total()
    frame = made.run().frame()
    assert list(frame["id"]) == list(range(400))
    assert faults.asked.total() == asked + 400 - len(partial.frame())
    assert not [each for each in threading.enumerate() if each.name.startswith("apiconn-call")]


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 5, 12])
def test_an_interrupt_while_an_answer_is_added(
    faults: Faults, echo: Echo, opened: Open, nth: int, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sweep(opened(echo.url), table(12), concurrency=2)
    original, calls = Gathering.add, 0

    def add(self: Gathering, content: bytes, content_type: str) -> int:
        nonlocal calls
        calls += 1
        if calls == nth and place == "before":
            raise KeyboardInterrupt
        rows = original(self, content, content_type)
        if calls == nth:
            raise KeyboardInterrupt
        return rows

    with monkeypatch.context() as patch:
        patch.setattr(Gathering, "add", add)
        with pytest.raises(KeyboardInterrupt):
            made.run()
    assert list(made.run().frame()["id"]) == list(range(12))


def answers_or_hangs(each: Connection) -> None:
    head = each.read_request()
    if b"/items/3 " in head:
        each.hang(3)
    each.answer(b'{"id": 1}')


def test_an_action_that_may_have_been_sent_is_never_sent_again(raw: RawServer, opened: Open) -> None:
    """Row 3 is under way at the interrupt: it arrived, and nobody knows what became of it."""
    raw.script(answers_or_hangs)
    made = sweep(opened(raw.url), table(6), "POST /items/[n]", concurrency=2)

    def interrupt() -> None:
        while not any(b"/items/3 " in request for request in list(raw.arrived)):
            time.sleep(0.02)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        made.run()
    partial = made.partial()
    assert list(partial.failures["row"]) == [3]
    assert bool(partial.failures["may_have_acted"][0])
    assert 3 not in made.pending()
    outcome = made.run()
    sent = Counter(int(request.split()[1].rpartition(b"/")[2]) for request in raw.arrived)
    assert sent == Counter(range(6)), "each row once"
    assert "may have acted and are not repeated" in "\n".join(outcome.notes)
    assert sorted([*outcome.frame()["n"], *outcome.failures["row"]]) == list(range(6))


def test_an_action_that_was_refused_is_repeated_and_a_broken_one_is_not(
    faults: Faults, echo: Echo, opened: Open
) -> None:
    faults.plan = {1: [409], 2: [500]}
    made = sweep(opened(echo.url), table(4), "POST /items/[n]")
    made.run()
    outcome = made.run()
    assert faults.asked == Counter({0: 1, 1: 2, 2: 1, 3: 1})
    assert list(outcome.failures["row"]) == [2]


# ── pages, progress, forecast ──────────────────────────────────────────────────────────────────────────────────────


def pages_of(arrived: Arrived) -> Answer | None:
    number, page = int(arrived.target.partition("?")[0].rpartition("/")[2]), int(dict(arrived.query).get("page", 1))
    following = f"/items/{number}?page={page + 1}" if page <= number else None
    return Answer(body={"data": [{"of": number, "page": page}], "next": following})


def test_each_row_has_all_its_pages_where_they_are_asked_for(echo: Echo, opened: Open) -> None:
    echo.rules.insert(0, pages_of)
    outcome = sweep(opened(echo.url), table(4), pages=None).run()
    pairs = list(zip(outcome.frame()["of"], outcome.frame()["page"], strict=True))
    assert pairs == [(number, page) for number in range(4) for page in range(1, number + 2)]
    assert "more pages" not in "\n".join(outcome.notes)


def test_pages_that_were_not_asked_for_are_said(echo: Echo, opened: Open) -> None:
    echo.rules.insert(0, lambda arrived: pages_of(arrived))
    outcome = sweep(opened(echo.url), pd.DataFrame({"n": [2, 3]})).run()
    assert "The answers have more pages than the one taken of each: --pages all." in outcome.notes


def test_a_row_of_which_a_page_fails_is_not_there_at_all(echo: Echo, opened: Open) -> None:
    echo.rules.insert(0, lambda arrived: Answer(500) if arrived.target == "/items/2?page=3" else pages_of(arrived))
    made = sweep(opened(echo.url), table(4), pages=None)
    outcome = made.run()
    assert list(outcome.failures["row"]) == [2]
    assert list(outcome.frame()["of"]) == [0, 1, 1, 3, 3, 3, 3]


def test_progress_and_forecast(faults: Faults, echo: Echo, opened: Open) -> None:
    faults.plan = {5: [404]}
    seen: list[Progress] = []
    forecasts: list[str] = []

    def watch(progress: Progress) -> None:
        seen.append(Progress(progress.total, progress.calls, progress.rows, progress.failures))
        forecasts.append(progress.forecast)

    made = sweep(opened(echo.url), table(250), concurrency=8)
    made.run(watch)
    assert seen[0] == Progress(250, 0, 0, 0)
    assert seen[-1] == Progress(250, 250, 249, 1)
    assert forecasts[0] == "250 calls, 8 at a time"
    assert forecasts[-1].startswith("250 calls, 8 at a time")
    few: list[str] = []
    sweep(opened(echo.url), table(20)).run(lambda progress: few.append(progress.forecast))
    assert set(few) == {""}, "what is over at once needs no forecast"


def test_the_forecast_knows_the_quota_and_the_time_of_the_first_calls(echo: Echo, opened: Open) -> None:
    quota = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "40", "X-RateLimit-Reset": "60"}
    echo.answer("/items/0", Answer(headers=quota))
    collection = opened(echo.url)
    made = sweep(collection, table(250))
    collection.send("GET /items/0")
    assert "at least 4 min for the quota · " in made.forecast() or "at least 3 min" in made.forecast()
    assert "40 of 100 calls left" in made.forecast()
    assert "about" in made.forecast(seconds_each=2.0)


def test_a_saved_call_brings_its_pages_and_rows(echo: Echo, opened: Open) -> None:
    echo.rules.insert(0, pages_of)
    saved = SavedCall("GET /items/[n]", records="data", pages="all", params={"n": 1})
    made = Sweep(opened(echo.url), parse(saved.request), table(3), saved=saved)
    assert len(made.run().frame()) == 1 + 2 + 3


def test_an_empty_table_and_one_without_answers(faults: Faults, echo: Echo, opened: Open) -> None:
    nothing = sweep(opened(echo.url), table(0)).run()
    assert nothing.frame().empty
    assert "0 calls" in nothing.status()
    assert not echo.arrived
    made = sweep(opened(echo.url), pd.DataFrame({"n": [None]}))
    with pytest.raises(PlaceholderError):
        made.call.request(0)


def test_refresh_makes_all_calls_again(faults: Faults, echo: Echo, opened: Open) -> None:
    frame = sweep(opened(echo.url), table(5)).run().frame()
    assert list(frame.api.refresh()["id"]) == list(range(5))
    assert faults.asked == Counter(dict.fromkeys(range(5), 2))
