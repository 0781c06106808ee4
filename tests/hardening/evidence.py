"""Figures of a run, for docs/security-evidence.md: ``APICONN_EVIDENCE=FILE`` has them written when the tests end.

``APICONN_LONG=1`` runs the long forms: 100,000 calls instead of 5,000, Ctrl-C at more lines, more
fuzzing. The figures are kept by test file, so that files can be run one after the other, and one of them again.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from collections import defaultdict
from pathlib import Path

from tests.isolation import MACHINE_ENVIRON

LONG = bool(MACHINE_ENVIRON.get("APICONN_LONG"))
Figures = dict[str, dict[str, int]]
"""Row → name → number."""

_sums: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
_mosts: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))


def count(row: str, **figures: int) -> None:
    """Add to the figures of a row of the table."""
    for name, number in figures.items():
        _sums[_file()][row][name] += number


def most(row: str, **figures: int) -> None:
    """Set figures of a row where they are larger than before."""
    found = _mosts[_file()][row]
    for name, number in figures.items():
        found[name] = max(found[name], number)


def _file() -> str:
    """The file of the test that runs."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[0].rpartition("/")[2]


def write() -> None:
    """Write the figures where they are wanted; those of other test files stay."""
    wanted = MACHINE_ENVIRON.get("APICONN_EVIDENCE")
    files = {*_sums, *_mosts}
    if not wanted or not files:
        return
    path = Path(wanted)
    before = json.loads(path.read_text()) if path.exists() else {}
    found = {file: {"sum": _sums[file], "most": _mosts[file], "run": _run()} for file in files}
    path.write_text(json.dumps({**before, **found}, indent=1, sort_keys=True) + "\n")


def _run() -> dict[str, str]:
    """What the figures were made with."""
    versions = {name: importlib.metadata.version(name) for name in ("ipython", "httpx", "pandas", "ipywidgets")}
    here = {"python": platform.python_version(), "on": platform.system(), "long": "yes" if LONG else "no"}
    return {**versions, **here, "day": time.strftime("%Y-%m-%d")}


def gathered(files: dict[str, dict[str, Figures]]) -> Figures:
    """The figures of all files together."""
    rows: Figures = defaultdict(lambda: defaultdict(int))
    for each in files.values():
        for row, numbers in each["sum"].items():
            for name, number in numbers.items():
                rows[row][name] += number
        for row, numbers in each["most"].items():
            for name, number in numbers.items():
                rows[row][name] = max(rows[row][name], number)
    return rows
