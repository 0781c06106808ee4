"""Texts that are ISO 8601 date-times become datetime64, a whole column or none of it.

Unambiguous means: every text of the column is a full date-time with an offset (RFC 3339, also ``+0000`` as Salesforce
and Jira write it), or every one a date-time without, or every one a date. With an offset the column is UTC; without,
it names no zone, and gets none. What datetime64 cannot hold (more than nine digits of a second, a leap second, the
year 10000) leaves the column text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from apiconn_nb.frames.text import is_arrow, pa

_DAY = r"\d{4}-\d{2}-\d{2}"
_FORMS = (
    re.compile(_DAY + r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)"),
    re.compile(_DAY + r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"),
    re.compile(_DAY),
)
_DATE_LENGTH = 10


def as_dates(cells: Any) -> Any:
    """The column as datetime64, or None when it is not one of dates.

    `cells`: an Arrow text column, or an object array of str and None.
    """
    if is_arrow(cells):
        return _from_arrow(cells)
    texts = [cell for cell in cells if cell is not None]
    form = _form(texts[:1])
    if form is None or not all(isinstance(text, str) and form.fullmatch(text) for text in texts):
        return None
    return _from_texts(cells, utc=form is _FORMS[0])


def _form(texts: Iterable[Any]) -> re.Pattern[str] | None:
    for text in texts:
        for form in _FORMS:
            if isinstance(text, str) and form.fullmatch(text):
                return form
    return None


def _from_arrow(cells: Any) -> Any:
    first = next((value for chunk in cells.chunks if chunk.null_count < len(chunk) for value in _firsts(chunk)), None)
    form = _form([first])
    if form is None or not _one_form(cells, form):
        return None
    zone = "UTC" if form is _FORMS[0] else None
    for unit in ("ns", "us"):
        try:
            return _array(cells.cast(pa.timestamp(unit, zone)), unit, zone)
        except pa.ArrowInvalid:
            continue
    return None


def _firsts(chunk: Any) -> Iterable[str]:
    return [chunk.drop_null()[0].as_py()]


def _one_form(cells: Any, form: re.Pattern[str]) -> bool:
    """Arrow's reader takes dates among date-times, and hours without minutes; the contract does not."""
    import pyarrow.compute as pc  # 40 ms at first use, and only columns that start with a date need it

    lengths = pc.min_max(pc.utf8_length(cells)).as_py()
    if form is _FORMS[2]:
        return bool(lengths["max"] == _DATE_LENGTH and lengths["min"] == _DATE_LENGTH)
    return bool(lengths["min"] >= len("2000-01-01T00:00"))


def _array(cells: Any, unit: str, zone: str | None) -> Any:
    numbers = cells.cast(pa.int64())
    missing = numbers.null_count > 0
    values = numbers.fill_null(np.iinfo(np.int64).min).to_numpy() if missing else numbers.to_numpy()
    return _datetimes(values.view(f"datetime64[{unit}]"), zone)


def _datetimes(values: Any, zone: str | None) -> Any:
    index = pd.DatetimeIndex(values)
    return (index.tz_localize("UTC") if zone else index).array


def _from_texts(cells: Any, utc: bool) -> Any:
    try:
        times = pd.to_datetime(pd.Series(cells, dtype=object), format="ISO8601", utc=utc)
    except (ValueError, OverflowError):
        return None
    for unit in ("ns", "us"):
        try:
            exact = times.dt.as_unit(unit)
        except (ValueError, OverflowError):
            continue
        if unit == "ns" or not any(isinstance(cell, str) and re.search(r"\.\d{7}", cell) for cell in cells):
            return exact.array
    return None
