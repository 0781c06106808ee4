"""Lists as rows (``--explode``) or as numbered columns (``--wide``), on the records: types come out as ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apiconn_nb.errors import FrameError
from apiconn_nb.frames.names import escape, split


def explode(rows: Sequence[Any], path: str) -> list[Any]:
    """One row for each element of the list at `path` (a column's name); a row whose list is empty or missing stays one
    row.

    A path through several lists (``lines.taxes``) makes rows of each. Raises FrameError when no row has a list there.
    """
    keys = split(path)
    made: list[Any] = []
    seen = False
    for row in rows:
        exploded, found = _explode(row, keys)
        seen = seen or found
        made.extend(exploded)
    if rows and not seen:
        lists = sorted(_lists(rows))
        there = f"there is {', '.join(lists[:8])}." if lists else "there is no list in these rows."
        raise FrameError(f"--explode {path} names no list: {there}")
    return made


def _explode(row: Any, keys: list[str]) -> tuple[list[Any], bool]:
    if isinstance(row, list):
        made: list[Any] = []
        for item in row:
            made.extend(_explode(item, keys)[0])
        return made or [None], True
    if not keys or not isinstance(row, dict) or keys[0] not in row:
        return [row], False
    inner, found = _explode(row[keys[0]], keys[1:])
    return [{**row, keys[0]: value} for value in inner], found


def _lists(rows: Sequence[Any]) -> set[str]:
    names: set[str] = set()
    waiting = [("", row) for row in rows[:100]]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, list):
            names.add(name)
        elif isinstance(value, dict):
            waiting.extend((f"{name}.{escape(key)}" if name else escape(key), child) for key, child in value.items())
    return names - {""}


def wide(rows: Sequence[Any], most: int) -> tuple[list[Any], int]:
    """Each list as numbered keys, so that it becomes the columns ``tags.0``, ``tags.1``, ….

    A list of more than `most` elements stays a list in its cell. Returns the rows and how many lists stayed.
    """
    stayed = 0

    def widen(value: Any) -> Any:
        nonlocal stayed
        if isinstance(value, dict):
            return {key: widen(child) for key, child in value.items()}
        if not isinstance(value, list) or not value:
            return value
        if len(value) > most:
            stayed += 1
            return value
        return {str(number): widen(item) for number, item in enumerate(value)}

    return [widen(row) for row in rows], stayed
