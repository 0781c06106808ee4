"""Parts → typed columns. The contract: a number never becomes another number, a text never becomes a number.

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
from typing import Any

import numpy as np
import pandas as pd

from apiconn_nb.frames.parts import EXACT, Part, fits_double, pack, part_of, python_values
from apiconn_nb.frames.text import as_text, joined, text_dtype

_NONE = type(None)
_INTEGERS = {"int", "ints"}
_NUMBERS = {"int", "ints", "float"}


def column_of(parts: list[Part], tags: set[str], rows: int) -> Any:
    """One column of `rows` cells out of its parts (in row order; what they do not cover is missing).

    `tags`: the parts' tags but ``none``. Returns an array or extension array of pandas' own types; texts as
    `text.joined` has them.
    """
    if tags == {"text"}:
        return joined([(part.start, part.cells) for part in parts if part.tag == "text"], rows)
    if len(parts) == 1 and parts[0].length == rows and (whole := _whole(parts[0])) is not None:
        return whole
    if tags and tags <= _INTEGERS:
        return _integer_array(parts, rows)
    if tags == {"bool"}:
        return _boolean_array(parts, rows)
    if "float" in tags and tags <= _NUMBERS and all(map(_part_fits_double, parts)):
        return _float_array(parts, rows)
    cells = object_array(parts, rows)
    if "object" in tags and tags <= {*_INTEGERS, "object"}:
        return _large_integers(cells)
    if "float" in tags and tags <= {*_NUMBERS, "object"}:
        return _numbers(cells)
    return cells


def typed_cells(values: Sequence[Any]) -> Any:
    """One column of plain values (no objects), typed by the contract; texts stay texts."""
    part = part_of(values, set(map(type, values)), 0)
    pack([part])
    cells = column_of([part], {str(part.tag)} - {"none"}, len(values))
    return as_text(cells, text_dtype()) if part.tag == "text" else cells


def object_array(parts: list[Part], rows: int) -> Any:
    """The cells as Python values, None where missing."""
    cells = np.empty(rows, dtype=object)
    for part in parts:
        if part.tag != "none":
            # From an iterator: numpy would take a list of equally long lists for a table.
            cells[part.start : part.start + part.length] = np.fromiter(python_values(part), object, part.length)
    return cells


def kinds_in(cells: Iterable[Any]) -> list[str]:
    """The JSON words for what an object column holds, for the note on mixed ones."""
    said = {bool: "boolean", int: "integer", float: "number", str: "text", list: "list", dict: "object"}
    kinds = set(map(type, cells)) - {_NONE}
    return sorted(said.get(kind, kind.__name__) for kind in kinds)


def _whole(part: Part) -> Any:
    """The column of one part that covers it all, where its cells are that column already."""
    if part.tag in {"int", "float"}:
        return part.cells
    if part.tag == "bool" and part.cells[1] is None:
        return part.cells[0]
    return np.fromiter(part.cells, object, part.length) if part.tag == "list" else None


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
    if part.tag not in _INTEGERS:
        return True
    numbers = part.cells if part.tag == "int" else part.cells[0]
    return bool(numbers.size == 0 or (numbers.max() <= EXACT and numbers.min() >= -EXACT))


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
