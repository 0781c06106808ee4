"""Cells → typed columns. The contract: a number never becomes another number, a text never becomes a number.

======================  =====================================================================
all cells are           the column is
======================  =====================================================================
integers                int64; with gaps Int64; uint64/UInt64 above; else Python ints (object)
numbers                 float64, where every integer among them is exactly a double; else object
true, false             bool; with gaps boolean
texts                   text as pandas has it; ISO 8601 date-times as datetime64 (see `dates`)
lists                   object, the lists themselves
mixed                   object, the values as they came, and one note
nothing                 object, all None
======================  =====================================================================

A missing key and null are the same missing cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from apiconn_nb.frames.text import joined, texts

Tag = Literal["text", "int", "ints", "float", "bool", "list", "object", "none"]
_NONE = type(None)
_TAGS: dict[type, Tag] = {str: "text", int: "int", float: "float", bool: "bool", list: "list"}
EXACT = 2**53  # every integer up to here is a double


@dataclass(slots=True)
class Part:
    """The cells of some consecutive rows of one column, from row `start` on.

    `tag` says what `cells` is: ``text`` an Arrow array, or a list of str and None without pyarrow; ``int`` an int64
    array without gaps; ``ints`` a pair (int64 array, mask of gaps); ``float`` a float64 array, gaps NaN; ``bool`` a
    pair (bool array, mask or None); ``list`` and ``object`` a list of Python values; ``none`` nothing.
    """

    tag: Tag
    cells: Any
    start: int
    length: int


def part_of(values: Sequence[Any], kinds: set[type], start: int) -> Part:
    """The part for values of the types `kinds`, none of which is an object to be flattened."""
    length = len(values)
    some = kinds - {_NONE}
    if not some:
        return Part("none", None, start, length)
    if len(some) == 1:
        tag = _TAGS.get(next(iter(some)), "object")
        return typed_part(tag, values, start)
    if some == {int, float} and all(type(value) is not int or fits_double(value) for value in values):
        return typed_part("float", values, start)
    return Part("object", values, start, length)


def fits_double(value: int) -> bool:
    """Whether an integer is exactly a double."""
    if -EXACT <= value <= EXACT:
        return True
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def typed_part(tag: Tag, values: Sequence[Any], start: int) -> Part:
    """The part for values that are all of one type, or None."""
    length = len(values)
    if tag == "text":
        return _texts(values, start)
    if tag == "int":
        return _integers(values, start)
    if tag == "float":
        # float64 of None is NaN, which is the gap of a float column
        return Part("float", np.array(values, dtype=np.float64), start, length)
    if tag == "bool":
        return _booleans(values, start)
    return Part(tag, values, start, length)


def _texts(values: Sequence[Any], start: int) -> Part:
    packed = texts(values)
    if packed is None:
        return Part("object", values, start, len(values))
    return Part("text", packed, start, len(values))


def _integers(values: Sequence[Any], start: int) -> Part:
    length = len(values)
    try:
        return Part("int", np.fromiter(values, np.int64, length), start, length)
    except TypeError:
        mask = np.fromiter((value is None for value in values), np.bool_, length)
    except OverflowError:
        return Part("object", values, start, length)
    try:
        return Part("ints", (np.fromiter((value or 0 for value in values), np.int64, length), mask), start, length)
    except OverflowError:
        return Part("object", values, start, length)


def _booleans(values: Sequence[Any], start: int) -> Part:
    length = len(values)
    if None not in set(values):
        return Part("bool", (np.fromiter(values, np.bool_, length), None), start, length)
    mask = np.fromiter((value is None for value in values), np.bool_, length)
    return Part("bool", (np.fromiter((value is True for value in values), np.bool_, length), mask), start, length)


def series_of(parts: list[Part], rows: int) -> Any:
    """One column of `rows` cells out of its parts (in row order; what they do not cover is missing).

    Returns an array or extension array of pandas' own types; texts as `text.joined` has them.
    """
    tags = {part.tag for part in parts} - {"none"}
    if tags == {"text"}:
        return joined([(part.start, part.cells) for part in parts if part.tag == "text"], rows)
    if tags and tags <= {"int", "ints"}:
        return _integer_array(parts, rows)
    if tags == {"bool"}:
        return _boolean_array(parts, rows)
    if tags == {"float"} or (tags and tags <= {"int", "ints", "float"} and all(map(_part_fits_double, parts))):
        return _float_array(parts, rows)
    cells = object_array(parts, rows)
    if tags and tags <= {"int", "ints", "object"}:
        return _large_integers(cells)
    if tags <= {"int", "ints", "float", "object"} and tags:
        return _numbers(cells)
    return cells


def _integer_array(parts: list[Part], rows: int) -> Any:
    values, mask = np.zeros(rows, np.int64), np.ones(rows, np.bool_)
    for part in parts:
        where = slice(part.start, part.start + part.length)
        if part.tag == "int":
            values[where], mask[where] = part.cells, False
        elif part.tag == "ints":
            values[where], mask[where] = part.cells
    return pd.arrays.IntegerArray(values, mask) if mask.any() else values


def _boolean_array(parts: list[Part], rows: int) -> Any:
    values, mask = np.zeros(rows, np.bool_), np.ones(rows, np.bool_)
    for part in parts:
        if part.tag == "bool":
            where = slice(part.start, part.start + part.length)
            values[where], mask[where] = part.cells[0], False if part.cells[1] is None else part.cells[1]
    return pd.arrays.BooleanArray(values, mask) if mask.any() else values


def _float_array(parts: list[Part], rows: int) -> Any:
    values = np.full(rows, np.nan)
    for part in parts:
        where = slice(part.start, part.start + part.length)
        if part.tag in {"int", "float"}:
            values[where] = part.cells
        elif part.tag == "ints":
            numbers, mask = part.cells
            values[where] = np.where(mask, np.nan, numbers.astype(np.float64))
    return values


def _part_fits_double(part: Part) -> bool:
    if part.tag == "int":
        numbers = part.cells
    elif part.tag == "ints":
        numbers = part.cells[0]
    else:
        return True
    return bool(numbers.size == 0 or (numbers.max() <= EXACT and numbers.min() >= -EXACT))


def object_array(parts: list[Part], rows: int) -> Any:
    """The cells as Python values, None where missing."""
    cells = np.empty(rows, dtype=object)
    for part in parts:
        if part.tag == "none":
            continue
        # From an iterator: numpy would take a list of equally long lists for a table.
        cells[part.start : part.start + part.length] = np.fromiter(python_values(part), object, part.length)
    return cells


def python_values(part: Part) -> Sequence[Any]:
    """A part's cells as the Python values they were."""
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
        case "text" if not isinstance(part.cells, list):
            return list(part.cells.to_pylist())
    cells: Sequence[Any] = part.cells
    return cells


def _large_integers(cells: Any) -> Any:
    """Integers beyond int64: uint64 or UInt64 where that holds them all, else Python ints; anything else as it came."""
    mask = np.fromiter((cell is None for cell in cells), np.bool_, len(cells))
    if not all(cell is None or (type(cell) is int and 0 <= cell < 2**64) for cell in cells) or mask.all():
        return cells
    values = np.fromiter((cell or 0 for cell in cells), np.uint64, len(cells))
    return pd.arrays.IntegerArray(values, mask) if mask.any() else values


def _numbers(cells: Any) -> Any:
    """Integers and doubles from different parts: float64 where that changes none of them."""
    if all(cell is None or type(cell) is float or (type(cell) is int and fits_double(cell)) for cell in cells):
        return np.array(cells, dtype=np.float64)
    return cells


def kinds_in(cells: Iterable[Any]) -> list[str]:
    """The JSON words for what an object column holds, for the note on mixed ones."""
    said = {bool: "boolean", int: "integer", float: "number", str: "text", list: "list", dict: "object"}
    kinds = set(map(type, cells)) - {_NONE}
    return sorted(said.get(kind, kind.__name__) for kind in kinds)
