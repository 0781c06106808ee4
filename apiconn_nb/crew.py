"""Worker threads with a client each: pages ahead of their turn, and sweeps.

One client per thread, over one TLS context: a shared pool of httpx takes its lock for every call and serves 32 threads
noticeably worse (tests/benchmarks/concurrency.py).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import httpx

from apiconn_nb.sending import Sent
from apiconn_nb.transport import Door, Pool

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection

P = ParamSpec("P")
K = TypeVar("K")
T = TypeVar("T")

AHEAD = 64  # answers for each thread
HELD = 1 << 26  # bytes of answers that wait to be read


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
    for each thread, while what they gave weighs less than `HELD` together.
    """

    def __init__(self, crew: Crew, task: Callable[[Crew, K], T], items: Sequence[K], weigh: Callable[[T], int]) -> None:
        self._crew = crew
        self._task = task
        self._todo = iter(items)
        self._weigh = weigh
        self._ahead: deque[tuple[K, Future[T]]] = deque()
        self._given = 0
        self._weight = 0.0  # of one answer, on average

    def __next__(self) -> tuple[K, T | BaseException]:
        self._send()
        if not self._ahead:
            raise StopIteration
        item, future = self._ahead[0]
        while not future.done():  # in slices: on Windows an endless wait cannot be interrupted
            wait((future,), timeout=1.0)
        self._ahead.popleft()
        result: T | BaseException = _result_of(future)
        self._given += 1
        if not isinstance(result, BaseException):
            self._weight += (self._weigh(result) - self._weight) / self._given
        return item, result

    def _send(self) -> None:
        room = 2 * self._crew.size
        if self._weight:
            room = max(room, min(AHEAD * self._crew.size, int(HELD / self._weight)))
        while len(self._ahead) < room:
            for item in self._todo:
                self._ahead.append((item, self._crew.submit(self._task, self._crew, item)))
                break
            else:
                return

    def finished(self) -> Iterator[tuple[K, T | BaseException]]:
        """What those gave that were not read any more; to be asked when the crew has been shut down."""
        while self._ahead:
            item, future = self._ahead.popleft()
            yield item, _result_of(future)


def _result_of(future: Future[Any]) -> Any:
    try:
        return future.result(timeout=0)
    except BaseException as error:
        return error
