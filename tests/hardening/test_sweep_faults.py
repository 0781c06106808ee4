"""A sweep over thousands of rows while one call in twenty fails: every row is accounted for exactly once."""

from __future__ import annotations

import threading
from collections import Counter

import pandas as pd
import pytest

from apiconn_nb.options import Options
from apiconn_nb.request import parse
from apiconn_nb.sweep import Sweep
from tests.echo import Answer, Arrived, Echo
from tests.hardening import evidence
from tests.opened import Open

ROWS = 10_000 if evidence.LONG else 1_000


class Flaky:
    """Fails at the first call of each row that is one of so many; counts how often each row arrived."""

    def __init__(self, one_in: int) -> None:
        self.arrived: Counter[int] = Counter()
        self._one_in = one_in
        self._lock = threading.Lock()

    def __call__(self, arrived: Arrived) -> Answer:
        number = int(arrived.target.rpartition("/")[2])
        with self._lock:
            self.arrived[number] += 1
            first = self.arrived[number] == 1
        if first and number % self._one_in == 7:
            return Answer(500, {"message": "not now"})
        return Answer(body={"number": number})


@pytest.mark.timeout(600 if evidence.LONG else 120)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_row_exactly_once(echo: Echo, opened: Open, method: str) -> None:
    flaky = Flaky(20)
    echo.rules.append(flaky)
    table = pd.DataFrame({"n": range(ROWS)})
    collection = opened(echo.url, retries=0)
    sweep = Sweep(collection, parse(f"{method} /row/[n]"), table, options=Options(concurrency=8))
    first = sweep.run()
    failed = [number for number in range(ROWS) if number % 20 == 7]
    assert list(first.failures["row"]) == failed
    assert sorted([*first.frame()["number"], *failed]) == list(range(ROWS)), "each row is a result or a failure"
    second = sweep.run()
    if method == "GET":
        assert list(second.frame()["number"]) == list(range(ROWS)), "repeated, and in the table's order"
        assert len(second.failures) == 0
        assert set(flaky.arrived.values()) == {1, 2}
    else:
        # A 500 does not say that the server did not act: an action is never sent a second time.
        assert list(second.failures["row"]) == failed
        assert set(flaky.arrived.values()) == {1}
    evidence.count("sweep", rows=ROWS, failures=len(failed))
