"""Pages that we count ourselves: by page number, or by the offset of the first row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

from apiconn_nb.paging import place, source
from apiconn_nb.paging.base import EMPTY, Paginator, rows_fingerprint
from apiconn_nb.paging.totals import SIZE
from apiconn_nb.paging.urls import place_word

NO_MORE = "the server says that there is no more"


@dataclass
class Numbered(Paginator):
    """What both kinds share. `to` is where the number goes (``query:page``, ``body:offset``), `first` what the API
    calls its first page or row, `size` where the request says how many rows a page has.

    `total` is the source of the number of rows, `more` of a flag that is false on the last page, `echo` of the size
    that the server really uses (it may allow less than was asked for).
    """

    ends_when_empty: ClassVar[bool] = True

    to: str
    first: int = 1
    size: str = ""
    total: str = ""
    more: str = ""
    echo: str = ""

    def _restart(self) -> None:
        super()._restart()
        self._left: int | None = None  # pages after the last one seen
        self._made: dict[int, httpx.Request] = {}

    def _fingerprint(self, response: httpx.Response, document: Any) -> bytes:
        return rows_fingerprint(document) if document is not None else super()._fingerprint(response, document)

    def _in_circles(self, response: httpx.Response, document: Any, rows: int) -> str:
        reason = super()._in_circles(response, document, rows)
        return f"{reason}: the server seems to ignore {place.shown(self.to)}" if reason else ""

    def number_of(self, request: httpx.Request) -> int:
        """The page number or offset that `request` asks for."""
        number = source.as_int(place.value_at(request, self.to))
        return self.first if number is None else number

    def _flag(self, response: httpx.Response, document: Any) -> bool | None:
        return source.as_flag(source.read(self.more, response, document))

    def _is_last(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> bool:
        """Whether the page is short, for an answer in which nothing but its shortness could tell that it is the last.

        A page with a round number of rows may be full: servers cut `limit=1000` down to a round number of their own.
        """
        return 0 < rows < self._told(request, response, document) and not is_round(rows)

    def _told(self, request: httpx.Request, response: httpx.Response, document: Any) -> int:
        """The rows of a page as the server says, else as the request does; 0 where neither does."""
        return source.as_int(source.read(self.echo, response, document)) or self._wanted(request)

    def _wanted(self, request: httpx.Request) -> int:
        if self.size:
            return source.as_int(place.value_at(request, self.size)) or 0
        sizes = (
            source.as_int(value) for name, value in place.query_of(request.url).items() if place_word(name) in SIZE
        )
        return next((size for size in sizes if size), 0)

    def _ahead(self, skip: int) -> Iterator[httpx.Request]:
        if self._last is None or not self._left:
            return
        number, step = self.number_of(self._last), self._stride()
        for n in range(1 + skip, self._left + 1):
            yield self._numbered(self._last, number, number + n * step)

    def _stride(self) -> int:
        """What the number grows by from page to page."""
        return 1

    def _numbered(self, request: httpx.Request, number: int, wanted: int) -> httpx.Request:
        """The request for `wanted`, where `request` asks for `number`.

        Each page is forecast, compared with the forecast and then asked for: its request is made once.
        """
        if self._made.get(number) is not request:
            self._made = {number: request}
        if wanted not in self._made:
            self._made[wanted] = place.put(request, self.to, wanted)
        for passed in [each for each in self._made if each < number]:
            del self._made[passed]
        return self._made[wanted]

    def total_pages(self) -> int | None:
        return None if self._left is None else self.pages_seen + self._left

    def _options(self, **more: str) -> str:
        given = {**more, "size": self.size, "total": self.total, "more": self.more, "echo": self.echo}
        return "".join(f",{name}={value.removeprefix('query:')}" for name, value in given.items() if value)

    def _name(self) -> str:
        return self.to.removeprefix("query:")


def is_round(rows: int) -> bool:
    """Whether `rows` is a number that servers cut pages down to: 20, 25, 100, 128."""
    return rows % 5 == 0 or (rows >= 16 and rows & (rows - 1) == 0)


@dataclass
class PageNumbers(Numbered):
    """Counts pages: ``?page=2``. `pages` is the source of the number of pages, where the server gives it."""

    kind: ClassVar[str] = "page"

    pages: str = ""

    @property
    def spec(self) -> str:
        first = "" if self.first == 1 else f"={self.first}"
        return f"{self.kind}:{self._name()}{first}{self._options(pages=self.pages)}"

    def describe(self) -> str:
        known = self.pages or self.total
        return f"page number {place.shown(self.to)}" + (f" (of {_at(known)})" if known else "")

    def page(self, request: httpx.Request, n: int) -> httpx.Request:
        return place.put(request, self.to, self.number_of(request) + n - 1)

    def _next(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> httpx.Request | str:
        more = self._flag(response, document)
        if more is False:
            return NO_MORE
        done = self.number_of(request) - self.first + 1
        pages = self._pages(request, response, document, rows)
        self._left = None if pages is None else max(0, pages - done)
        if pages is not None and done >= pages:
            return f"all {pages:,} pages" if pages != 1 else "there is one page only"
        if pages is None and more is None and self._is_last(request, response, document, rows):
            return f"the page is not full ({rows:,} rows)"
        number = self.number_of(request)
        return self._numbered(request, number, number + 1)

    def _pages(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> int | None:
        pages = source.as_int(source.read(self.pages, response, document))
        if pages is not None:
            return pages
        total = source.as_int(source.read(self.total, response, document))
        if self.number_of(request) == self.first:
            self._full = rows  # of several pages the first is full
        size = self._full or self._told(request, response, document) or rows
        return None if total is None or not size else -(-total // size)

    def _restart(self) -> None:
        super()._restart()
        self._full = 0


@dataclass
class Offsets(Numbered):
    """Counts rows: ``?offset=100``. `step` is the rows of a page (0: learnt from the first page)."""

    kind: ClassVar[str] = "offset"

    first: int = 0
    step: int = 0

    def _restart(self) -> None:
        super()._restart()
        self._step = self.step

    @property
    def spec(self) -> str:
        first = f"={self.first}" if self.first else ""
        return f"{self.kind}:{self._name()}{first}{self._options(step=str(self.step or ''))}"

    def describe(self) -> str:
        step = f" in steps of {self._step:,}" if self._step else ""
        return f"offset {place.shown(self.to)}{step}" + (f" (of {_at(self.total)})" if self.total else "")

    def page(self, request: httpx.Request, n: int) -> httpx.Request:
        step = self._step or self._wanted(request)
        return place.put(request, self.to, self.number_of(request) + (n - 1) * step) if n > 1 else request

    def _next(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> httpx.Request | str:
        self._step = self._step or self._learnt(request, response, document, rows)
        more = self._flag(response, document)
        if more is False:
            return NO_MORE
        if not self._step:
            return EMPTY
        number = self.number_of(request)
        done = number - self.first + self._step
        total = source.as_int(source.read(self.total, response, document))
        self._left = None if total is None else max(0, -(-(total - done) // self._step))
        if total is not None and done >= total:
            return f"all {total:,} rows"
        if total is None and more is None and self._is_last(request, response, document, rows):
            return f"the page is not full ({rows:,} rows)"
        return self._numbered(request, number, number + self._step)

    def _stride(self) -> int:
        return self._step

    def _learnt(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> int:
        """The rows of a full page: those of the first page when more follow, else as the server or the request says.

        What was given counts more than what was asked for or promised: too short a step repeats rows, too long a
        one loses them.
        """
        told = self._told(request, response, document)
        total = source.as_int(source.read(self.total, response, document))
        done = self.number_of(request) - self.first + rows
        if total is not None and done >= total:
            return told or rows
        return min(told, rows) if told and rows else told or rows


def _at(at: str) -> str:
    return at if at.startswith(source.HEADER) else f"$.{at}"
