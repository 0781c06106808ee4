"""What every paginator does: ask for the next page, and notice when there is none, or when a server goes in circles."""

from __future__ import annotations

import copy
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

import httpx

from apiconn_nb.errors import UsageError
from apiconn_nb.paging.envelope import count_rows, rows_of
from apiconn_nb.paging.text_rows import count_text_rows
from apiconn_nb.paging.urls import BadLink, Series, identity

CAP = 10_000  # pages of one walk, unless the person says more
EMPTY = "an empty page"
EMPTY_PAGES = 10  # in a row, where the server says each time that there is more (Google's AIP-158 allows them)
_SAMPLE = 20  # rows from each end stand for the content of a page


@dataclass
class Paginator(ABC):
    """One walk over the pages of one call: how the next page is asked for, and why the walk ended.

    Its dataclass fields say *how* (compare, `spec`, save with the call); the rest is the state of the walk, and
    travels in a pickle so that a walk can be resumed. Pure: no request is sent here.

    Parameters: `strip_query`, names of query parameters to drop from next URLs (those in which credentials travel);
    `cap`, pages after which the walk ends whatever the server says; `guess`, set by detection where the answer does
    not itself say that there is more.
    """

    kind: ClassVar[str]
    reads_document: ClassVar[bool] = True  # False: `advance` needs no parsed body
    ends_when_empty: ClassVar[bool] = False

    strip_query: frozenset[str] = field(default=frozenset(), kw_only=True, compare=False, repr=False)
    cap: int = field(default=CAP, kw_only=True, compare=False, repr=False)
    guess: bool = field(default=False, kw_only=True, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self.stopped = ""
        self.nothing_new = False
        self.pages_seen = 0
        self.rows_seen = 0
        self._empty = 0
        self._asked: set[bytes] = set()
        self._shown: dict[bytes, int] = {}
        self._last: httpx.Request | None = None

    # What a kind says about itself.

    @property
    @abstractmethod
    def spec(self) -> str:
        """This paginator as ``--paginate`` takes it: ``paginator_named(p.spec) == p``."""

    @abstractmethod
    def describe(self) -> str:
        """How the next page is asked for, in words for the status line."""

    @abstractmethod
    def _next(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> httpx.Request | str:
        """The request after `request`, or the reason why there is none."""

    def _ahead(self, skip: int) -> Iterator[httpx.Request]:
        """The requests of the pages after the last one seen, where the kind can know them, without the first `skip`."""
        return iter(())

    def total_pages(self) -> int | None:
        """How many pages this walk has from its first request on, as far as the answers tell; else None."""
        return None

    def page(self, request: httpx.Request, n: int) -> httpx.Request:
        """The request for the `n`-th page of the walk (from 1) whose first request is `request`.

        Raises UsageError for kinds that reach a page only through the one before.
        """
        raise UsageError(f"Page {n} cannot be asked for directly: this API pages by {self.describe()}.")

    # What drives it.

    def advance(
        self, request: httpx.Request, response: httpx.Response, document: Any, rows: int | None = None
    ) -> httpx.Request | None:
        """Take note of a page and return the request for the one after it; None ends the walk (`stopped` says why).

        Called once a page, in order, also for pages that were fetched ahead. `document` is the parsed body (None for
        a body that is no JSON), `rows` how many rows the page gave (None: counted here). Where `nothing_new`
        is set after the call, the page held what an earlier one held, or is the empty one after the last.
        """
        if self.stopped:
            return None
        count = rows_on(response, document) if rows is None else rows
        self.pages_seen += 1
        self._last = request
        self._asked.add(_digest(identity(request)))
        reason = self._in_circles(response, document, count)
        if reason:
            self.nothing_new = True
            self.stopped = reason
            return None
        self.rows_seen += count
        self._empty = 0 if count else self._empty + 1
        try:
            following = self._next(request, response, document, count)
        except BadLink as error:
            following = str(error)
        self.stopped = following if isinstance(following, str) else self._enough(following)
        self.nothing_new = self.stopped == EMPTY and self.pages_seen > 1
        return None if self.stopped or isinstance(following, str) else following

    def pages_ahead(self, skip: int = 0) -> Iterator[httpx.Request]:
        """The requests of the pages after the last one seen, in order, where their number is known; else nothing.

        They may be sent at once. They are a forecast: the request that `advance` returns decides, and where it is not
        the one forecast, what was fetched ahead is dropped. The first `skip` of them are left out (making one costs).
        """
        return iter(()) if self.stopped else self._ahead(skip)

    def as_it_is(self) -> Self:
        """A copy that goes on from here, also when the next page has been shown to this one."""
        return copy.copy(self)  # shallow: what both have seen is shared, and `_in_circles` knows the page's number

    def fresh(self) -> Self:
        """The same paginator at the start of a walk."""
        return type(self)(**{each.name: getattr(self, each.name) for each in fields(self)})

    def _in_circles(self, response: httpx.Response, document: Any, rows: int) -> str:
        """Why this page is an earlier one again, empty when it is not."""
        print_ = self._fingerprint(response, document) if rows else b""
        if not print_:
            return ""
        earlier = self._shown.get(print_, self.pages_seen)
        if earlier >= self.pages_seen:  # the page itself, given back and fetched again
            self._shown[print_] = self.pages_seen
            return ""
        return f"page {self.pages_seen} repeats page {earlier}"

    def _fingerprint(self, response: httpx.Response, document: Any) -> bytes:
        """What a page holds, as 16 bytes; empty where that cannot be told.

        The whole body: where the server itself names the next page, two pages may well hold equal rows.
        """
        try:
            return hashlib.blake2b(response.content, digest_size=16).digest()
        except httpx.ResponseNotRead:
            return b""

    def _enough(self, following: httpx.Request) -> str:
        """Why `following` is not asked for although the kind would, empty when it is."""
        if self._empty and self.ends_when_empty:
            return EMPTY
        if self._empty >= EMPTY_PAGES:
            return f"{EMPTY_PAGES} empty pages in a row"
        if _digest(identity(following)) in self._asked:
            return "the server names the same next page again"
        if self.pages_seen >= self.cap:
            return f"the cap of {self.cap:,} pages"
        return ""


def rows_on(response: httpx.Response, document: Any) -> int:
    """How many rows the page holds, where nobody has counted them yet."""
    return count_text_rows(response) if document is None else count_rows(document)


def rows_fingerprint(document: Any) -> bytes:
    """The rows of a page as 16 bytes (their number, the first and the last ones); empty where there are none.

    For pages that *we* number: a server that ignores the number sends the same rows, perhaps beside another clock.
    """
    rows = rows_of(document)
    if rows is None or not rows.items:
        return b""
    head, tail = rows.items[:_SAMPLE], rows.items[-_SAMPLE:]
    if len(rows.items) > 1 and all(row == head[0] for row in (*head, *tail)):
        return b""  # a stretch of zeros is followed by a stretch of zeros: equal rows prove nothing
    try:
        return _digest((len(rows.items), head, tail))
    except (ValueError, RecursionError):  # repr() refuses integers of more than 4,300 digits
        return b""


def _digest(value: object) -> bytes:
    return hashlib.blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def series_pages(series: Series | None, seen: int) -> int | None:
    """The pages of a walk of which `seen` are known and `series` are to come."""
    return None if series is None else seen + series.count
