"""Answers → one table: page by page, or as a stream comes in."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType

import pandas as pd

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import tabular
from apiconn_nb.frames.answers import TABULAR, table_of
from apiconn_nb.frames.children import ChildTables
from apiconn_nb.frames.content import Kind, kind_of, media_type
from apiconn_nb.frames.gathered import Gathered
from apiconn_nb.frames.options import DEFAULT, FrameOptions
from apiconn_nb.frames.pins import pinned
from apiconn_nb.frames.raw import Raw
from apiconn_nb.frames.rest import rest_of
from apiconn_nb.frames.rows import Found
from apiconn_nb.frames.table import Table

EMPTY = "the answer is empty"
TOO_MUCH = (
    "The table does not fit into this machine's memory: ask for fewer rows or columns at a time. "
    "--as bytes gives the answer as it came."
)
_MANY = 25_000  # objects


def to_frame(
    content: bytes, *, content_type: str = "", records: str | None = None, options: FrameOptions = DEFAULT
) -> Table:
    """One answer as a table.

    `content`: the decoded body. `content_type`: its Content-Type header. `records`: a JMESPath to the rows, where they
    are not to be looked for. Raises FrameError, one line, when the answer cannot become a table, or the memory is full.
    """
    builder = FrameBuilder(records=records, options=options)
    with _uncollected():
        builder.add(content, content_type)
        return builder.finish()


class FrameBuilder:
    """A table from several answers: pages (`add`), or a stream of NDJSON or events (`feed`).

    Each answer is turned into typed columns and let go of at once: memory grows with the frame, not with the answers.
    `raw` holds their bytes already (a reshape); else they are kept in a `Raw` of the builder's own.
    """

    def __init__(self, *, records: str | None = None, options: FrameOptions = DEFAULT, raw: Raw | None = None) -> None:
        self._records = records
        self._options = options
        self._keeps = raw is None
        self._raw = Raw() if raw is None else raw
        self._gathered = Gathered(records, options)
        self._frames: list[pd.DataFrame] = []
        self._tabular_rows = 0
        self._sheets: dict[str, pd.DataFrame] = {}
        self._notes: dict[str, None] = {}
        self._kind: Kind | None = None
        self._unread = b""
        self._stream_type = ""

    @property
    def rows(self) -> int:
        """How many rows there are so far."""
        return self._gathered.rows + self._tabular_rows

    def add(self, content: bytes, content_type: str = "") -> int:
        """Add one answer (one page). Returns how many rows it had; on an error nothing of it is added."""
        rows = self._add(content, content_type, kind_of(content, content_type))
        if self._keeps:
            self._raw.add(content, content_type)
        return rows

    def feed(self, content: bytes, content_type: str = "application/x-ndjson") -> int:
        """Add the next piece of a stream of NDJSON or of events, cut anywhere. Returns how many rows came with it."""
        if self._keeps:
            if not self._stream_type:
                self._raw.add(b"", content_type)
            self._raw.extend(content)
        self._stream_type = content_type
        end = b"\n" if self._streamed() == "ndjson" else b"\n\n"
        whole, cut, self._unread = (self._unread + content).replace(b"\r\n", b"\n").rpartition(end)
        return self._add(whole + cut, content_type, self._streamed()) if whole.strip() else 0

    def finish(self) -> Table:
        """The table of all that was added."""
        if self._unread.strip():
            unread, self._unread = self._unread, b""
            self._add(unread, self._stream_type, self._streamed())
        with _building():
            return self._finished()

    def _streamed(self) -> Kind:
        return "events" if media_type(self._stream_type) == "text/event-stream" else "ndjson"

    def _add(self, content: bytes, content_type: str, kind: Kind) -> int:
        if kind == "empty":
            self._notes[EMPTY] = None
            return 0
        if self._kind is not None and (kind in TABULAR) != (self._kind in TABULAR):
            raise FrameError(f"This page is {kind}, the ones before it were {self._kind}: they are no one table.")
        with _building():
            if kind in TABULAR:
                sheet = table_of(content, content_type, kind)
                self._frames.append(sheet.frame)
                self._tabular_rows += len(sheet.frame)
                self._sheets.update(sheet.others)
                self._notes.update(dict.fromkeys(sheet.notes))
                rows = len(sheet.frame)
            else:
                rows = self._gathered.add(content, content_type, kind)
        self._kind = kind
        return rows

    def _finished(self) -> Table:
        tables: Mapping[str, pd.DataFrame]
        if self._frames:
            frame, tables = self._joined(), MappingProxyType(self._sheets)
            found = Found("$", "table", len(frame))
        else:
            typed, found = self._gathered.finish(), self._gathered.found()
            frame = typed.frame()
            tables = ChildTables(typed, self._options, lambda: rest_of(self._raw, self._options, found))
        notes = self._notes | self._gathered.notes
        if not len(frame) and EMPTY not in notes:
            notes[f"no rows at {found.path}"] = None
        if self._options.columns is not None:
            frame, drift = pinned(frame, self._options.columns, self._options.strict)
            notes.update(dict.fromkeys(drift))
        if self._raw.lost:
            notes[self._raw.lost] = None
        return Table(frame, found, tables, list(notes), self._raw, self._reshape)

    def _joined(self) -> pd.DataFrame:
        frame = self._frames[0] if len(self._frames) == 1 else pd.concat(self._frames, ignore_index=True)
        self._frames = []
        return tabular.infer(frame, self._options.dates) if self._kind in {"csv", "tsv"} else frame

    def _reshape(self, records: str | None = None, explode: str | None = None, wide: int | None = None) -> Table:
        """Another table of the same bytes."""
        builder = FrameBuilder(
            records=self._records if records is None else records,
            options=replace(self._options, explode=explode, wide=wide, columns=None, strict=False),
            raw=self._raw,
        )
        for content, content_type in self._raw.pages():
            if self._stream_type:
                builder.feed(content, self._stream_type)
            else:
                builder.add(content, content_type)
        return builder.finish()


@contextmanager
def _building() -> Iterator[None]:
    """`_uncollected`, and a full memory is a FrameError, which lets go of what was half made."""
    try:
        with _uncollected():
            yield
    except MemoryError:
        raise FrameError(TOO_MUCH) from None


@contextmanager
def _uncollected() -> Iterator[None]:
    """Garbage collection paused: millions of new values, none of them garbage, would be walked again and again.

    Many of them are then put among the old objects at once; else the next collection would walk them all, in a tenth of
    the time that it took to make them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
