"""Rows out of each way to write them: under ids, column by column, as lists with a header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from apiconn_nb.frames import vocabulary as words
from apiconn_nb.frames.candidates import Candidate, Path
from apiconn_nb.frames.header import header_names, is_header, named_rows, unique


def at(document: Any, path: Path) -> Any:
    """The value at a path."""
    for step in path:
        document = document[step]
    return document


def rows_at(document: Any, taken: Candidate) -> Sequence[Any]:
    """The rows of a candidate, objects wherever they have names."""
    value = at(document, taken.path)
    match taken.kind:
        case "edges":
            return [edge["node"] for edge in value]
        case "keyed":
            return keyed(value)
        case "keyed lists":
            name = _free_key(item for child in value.values() for item in child)
            return [{name: key, **item} for key, child in value.items() for item in child]
        case "columns":
            return by_columns(value)
        case "split":
            return named_rows(unique(header_names(at(document, taken.names))), value)
        case "table":
            return table_rows(value)
        case "record" | "value":
            return [] if value is None else [value]
    return value if isinstance(value, list) else []


def keyed(value: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Objects under their ids: the id becomes the column ``_key``."""
    name = _free_key(value.values())
    return [{name: key, **child} for key, child in value.items()]


def by_columns(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Equally long lists (or objects numbered from 0) under the columns' names."""
    columns = [list(child.values()) if isinstance(child, dict) else child for child in value.values()]
    return [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]


def table_rows(value: list[Any]) -> list[Any]:
    """Lists of lists: under the first one's texts where it is a header, else under their positions."""
    if is_header(value):
        return named_rows(unique(value[0]), value[1:])
    return named_rows([], value)


def looks_keyed(value: Any) -> bool:
    """Whether an object that was asked for by name holds rows under ids."""
    if not isinstance(value, dict) or not value or not all(isinstance(child, dict) for child in value.values()):
        return False
    shared = set.intersection(*(set(child) for child in value.values()))
    return all(map(words.looks_like_id, value)) or (len(value) > 1 and bool(shared))


def _free_key(objects: Iterable[Any]) -> str:
    taken = {key for item in objects for key in item}
    name = "_key"
    while name in taken:
        name = "_" + name
    return name
