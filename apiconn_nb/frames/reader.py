"""Records, piece by piece, → columns, by a learned shape.

Each piece is decoded straight into structs of the shape, its fields become typed cells, and it is let go of: what lives
is one piece and the columns so far. A piece that does not fit is read generically, exactly as a small answer is, and
widens the shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import astuple

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import documents
from apiconn_nb.frames.bytepairs import has_tiny
from apiconn_nb.frames.flatten import Node, add_rows, add_values, pack_last
from apiconn_nb.frames.parts import EXACT, Part, pack, typed_part
from apiconn_nb.frames.pieces import Piece, Source
from apiconn_nb.frames.shape import Shape
from apiconn_nb.frames.structs import Plan, Step, compiled

PIECE = 2**20  # bytes; they and what is made of them stay in the processor's cache
WIDEN = 12  # times a shape is widened before what does not fit is just read generically


class NotPlain(Exception):
    """Bytes that only the patient reader understands: read the whole answer with that."""


class Reader:
    """Reads records into the tree `root`; what it learned from one page serves the next."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._shape = Shape()
        self._widened = 0
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
        while (piece := source.cut(PIECE)) is not None:
            added = self._read(piece, start + rows)
            while added is None:
                try:
                    added, more = self._read_generically(piece, start + rows)
                    notes.update(dict.fromkeys(more))
                except FrameError:
                    piece = source.refuse()
                    added = self._read(piece, start + rows)
            rows += added
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
        typed: list[tuple[Node, Part]] = []
        others: list[tuple[Node, Sequence[Any]]] = []
        if not _gather(plan.steps, records, start, typed, others):
            return None
        for node, part in typed:
            node.parts.append(part)
        for node, values in others:
            add_values(node, values, start)
            pack_last(node, len(records))
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


def _gather(
    steps: list[Step],
    records: Sequence[Any],
    start: int,
    typed: list[tuple[Node, Part]],
    others: list[tuple[Node, Sequence[Any]]],
) -> bool:
    """The cells of each field; False when a number among them may not be what stood in the text."""
    values: Sequence[Any]
    for step, values in zip(steps, zip(*map(astuple, records), strict=True), strict=True):
        match step.kind:
            case "none":
                continue
            case "object":
                if None in values:
                    if not any(values):
                        continue
                    values = [step.absent if value is None else value for value in values]
                if not _gather(step.steps, values, start, typed, others):
                    return False
            case "any":
                others.append((step.node, values))
            case "float":
                part = typed_part("float", values, start)
                if _beyond_exact(part.cells):
                    return False
                typed.append((step.node, part))
            case kind:
                part = typed_part(kind, values, start)
                pack([part])
                typed.append((step.node, part))
    return True


def _beyond_exact(numbers: Any) -> bool:
    """Whether an integer may have been rounded when it was read as a double."""
    return bool((np.abs(numbers) >= EXACT).any())
