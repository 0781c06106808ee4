"""Driving a paginator: the pages of a call, one after the other or ahead of their turn, always in order.

No request is sent here: `fetch` is the caller's, and so is what a page is turned into.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from apiconn_nb.paging.base import Paginator
from apiconn_nb.paging.detect import find_paginator
from apiconn_nb.paging.urls import same_target

HELD = 1 << 26  # bytes that pages fetched ahead may take, as far as their number can be chosen
PARSED = 8  # times its bytes
GIVE_WAY = 0.0005  # seconds in which the threads send their requests, before this one makes columns of a page


class Answer(NamedTuple):
    """What `fetch` gives back: the response (read), the parsed body (None: no JSON) and its rows (None: unknown)."""

    response: httpx.Response
    document: Any = None
    rows: int | None = None


class Page(NamedTuple):
    """One page of the walk, in order; `number` counts from 1."""

    number: int
    request: httpx.Request
    response: httpx.Response
    document: Any
    rows: int | None


class Pages(Iterator[Page]):
    """The pages of a call: ``for page in Pages(first, fetch, limit=None): …``.

    While the loop body works on a page, the next one is being fetched; where the number of pages is known, up to
    `concurrency` of them are. A page fetched ahead is used only when it is the one that the page before it asks for.

    When `fetch` raises (or the reader interrupts), the error leaves the loop; the pages before it were given, and
    ``next(pages)`` (or another ``for``) goes on with the page that failed. `pending` is its request; with `paginator`
    and `number` it is all that a new `Pages` needs to resume, in another process too (all three pickle).

    Parameters:
        first: the request for the first page.
        fetch: sends a request and gives an `Answer`; called from worker threads when pages are fetched ahead.
        limit: pages to give at most; None for all.
        paginator: as saved or asked for; None finds it by looking at the first page.
        strip_query: names of query parameters to drop from next URLs, see `find_paginator`.
        concurrency: pages under way at once; 1 fetches in the caller's thread, each page when it is asked for.
        number: pages that were given before (to resume).
        executor: where to run `fetch`; None makes a thread pool when the second page is wanted, and ends it.

    After the loop: `stopped` says why it ended, "" where `limit` ended it; `more` is whether there is more (None:
    perhaps); `paginator`, `total_pages` and `number` say what the status line needs.
    """

    def __init__(
        self,
        first: httpx.Request,
        fetch: Callable[[httpx.Request], Answer],
        *,
        limit: int | None = 1,
        paginator: Paginator | None = None,
        strip_query: Iterable[str] = (),
        concurrency: int = 8,
        number: int = 0,
        executor: Executor | None = None,
    ) -> None:
        self.pending: httpx.Request | None = first
        self.paginator = paginator
        self.limit = limit
        self.number = number
        self._fetch = fetch
        self._strip = frozenset(strip_query)
        self._concurrency = max(1, concurrency)
        self._executor = executor
        self._pool: ThreadPoolExecutor | None = None
        self._ahead: deque[tuple[httpx.Request, Future[Answer]]] = deque()
        self._stopped = ""
        self._given: tuple[httpx.Request, Paginator | None, int] | None = None
        if paginator is not None:
            paginator.strip_query |= self._strip

    @property
    def stopped(self) -> str:
        """Why there are no more pages, in words; "" while there may be."""
        return self._stopped

    @property
    def more(self) -> bool | None:
        """Whether pages are left: None where the answer does not say so itself."""
        if self.pending is None:
            return False
        return None if self.paginator is None or self.paginator.guess else True

    @property
    def total_pages(self) -> int | None:
        """How many pages there are, where that is known."""
        return self.paginator.total_pages() if self.paginator else (self.number if self.pending is None else None)

    def __next__(self) -> Page:
        request = self.pending
        if request is None or (self.limit is not None and self.number >= self.limit):
            self.close()
            raise StopIteration
        answer = self._answer(request)
        before = (request, None if self.paginator is None else self.paginator.as_it_is(), self.number)
        self.number += 1
        following = self._following(request, answer)
        if self.paginator is not None and self.paginator.nothing_new:
            self.number -= 1
            self.close()
            raise StopIteration
        if following is None or self.limit == self.number:
            self.close()
        else:
            self._look_ahead(following, _size_of(answer.response))
        self._given = before
        return Page(self.number, request, answer.response, answer.document, answer.rows)

    def give_back(self) -> None:
        """The page given last could not be used: it is the one that a new `Pages` goes on with."""
        if self._given is not None:
            self.pending, self.paginator, self.number = self._given
            self._given, self._stopped = None, ""
            self._drop()

    def _answer(self, request: httpx.Request) -> Answer:
        if not self._ahead or not same_target(self._ahead[0][0], request):
            return self._fetch(request)
        future = self._ahead[0][1]
        while not future.done():  # in slices: on Windows an endless wait cannot be interrupted
            wait((future,), timeout=1.0)
        self._ahead.popleft()
        return future.result()

    def _following(self, request: httpx.Request, answer: Answer) -> httpx.Request | None:
        response, document, rows = answer
        if self.paginator is None:
            self.paginator = find_paginator(request, response, document, rows, strip_query=self._strip)
        if self.paginator is None:
            self.pending, self._stopped = None, "one page"
            return None
        self.pending = self.paginator.advance(request, response, document, rows)
        self._stopped = self.paginator.stopped
        return self.pending

    def _look_ahead(self, following: httpx.Request, size: int) -> None:
        """Have the next page fetched while this one is worked on, and those after it where they are known."""
        if self._concurrency == 1 or self.paginator is None:
            return
        if self._ahead and not same_target(self._ahead[0][0], following):
            self._drop()
        if not self._ahead:
            self._send(following)
        # Twice as many as threads: a page that waits for its turn must not keep a thread from the next one.
        # A parsed page takes several times its bytes, and what waits must not outgrow the table.
        room = min(2 * self._concurrency, max(2, HELD // (PARSED * size or 1)))
        if self.limit is not None:
            room = min(room, self.limit - self.number)
        if len(self._ahead) >= room:
            return
        # Of those sent the last alone is compared: each of them is when its turn comes.
        forecast = self.paginator.pages_ahead(len(self._ahead) - 1)
        if not same_target(self._ahead[-1][0], next(forecast, following)):
            return  # it has changed: page by page from here
        for request in islice(forecast, room - len(self._ahead)):
            self._send(request)
        time.sleep(GIVE_WAY)

    def _send(self, request: httpx.Request) -> None:
        if self._executor is None:
            self._executor = self._pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="apiconn-page")
        self._ahead.append((request, self._executor.submit(self._fetch, request)))

    def _drop(self) -> None:
        for _, future in self._ahead:
            future.cancel()
        self._ahead.clear()

    def close(self) -> None:
        """Forget what was fetched ahead and end the threads made here (each when its request is over)."""
        self._drop()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._executor = self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _size_of(response: httpx.Response) -> int:
    try:
        return len(response.content)
    except httpx.ResponseNotRead:
        return 0
