"""Columns of texts that came without types (CSV, XML): a column is numbers only when every text of it is one, written
plainly.

``007``, ``+49``, ``1,5`` and ``NaN`` are no plain numbers, so a column with one of them stays text as a whole.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from apiconn_nb.frames.columns import typed_cells
from apiconn_nb.frames.dates import as_dates
from apiconn_nb.frames.text import as_text, is_arrow, joined, pa, packed, text_dtype

_INTEGER = r"-?(?:0|[1-9][0-9]*)"
_NUMBER = _INTEGER + r"(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_BOOLEANS = ({"true", "false"}, {"True", "False"}, {"TRUE", "FALSE"})


def inferred(cells: Any, dates: bool = True) -> Any:
    """A column of texts (Arrow, or object array of str and None) in the type that all are written in."""
    values = cells.to_pylist() if is_arrow(cells) else list(cells)
    some = [text for text in values if text is not None]
    if not some:
        return np.full(len(values), None, dtype=object)
    if _all(_NUMBER, some):
        numbers = _numbers(values, whole=_all(_INTEGER, some))
        if numbers is not None:
            return numbers
    kinds = set(some[:3])
    if any(kinds <= pair for pair in _BOOLEANS) and any(set(some) <= pair for pair in _BOOLEANS):
        truths = [None if text is None else text.lower() == "true" for text in values]
        return typed_cells(truths)
    made = as_dates(cells, some[0]) if dates else None
    return as_text(cells, text_dtype()) if made is None else made


def _all(pattern: str, some: list[str]) -> bool:
    return all(map(re.compile(pattern).fullmatch, some))


def _numbers(cells: list[str | None], whole: bool) -> Any:
    try:
        values = [None if text is None else int(text) if whole else float(text) for text in cells]
    except ValueError:  # more digits than Python turns into an integer
        return None
    if not whole:
        lost = any(
            number in (float("inf"), float("-inf"))
            or (number == 0 and re.search("[1-9]", re.split("[eE]", text or "")[0]))
            for number, text in zip(values, cells, strict=True)
        )
        if lost:  # 1e400 is not infinite, and 1e-400 not zero
            return None
    return typed_cells(values)


def text_cells(column: pd.Series) -> Any:
    """A column of texts as read by pandas, in the form these functions take: missing cells are None."""
    values = column.astype(object).where(column.notna(), None).tolist()
    (cells,) = packed([values])
    # Not packed: a lone surrogate, in a text that was read without complaint.
    return np.array(values, dtype=object) if pa is not None and cells is values else joined([(0, cells)], len(values))
