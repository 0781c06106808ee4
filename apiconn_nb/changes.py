"""``--since last``: what is new, changed and gone between two tables, compared by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from apiconn_nb.errors import FrameError

NEW, CHANGED, GONE = "+", "~", "−"
# Columns that are a key when nobody names one, the likeliest first.
_KEYS = ("id", "uuid", "guid", "key", "_id", "gid", "sid", "number", "code", "slug", "name")


@dataclass(frozen=True)
class Changes:
    """The rows that differ, each marked in the first column.

    `frame`: column ``change`` (``+`` new, ``~`` changed, ``−`` gone), column ``changed`` (a list of the columns that
    differ), then the columns of both tables; new and changed rows as they are now, gone ones as they were.
    """

    frame: pd.DataFrame
    new: int
    changed: int
    gone: int
    key: tuple[str, ...]

    def describe(self) -> str:
        """``+3 new ~1 changed −2 gone (by id)``."""
        return f"+{self.new:,} new ~{self.changed:,} changed −{self.gone:,} gone (by {', '.join(self.key)})"


def compare(before: pd.DataFrame, now: pd.DataFrame, key: str | Sequence[str] | None = None) -> Changes:
    """What changed from `before` to `now`, compared by the columns `key` (None: found, see `key_of`).

    Cells are compared by value: missing is equal to missing, 1 to 1.0, lists and objects by what is in them. A column
    that only one table has counts where its cell is not missing. Rows keep the order of `now`, gone ones follow.
    Raises FrameError where `key` is no column, or not unique.
    """
    columns = (key,) if isinstance(key, str) else tuple(key) if key else key_of(before, now)
    old_index, new_index = _index(before, columns, "the previous answer"), _index(now, columns, "this answer")
    old_at = {value: position for position, value in enumerate(old_index)}
    pairs = [(old_at.get(value), position) for position, value in enumerate(new_index)]
    both = [(old, new) for old, new in pairs if old is not None]
    differing = _differing(before, now, both)
    present = set(new_index)
    gone = [position for value, position in old_at.items() if value not in present]
    listed = [
        (new, NEW if old is None else CHANGED, differing.get(new, []))
        for old, new in pairs
        if old is None or new in differing
    ]
    frame = _marked(before, now, listed, gone)
    return Changes(frame, len(pairs) - len(both), len(differing), len(gone), columns)


def key_of(before: pd.DataFrame, now: pd.DataFrame) -> tuple[str, ...]:
    """The column that is called like a key and is unique in both tables. Raises FrameError where there is none."""
    shared = [str(column) for column in now.columns if column in before.columns]
    if before.empty or now.empty:
        shared = [str(column) for column in (now if before.empty else before).columns]
    for name in _KEYS:
        if name in shared and _is_unique(before, name) and _is_unique(now, name):
            return (name,)
    ids = (name for name in shared if name.lower().endswith(("id", ".key")))
    found = next((name for name in ids if _is_unique(before, name) and _is_unique(now, name)), None)
    if found is None:
        raise FrameError(f"No column tells the rows apart: name the key's columns; there is {_some(shared)}.")
    return (found,)


def _is_unique(frame: pd.DataFrame, name: str) -> bool:
    if name not in frame.columns:
        return frame.empty
    values = frame[name]
    try:
        return not values.isna().any() and bool(values.is_unique)
    except TypeError:  # lists
        return False


def _some(columns: Sequence[str]) -> str:
    return ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "") if columns else "none"


def _index(frame: pd.DataFrame, columns: tuple[str, ...], which: str) -> list[Any]:
    """The key of each row, as something to look up."""
    missing = [name for name in columns if name not in frame.columns]
    if missing and not frame.empty:
        raise FrameError(f"No column {missing[0]!r} in {which}; there is {_some([str(c) for c in frame.columns])}.")
    if frame.empty:
        return []
    rows = list(zip(*(frame[name].tolist() for name in columns), strict=True))
    try:
        repeated = len(rows) - len(set(rows))
    except TypeError:
        raise FrameError(f"{', '.join(columns)} holds lists or objects in {which}: no key.") from None
    if repeated or any(pd.isna(value) for row in rows for value in row):
        what = f"{repeated:,} rows repeat another's" if repeated else "some rows have no"
        raise FrameError(f"{what} {', '.join(columns)} in {which}: name more columns, so that each row is one.")
    return rows


def _differing(before: pd.DataFrame, now: pd.DataFrame, both: list[tuple[int, int]]) -> dict[int, list[str]]:
    """Position in `now` → the columns that differ, for rows that both tables have."""
    found: dict[int, list[str]] = {}
    if not both:
        return found
    old_rows, new_rows = before.iloc[[old for old, _ in both]], now.iloc[[new for _, new in both]]
    for name in _all_columns(before, now):
        unequal = _unequal(_values(old_rows, name, len(both)), _values(new_rows, name, len(both)))
        for at in np.flatnonzero(unequal):
            found.setdefault(both[at][1], []).append(name)
    return found


def _all_columns(before: pd.DataFrame, now: pd.DataFrame) -> list[Any]:
    return [*now.columns, *(column for column in before.columns if column not in now.columns)]


def _values(rows: pd.DataFrame, name: Any, length: int) -> pd.Series[Any]:
    if name in rows.columns:
        column: pd.Series[Any] = rows[name]
        return column.reset_index(drop=True)
    return pd.Series([None] * length, dtype=object)


def _unequal(old: pd.Series[Any], new: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where two columns differ, cell by cell; missing equals missing."""
    if old.dtype == new.dtype and old.dtype != object:
        same = (old == new).fillna(False).to_numpy(dtype=bool) | (old.isna() & new.isna()).to_numpy(dtype=bool)
        return ~same
    pairs = zip(old.tolist(), new.tolist(), strict=True)
    return np.fromiter((not _same(a, b) for a, b in pairs), dtype=bool, count=len(old))


def _same(one: Any, other: Any) -> bool:
    if _is_missing(one) or _is_missing(other):
        return _is_missing(one) and _is_missing(other)
    if isinstance(one, bool) != isinstance(other, bool):
        return False  # True is not 1
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    try:
        return bool(one == other)
    except (TypeError, ValueError):
        return False


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _marked(
    before: pd.DataFrame, now: pd.DataFrame, listed: list[tuple[int, str, list[str]]], gone: list[int]
) -> pd.DataFrame:
    kept, lost = now.iloc[[position for position, _, _ in listed]], before.iloc[gone]
    parts = [_typed(part, other) for part, other in ((kept, lost), (lost, kept)) if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else now.iloc[:0].reset_index(drop=True)
    frame = frame.reindex(columns=_all_columns(before, now))
    mark, which = _free("change", frame), _free("changed", frame)
    frame.insert(0, mark, pd.Series([sign for _, sign, _ in listed] + [GONE] * len(gone), dtype=object))
    frame.insert(1, which, pd.Series([names for _, _, names in listed] + [[]] * len(gone), dtype=object))
    return frame


def _typed(part: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """`part` without the columns that hold nothing here and have another type in `other`: theirs is the right one."""
    empty = [
        name for name in part if part[name].isna().all() and name in other and part[name].dtype != other[name].dtype
    ]
    return part.drop(columns=empty)


def _free(name: str, frame: pd.DataFrame) -> str:
    while name in frame.columns:
        name += "_"
    return name
