"""What a call gave: its value, and what there is to say about it in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pandas as pd

from apiconn_nb import recording
from apiconn_nb.answer import shown_url
from apiconn_nb.cache import as_of
from apiconn_nb.errors import FrameError, UsageError
from apiconn_nb.frames import Table, attach, kind_of, text_of
from apiconn_nb.options import As

if TYPE_CHECKING:
    from apiconn_nb.changes import Changes
    from apiconn_nb.live_collection import Collection
    from apiconn_nb.request import Template


@dataclass
class Outcome:
    """What a call gave.

    `value` is what the cell returns; `request` and `response` are the last page's, without secrets; `made` is
    the table where the value is a frame; `changes` is what differs from the previous answer, where that was asked for;
    `partial` says in words why not all is there; `notes` are lines worth knowing.
    """

    collection: Collection
    request: httpx.Request
    response: httpx.Response
    value: Any = None
    kind: str = "frame"
    made: Table | None = None
    pages: int = 1
    calls: int = 1
    title: str = ""
    failed: pd.DataFrame | None = None
    has_more: bool = False
    seconds: float = 0.0
    retries: int = 0
    paging: str = ""
    paged_by: str = ""  # how its pages were found, as `--paginate` takes it
    total_pages: int | None = None
    cached: int = 0  # pages that came from the cache
    stored_at: float | None = None  # seconds since 1970 at which the oldest of them was stored
    confirmed: bool = False
    ended: str = ""  # how an event stream ended, if not by itself
    partial: str = ""
    changes: Changes | None = None
    since: float | None = None  # seconds since 1970 of the answer that it was compared with
    notes: list[str] = field(default_factory=list)
    again: Callable[[], Outcome] | None = field(default=None, repr=False)

    def frame(self) -> pd.DataFrame:
        """The value as a DataFrame. Raises FrameError where the answer is something else."""
        if not isinstance(self.value, pd.DataFrame):
            raise FrameError(f"The answer is {self.kind}, not a table: use send() for the response itself.")
        return self.value

    # What `df.api` asks (frames.accessor.Origin).

    @property
    def table(self) -> Table:
        """The answer as a table. Raises FrameError where it is something else."""
        if self.made is None:
            raise FrameError(f"The answer is {self.kind}, not a table.")
        return self.made

    @property
    def failures(self) -> pd.DataFrame:
        """The calls of a sweep that failed: their parameters, status and reason."""
        return self.failed if self.failed is not None else pd.DataFrame()

    @property
    def provenance(self) -> dict[str, Any]:
        """JSON-safe and without secrets: what goes into ``df.attrs``."""
        about: dict[str, Any] = {
            "collection": self.collection.name,
            "environment": self.collection.environment,
            "request": f"{self.request.method} {shown_url(self.request.url)}",
            "status": self.response.status_code,
            "pages": self.pages,
            "records": self.made.found.path if self.made else "",
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        if self.stored_at is not None:
            about["as_of"] = datetime.fromtimestamp(self.stored_at, UTC).isoformat(timespec="seconds")
        if self.partial:
            about["partial"] = self.partial
        if self.changes is not None:
            about["changes"] = self.changes.describe()
        return about

    def refresh(self) -> pd.DataFrame:
        """The same call again."""
        if self.again is None:
            raise UsageError("This frame's call cannot be made again from here: run its cell.")
        return self.again().frame()

    # The status line.

    def status(self) -> str:
        """The status line: request, status, rows and where they were, time, environment, pages."""
        parts = [f"{self.request.method} {shown_url(self.request.url)}", str(self.response.status_code)]
        if self.calls != 1:
            failed = f" ({len(self.failures):,} failed)" if len(self.failures) else ""
            parts = [self.title, f"{self.calls:,} calls{failed}"]
        if self.partial:
            parts.insert(0, "partial")
        parts += [self._what(), _time(self.seconds), self.collection.environment + self._twins()]
        if self.retries:
            parts.append(f"{self.retries + 1} attempts")
        parts += [self._pages(), self._age(), self.ended, self.partial, recording.note(self.response)]
        return " · ".join(part for part in parts if part)

    def _what(self) -> str:
        if self.made is None:
            return f"{self.kind}, {len(self.response.content):,} bytes"
        rows, columns = self.made.frame.shape
        row_word, column_word = "row" if rows == 1 else "rows", "column" if columns == 1 else "columns"
        what = f"{rows:,} {row_word} × {columns:,} {column_word} {self._from()}"
        if self.changes is None:
            return what
        return f"{what} · {self.changes.describe()}" + (f" since {as_of(self.since)}" if self.since else "")

    def _from(self) -> str:
        found, rows = self.table.found, len(self.table.frame)
        taken, also, others = found.explain().partition("; also ")
        if rows != 1:
            taken = taken.removesuffix(" (1 record)")  # of a sweep each answer was one
        if not also or found.count != rows:  # beside others it says how many these are
            taken = taken.removesuffix(f" ({found.count})")
        return taken + also + others

    def _twins(self) -> str:
        """In the development environment: which fields had no twin, so that the live value was taken."""
        if self.collection.environment != "development" or not self.collection.taken:
            return ""
        live = [name for name, place in self.collection.taken.items() if place == "live"]
        return f" ({', '.join(live)} from live)" if live else ""

    def _pages(self) -> str:
        of = f" of {self.total_pages}" if self.total_pages and self.total_pages >= self.pages else ""
        if self.partial:
            return ""
        if self.has_more:
            return f"page {self.pages}{of}, --pages all for the rest"
        return f"{self.pages}{of} pages ({self.paging})" if self.pages > 1 else ""

    def _age(self) -> str:
        if self.stored_at is None:
            return ""
        answers = max(self.pages, self.calls)
        some = f"{self.cached:,} of {answers:,} " if self.cached < answers else ""
        how = "unchanged on the server" if self.confirmed else "cached; --fresh"
        return f"{some}as of {as_of(self.stored_at)} ({how})"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def not_again(method: str) -> Outcome:
    """What refreshes the frame of an action: nothing does, it would act again. Raises UsageError."""
    raise UsageError(
        f"This call acts ({method}) and is sent once: run its cell for another. If it reads: --use-as data."
    )


def of_no_calls(collection: Collection, template: Template, made: Table) -> Outcome:
    """What a sweep over a table without rows gave: a frame without rows, and nothing was sent."""
    request = httpx.Request(template.method, collection.base_url or "http://localhost")
    outcome = Outcome(collection, request, httpx.Response(200, request=request), made=made, title=template.title)
    outcome.calls = outcome.pages = 0
    outcome.notes.append("The table has no rows: nothing was called.")
    outcome.value = attach(made.frame, outcome)
    return outcome


def plain_value(outcome: Outcome, returned: As, pages: int | None = 1) -> None:
    """Set the value where no frame is wanted: the response, parsed JSON, text, or bytes.

    `pages` were asked for (None: all), and pages make a frame: of anything else the first answer is all there is.
    """
    if pages != 1 and returned != "auto":
        outcome.notes.append(f"--as {returned} is the first answer alone; pages are followed for frames.")
    response = outcome.response
    kind = kind_of(response.content, response.headers.get("Content-Type", ""))
    outcome.kind = kind
    if returned == "response":
        outcome.value = response
    elif returned == "json":
        try:
            outcome.value = json.loads(response.content) if response.content.strip() else None
        except (ValueError, RecursionError) as error:
            raise FrameError(f"The answer is not JSON ({error}): use --as text to see it.") from None
    elif returned == "bytes" or (returned == "auto" and kind in ("image", "binary")):
        outcome.value = response.content
    else:
        outcome.value, notes = text_of(response.content, response.headers.get("Content-Type", ""))
        outcome.notes += notes
