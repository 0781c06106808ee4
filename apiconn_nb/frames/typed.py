"""The tree of columns → a DataFrame: types by the contract, dates, and one note on what stayed mixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from apiconn_nb.frames.columns import kinds_in, series_of
from apiconn_nb.frames.dates import as_dates
from apiconn_nb.frames.flatten import Node
from apiconn_nb.frames.options import FrameOptions
from apiconn_nb.frames.text import as_text, text_dtype


@dataclass(slots=True)
class Typed:
    """The columns of `rows` rows by name; those of them that hold lists; notes."""

    rows: int
    columns: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """The columns as a DataFrame."""
        return frame_of(self.columns, self.rows)


def typed_columns(root: Node, rows: int, options: FrameOptions) -> Typed:
    """All columns of a tree of `rows` rows; the tree's parts are let go of on the way."""
    made = Typed(rows)
    text = text_dtype()
    mixed: list[str] = []
    for node in root.leaves():
        tags = {part.tag for part in node.parts} - {"none"}
        cells = series_of(node.parts, rows)
        node.parts = []
        if tags == {"text"}:
            dates = as_dates(cells) if options.dates else None
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
    return pd.DataFrame(dict(columns), index=pd.RangeIndex(rows), copy=False)
