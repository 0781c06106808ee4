"""Where a key stands in a TOML file, for messages: TOML readers do not keep it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apiconn_nb.errors import ApiConnError

_KEY = r"(?:\"[^\"]*\"|'[^']*'|[\w-]+)"
_ASSIGNED = re.compile(rf"({_KEY}(?:\s*\.\s*{_KEY})*)\s*=\s*(.*)")
_HEADER = re.compile(r"\[+\s*([^\]]+?)\s*\]+")
Place = tuple[str, ...]
"""A key's path in the file: ``("github", "auth", "key")``."""


@dataclass(frozen=True)
class Written:
    """The text of a file, and the name that messages call it by."""

    path: Path
    text: str

    def said(self, message: str, place: Place) -> str:
        """`message` with the file's name and the line of `place`."""
        line = find_line(self.text, place)
        return f"{self.path.name}{f', line {line}' if line else ''}: {message}"

    def with_line(self, error: ApiConnError, place: Place) -> ApiConnError:
        """`error` again, with the file's line."""
        return type(error)(self.said(str(error), place))


def find_line(text: str, place: Place) -> int:
    """The line (from 1) where a key or table stands, else that of the nearest table around it; 0 for neither."""
    table: Place = ()
    best = 0
    for number, line in _statements(text):
        if header := _HEADER.match(line):
            table = _keys(header[1])
            here = table
        elif assigned := _ASSIGNED.match(line):
            here = table + _keys(assigned[1])
        else:
            continue
        if here == place:
            return number
        if place[: len(here)] == here:
            best = number
    return best


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside of texts of several lines, which may look like anything."""
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        if closing:
            closing = "" if closing in line else closing
            continue
        yield number, line.strip()
        assigned = _ASSIGNED.match(line.strip())
        value = assigned[2] if assigned else ""
        for quotes in ('"""', "'''"):
            if value.startswith(quotes) and quotes not in value[3:]:
                closing = quotes


def _keys(dotted: str) -> Place:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted))
