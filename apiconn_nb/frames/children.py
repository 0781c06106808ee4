"""Child tables: every list of objects in the rows, as a table of its own that merges back.

A child table's first columns are the parent's key (``_parent_id``, where the parent has one that is unique and never
missing) or its row number (``_parent_row``), and the position in the list (``_position``)::

    df.merge(df.api.tables["lines"], left_on="id", right_on="_parent_id")
    df.merge(df.api.tables["lines"], left_index=True, right_on="_parent_row")

Lists in a child table are child tables of that: ``lines.taxes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from apiconn_nb.frames.flatten import Node, add_rows
from apiconn_nb.frames.names import escape
from apiconn_nb.frames.options import FrameOptions
from apiconn_nb.frames.typed import Typed, frame_of, typed_columns

KEYS = ("id", "_id", "Id", "ID", "uuid", "guid", "uid", "sid", "key", "sha", "slug", "_key")
REST = "$"


class ChildTables(Mapping[str, pd.DataFrame]):
    """The child tables of a frame by the path of their list, each made when it is first asked for.

    `parent`: the typed columns of the rows. `rest`: makes the table ``$``, all of the answer that is beside the rows, a
    row a page (None where there is nothing beside them); its lists of objects are the tables ``$.errors``, ….
    """

    def __init__(self, parent: Typed, options: FrameOptions, rest: Callable[[], Typed | None]) -> None:
        # Not all of the parent's columns: they would stay in memory when a person drops them from the frame.
        self._cells = parent.lists
        self._keys = {name: parent.columns[escape(name)] for name in KEYS if escape(name) in parent.columns}
        self._infer = parent.infer
        self._options = options
        self._rest = rest
        self._made: dict[str, pd.DataFrame] = {}
        self._inner: dict[str, ChildTables] = {}
        self._rest_made = False
        self._rest_tables: dict[str, pd.DataFrame] = {}

    @cached_property
    def _lists(self) -> dict[str, Any]:
        return {name: cells for name, cells in self._cells.items() if _has_objects(cells)}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name in self._lists:
            if name not in self._made:
                self._made[name], self._inner[name] = self._table(name)
            return self._made[name]
        if name == REST or name.startswith(REST + "."):
            return self._rests()[name]
        for outer in self._lists:
            if name.startswith(outer + "."):
                self[outer]
                if (inner := name[len(outer) + 1 :]) in self._inner[outer]:
                    return self._inner[outer][inner]
        raise KeyError(f"{name}: there is {', '.join(self) or 'no child table'}")

    def __iter__(self) -> Iterator[str]:
        for name in self._lists:
            yield name
            self[name]
            yield from (f"{name}.{inner}" for inner in self._inner[name])
        yield from self._rests()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {len(self[name])} × {self[name].shape[1]}" for name in self)
        return f"{{{sizes}}}"

    def _rests(self) -> dict[str, pd.DataFrame]:
        if not self._rest_made:
            self._rest_made = True
            if (typed := self._rest()) is not None:
                inner = ChildTables(typed, self._options, lambda: None)
                self._rest_tables = {REST: typed.frame(), **{f"{REST}.{name}": inner[name] for name in inner}}
        return self._rest_tables

    def _table(self, name: str) -> tuple[pd.DataFrame, ChildTables]:
        cells = self._lists[name]
        counts = np.fromiter((len(cell) if type(cell) is list else 0 for cell in cells), np.int64, len(cells))
        root = Node()
        add_rows(root, [item for cell in cells if type(cell) is list for item in cell], 0)
        typed = typed_columns(root, int(counts.sum()), self._options, self._infer)
        label, keys = _key_of(self._keys)
        parents = np.repeat(np.arange(len(cells)), counts)
        positions = np.arange(len(parents)) - np.repeat(np.cumsum(counts) - counts, counts)
        columns = {
            _free(f"_parent_{label}", typed.columns): parents if keys is None else keys.take(parents),
            _free("_position", typed.columns): positions,
        }
        frame = frame_of({**columns, **typed.columns}, len(parents))
        return frame, ChildTables(typed, self._options, lambda: None)


def _has_objects(cells: Any) -> bool:
    return any(type(cell) is list and any(type(item) is dict for item in cell) for cell in cells)


def _key_of(keys: Mapping[str, Any]) -> tuple[str, Any]:
    """The name and cells of the column that tells the parent's rows apart; ``row`` and None where there is none."""
    for name, cells in keys.items():
        column = pd.Series(cells, copy=False)
        if len(column) and column.dtype.kind in "iuOUT" and column.notna().all() and _unique(column):
            return name, column.to_numpy() if isinstance(column.dtype, np.dtype) else column.array
    return "row", None


def _unique(column: pd.Series) -> bool:
    try:
        return bool(column.is_unique)
    except TypeError:  # lists and objects have no hash
        return False


def _free(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name = "_" + name
    return name
