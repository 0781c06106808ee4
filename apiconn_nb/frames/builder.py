"""Answers → one table: page by page, or as a stream comes in."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pandas as pd

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import documents, tabular, xml
from apiconn_nb.frames.children import ChildTables
from apiconn_nb.frames.content import Kind, kind_of, media_type
from apiconn_nb.frames.encoding import text_of
from apiconn_nb.frames.events import events_of
from apiconn_nb.frames.flatten import Node, add_rows, forget
from apiconn_nb.frames.options import DEFAULT, FrameOptions
from apiconn_nb.frames.pins import pinned
from apiconn_nb.frames.raw import Raw
from apiconn_nb.frames.reshape import explode, wide
from apiconn_nb.frames.rest import rest_of
from apiconn_nb.frames.rows import Found, find_rows, found_again
from apiconn_nb.frames.table import Table
from apiconn_nb.frames.typed import typed_columns

_TABULAR = {"csv", "tsv", "excel", "parquet", "arrow"}


def to_frame(
    content: bytes, *, content_type: str = "", records: str | None = None, options: FrameOptions = DEFAULT
) -> Table:
    """One answer as a table.

    `content`: the decoded body. `content_type`: its Content-Type header. `records`: a JMESPath to the rows, where they
    are not to be looked for. Raises FrameError, one line, when the answer cannot become a table.
    """
    builder = FrameBuilder(records=records, options=options)
    builder.add(content, content_type)
    return builder.finish()


class FrameBuilder:
    """A table from several answers: pages (`add`) or a stream of NDJSON or events (`feed`).

    Each answer is turned into typed columns and let go of at once: memory grows with the frame, not with the answers.
    `raw` is where the bytes are kept (None: in a `Raw` of its own).
    """

    def __init__(self, *, records: str | None = None, options: FrameOptions = DEFAULT, raw: Raw | None = None) -> None:
        self.rows = 0
        self._records = records
        self._options = options
        self._keeps = raw is None
        self._raw = Raw() if raw is None else raw
        self._root = Node()
        self._founds: list[Found] = []
        self._notes: dict[str, None] = {}
        self._frames: list[pd.DataFrame] = []
        self._sheets: dict[str, pd.DataFrame] = {}
        self._kind: Kind | None = None
        self._stayed = 0
        self._unread = b""
        self._stream_type = ""

    def add(self, content: bytes, content_type: str = "") -> int:
        """Add one answer (one page). Returns how many rows it had; on an error nothing of it is added."""
        kind = kind_of(content, content_type)
        with _uncollected():
            rows = self._add(content, content_type, kind)
        if self._keeps:
            self._raw.add(content, content_type)
        return rows

    def feed(self, content: bytes, content_type: str = "application/x-ndjson") -> int:
        """Add the next piece of a stream of NDJSON or of events, cut anywhere. Returns how many rows came with it."""
        if self._keeps:
            if self._stream_type:
                self._raw.extend(content)
            else:
                self._raw.add(content, content_type)
        self._stream_type = content_type
        end = b"\n\n" if media_type(content_type) == "text/event-stream" else b"\n"
        whole, cut, self._unread = (self._unread + content.replace(b"\r\n", b"\n")).rpartition(end)
        return self._feed(whole + cut)

    def finish(self) -> Table:
        """The table of all that was added."""
        if self._unread.strip():
            unread, self._unread = self._unread, b""
            self._feed(unread + b"\n\n")
        with _uncollected():
            return self._finished()

    def _feed(self, whole: bytes) -> int:
        if not whole.strip():
            return 0
        kind: Kind = "events" if media_type(self._stream_type) == "text/event-stream" else "ndjson"
        with _uncollected():
            return self._add(whole, self._stream_type, kind)

    def _add(self, content: bytes, content_type: str, kind: Kind) -> int:
        if kind == "empty":
            self._note("the answer is empty")
            return 0
        tabular = kind in _TABULAR
        if self._kind is not None and tabular != (self._kind in _TABULAR):
            raise FrameError(f"This page is {kind}, the ones before it were {self._kind}: they are no one table.")
        rows = (
            self._add_table(content, content_type, kind) if tabular else self._add_document(content, content_type, kind)
        )
        self._kind = kind
        self.rows += rows
        return rows

    def _add_table(self, content: bytes, content_type: str, kind: Kind) -> int:
        match kind:
            case "csv" | "tsv":
                frame, notes = tabular.separated(content, content_type, tab=kind == "tsv")
                self._note(*notes)
            case "excel":
                sheets = tabular.excel(content)
                taken = next((name for name, sheet in sheets.items() if len(sheet)), next(iter(sheets)))
                frame = sheets.pop(taken)
                self._sheets.update(sheets)
            case "parquet":
                frame = tabular.parquet(content)
            case _:
                frame = tabular.arrow(content)
        self._frames.append(frame)
        return len(frame)

    def _add_document(self, content: bytes, content_type: str, kind: Kind) -> int:
        document, notes = _document(content, content_type, kind)
        return self._add_found(document, notes)

    def _add_found(self, document: Any, notes: Sequence[str]) -> int:
        found = self._find(document)
        rows = list(found.rows)
        if self._options.explode is not None:
            rows = explode(rows, self._options.explode)
        if self._options.wide is not None:
            rows, stayed = wide(rows, self._options.wide)
            self._stayed += stayed
        try:
            add_rows(self._root, rows, self.rows)
        except BaseException as error:
            forget(self._root, self.rows)
            if isinstance(error, RecursionError):
                raise documents.too_deep() from None
            raise
        self._founds.append(replace(found, rows=()))
        self._note(*notes)
        return len(rows)

    def _find(self, document: Any) -> Found:
        if not self._founds or self._records is not None:
            return self._asked(document)
        first = self._founds[0]
        again = found_again(document, first)
        if again is not None:
            return again
        found = find_rows(document)
        if found.path != first.path and found.count:
            self._note(f"rows of page {len(self._founds) + 1} are from {found.path}, of the first from {first.path}")
        return found

    def _asked(self, document: Any) -> Found:
        try:
            return find_rows(document, self._records)
        except FrameError:
            if not self._founds:
                raise
            self._note(f"page {len(self._founds) + 1} has nothing at {self._founds[0].path}")
            return replace(self._founds[0], count=0, rows=())

    def _note(self, *notes: str) -> None:
        self._notes.update(dict.fromkeys(notes))

    def _finished(self) -> Table:
        found = self._found()
        if self._frames:
            frame, tables = self._finished_tables()
        else:
            typed = typed_columns(self._root, self.rows, self._options)
            frame = typed.frame()
            self._note(*typed.notes)
            tables = ChildTables(typed, self._options, lambda: rest_of(self._raw, self._options, found))
        if self._stayed:
            self._note(f"{self._stayed} lists of more than {self._options.wide} elements stay lists")
        if not self.rows and "the answer is empty" not in self._notes:
            self._note(f"no rows at {found.path}")
        if self._options.columns is not None:
            frame, drift = pinned(frame, self._options.columns, self._options.strict)
            self._note(*drift)
        if self._raw.lost:
            self._note(self._raw.lost)
        return Table(frame, found, tables, list(self._notes), self._raw, self._reshape)

    def _finished_tables(self) -> tuple[pd.DataFrame, Mapping[str, pd.DataFrame]]:
        frame = self._frames[0] if len(self._frames) == 1 else pd.concat(self._frames, ignore_index=True)
        if self._kind in {"csv", "tsv"}:
            frame = tabular.infer(frame, self._options.dates)
        return frame, MappingProxyType(self._sheets)

    def _found(self) -> Found:
        """Where the rows of all pages were; what else there was is counted over the pages."""
        if not self._founds:
            return Found("$", "table", self.rows)
        also: dict[str, int] = {}
        for found in self._founds:
            for path, count in found.also:
                also[path] = also.get(path, 0) + count
        first = next((found for found in self._founds if found.count), self._founds[0])
        return replace(first, count=sum(found.count for found in self._founds), also=tuple(also.items()))

    def _reshape(self, records: str | None = None, explode: str | None = None, wide: int | None = None) -> Table:
        """Another table of the same bytes."""
        options = replace(self._options, explode=explode, wide=wide, columns=None, strict=False)
        builder = FrameBuilder(
            records=records if records is not None else self._records, options=options, raw=self._raw
        )
        for content, content_type in self._raw.pages():
            if self._stream_type:
                builder.feed(content, self._stream_type)
            else:
                builder.add(content, content_type)
        return builder.finish()


def _document(content: bytes, content_type: str, kind: Kind) -> tuple[Any, list[str]]:
    """The document of an answer that is no table, and notes."""
    match kind:
        case "json":
            return documents.document_of(content, content_type)
        case "ndjson":
            return documents.lines_of(content, content_type)
        case "xml":
            return xml.document_of(content), []
        case "events":
            text, notes = text_of(content, content_type)
            events, _ = events_of(text if text.endswith("\n\n") else text + "\n\n")
            return events, notes
        case "text":
            text, notes = text_of(content, content_type)
            return [{"text": line} for line in text.splitlines()], notes
        case "html":
            raise FrameError("The answer is a web page, not data; --as text shows it. Is this an API's address?")
        case "image":
            raise FrameError("The answer is an image, not data; --as auto shows it, --as bytes gives its bytes.")
    raise FrameError("The answer is neither data nor text; --as bytes gives it as it came.")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Garbage collection paused: millions of new values, none of them garbage, would be walked again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
