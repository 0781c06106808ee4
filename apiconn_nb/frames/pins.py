"""Pinned columns: what a saved call expects, and how an answer differs from it (drift)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from apiconn_nb.errors import FrameError


def pins_of(frame: pd.DataFrame) -> dict[str, str]:
    """The frame's columns as they are pinned: name → dtype name."""
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


def pinned(frame: pd.DataFrame, columns: Mapping[str, str], strict: bool = False) -> tuple[pd.DataFrame, list[str]]:
    """The frame with its pinned columns first, in their order and types, and how the answer differed.

    A pinned column that the answer lacks is there, all missing; a column that is not pinned follows at the end. A type
    is changed only where no value changes with it. Raises FrameError when `strict` and something differs, or for a
    dtype that does not exist.
    """
    drift: list[str] = []
    made: dict[str, pd.Series] = {}
    for name, wanted in columns.items():
        dtype = dtype_of(name, wanted)
        if name not in frame.columns:
            drift.append(f"{name} is missing")
            made[name] = _missing(len(frame), dtype, frame.index)
            continue
        cast = _exactly(frame[name], dtype)
        if cast is None:
            drift.append(f"{name} is {frame[name].dtype}, not {wanted}")
        made[name] = frame[name] if cast is None else cast
    new = [str(name) for name in frame.columns if name not in columns]
    if new:
        drift.append("new: " + ", ".join(new[:8]) + (", …" if len(new) > 8 else ""))
    notes = ["differs from the pinned columns: " + "; ".join(drift)] if drift else []
    if notes and strict:
        raise FrameError(f"The answer {notes[0]}. Pin them anew, or leave out strict.")
    made.update({name: frame[name] for name in frame.columns if name not in columns})
    return pd.DataFrame(made, index=frame.index, copy=False), notes


def dtype_of(name: str, wanted: str) -> np.dtype | pd.api.extensions.ExtensionDtype:
    """The dtype that a column is pinned to. Raises FrameError where pandas has none of that name."""
    try:
        return pd.api.types.pandas_dtype(wanted)
    except TypeError:
        raise FrameError(
            f"columns: {name} = {wanted!r} is no dtype of pandas; df.dtypes shows those of a frame."
        ) from None


def _missing(rows: int, dtype: np.dtype | pd.api.extensions.ExtensionDtype, index: pd.Index) -> pd.Series:
    try:
        return pd.Series([None] * rows, index=index, dtype=object).astype(dtype)
    except (TypeError, ValueError):  # int64 and bool have no missing value
        return pd.Series([None] * rows, index=index, dtype=object)


def _exactly(column: pd.Series, dtype: np.dtype | pd.api.extensions.ExtensionDtype) -> pd.Series | None:
    """The column in another type, or None where that would change a value."""
    if column.dtype == dtype:
        return column
    try:
        cast = column.astype(dtype)
        same = bool(((cast.astype(object) == column.astype(object)) | (cast.isna() & column.isna())).all())
    except (TypeError, ValueError, OverflowError):
        return None
    return cast if same and cast.isna().equals(column.isna()) else None
