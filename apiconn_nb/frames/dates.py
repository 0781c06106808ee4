"""Texts that are ISO 8601 date-times become datetime64, a whole column or none of it.

Unambiguous means: every text of the column is a full date-time with an offset (RFC 3339, also ``+0000`` as Salesforce
and Jira write it), or every one a date-time without, or every one a date. With an offset the column is UTC; without,
it names no zone, and gets none. What datetime64 cannot hold (more than nine digits of a second, a leap second, the
year 10000) leaves the column text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

import pandas as pd

from apiconn_nb.frames.text import is_arrow, pa, pc

_DAY = r"\d{4}-\d{2}-\d{2}"
_FORMS = (
    re.compile(_DAY + r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)"),
    re.compile(_DAY + r"[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"),
    re.compile(_DAY),
)
_DATE_LENGTH = 10
_FIRST_YEAR, _LAST_YEAR = "1678", "2262"  # whole years that 64 bits of nanoseconds hold


def as_dates(cells: Any, first: str) -> Any:
    """The column as datetime64, or None when it is not one of dates.

    `cells`: an Arrow text column, or an object array of str and None. `first`: the first text in it.
    """
    # Most texts are told by one character.
    form = next((form for form in _FORMS if form.fullmatch(first)), None) if first[4:5] == "-" else None
    if form is None:
        return None
    return _from_arrow(cells, form) if is_arrow(cells) else _from_texts(cells, form)


def _from_arrow(cells: Any, form: re.Pattern[str]) -> Any:
    zone = "UTC" if form is _FORMS[0] else None
    try:
        if form is _FORMS[2]:
            cells = cells.cast(pa.date32())
        elif form is _FORMS[1] and not _all_longer(cells, _DATE_LENGTH):
            return None  # Arrow's reader takes dates among date-times; the contract does not
        times = _finest(cells, zone)
    except pa.ArrowInvalid:
        return None
    return times.to_numpy() if zone is None else _utc(times.type.unit).__from_arrow__(times)


def _finest(cells: Any, zone: str | None) -> Any:
    """The times in nanoseconds, or in microseconds where those do not hold all years. Raises ArrowInvalid."""
    try:
        times = cells.cast(pa.timestamp("us", zone))
    except pa.ArrowInvalid:  # more digits of a second, or no date-time
        if not _in_nanoseconds(cells):
            raise
        return cells.cast(pa.timestamp("ns", zone))
    try:
        return times.cast(pa.timestamp("ns", zone))
    except pa.ArrowInvalid:
        return times


def _in_nanoseconds(cells: Any) -> bool:
    """Whether nanoseconds hold all years; told from the texts, since older Arrows let them overflow."""
    ends = pc.min_max(cells).as_py()
    return bool(ends["min"] >= _FIRST_YEAR and ends["max"] < _LAST_YEAR)


def _all_longer(cells: Any, length: int) -> bool:
    shortest: int = pc.min_max(pc.binary_length(cells)).as_py()["min"]
    return shortest > length


@lru_cache(2)
def _utc(unit: Literal["ns", "us"]) -> Any:
    return pd.DatetimeTZDtype(unit, "UTC")


def _from_texts(cells: Any, form: re.Pattern[str]) -> Any:
    if not all(cell is None or (isinstance(cell, str) and form.fullmatch(cell)) for cell in cells):
        return None
    try:
        times = pd.to_datetime(pd.Series(cells, dtype=object), format="ISO8601", utc=form is _FORMS[0])
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
