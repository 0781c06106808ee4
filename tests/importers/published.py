"""Import every file of a folder and count what came of it: ``python -m tests.importers.published FOLDER [--each]``.

For what others publish (curlconverter's commands, the Postman collection format's and OpenAPI's examples), which is
read and measured, not kept in this repository. Prints the counts of imported, partly imported and refused files, each
with its reasons and how often they were given.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from apiconn_nb.config import load, save
from apiconn_nb.errors import ApiConnError
from apiconn_nb.importers import read, read_path
from apiconn_nb.importers.report import Report, counted
from apiconn_nb.secrets import Secret
from apiconn_nb.workspace import Workspace

OUTCOMES = ("imported", "partly", "refused")


@dataclass
class Counts:
    """What came of the files: by outcome, with the reasons."""

    files: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    reasons: dict[str, Counter[str]] = field(default_factory=lambda: {each: Counter() for each in OUTCOMES})
    seconds: float = 0.0

    def add(self, outcome: str, reasons: list[str], calls: int = 0) -> None:
        """One file."""
        self.files[outcome] += 1
        self.calls += calls
        self.reasons[outcome].update(set(reasons))

    def text(self) -> str:
        """The counts as a person reads them."""
        total = sum(self.files.values())
        parts = ", ".join(f"{self.files[each]} {each}" for each in OUTCOMES)
        lines = [f"{total} files: {parts}; {self.calls:,} calls, {self.seconds:.1f} s"]
        for outcome in OUTCOMES[1:]:
            lines += [f"  {outcome}: {reason} ({count})" for reason, count in self.reasons[outcome].most_common()]
        return "\n".join(lines)


def files_in(folder: Path) -> Iterator[Path]:
    """The files to import; a Bruno or OpenCollection folder counts as one."""
    collections = {path.parent for name in ("bruno.json", "opencollection.yml") for path in folder.rglob(name)}
    yield from sorted(collections)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(parent in collections for parent in path.parents):
            yield path


def import_one(path: Path, scratch: Path) -> tuple[Report | None, str]:
    """The report of one file's import, and the reason where there is none. What was made is saved and read again."""
    try:
        imported = read(read_path(path))
    except ApiConnError as error:
        return None, str(error)
    for settings in imported.settings:
        assert not any(isinstance(value, Secret) for value in settings.calls)
        file = scratch / "apiconn.toml"
        file.unlink(missing_ok=True)
        put_away = Workspace(file).put_away_secrets(settings)
        save(file, put_away)
        assert load(file)[settings.name] == put_away, f"{path.name}: what was saved reads otherwise"
    return imported.report, ""


def measure(folder: Path, scratch: Path, *, each: bool = False) -> Counts:
    """Import every file of `folder`; `each` prints a line for every one."""
    counts = Counts()
    started = time.monotonic()
    for path in files_in(folder):
        report, reason = import_one(path, scratch)
        name = path.relative_to(folder).as_posix()
        if report is None:
            reason = reason.replace(path.name, "it")
            counts.add("refused", [reason])
        else:
            reasons = [*report.lost, *report.refused]
            counts.add(report.outcome, [_plain(text, report) for text in reasons], len(report.calls))
            reason = "; ".join(counted(reasons))
        if each:
            print(f"{report.outcome if report else 'refused':9} {name}: {reason[:300]}")
    counts.seconds = time.monotonic() - started
    return counts


def _plain(text: str, report: Report) -> str:
    """A reason without the call's or collection's name, so that equal ones are counted together."""
    names = sorted([*report.calls, *{call.partition(".")[0] for call in report.calls}], key=len, reverse=True)
    for name in names:
        text = text.removeprefix(f"{name}: ")
    return text


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", action="store_true", help="a line for each file")
    parser.add_argument("--scratch", type=Path, default=Path("."), help="where apiconn.toml is tried")
    given = parser.parse_args()
    print(measure(given.folder, given.scratch, each=given.each).text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
