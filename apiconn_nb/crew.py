"""Worker threads with a client each: pages ahead of their turn, and sweeps.

One client per thread, over one TLS context: a shared pool of httpx takes its lock for every call and serves 32 threads
noticeably worse (tests/benchmarks/concurrency.py).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import httpx

from apiconn_nb.pool import Pool
from apiconn_nb.sending import Sent
from apiconn_nb.transport import Door

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection

P = ParamSpec("P")
K = TypeVar("K")
T = TypeVar("T")

AHEAD = 64  # answers for each thread
HELD = 1 << 26  # bytes of answers that wait to be read
_AFTER_YOU = 0.003  # seconds in which who had the threads started sends what it waits for
_PATIENCE = 0.1  # seconds for which answers may wait for others, and before a stop is noticed


class Crew(Executor):
    """`size` threads that send calls of `collection`, each over a client of its own.

    Leaving it (`with Crew(…)`) lets nothing run on: what waits is dropped, what is under way is cut.
    """

    def __init__(self, collection: Collection, size: int) -> None:
        self.size = max(1, size)
        self._collection = collection
        self._threads = ThreadPoolExecutor(self.size, thread_name_prefix="apiconn-call")
        self._own = threading.local()
        self._pools: list[Pool] = []
        self._clients: list[httpx.Client] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def send(self, request: httpx.Request, **overrides: Any) -> Sent:
        """Send a call over the running thread's client; parameters as for `Collection.deliver`."""
        return self._collection.deliver(request, client=self._client(), stop=self._stopped, **overrides)

    def get_ready(self) -> None:
        """Start the threads while the caller waits for something else: to start one takes as long as half a call."""
        self._threads.submit(self._get_ready, self.size, threading.Event())

    def _get_ready(self, left: int, all_started: threading.Event) -> None:
        if left == self.size:
            self._stopped.wait(_AFTER_YOU)
        self._client()
        with contextlib.suppress(RuntimeError):  # it was left meanwhile
            if left > 1:
                self._threads.submit(self._get_ready, left - 1, all_started)
        if left == 1:
            all_started.set()
        while not all_started.wait(_PATIENCE) and not self.is_stopped:
            pass  # a thread that had nothing to do would be given the next one's task

    @property
    def is_stopped(self) -> bool:
        """Whether it was left."""
        return self._stopped.is_set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a thread run `fn`."""
        return self._threads.submit(fn, *args, **kwargs)

    def in_order(self, task: Callable[[Crew, K], T], items: Sequence[K], weigh: Callable[[T], int]) -> InOrder[K, T]:
        """What ``task(crew, item)`` returns or raises for each item, in order; see `InOrder`."""
        return InOrder(self, task, items, weigh)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        """End the threads: what waits is dropped, what is under way is cut."""
        self._stopped.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            pools, clients = list(self._pools), list(self._clients)
        for pool in pools:
            pool.cut()
        self._threads.shutdown(wait=wait, cancel_futures=True)
        for client in clients:
            client.close()

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._own, "client", None)
        if client is None:
            pool = self._collection.new_pool()
            client = self._own.client = self._collection.new_client(Door(self._collection, pool))
            with self._lock:
                self._pools.append(pool)
                self._clients.append(client)
        return client


class InOrder(Iterator[tuple[K, T | BaseException]]):
    """Pairs of an item and what its task gave, in order, while the tasks after it are made.

    They run ahead of the reader, so that one that waits for its retry does not make the others wait: as many as `AHEAD`
    for each thread, while what they gave weighs less than `HELD` together. Each thread takes one item after the other,
    and the reader is woken for several at once: to hand each over by itself cost as much as to read it.
    """

    def __init__(self, crew: Crew, task: Callable[[Crew, K], T], items: Sequence[K], weigh: Callable[[T], int]) -> None:
        self._crew = crew
        self._task = task
        self._items = items
        self._weigh = weigh
        self._lock = threading.Lock()
        self._come = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._results: dict[int, T | BaseException] = {}
        self._begun = 0
        self._given = 0
        self._allowed = 2 * crew.size  # until it is known what one weighs
        self._weight = 0.0  # of one answer, on average
        for _ in range(min(crew.size, len(items))):
            crew.submit(self._work)

    def __next__(self) -> tuple[K, T | BaseException]:
        if self._given == len(self._items):
            raise StopIteration
        time.sleep(0)  # lets a thread go on whose answer has come
        with self._lock:
            while self._given not in self._results:
                self._come.wait(_PATIENCE)
            result = self._results.pop(self._given)
            item = self._items[self._given]
            self._given += 1
            self._room.notify()
        if not isinstance(result, BaseException):
            self._weight += (self._weigh(result) - self._weight) / self._given
            self._allowed = max(2 * self._crew.size, min(AHEAD * self._crew.size, int(HELD / (self._weight or 1))))
        return item, result

    def finished(self) -> Iterator[tuple[K, T | BaseException]]:
        """What those gave that were not read any more; to be asked when the crew has been shut down."""
        for position in sorted(self._results):
            yield self._items[position], self._results.pop(position)

    # On the threads.

    def _work(self) -> None:
        while (position := self._next_to_begin()) is not None:
            result: T | BaseException
            try:
                result = self._task(self._crew, self._items[position])
            except BaseException as error:
                result = error
            with self._lock:
                self._results[position] = result
                if self._is_worth_a_look():
                    self._come.notify()

    def _next_to_begin(self) -> int | None:
        with self._lock:
            while self._begun - self._given >= self._allowed and not self._crew.is_stopped:
                self._room.wait(_PATIENCE)
            if self._begun == len(self._items) or self._crew.is_stopped:
                return None
            self._begun += 1
            return self._begun - 1

    def _is_worth_a_look(self) -> bool:
        """Whether to wake the reader before its patience ends: for the first ones, a good many, and the last ones."""
        few = self._given < 2 * self._crew.size or self._given + len(self._results) == self._begun
        return few or len(self._results) >= self._crew.size
