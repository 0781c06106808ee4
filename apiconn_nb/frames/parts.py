"""The cells of some rows of one column, typed as soon as they are read; `columns` makes columns of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from apiconn_nb.frames.text import is_arrow, pa, packed

Tag = Literal["text", "int", "ints", "float", "bool", "list", "object", "none"]
_NONE = type(None)
_TAGS: dict[type, Tag] = {str: "text", int: "int", float: "float", bool: "bool", list: "list"}
EXACT = 2**53  # every integer up to here is a double


@dataclass(slots=True)
class Part:
    """The cells of consecutive rows of one column, from row `start` on.

    `tag` says what `cells` is: ``text`` an Arrow array (str and None before `pack`, and without pyarrow); ``int`` an
    int64 array without gaps; ``ints`` a pair (int64 array, mask of gaps); ``float`` a float64 array, gaps NaN; ``bool``
    a pair (bool array, mask or None); ``list`` and ``object`` Python values; ``none`` nothing. `first`: the first text.
    """

    tag: Tag
    cells: Any
    start: int
    length: int
    first: str = ""


def part_of(values: Sequence[Any], kinds: set[type], start: int) -> Part:
    """The part for values of the types `kinds`, none of which is an object to be flattened."""
    some = kinds - {_NONE}
    if not some:
        return Part("none", None, start, len(values))
    if len(some) == 1:
        return typed_part(_TAGS.get(next(iter(some)), "object"), values, start)
    if some == {int, float} and all(type(value) is not int or fits_double(value) for value in values):
        return typed_part("float", values, start)
    return Part("object", values, start, len(values))


def typed_part(tag: Tag, values: Sequence[Any], start: int) -> Part:
    """The part for values that are all of one type, or None; texts are still to be packed (`pack`)."""
    if tag == "text":
        return Part("text", values, start, len(values), next(filter(None, values), ""))
    if tag == "int":
        return _integers(values, start)
    if tag == "float":
        return _floats(values, start)
    if tag == "bool":
        return _booleans(values, start)
    return Part(tag, values, start, len(values))


def pack(parts: Sequence[Part]) -> None:
    """Put the texts of these parts in Arrow's hands, all in one buffer."""
    waiting = [part for part in parts if part.tag == "text" and not is_arrow(part.cells)]
    if not waiting or pa is None:
        return
    for part, cells in zip(waiting, packed([part.cells for part in waiting]), strict=True):
        if cells is part.cells:
            part.tag = "object"
        part.cells = cells


def fits_double(value: int) -> bool:
    """Whether an integer is exactly a double."""
    if -EXACT <= value <= EXACT:
        return True
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def python_values(part: Part) -> Sequence[Any]:
    """A part's cells as the Python values they were."""
    cells: Sequence[Any] = part.cells
    match part.tag:
        case "int":
            return list(part.cells.tolist())
        case "bool" if part.cells[1] is None:
            return list(part.cells[0].tolist())
        case "ints" | "bool":
            values, mask = part.cells
            return [None if gap else value for value, gap in zip(values.tolist(), mask.tolist(), strict=True)]
        case "float":
            return [None if value != value else value for value in part.cells.tolist()]
        case "text" if is_arrow(part.cells):
            return list(part.cells.to_pylist())
    return cells


def _integers(values: Sequence[Any], start: int) -> Part:
    try:
        return Part("int", _numpy("q", values), start, len(values))
    except struct.error:
        pass  # None is no integer, nor is one beyond 64 bits
    try:
        return Part("ints", _with_gaps(values, "q"), start, len(values))
    except OverflowError:
        return Part("object", values, start, len(values))


def _floats(values: Sequence[Any], start: int) -> Part:
    try:
        return Part("float", _numpy("d", values), start, len(values))
    except struct.error:
        # float64 of None is NaN, which is the gap of a float column
        return Part("float", np.array(values, dtype=np.float64), start, len(values))


def _booleans(values: Sequence[Any], start: int) -> Part:
    try:
        return Part("bool", (np.frombuffer(bytearray(values), np.bool_), None), start, len(values))
    except TypeError:
        return Part("bool", _with_gaps(values, "?"), start, len(values))


def _with_gaps(values: Sequence[Any], code: Literal["q", "?"]) -> tuple[Any, Any]:
    """Integers (q) or booleans (?), 0 where there are none, and the mask of these gaps. Raises OverflowError."""
    if pa is None:
        gaps = np.frombuffer(bytearray([value is None for value in values]), np.bool_)
        return np.fromiter([value or 0 for value in values], code, len(values)), gaps
    # Arrow reads them faster; what it has in the gaps is its own affair.
    valid, cells = pa.array(values, pa.int64() if code == "q" else pa.bool_()).buffers()
    gaps = ~_bits(valid, len(values))
    read = np.frombuffer(cells, np.int64, len(values)) if code == "q" else _bits(cells, len(values))
    return np.where(gaps, 0, read).astype(code, copy=False), gaps


def _bits(buffer: Any, length: int) -> Any:
    return np.unpackbits(np.frombuffer(buffer, np.uint8), count=length, bitorder="little").view(np.bool_)


def _numpy(code: str, values: Sequence[Any]) -> Any:
    """The values as a numpy array; `struct` packs a tuple three times faster than numpy reads it."""
    cells = bytearray(8 * len(values))
    struct.pack_into(f"{len(values)}{code}", cells, 0, *values)
    return np.frombuffer(cells, np.int64 if code == "q" else np.float64)
