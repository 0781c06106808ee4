"""The answers of a sweep as one table: each answer's rows beside the parameters that they were called with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pandas as pd

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import FrameBuilder
from apiconn_nb.options import Options


def join(parts: Sequence[Part], kept: pd.DataFrame) -> pd.DataFrame:
    """The rows of all parts beside `kept`, the parameters, in the order of `kept`.

    A parameter that the answers repeat stands once; one that they have otherwise is called ``param.NAME``. Raises
    FrameError where rows and parameters cannot be told together.
    """
    numbers = np.concatenate([np.repeat(part.numbers, part.counts) for part in parts]).astype(int)
    frames = [part.table.frame for part in parts]
    frame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    if len(numbers) != len(frame):
        raise FrameError("The rows of this sweep cannot be joined to their parameters: leave --explode out.")
    kept = kept.iloc[numbers].reset_index(drop=True)
    names = {}
    for name in kept.columns:
        if name in frame.columns:
            if _same(kept[name], frame[name]):
                kept = kept.drop(columns=name)
            else:
                names[name] = f"param.{name}"
    joined = pd.concat([kept.rename(columns=names), frame], axis=1)
    if (np.diff(numbers) < 0).any():  # rows that were repeated later stand where their parameter does
        joined = joined.iloc[np.argsort(numbers, kind="stable")].reset_index(drop=True)
    return joined


class Part:
    """The answers of one run, as they are added to a table; `numbers` are their rows, `counts` how many each gave."""

    def __init__(self, options: Options) -> None:
        self.numbers: list[int] = []
        self.counts: list[int] = []
        self._builder = FrameBuilder(records=options.records, options=options.frames())

    def add(self, number: int, response: httpx.Response) -> int:
        count = self._builder.add(response.content, response.headers.get("Content-Type", ""))
        self.numbers.append(number)
        self.counts.append(count)
        return count

    def close(self) -> None:
        self.table = self._builder.finish()


def whole_numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Whole numbers that a gap has made floats are whole numbers again: an id is 7, not 7.0."""
    if column.dtype.kind == "f" and column.notna().any() and bool((column.dropna() % 1 == 0).all()):
        return column.astype("Int64")
    return column


def plain_column(column: pd.Series[Any]) -> list[Any]:
    """The values of a column as they are sent; None for a missing one."""
    return [value if filled else None for value, filled in zip(column.astype(object), column.notna(), strict=True)]


def _same(left: pd.Series[Any], right: pd.Series[Any]) -> bool:
    """Whether the answer repeats the parameter, whatever its type."""
    return bool((left.astype(str).to_numpy() == right.astype(str).to_numpy()).all())
