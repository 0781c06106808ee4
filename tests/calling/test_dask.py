"""A sweep over a Dask DataFrame on two worker processes: the same rows, and the API's limit kept by both together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from apiconn_nb import spread
from apiconn_nb.errors import LoginRequired, UsageError
from apiconn_nb.options import Options
from apiconn_nb.request import parse
from apiconn_nb.spread import SpreadSweep, is_dask
from apiconn_nb.sweep import Sweep
from tests.calling.fault_server import failing
from tests.calling.test_sweep import asked, table
from tests.canary import Canary
from tests.echo import Answer, Arrived, Echo
from tests.needs import need
from tests.opened import Open
from tests.shell import NotebookShell

INSTALL = "pip install 'apiconn_nb[dask]'"
pytestmark = [pytest.mark.servers, pytest.mark.filterwarnings("default")]  # processes; the warnings are Dask's own


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    """A client of two worker processes."""
    distributed = need("distributed", INSTALL)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def spread_over(frame: pd.DataFrame, partitions: int) -> Any:
    return need("dask.dataframe", INSTALL).from_pandas(frame, npartitions=partitions, sort=False)


def test_dask_is_told_without_importing_it() -> None:
    assert not is_dask(table(1))
    assert not is_dask([{"n": 1}])
    assert is_dask(spread_over(table(4), 2))


def test_two_processes_give_the_rows_of_one_and_resume(workers: Any, opened: Open) -> None:
    rows = 400
    plan = {5: [404], 77: [500], 301: [500]}
    with failing(plan) as url:
        collection, template = opened(url), parse("GET /items/[n]")
        options = Options(concurrency=8)
        given = spread_over(table(rows), 5)
        made = SpreadSweep(collection, template, given, options=options, keep=["label"])
        outcome = made.run()
        assert list(outcome.failures["row"]) == [5, 77, 301]
        assert asked(collection).total() == rows
        whole = made.run().frame()
        assert asked(collection).total() == rows + 3, "only what failed was called again"
        # Of what Dask makes of the frame: its texts have a type of their own.
        here = Sweep(collection, template, given.compute(), options=options, keep=["label"]).run().frame()
    pd.testing.assert_frame_equal(whole, here)
    homes = workers.run(lambda: len(spread._homes))
    assert len(homes) == 2
    assert all(homes.values()), "both processes made calls"


class Quota:
    """Allows so many calls in a window of a second, says so in headers, and refuses the others."""

    def __init__(self, echo: Echo, limit: int) -> None:
        self.limit = limit
        self.refused = 0
        self.times: list[float] = []
        self._lock = threading.Lock()
        self._began = 0.0
        self._used = 0
        echo.rules.insert(0, self._answer)

    def _answer(self, arrived: Arrived) -> Answer:
        with self._lock:
            now = time.monotonic()
            if now - self._began >= 1:
                self._began, self._used = now, 0
            self._used += 1
            left = self.limit - self._used
            headers = {
                "X-RateLimit-Limit": str(self.limit),
                "X-RateLimit-Remaining": str(max(0, left)),
                "X-RateLimit-Reset": f"{1 - (now - self._began) + 0.05:.2f}",
            }
            if left < 0:
                self.refused += 1
                return Answer(429, headers={**headers, "Retry-After": "1"})
            self.times.append(now)
        return Answer(body={"id": int(arrived.target.rpartition("/")[2])}, headers=headers)


def test_the_limit_is_kept_by_both_together(workers: Any, echo: Echo, opened: Open) -> None:
    quota = Quota(echo, 40)
    collection = opened(echo.url)
    collection.send("GET /items/0")  # what is learnt here is split
    made = SpreadSweep(collection, parse("GET /items/[n]"), spread_over(table(120), 4), options=Options(concurrency=4))
    began = time.monotonic()
    frame = made.run().frame()
    assert list(frame["id"]) == list(range(120))
    assert time.monotonic() - began > 1.8, "three windows"
    assert quota.refused <= 4, "a limiter of its own in each process would run into it in every window"


def test_threads_of_this_process_do_as_well(echo: Echo, opened: Open) -> None:
    dask = need("dask", INSTALL)
    with dask.config.set(scheduler="threads", num_workers=2):
        echo.rules.insert(0, lambda arrived: Answer(body={"id": int(arrived.target.rpartition("/")[2])}))
        made = SpreadSweep(opened(echo.url), parse("GET /items/[n]"), spread_over(table(30), 3))
        assert list(made.run().frame()["id"]) == list(range(30))


def test_actions_and_missing_columns_are_refused(opened: Open, echo: Echo) -> None:
    rows = spread_over(table(4), 2)
    with pytest.raises(UsageError, match="is for data calls"):
        SpreadSweep(opened(echo.url), parse("POST /items/[n]"), rows)
    with pytest.raises(UsageError, match=r"no column 'id' for \[id\]: it has n, label"):
        SpreadSweep(opened(echo.url), parse("GET /items/[id]"), rows)
    assert not echo.arrived


def test_an_error_that_all_would_meet_comes_back_as_itself(workers: Any, echo: Echo, opened: Open) -> None:
    oauth = {"client_id": "n", "authorization_endpoint": f"{echo.url}/a", "token_endpoint": f"{echo.url}/t"}
    collection = opened(echo.url, "oauth2-user-agent", oauth)
    with pytest.raises(LoginRequired, match="Nobody is signed in"):
        SpreadSweep(collection, parse("GET /items/[n]"), spread_over(table(4), 2)).run()


def test_references_travel_and_secrets_do_not(
    workers: Any, echo: Echo, opened: Open, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = canary("key")
    workers.run(_set_environment, value)
    monkeypatch.setenv("SPREAD_KEY", value)
    collection = opened(echo.url, "key-in-header", {"key_name": "X-Key", "key": "env:SPREAD_KEY"})
    made = SpreadSweep(collection, parse("GET /items/[n]"), spread_over(table(4), 2))
    made.run()
    assert {arrived.headers["X-Key"] for arrived in echo.arrived} == {value}


def _set_environment(value: str) -> None:
    import os

    os.environ["SPREAD_KEY"] = value


def test_in_a_notebook(workers: Any, magics: NotebookShell, echo: Echo) -> None:
    magics.run(f"%apiconn_auth shop none --base-url {echo.url}")
    magics.user_ns["big"] = spread_over(table(6), 2)
    frame = magics.run("%apicall shop --each big GET /items/[n]")
    assert len(frame) == 12
    with pytest.raises(UsageError, match="pandas or Dask"):
        magics.run("%apicall shop --each nothing GET /items/[n]")
