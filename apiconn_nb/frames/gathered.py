"""The rows of one document after another, in one tree of columns: found, reshaped where that is asked for, read quickly
where there are many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import documents
from apiconn_nb.frames.answers import document_of
from apiconn_nb.frames.content import Kind
from apiconn_nb.frames.encoding import charset_of
from apiconn_nb.frames.flatten import Node, add_rows, forget
from apiconn_nb.frames.learned import Learned
from apiconn_nb.frames.options import FrameOptions
from apiconn_nb.frames.orient import at
from apiconn_nb.frames.records import is_plain
from apiconn_nb.frames.reshape import explode, wide
from apiconn_nb.frames.rows import Found, Shape, find_rows, found_again, shape_of
from apiconn_nb.frames.typed import Typed, typed_columns

LARGE = 2**20  # bytes; below, learning a shape costs more than it brings
SMALL = 2**15  # bytes
FEW = 8  # rows of a small answer; they wait for others, since to add one costs as much as to add a hundred
WAITING = 256  # rows
BRACES = 64  # in a small answer: it is nested no deeper, and adding its rows later cannot fail
SHAPES = 64


class Gathered:
    """Rows gathered from documents. `records` and `options` as in `builder.to_frame`."""

    def __init__(self, records: str | None, options: FrameOptions) -> None:
        self.rows = 0
        self.notes: dict[str, None] = {}
        self._records = records
        self._options = options
        self._root = Node()
        self._waiting: list[Any] = []  # rows that are counted, and not in the tree yet
        self._alike: dict[Shape, Found] = {}
        self._founds: list[Found] = []
        self._bytes = 0
        self._learned = Learned(self._root, self._find)
        self._stayed = 0
        self._infer = False  # XML has no types

    def add(self, content: bytes, content_type: str, kind: Kind) -> int:
        """Add the rows of one document; returns how many. On an error none is added."""
        self._bytes += len(content)
        self._infer = self._infer or kind == "xml"
        try:
            added = self._read(content, content_type, kind) if self._bytes >= LARGE else None
            if added is None:
                is_small = len(content) <= SMALL and content.count(b"{") <= BRACES
                added = self._add(*document_of(content, content_type, kind), is_small=is_small)
        except RecursionError:
            raise documents.too_deep() from None
        self.rows += added
        return added

    def found(self) -> Found:
        """Where the rows of all documents were; what else there was is counted over all of them."""
        if not self._founds:
            return Found("$", "records", 0)
        also: dict[str, int] = {}
        for found in self._founds:
            for path, count in found.also:
                also[path] = also.get(path, 0) + count
        first = next((found for found in self._founds if found.count), self._founds[0])
        return replace(first, count=sum(found.count for found in self._founds), also=tuple(also.items()))

    def finish(self) -> Typed:
        """The typed columns of all rows; after this nothing can be added."""
        self._put_waiting()
        typed = typed_columns(self._root, self.rows, self._options, self._infer)
        self._note(typed.notes)
        if self._stayed:
            self._note([f"{self._stayed} lists of more than {self._options.wide} elements stay lists"])
        return typed

    def _add(self, document: Any, notes: Iterable[str], *, is_small: bool) -> int:
        found, more = self._find(document)
        rows = list(found.rows)
        if self._options.explode is not None:
            rows = explode(rows, self._options.explode)
        if self._options.wide is not None:
            rows, stayed = wide(rows, self._options.wide)
            self._stayed += stayed
        if is_small and len(rows) <= FEW:
            self._waiting += rows
            if len(self._waiting) >= WAITING:
                self._put_waiting(self.rows + len(rows))
        else:
            self._put_waiting()
            self._put(rows, self.rows)
        self._took(found, [*notes, *more])
        return len(rows)

    def _put_waiting(self, end: int | None = None) -> None:
        """Put the rows that wait into the tree; `end` is the number of rows with them (None: all that are counted)."""
        if self._waiting:
            rows, self._waiting = self._waiting, []
            self._put(rows, (self.rows if end is None else end) - len(rows))

    def _put(self, rows: list[Any], start: int) -> None:
        try:
            add_rows(self._root, rows, start)
        except BaseException:
            forget(self._root, start)
            raise

    def _read(self, content: bytes, content_type: str, kind: Kind) -> int | None:
        """Add the rows by a learned shape; None when they have none, or need the patient reader."""
        if not self._is_plain(content_type, kind):
            return None
        self._put_waiting()
        read = self._learned.read(content, kind, self.rows)
        if read is None:
            return None
        found, notes = read
        self._took(found, notes)
        return found.count

    def _is_plain(self, content_type: str, kind: Kind) -> bool:
        options = self._options
        return (
            kind in {"json", "ndjson"}
            and options.explode is None
            and options.wide is None
            and charset_of(content_type) in {None, "utf-8", "ascii"}
            and (self._records is None or is_plain(self._records))
        )

    def _find(self, document: Any) -> tuple[Found, list[str]]:
        """Where the rows of a document are, and notes."""
        if self._records is not None or not self._founds:
            return self._asked(document)
        first = self._founds[0]
        shape = shape_of(document) if first.kind == "record" else None
        if shape is not None and (known := self._alike.get(shape)) is not None:
            return replace(known, rows=[at(document, known.steps or ())]), []
        if (again := found_again(document, first)) is not None:
            return again, []
        found = find_rows(document)
        if found.path != first.path and found.count:
            page = len(self._founds) + 1
            return found, [f"rows of page {page} are from {found.path}, of the first from {first.path}"]
        if shape is not None and found.kind == "record" and len(self._alike) < SHAPES:
            self._alike[shape] = replace(found, rows=())
        return found, []

    def _asked(self, document: Any) -> tuple[Found, list[str]]:
        try:
            return find_rows(document, self._records), []
        except FrameError:
            if not self._founds:
                raise
            note = f"page {len(self._founds) + 1} has nothing at {self._founds[0].path}"
            return replace(self._founds[0], count=0, rows=()), [note]

    def _took(self, found: Found, notes: Iterable[str]) -> None:
        self._founds.append(replace(found, rows=()))
        self._note(notes)

    def _note(self, notes: Iterable[str]) -> None:
        self.notes.update(dict.fromkeys(notes))
