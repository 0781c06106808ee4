"""What a JSON value holds and what a table holds, in one form to compare: the leaves, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

Leaf = tuple[Any, ...]


def leaf(value: Any) -> Leaf:
    """One value in a form in which 1 and 1.0 are the same number, and True is none."""
    if isinstance(value, bool | np.bool_):
        return ("boolean", bool(value))
    if isinstance(value, int | np.integer):
        return ("number", Fraction(int(value)))
    if isinstance(value, float | np.floating):
        return ("number", Fraction(float(value)))
    if isinstance(value, Decimal):
        return ("number", Fraction(value))
    return (type(value).__name__, str(value))


def leaves(value: Any) -> Iterator[Leaf]:
    """The leaves of a JSON value: scalars, empty lists and empty objects; null is none."""
    if isinstance(value, Mapping):
        if not value:
            yield ("object", "{}")
        for child in value.values():
            yield from leaves(child)
    elif isinstance(value, list):
        if not value:
            yield ("list", "[]")
        for child in value:
            yield from leaves(child)
    elif value is not None:
        yield leaf(value)


def cells(frame: pd.DataFrame) -> Iterator[Any]:
    """The cells of a frame that are not missing, as Python values."""
    for number in range(frame.shape[1]):
        column = frame.iloc[:, number]
        missing = [False if isinstance(value, list | dict) else bool(pd.isna(value)) for value in column]
        yield from (value for value, gone in zip(column, missing, strict=True) if not gone)


def leaves_of(frame: pd.DataFrame | None) -> Counter[Leaf]:
    """The leaves in the cells of a frame."""
    counted: Counter[Leaf] = Counter()
    for cell in () if frame is None else cells(frame):
        counted.update(leaves(cell))
    return counted
