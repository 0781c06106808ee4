"""Rows written as lists of cells: under names that stand in the first of them, or beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

# Where an object that describes a column has its name, the one that code uses before the one that people read.
_NAMES = ("fieldName", "name", "Name", "field", "id", "key", "label", "title", "displayName", "text")


def is_header(value: Sequence[Any]) -> bool:
    """Whether the first of several lists names the others' columns: texts only, none of which is under them."""
    if len(value) < 2 or not isinstance(value[0], list) or not value[0]:
        return False
    first, rest = value[0], value[1:33]
    if not all(isinstance(cell, str) and cell and not cell[0].isdigit() for cell in first):
        return False
    if any(not isinstance(row, list) or len(row) > len(first) for row in rest):
        return False
    below = {cell for row in rest for cell in row if isinstance(cell, str)}
    return below.isdisjoint(first)


def header_names(value: Any) -> list[str]:
    """The column names that a list of texts, or of objects with a name, carries; empty where it carries none."""
    if not isinstance(value, list) or not value:
        return []
    if all(isinstance(item, str) for item in value):
        return list(value)
    if all(isinstance(item, dict) for item in value):
        for key in _NAMES:
            if all(isinstance(item.get(key), str) for item in value):
                return [item[key] for item in value]
    return []


def headers_beside(value: Mapping[str, Any], depth: int = 3) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Lists of column names in an object and the objects in it (Socrata: ``meta.view.columns``), with their paths."""
    for key, child in value.items():
        if names := header_names(child):
            yield (key,), names
        elif isinstance(child, dict) and depth > 1:
            for path, names in headers_beside(child, depth - 1):
                yield (key, *path), names


def named_rows(names: list[str], rows: Iterable[Any]) -> list[Any]:
    """Lists of cells under names; a longer row's further cells under their positions."""
    made: list[Any] = []
    for row in rows:
        if not isinstance(row, list):
            made.append(row)
            continue
        while len(names) < len(row):
            names = unique([*names, str(len(names))])
        made.append(dict(zip(names, row, strict=False)))
    return made


def unique(names: Sequence[str]) -> list[str]:
    """Names in which a repeated one has its number: ``state``, ``state_2``."""
    made: dict[str, None] = {}
    for name in names:
        number, free = 2, name
        while free in made:
            free, number = f"{name}_{number}", number + 1
        made[free] = None
    return list(made)
