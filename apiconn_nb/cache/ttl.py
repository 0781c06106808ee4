"""``1h``, ``30m``, ``2d``: how long something may be used."""

from __future__ import annotations

import re

from apiconn_nb.errors import UsageError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([smhdw])", re.IGNORECASE)
_WHOLE = re.compile(rf"(?:{_PART.pattern}\s*)+", re.IGNORECASE)


def parse_ttl(text: str) -> float:
    """Seconds of ``1h``, ``30m``, ``2d``, ``1h30m``, ``0.5h`` or ``0`` (never). Raises UsageError."""
    given = text.strip()
    if given == "0":
        return 0.0
    if not _WHOLE.fullmatch(given):
        raise UsageError(f"{text!r} is no time: write a number and s, m, h, d or w, such as 30m, 1h or 2d.")
    return sum(float(number) * _UNITS[unit.lower()] for number, unit in _PART.findall(given))
