"""Every place in a document where its rows could be, each with a score and the reason it can be rows at all.

Scores answer one question: would the person who asked call these the rows? A list of objects under a name that
providers use for rows beats one under a name of its own, more and more alike objects beat few and mixed ones, and near
beats deep. Against all of them stands the object around them: with an identity and fields of its own it is a single
record, and its lists are its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apiconn_nb.frames import vocabulary as words

Path = tuple[str | int, ...]
DEPTH = 7  # deeper than any envelope seen; keeps the walk short in answers that are one deep tree
SAMPLE = 32


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place where the rows could be.

    `kind`: ``records`` (objects), ``edges`` (GraphQL ``edges[].node``), ``keyed`` (objects under their ids), ``keyed
    lists``, ``columns`` (lists under column names), ``split`` (rows under a list of column names elsewhere, at
    `names`), ``table`` (lists of lists), ``values`` (scalars), ``record`` (one object).
    """

    path: Path
    kind: str
    count: int
    score: float
    names: Path = ()

    @property
    def last_resort(self) -> bool:
        """Named as something that is never the rows while there is anything better."""
        return any(isinstance(step, str) and words.word(step) in words.NEVER for step in self.path)


def size_of(value: Any) -> int:
    """How many elements a list has; a cut-down sketch of a long list (`sketch.Cut`) knows its true length."""
    total: int = getattr(value, "total", None) or len(value)
    return total


def candidates_in(document: Any) -> list[Candidate]:
    """All candidates, in document order."""
    return list(_walk(document, (), 0.0, 0.0))


def _walk(value: Any, path: Path, cost: float, around: float) -> Iterator[Candidate]:
    """`cost` is what it took to come here, `around` how much of a record the nearest objects around are."""
    if isinstance(value, list):
        yield from _in_list(value, path, cost, around)
    elif isinstance(value, dict) and len(path) < DEPTH:
        yield from _in_object(value, path, cost, around)


def _in_list(value: list[Any], path: Path, cost: float, around: float) -> Iterator[Candidate]:
    kind, worth = _kind_of_list(value)
    if kind:
        score = worth + _named(path) + _sized(size_of(value)) - cost
        yield Candidate(path, kind, size_of(value), _against(score, around))
    if 2 <= len(value) <= 4 and kind in {"", "values"} and any(isinstance(item, list) for item in value):
        # World Bank's [{"page": 1, …}, [{…}, …]]
        for number, item in enumerate(value):
            if isinstance(item, list):
                yield from _walk(item, (*path, number), cost + 1, around)


def _kind_of_list(value: list[Any]) -> tuple[str, float]:
    """What a list can be, and what that alone is worth; '' where a list of lists stands beside objects."""
    if not value:
        return "records", 3.0
    some = value[:SAMPLE]
    objects = [item for item in some if isinstance(item, dict)]
    if len(objects) * 2 > len(some):
        if len(objects) == len(some) and all(isinstance(item.get("node"), dict) for item in objects):
            return "edges", 12.0
        return "records", 4.0 + 2.0 * _alike(objects)
    lists = [item for item in some if isinstance(item, list)]
    if len(lists) == len(some):
        lengths = {len(item) for item in lists}
        flat = not any(isinstance(cell, list | dict) for item in lists for cell in item)
        return "table", 4.0 if flat and len(lengths) == 1 else 1.0
    return ("" if lists and objects else "values"), 0.0


def _in_object(value: Mapping[str, Any], path: Path, cost: float, around: float) -> Iterator[Candidate]:
    yield from _keyed(value, path, cost, around)
    yield from _columns(value, path, cost, around)
    yield from _split(value, path, cost, around)
    own = record_likeness(value)
    for key, child in value.items():
        name = words.word(key)
        step = 0.5 if name in words.WRAPPERS or name in words.ROWS else 2.0
        if isinstance(child, list):
            yield from _walk(child, (*path, key), cost, max(around, own))
        elif isinstance(child, dict):
            yield from _walk(child, (*path, key), cost + step, max(around, own))


def _named(path: Path) -> float:
    if not path:
        return 6.0
    last = path[-1]
    name = words.word(last) if isinstance(last, str) else ""
    if name in words.ROWS:
        return 6.0
    return -3.0 if name in words.ASIDES else 0.0


def _sized(count: int) -> float:
    return 0.5 * math.log2(1 + min(count, 255))


def _against(score: float, around: float) -> float:
    """A list inside of a record is the record's own, however long, unless it stands out."""
    return score if score > around else score - around - 20.0


def _alike(objects: list[dict[str, Any]]) -> float:
    """How much of the objects' keys they share, 0 to 1."""
    keys = [set(item) for item in objects]
    union = set().union(*keys)
    return sum(map(len, keys)) / (len(union) * len(keys)) if union else 0.0


