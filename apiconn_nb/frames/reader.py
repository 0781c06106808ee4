"""Records, piece by piece, → columns, by a learned shape.

Each piece is decoded straight into structs of the shape, its fields become typed cells, and it is let go of: what lives
is one piece and the columns so far. A piece that does not fit is read generically, exactly as a small answer is, and
widens the shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET
from msgspec.structs import astuple

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import documents
from apiconn_nb.frames.bytepairs import has_tiny
from apiconn_nb.frames.flatten import Node, add_rows, add_values, pack_last
from apiconn_nb.frames.parts import EXACT, Part, pack, typed_part
from apiconn_nb.frames.pieces import Piece, Source
from apiconn_nb.frames.shape import Shape
from apiconn_nb.frames.structs import Plan, Step, compiled

PIECE = 3 * 2**19  # bytes; of more, what is made of them does not stay in the processor's cache
FIRST = 2**18  # bytes; each piece is twice the one before, since one that does not fit is read twice
WIDEN = 12  # times a shape is widened before what does not fit is just read generically


class NotPlain(Exception):
    """Bytes that only the patient reader understands: read the whole answer with that."""


class Reader:
    """Reads records into the tree `root`; what it learned from one page serves the next."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._shape = Shape()
        self._widened = 0
        self._size = min(FIRST, PIECE)
        self._start = 0
        self._lines = False
        self._plan: Plan | None = None

    def read(self, source: Source, sample: Sequence[Any], start: int) -> tuple[int, list[str]]:
        """Put the records into the tree, as rows from `start` on; returns how many, and notes.

        The shape is learned from the `sample` of the records, unless it is known already.

        Raises NotPlain when the text is not what it should be, and pieces.NotCut; the tree then holds rows to be
        forgotten.
        """
        notes: dict[str, None] = {}
        rows = 0
        turned = source.lines != self._lines
        self._start, self._lines = start, source.lines
        if not self._shape.objects:
            self._widen(sample)
        elif turned:
            self._compile()
        while (piece := source.cut(self._size)) is not None:
            added = self._read(piece, start + rows)
            while added is None:
                try:
                    added, more = self._read_generically(piece, start + rows)
                    notes.update(dict.fromkeys(more))
                except FrameError:
                    piece = source.refuse()
                    added = self._read(piece, start + rows)
            rows += added
            self._size = min(2 * self._size, PIECE)
        return rows, list(notes)

    def _read(self, piece: Piece, start: int) -> int | None:
        """How many records were read; None for a piece that does not fit."""
        plan = self._plan
        if plan is None or (plan.may_round and has_tiny(piece)):
            return None
        try:
            records = plan.decode(piece)
        except UnicodeDecodeError:
            raise NotPlain from None
        except msgspec.DecodeError:
            return None
        if not records:
            return 0  # blank lines
        cells = _Cells(piece, start)
        if not cells.take(plan.steps, _columns(records)):
            return None
        cells.put(len(records))
        return len(records)

    def _read_generically(self, piece: Piece, start: int) -> tuple[int, list[str]]:
        rows, notes = rows_in(piece, self._lines)
        add_rows(self._root, rows, start)
        if self._widened < WIDEN:
            self._widened += 1
            self._widen(rows)
        return len(rows), notes

    def _widen(self, rows: Sequence[Any]) -> None:
        self._shape.learn([row for row in rows if type(row) is dict])
        self._compile()

    def _compile(self) -> None:
        self._plan = compiled(self._shape, self._root, self._lines, self._start)


def rows_in(piece: Piece, lines: bool) -> tuple[list[Any], list[str]]:
    """The records of a piece (`pieces.Source`), read generically, and notes.

    Raises FrameError when it is not JSON, NotPlain when it is not UTF-8.
    """
    text = bytes(piece)
    if not text.isascii():
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            # Which encoding it is can only be told for the whole.
            raise NotPlain from None
    return documents.lines_of(text) if lines else documents.document_of(text)


class _Cells:
    """The cells of the records of one piece, as rows from `start` on, until all are known to be right."""

    def __init__(self, piece: Piece, start: int) -> None:
        self._piece = piece
        self._start = start
        self._typed: list[tuple[Node, Part]] = []
        self._others: list[tuple[Node, Sequence[Any]]] = []
        self._has_tiny: bool | None = None

    def take(self, steps: list[Step], columns: Iterable[Sequence[Any]]) -> bool:
        """Take the cells of each field; False when a number among them may not be what stood in the text."""
        for step, values in zip(steps, columns, strict=True):
            match step.kind:
                case "none":
                    continue
                case "object":
                    if None in values and not any(values):
                        continue
                    if not self.take(step.steps, self._inner(step, values)):
                        return False
                case "any":
                    self._others.append((step.node, values))
                case kind:
                    part = typed_part(kind, values, self._start)
                    if kind == "float" and not self._is_exact(part.cells):
                        return False
                    pack([part])
                    self._typed.append((step.node, part))
        return True

    def put(self, rows: int) -> None:
        """Put what was taken into the tree, `rows` cells a column."""
        for node, part in self._typed:
            node.parts.append(part)
        for node, values in self._others:
            add_values(node, values, self._start)
            pack_last(node, rows)

    def _inner(self, step: Step, objects: Sequence[Any]) -> Iterable[Sequence[Any]]:
        """The columns of an object's fields; an empty object is a cell of its own."""
        present = objects
        if None in objects:
            present = [step.absent if value is None else value for value in objects]
        if not step.may_be_empty:
            return _columns(present)
        records = list(map(astuple, present))
        blank = astuple(step.absent)
        if blank in records:
            empty = (record == blank and value is not None for record, value in zip(records, objects, strict=True))
            own: list[Any] = [{} if one else None for one in empty]
            if {} in own:
                self._typed.append((step.node, Part("object", own, self._start, len(own))))
        return ([None if value is UNSET else value for value in values] for values in zip(*records, strict=True))

    def _is_exact(self, numbers: Any) -> bool:
        """Whether none was an integer rounded to a double, or a number rounded to zero."""
        sizes = np.abs(numbers)
        if (sizes >= EXACT).any():
            return False
        if self._has_tiny is None and (sizes == 0).any():
            self._has_tiny = has_tiny(self._piece)
        return not self._has_tiny


def _columns(records: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """The values of each field of structs."""
    return zip(*map(astuple, records), strict=True)
