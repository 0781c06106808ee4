"""Figures of a run, for docs/security-evidence.md: ``APICONN_EVIDENCE=FILE`` has them written when the tests end.

``APICONN_LONG=1`` runs the long forms: 100,000 calls instead of 5,000, more fuzzing, an answer of a gigabyte.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from tests.isolation import MACHINE_ENVIRON

LONG = bool(MACHINE_ENVIRON.get("APICONN_LONG"))
_figures: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))


def count(row: str, **figures: int) -> None:
    """Add to the figures of a row of the table."""
    for name, number in figures.items():
        _figures[row][name] += number


def most(row: str, **figures: int) -> None:
    """Set figures of a row where they are larger than before."""
    for name, number in figures.items():
        _figures[row][name] = max(_figures[row][name], number)


def write() -> None:
    """Write the figures where they are wanted; figures of an earlier run of other tests stay."""
    wanted = MACHINE_ENVIRON.get("APICONN_EVIDENCE")
    if not wanted or not _figures:
        return
    path = Path(wanted)
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**before, **_figures}, indent=1, sort_keys=True) + "\n")
