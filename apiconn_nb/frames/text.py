"""Columns of text: Arrow buffers where pyarrow is installed, Python strings elsewhere; pandas' dtype in the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

try:
    import pyarrow as pa
except ImportError:  # an extra
    pa = None

__all__ = ["as_text", "is_arrow", "joined", "pa", "text_dtype", "texts"]


def texts(values: Sequence[Any]) -> Any:
    """Texts and None, packed; None where they cannot be (a lone surrogate is no UTF-8)."""
    if pa is None:
        return list(values)
    try:
        return pa.array(values, pa.large_string())
    except (UnicodeEncodeError, pa.ArrowException):
        return None


def joined(pieces: Sequence[tuple[int, Any]], rows: int) -> Any:
    """One column out of packed texts, each with the row it starts at; the rows between are missing."""
    if pa is None:
        cells = np.empty(rows, dtype=object)
        for start, piece in pieces:
            cells[start : start + len(piece)] = piece
        return cells
    chunks, position = [], 0
    for start, piece in pieces:
        if start > position:
            chunks.append(pa.nulls(start - position, pa.large_string()))
        chunks.append(piece)
        position = start + len(piece)
    if position < rows:
        chunks.append(pa.nulls(rows - position, pa.large_string()))
    return pa.chunked_array(chunks, pa.large_string())


def is_arrow(cells: Any) -> bool:
    """Whether a column is still in Arrow's hands."""
    return pa is not None and isinstance(cells, pa.ChunkedArray)


def as_text(cells: Any, dtype: Any) -> Any:
    """A column of `joined` texts as pandas holds text here (`dtype` as `text_dtype` gave it)."""
    if not is_arrow(cells):
        return cells if dtype is None else pd.array(cells, dtype=dtype)
    if dtype is None:
        return cells.to_numpy(zero_copy_only=False) if cells.num_chunks else np.empty(0, object)
    return dtype.__from_arrow__(cells)


def text_dtype() -> Any:
    """pandas' dtype for text: `str` from pandas 3 on (PDEP-14), None where that is still plain object."""
    # Asked by example: the option that could be read instead is deprecated where it is always on.
    dtype = pd.Series(["text"]).dtype
    return dtype if isinstance(dtype, pd.StringDtype) else None
