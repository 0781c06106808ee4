"""Worker threads with a client each: pages ahead of their turn, and sweeps.

One client per thread, over one TLS context: a shared pool of httpx takes its lock for every call and serves 32 threads
noticeably worse (tests/benchmarks/concurrency.py).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import httpx

from apiconn_nb.sending import Sent
from apiconn_nb.transport import Door, Pool

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection

P = ParamSpec("P")
T = TypeVar("T")


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

    def in_order(self, tasks: Iterable[Callable[[], T]]) -> Iterator[T | BaseException]:
        """What each task returns or raises, in order. At most twice `size` of them are ahead of the reader."""
        ahead: deque[Future[T]] = deque()
        for task in tasks:
            ahead.append(self.submit(task))
            if len(ahead) >= 2 * self.size:
                yield from _outcome(ahead.popleft())
        while ahead:
            yield from _outcome(ahead.popleft())

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


def _outcome(future: Future[T]) -> Iterator[T | BaseException]:
    while not future.done():  # in slices: on Windows an endless wait cannot be interrupted
        wait((future,), timeout=1.0)
    error = future.exception()
    yield future.result() if error is None else error
