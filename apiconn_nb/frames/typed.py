"""The tree of columns → a DataFrame: types by the contract, dates, and one note on what stayed mixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from apiconn_nb.frames.columns import column_of, kinds_in
from apiconn_nb.frames.dates import as_dates
from apiconn_nb.frames.flatten import Node
from apiconn_nb.frames.inferred import inferred
from apiconn_nb.frames.options import FrameOptions
from apiconn_nb.frames.text import as_text, text_dtype

# Half the time of the constructor, which looks at every column anew; public from pandas 3 on.
_from_blocks: Any = getattr(getattr(pd.api, "internals", None), "create_dataframe_from_blocks", None)


@dataclass(slots=True)
class Typed:
    """The columns of `rows` rows by name; those of them that hold lists; notes."""

    rows: int
    infer: bool = False
    columns: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """The columns as a DataFrame."""
        return frame_of(self.columns, self.rows)


def typed_columns(root: Node, rows: int, options: FrameOptions, infer: bool = False) -> Typed:
    """All columns of a tree of `rows` rows; the tree's parts are let go of on the way.

    `infer`: the texts came without types (XML), and are what all of a column is plainly written in.
    """
    made = Typed(rows, infer)
    text = text_dtype()
    mixed: list[str] = []
    for node in root.leaves():
        parts, node.parts = node.parts, []
        tags = {str(part.tag) for part in parts} - {"none"}
        cells = column_of(parts, tags, rows)
        if tags == {"text"}:
            first = next((part.first for part in parts if part.first), "")
            if infer:
                cells = inferred(cells, options.dates)
            else:
                dates = as_dates(cells, first) if options.dates else None
                cells = as_text(cells, text) if dates is None else dates
        elif isinstance(cells, np.ndarray) and cells.dtype == object and tags:
            kinds = kinds_in(cells)
            if "list" in kinds:
                made.lists[node.name] = cells
            if len(kinds) > 1:
                mixed.append(f"{node.name} ({', '.join(kinds)})")
        made.columns[node.name] = cells
    if mixed:
        some = ", ".join(mixed[:5]) + (f", and {len(mixed) - 5} more" if len(mixed) > 5 else "")
        made.notes.append(f"mixed types, kept as they came: {some}")
    return made


def frame_of(columns: Mapping[str, Any], rows: int) -> pd.DataFrame:
    """A DataFrame of ready columns, none copied."""
    index = pd.RangeIndex(rows)
    if _from_blocks is None or not columns:
        return pd.DataFrame(dict(columns), index=index, copy=False)
    blocks = [(_block(cells), np.array([place], np.intp)) for place, cells in enumerate(columns.values())]
    made: pd.DataFrame = _from_blocks(blocks, index=index, columns=_names(list(columns)))
    return made


def _names(names: list[str]) -> Any:
    try:
        return pd.Index(names, dtype=text_dtype())
    except UnicodeEncodeError:  # a lone surrogate in a key is no UTF-8
        return pd.Index(names, dtype=object)


def _block(cells: Any) -> Any:
    """The cells as pandas holds them in a block: extension arrays as they are, numpy's as one row of a table."""
    if isinstance(cells, np.ndarray):
        return (pd.DatetimeIndex(cells).array if cells.dtype.kind == "M" else cells).reshape(1, -1)
    return cells.reshape(1, -1) if isinstance(cells.dtype, np.dtype) else cells
