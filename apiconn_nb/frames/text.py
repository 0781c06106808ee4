"""Columns of text: Arrow buffers where pyarrow is installed, Python strings elsewhere; pandas' dtype in the end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, chain
from typing import Any

import numpy as np
import pandas as pd

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError:  # an extra
    pa = pc = None
else:
    # The first array of a process makes Arrow set up its memory and look for pandas, 5 to 20 ms: not in a first call.
    pa.array([""], pa.large_string())
    # Thousands of small buffers: Arrow's own pool rounds them up and keeps what it had, a third more in all.
    _pool = pa.system_memory_pool()

__all__ = ["as_text", "is_arrow", "joined", "pa", "packed", "pc", "text_dtype"]


def packed(columns: Sequence[Sequence[Any]]) -> list[Any]:
    """Columns of texts and None in Arrow's hands, all of them in one go; one that cannot be (a lone surrogate is no
    UTF-8), and all where pyarrow is not installed, as it came.
    """
    if pa is None:
        return list(columns)
    try:
        values = columns[0] if len(columns) == 1 else list(chain.from_iterable(columns))
        whole = pa.array(values, pa.large_string(), memory_pool=_pool)
    except (UnicodeEncodeError, pa.ArrowException):
        return [columns[0]] if len(columns) == 1 else [packed([column])[0] for column in columns]
    if len(columns) == 1:
        return [whole]
    offsets = accumulate(map(len, columns), initial=0)
    return [whole.slice(offset, len(column)) for offset, column in zip(offsets, columns, strict=False)]


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
    return pa is not None and isinstance(cells, pa.ChunkedArray | pa.Array)


def as_text(cells: Any, dtype: Any) -> Any:
    """A column of `joined` texts as pandas holds text here (`dtype` as `text_dtype` gave it)."""
    if not is_arrow(cells):
        return cells if dtype is None else pd.array(cells, dtype=dtype)
    if dtype is None:
        return cells.to_numpy(zero_copy_only=False) if cells.num_chunks else np.empty(0, object)
    return _array_type()(cells, dtype=dtype)


@lru_cache(1)
def text_dtype() -> Any:
    """pandas' dtype for text: `str` from pandas 3 on (PDEP-14), None where that is still plain object."""
    # Asked by example: the option that could be read instead is deprecated where it is always on.
    dtype = pd.Series(["text"]).dtype
    return dtype if isinstance(dtype, pd.StringDtype) else None


@lru_cache(1)
def _array_type() -> Any:
    # Takes no dtype: pandas needs longer to hash one than for the rest.
    return text_dtype().construct_array_type()