def record_likeness(value: Mapping[str, Any]) -> float:
    """How much an object is one thing of its own rather than an envelope around things."""
    names = {words.word(key): child for key, child in value.items()}
    if _says_list(names):
        return 0.0
    scalars = [name for name, child in names.items() if not isinstance(child, list | dict) and child is not None]
    score = min(6.0, sum(1.5 for name in scalars if name not in words.ENVELOPE))
    if any(name in words.IDENTITY for name in scalars) and "jsonrpc" not in names:
        score += 14.0
    score += 1.5 * sum(name in words.NAMES for name in scalars)
    if "apiversion" in names and "kind" in names and isinstance(names.get("metadata"), dict):
        score += 10.0  # a Kubernetes object: its identity is in metadata
    if any(name in words.PAGING for name in names):
        score -= 7.0
    return max(score, 0.0)


def _says_list(names: Mapping[str, Any]) -> bool:
    """An object that says of itself that it is a list: Stripe, FHIR, GeoJSON, Kubernetes, Google."""
    said = [names.get(key) for key in ("object", "type", "kind", "resourcetype")]
    return any(
        isinstance(what, str)
        and (
            what.lower() in {"list", "bundle", "featurecollection", "collection", "page"}
            or what.endswith(("List", "list"))
        )
        for what in said
    )


def _keyed(value: Mapping[str, Any], path: Path, cost: float, around: float) -> Iterator[Candidate]:
    """Objects (or lists of objects) under their ids, dates or codes."""
    if not value:
        return
    children = list(value.values())[:SAMPLE]
    ids = sum(map(words.looks_like_id, list(value)[:SAMPLE])) / len(children)
    if all(isinstance(child, dict) for child in children):
        alike = _alike(children)
        if _transposed(children):
            yield Candidate(path, "columns", len(children[0]), _against(9.0 - cost, around))
        elif ids > 0.8 or (len(value) >= 3 and alike > 0.8) or (len(value) == 2 and alike == 1.0):
            score = 3.0 + 3.0 * alike + (4.0 if ids > 0.8 else 0.0) + _sized(len(value)) + max(_named(path), 0) - cost
            yield Candidate(path, "keyed", len(value), _against(score, around))
    elif ids == 1 and all(
        isinstance(child, list) and all(isinstance(item, dict) for item in child) for child in children
    ):
        count = sum(size_of(child) for child in value.values())
        yield Candidate(path, "keyed lists", count, _against(10.0 + _sized(count) - cost, around))


def _transposed(children: list[dict[str, Any]]) -> bool:
    """pandas' default ``to_json``: ``{"name": {"0": …, "1": …}, "size": {"0": …, "1": …}}``."""
    wanted = [str(number) for number in range(len(children[0]))]
    return bool(wanted) and all(list(child) == wanted for child in children)


def _columns(value: Mapping[str, Any], path: Path, cost: float, around: float) -> Iterator[Candidate]:
    """Lists of scalars, equally long, under the columns' names (Open-Meteo's ``hourly``)."""
    lists = [child for child in value.values() if isinstance(child, list)]
    if len(lists) < 2 or len(lists) != len(value):
        return
    length = size_of(lists[0])
    flat = not any(isinstance(cell, list | dict) for child in lists for cell in child[:SAMPLE])
    if length and flat and all(size_of(child) == length for child in lists):
        yield Candidate(path, "columns", length, _against(8.0 + _sized(length) - cost, around))


def _split(value: Mapping[str, Any], path: Path, cost: float, around: float) -> Iterator[Candidate]:
    """``{"columns": [names], "data": [[cells], …]}`` under any names, also with objects that carry the names."""
    tables = [
        (key, child) for key, child in value.items() if isinstance(child, list) and _kind_of_list(child)[0] == "table"
    ]
    for key, table in tables:
        width = len(table[0])
        for where, header in _headers(value):
            if where[-1] != key and len(header) == width and all(len(row) == width for row in table[:SAMPLE]):
                score = 14.0 + _sized(size_of(table)) - cost
                yield Candidate((*path, key), "split", size_of(table), _against(score, around), (*path, *where))
                return


def _headers(value: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    for key, child in value.items():
        if names := header_names(child):
            yield (key,), names
        elif isinstance(child, dict):
            for inner, grandchild in child.items():
                if names := header_names(grandchild):
                    yield (key, inner), names
                elif isinstance(grandchild, dict):
                    # Socrata: meta.view.columns[].name
                    for innermost, last in grandchild.items():
                        if names := header_names(last):
                            yield (key, inner, innermost), names


def header_names(value: Any) -> list[str]:
    """The column names that a list of texts or of objects with a name carries; empty where it carries none."""
    if not isinstance(value, list) or not value:
        return []
    if all(isinstance(item, str) for item in value):
        return list(value)
    if all(isinstance(item, dict) for item in value):
        for key in ("fieldName", "name", "Name", "field", "id", "key", "label", "title", "displayName", "text"):
            if all(isinstance(item.get(key), str) for item in value):
                return [item[key] for item in value]
    return []
