"""A sweep over a Dask DataFrame: the calls are made on Dask's workers, the table is made here (extra ``dask``).

The limiter is split between the worker processes, and so are the calls at a time. A collection travels by its settings:
references are resolved on the worker, secrets and tokens in this kernel's memory stay here.
"""

from __future__ import annotations

import importlib
import uuid
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from apiconn_nb.crew import Crew
from apiconn_nb.errors import ApiConnError, AuthError, FenceError, UsageError
from apiconn_nb.row_call import Failure, Result, RowCall, weight_of
from apiconn_nb.sweep import Sweep

if TYPE_CHECKING:
    from apiconn_nb.limiter import Limiter
    from apiconn_nb.live_collection import Collection

_CHUNK = 250  # rows of a task at most: what an interrupt leaves running
_TASKS = 4  # for each place of a worker, so that a slow one does not make the others wait
_HOMES = 8  # sweeps that a worker process remembers

_Given = tuple[int, Result | Failure | BaseException]


def is_dask(rows: Any) -> bool:
    """Whether `rows` is a Dask DataFrame; Dask is not imported to find out."""
    return type(rows).__module__.partition(".")[0] in ("dask", "dask_expr") and hasattr(rows, "npartitions")


class Places(NamedTuple):
    """Where Dask would run tasks now: so many processes, so many tasks at a time in all."""

    processes: int
    tasks: int


@dataclass
class SpreadSweep(Sweep):
    """A `Sweep` whose rows are a Dask DataFrame; of it the columns that are used or kept come here.

    For data calls alone: Dask runs the tasks of a lost worker again. Raises UsageError for an action.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._key = uuid.uuid4().hex
        if self.call.is_action:
            raise UsageError(
                "--each with a Dask DataFrame is for data calls: the calls of a lost worker would be made twice. "
                "For actions: --each with the frame's .compute()."
            )

    def _read(self) -> pd.DataFrame:
        rows: Any = self.rows
        used = [name for name in self.template.names() if name in rows.columns]
        wanted = list(dict.fromkeys([*used, *(name for name in self.keep or () if name in rows.columns)]))
        table: pd.DataFrame = rows[wanted].compute()
        return table.reset_index(drop=True)

    def _results(self, pending: list[int]) -> Generator[tuple[int, Any]]:
        """What each pending row gives, in order. Calls on the workers end with their task."""
        client = _client()
        places = _places(client)
        size = max(1, min(_CHUNK, -(-len(pending) // (places.tasks * _TASKS))))
        chunks = [pending[start : start + size] for start in range(0, len(pending), size)]
        at_once = max(1, self.options.concurrency // min(places.tasks, max(1, len(chunks))))
        limiter = self.collection.limiter.split(places.processes) if places.processes > 1 else self.collection.limiter
        home = _Home(self._key, self.collection, limiter)
        tasks = [(home, self._part(chunk), chunk, at_once) for chunk in chunks]
        yield from _on_client(client, tasks) if client is not None else _on_dask(tasks, places)

    def _part(self, rows: Sequence[int]) -> RowCall:
        """The call, with the values of `rows` alone."""
        columns: Any = {name: {row: column[row] for row in rows} for name, column in self.call.columns.items()}
        return replace(self.call, columns=columns, started=set())


# ── where the tasks run ────────────────────────────────────────────────────────────────────────────────────────────


def _client() -> Any:
    """Dask's distributed client, where the person has made one."""
    try:
        distributed = importlib.import_module("distributed")  # optional
        return distributed.default_client()
    except (ImportError, ValueError):
        return None


def _places(client: Any) -> Places:
    if client is not None:
        threads: dict[str, int] = client.nthreads()
        return Places(max(1, len(threads)), max(1, sum(threads.values())))
    dask = importlib.import_module("dask")  # optional, and slow to start
    # optional, as above
    cores = dask.config.get("num_workers", None) or importlib.import_module("dask.system").CPU_COUNT
    scheduler = dask.config.get("scheduler", None)
    if scheduler in ("processes", "multiprocessing"):
        return Places(int(cores), int(cores))
    return Places(1, 1 if scheduler in ("sync", "synchronous", "single-threaded") else int(cores))


def _on_client(client: Any, tasks: Sequence[tuple[Any, ...]]) -> Iterator[_Given]:
    futures = [client.submit(make_calls, *task, pure=False) for task in tasks]
    try:
        for future in futures:
            yield from future.result()
            future.release()
    finally:
        client.cancel(futures)


def _on_dask(tasks: Sequence[tuple[Any, ...]], places: Places) -> Iterator[_Given]:
    dask = importlib.import_module("dask")  # optional, and slow to start
    delayed = [dask.delayed(make_calls, pure=False, traverse=False)(*task) for task in tasks]
    for start in range(0, len(delayed), places.tasks):
        for given in dask.compute(*delayed[start : start + places.tasks]):
            yield from given


# ── on the worker ──────────────────────────────────────────────────────────────────────────────────────────────────


class _Home(NamedTuple):
    """What the tasks of one sweep share in a process: connections, tokens, and what the limiter learns."""

    key: str
    collection: Collection
    limiter: Limiter


_homes: OrderedDict[str, _Home] = OrderedDict()  # of this process


def make_calls(home: _Home, call: RowCall, rows: Iterable[int], at_once: int) -> list[_Given]:
    """Make the calls of `rows`, on a worker; what each gave."""
    shared = _homes.setdefault(home.key, home)
    while len(_homes) > _HOMES:
        _homes.popitem(last=False)
    shared.collection.limiter = shared.limiter
    call.collection = shared.collection
    given: list[_Given] = []
    with Crew(call.collection, at_once) as crew:
        for row, result in crew.in_order(call.make, list(rows), weight_of):
            given.append((row, _told(call, row, result)))
            if isinstance(given[-1][1], BaseException):
                break  # the next row would meet it too
    return given


def _told(call: RowCall, row: int, result: Result | BaseException) -> Result | Failure | BaseException:
    """What travels back: an answer, a failure, or an error that ends the sweep."""
    if not isinstance(result, BaseException):
        return result
    if isinstance(result, AuthError | FenceError | UsageError) or not isinstance(result, ApiConnError):
        return result
    return call.failure(row, result)
