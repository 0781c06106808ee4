"""Long answers: where their rows are is found without decoding them, and then they are read by a learned shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from apiconn_nb.errors import FrameError
from apiconn_nb.frames.content import Kind
from apiconn_nb.frames.flatten import Node, forget
from apiconn_nb.frames.opening import Sample, opening_of
from apiconn_nb.frames.pieces import Lines, NotCut, Slices, Source
from apiconn_nb.frames.reader import NotPlain, Reader, rows_in
from apiconn_nb.frames.rows import Found
from apiconn_nb.frames.sketch import SAMPLE, Cut, sketch_of

OPENED = 2**19  # bytes; a shorter answer is looked through in less time than its beginning is looked at closely
LEARN = 2**17  # bytes the first shape is learned from
SPREAD = 128  # records the first shape is learned from, where all of them are known
_MANY = 1000

_Find = Callable[[Any], tuple[Found, list[str]]]


class Learned:
    """Reads answers into the tree `root`. `find` tells where the rows of a document are, and notes."""

    def __init__(self, root: Node, find: _Find) -> None:
        self._root = root
        self._find = find
        self._reader: Reader | None = None

    def read(self, content: bytes, kind: Kind, start: int) -> tuple[Found, list[str]] | None:
        """Add the rows of an answer, as rows from `start` on; returns where they were, and notes.

        None when it has none that can be read so, or needs the patient reader. On an error none is added.
        """
        try:
            if kind == "ndjson":
                return self._read_lines(content, start)
            try:
                found = self._read_opened(content, start) if len(content) >= OPENED else None
            except NotCut:
                found = None
            return found or self._read_sketched(content, start)
        except (NotPlain, NotCut):
            return None

    def _read_lines(self, content: bytes, start: int) -> tuple[Found, list[str]] | None:
        try:
            rows, seen = rows_in(Lines(content).cut(LEARN) or b"", lines=True)
        except FrameError:
            return None
        sample = Sample(rows[:SAMPLE], content.count(b"\n") + 1)
        found, notes = self._find(sample)
        if found.rows is not sample:
            return None
        added, more = self._rows(Lines(content), rows, start)
        return replace(found, count=added), notes + seen + more

    def _read_opened(self, content: bytes, start: int) -> tuple[Found, list[str]] | None:
        """By the beginning of the answer; whether the rows are where it says shows at the end."""
        opening = opening_of(content)
        if opening is None:
            return None
        try:
            rows, seen = rows_in(opening.elements(content).cut(LEARN) or b"[]", lines=False)
        except FrameError:
            return None
        sample = Sample(rows[:SAMPLE], _MANY)
        if self._found(opening.document(content, sample), sample) is None:
            return None
        with self._whole(start):
            elements = opening.elements(content)
            sample.total, more = self._rows(elements, rows, start)
            found = self._found(opening.whole_document(content, elements.end or 0, sample), sample)
            if found is None:
                raise NotCut
        return found[0], found[1] + seen + more

    def _read_sketched(self, content: bytes, start: int) -> tuple[Found, list[str]] | None:
        document = sketch_of(content)
        if document is None:
            return None
        found, notes = self._find(document)
        if not isinstance(found.rows, Cut):
            return None
        raws = found.rows.raws
        try:
            rows, seen = rows_in(Slices(raws[:: max(1, len(raws) // SPREAD)][:SPREAD]).all(), lines=False)
        except FrameError:
            return None
        _, more = self._rows(Slices(raws), rows, start)
        return found, notes + seen + more

    def _found(self, document: Any, sample: Sample) -> tuple[Found, list[str]] | None:
        """Where the rows of a document are, when they are what the sample stands for."""
        if document is None:
            return None
        try:
            found, notes = self._find(document)
        except FrameError:
            return None
        return (found, notes) if found.rows is sample else None

    def _rows(self, source: Source, sample: Sequence[Any], start: int) -> tuple[int, list[str]]:
        with self._whole(start):
            self._reader = self._reader or Reader(self._root)
            return self._reader.read(source, sample, start)

    @contextmanager
    def _whole(self, start: int) -> Iterator[None]:
        """All that is added in it, or nothing."""
        try:
            yield
        except BaseException:
            forget(self._root, start)
            self._reader = None  # its steps lead to columns that are forgotten
            raise
