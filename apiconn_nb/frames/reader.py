"""Records as slices of bytes → columns, chunk by chunk, by a learned shape.

Each chunk is decoded straight into structs of the shape, its fields become typed cells, and it is let go of: what lives
is one chunk and the columns so far. A chunk that does not fit is read generically, exactly as a small answer is, and
widens the shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from msgspec.structs import astuple

from apiconn_nb.frames import documents
from apiconn_nb.frames.flatten import Node, add_rows, add_values, pack_last
from apiconn_nb.frames.parts import EXACT, Part, pack, typed_part
from apiconn_nb.frames.shape import Shape
from apiconn_nb.frames.structs import Step, compiled

CHUNK = 1024  # records; a megabyte or two, which stay in the processor's cache
LEARN = 128  # records the first shape is learned from, spread over all
WIDEN = 12  # times a shape is widened before what does not fit is just read generically


class NotPlain(Exception):
    """Bytes that only the patient reader understands: read the whole answer with that."""


class Reader:
    """Reads records into the tree `root`; what it learned from one page serves the next."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._chunk = CHUNK
        self._shape = Shape()
        self._widened = 0
        self._decode: Callable[..., Any] | None = None
        self._steps: list[Step] = []

    @property
    def floats(self) -> bool:
        """Whether the records hold numbers with a fraction, some of which the decoder might round to nothing."""
        return self._shape.floats

    def learn(self, raws: Sequence[Raw | bytes]) -> list[str]:
        """Learn the shape from some of the records, unless it is known already; returns notes.

        Raises NotPlain when these are not plain JSON.
        """
        if self._shape.objects:
            return []
        some = raws[:: max(1, len(raws) // LEARN)][:LEARN]
        rows, notes = documents.document_of(_list_of(some))
        self._widen([row for row in rows if type(row) is dict])
        return notes

    def read(self, raws: Sequence[Raw | bytes], start: int) -> list[str]:
        """Put the records into the tree, as rows from `start` on; returns notes.

        Raises NotPlain when the text is not what it should be; the tree then holds rows to be forgotten.
        """
        notes: dict[str, None] = {}
        for position in range(0, len(raws), self._chunk):
            chunk = raws[position : position + self._chunk]
            if not self._read(chunk, start + position):
                notes.update(dict.fromkeys(self._read_generically(chunk, start + position)))
        return list(notes)

    def _read(self, chunk: Sequence[Raw | bytes], start: int) -> bool:
        if self._decode is None:
            return False
        try:
            records = list(map(self._decode, chunk))
        except msgspec.ValidationError:
            return False
        except UnicodeDecodeError:
            raise NotPlain from None
        except msgspec.DecodeError:
            return False
        typed: list[tuple[Node, Part]] = []
        others: list[tuple[Node, Sequence[Any]]] = []
        if not _gather(self._steps, records, start, typed, others):
            return False
        for node, part in typed:
            node.parts.append(part)
        for node, values in others:
            add_values(node, values, start)
            pack_last(node, len(chunk))
        return True

    def _read_generically(self, chunk: Sequence[Raw | bytes], start: int) -> list[str]:
        rows, notes = documents.document_of(_list_of(chunk))
        add_rows(self._root, rows, start)
        if self._widened < WIDEN:
            self._widened += 1
            self._widen([row for row in rows if type(row) is dict])
        return notes

    def _widen(self, objects: list[dict[str, Any]]) -> None:
        self._shape.learn(objects)
        made = compiled(self._shape, self._root)
        self._decode, self._steps = made if made is not None else (None, [])


def _list_of(raws: Sequence[Raw | bytes]) -> bytes:
    text = b"[" + b",".join(raws) + b"]"
    if not text.isascii():
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            # Which encoding it is can only be told for the whole.
            raise NotPlain from None
    return text


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
