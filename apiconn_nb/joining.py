"""The answers of a sweep as one table: each answer's rows beside the parameters that they were called with."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import Table
from apiconn_nb.gathering import Gathering
from apiconn_nb.options import Options
from apiconn_nb.row_call import Failure


class _Span(NamedTuple):
    """The answers that belong to one row of the table."""

    row: int
    start: int
    end: int


class Answers:
    """The answers of one run, in the order of their rows; a row's are there together or not at all."""

    def __init__(self, options: Options) -> None:
        self._gathering = Gathering(options)
        self._spans: list[_Span] = []

    def add(self, row: int, pages: Sequence[tuple[bytes, str]]) -> int:
        """Add the pages (content, content type) of a row's answer; returns their rows. Raises FrameError."""
        self._settle()
        start = len(self._gathering.counts)
        self._spans.append(_Span(row, start, start + len(pages)))  # counts only once all its pages are there
        return sum(self._gathering.add(content, content_type) for content, content_type in pages)

    def rows(self) -> list[int]:
        """The rows of the table that are answered."""
        self._settle()
        return [span.row for span in self._spans]

    def counts(self) -> list[int]:
        """How many rows each of them gave."""
        self._settle()
        counts = self._gathering.counts
        return [sum(counts[span.start : span.end]) for span in self._spans]

    def table(self) -> Table:
        """The table of all of them."""
        self._settle()
        return self._gathering.table()

    def pages(self) -> Iterator[tuple[int, list[tuple[bytes, str]]]]:
        """Each answered row with its pages, as they came."""
        self._settle()
        pages = self._gathering.pages()
        for span in self._spans:
            yield span.row, list(islice(pages, span.end - span.start))

    def _settle(self) -> None:
        """Forget a row that was interrupted, or failed, between its pages."""
        while self._spans and self._spans[-1].end > len(self._gathering.counts):
            self._spans.pop()
        self._gathering.keep(self._spans[-1].end if self._spans else 0)


def merged(runs: Sequence[Answers], options: Options) -> Answers:
    """The answers of several runs as one, in the order of their rows: the table that one run would have given."""
    if len(runs) == 1:
        return runs[0]
    whole = Answers(options)
    for row, pages in heapq.merge(*(run.pages() for run in runs), key=lambda each: each[0]):
        whole.add(row, pages)
    return whole


def join(answers: Answers, kept: pd.DataFrame) -> pd.DataFrame:
    """The rows of all answers beside `kept`, the parameters.

    A parameter that the answers repeat stands once; one that they have otherwise is called ``param.NAME``. Raises
    FrameError where rows and parameters cannot be told together.
    """
    frame = answers.table().frame
    numbers = np.repeat(answers.rows(), answers.counts()).astype(int)
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
    return pd.concat([kept.rename(columns=names), frame], axis=1)


def failed(failures: Mapping[int, Failure], kept: pd.DataFrame) -> pd.DataFrame:
    """The failures by row, as a table: the parameters, row, status, reason, and whether the call may have acted."""
    found = [failures[row] for row in sorted(failures)]
    return (
        kept.iloc[[each.row for each in found]]
        .reset_index(drop=True)
        .assign(
            row=pd.array([each.row for each in found], dtype="int64"),
            status=pd.array([each.status or None for each in found], dtype="Int64"),
            reason=pd.array([each.reason for each in found], dtype="object"),
            may_have_acted=pd.array([each.may_have_acted for each in found], dtype="bool"),
        )
    )


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
