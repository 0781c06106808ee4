"""The comments above a table of a TOML file belong to it: tomlkit takes them for the end of the table before.

While the file is changed they travel in the comment of the table's own line, so that what is added goes above them,
and a table that is deleted takes its own along.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

_MARK = "\ue000"  # of the private use area, which no comment has
_HELD = re.compile(rf"^([^\n]*?) ?#{_MARK}([0-9a-f]*)", re.MULTILINE)


def held(text: str) -> str:
    """`text` with what stands above each table but the first in the comment of its line."""
    if _MARK in text:
        return text
    kept: list[str] = []
    above: list[str] = []  # comments and blank lines since the last statement
    is_first = True
    for line, is_statement, comment in _lines(text):
        if is_statement and (not line.strip() or line.lstrip().startswith("#")):
            above.append(line)
            continue
        if is_statement and line.lstrip().startswith("[") and not is_first:
            stays, goes = _shared_out(above)
            kept += [*stays, _hold(line, comment, "".join(goes), len(kept))]
        else:
            kept += [*above, line]
        is_first = is_first and not line.lstrip().startswith("[")
        above = []
    made = "".join([*kept, *above])
    return made if tomllib.loads(made) == tomllib.loads(text) else text


def released(text: str) -> str:
    """What `held` made, with the comments in their place again."""

    seen: set[str] = set()

    def place(found: re.Match[str]) -> str:
        above, behind, _ = json.loads(bytes.fromhex(found[2]))
        # tomlkit gives a table that it makes for its first value the comment of the one inside it.
        is_first = found[2] not in seen
        seen.add(found[2])
        return f"{above}{found[1]}{behind}" if is_first else found[1]

    return _HELD.sub(place, text)


def _shared_out(above: list[str]) -> tuple[list[str], list[str]]:
    """What stays at the end of the table before (a note right under its last line), and what goes with the next."""
    blank = next((number for number, line in enumerate(above) if not line.strip()), 0)
    return above[:blank], above[blank:]


def _hold(line: str, comment: int, above: str, number: int) -> str:
    end = line[len(line.rstrip("\r\n")) :]
    head, behind = line[:comment].rstrip(), line[:comment][len(line[:comment].rstrip()) :] + line[comment:]
    packed = json.dumps([above, behind[: len(behind) - len(end)], number]).encode().hex()
    return f"{head} #{_MARK}{packed}{end}"


def _lines(text: str) -> Iterator[tuple[str, bool, int]]:
    """Each line, whether it begins outside of any value, and where its comment begins (its end, where it has none)."""
    quotes, depth = "", 0
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        is_statement = not quotes and not depth
        place = 0
        while place < len(line):
            if quotes:
                place, quotes = _after(line, place, quotes)
                continue
            if line[place] == "#":
                break
            if line.startswith(('"""', "'''"), place):
                quotes = line[place : place + 3]
            elif line[place] in "\"'":
                quotes = line[place]
            depth += (line[place] in "[{") - (line[place] in "]}")
            place += len(quotes) or 1
        if len(quotes) == 1:
            quotes = ""  # such a text has one line; this file is none that can be read
        yield line, is_statement, place


def _after(line: str, place: int, quotes: str) -> tuple[int, str]:
    """Behind the end of a text that is open at `place`, and the quotes that are open there."""
    while place < len(line):
        if line[place] == "\\" and quotes[0] == '"':
            place += 2
        elif line.startswith(quotes, place):
            return place + len(quotes), ""
        else:
            place += 1
    return len(line), quotes
