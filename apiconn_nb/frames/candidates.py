"""Every place in a document where its rows could be, each with a score.

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
from apiconn_nb.frames.header import headers_beside, is_header

Path = tuple[str | int, ...]
DEPTH = 7  # deeper than any envelope seen; keeps the walk short in answers that are one deep tree
SAMPLE = 32
SAYS_LIST = ("object", "type", "kind", "resourcetype")  # fields in which an object may say that it is a list


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place where the rows could be.

    `kind`: ``records`` (objects), ``edges`` (GraphQL ``edges[].node``), ``keyed`` (objects under their ids),
    ``keyed lists``, ``columns`` (lists under column names), ``split`` (lists of cells, their names elsewhere, at
    `names`), ``table`` (lists of cells), ``values`` (scalars), ``record`` (one object), ``value`` (one scalar).
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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: the path, what it cost to come here, and how much of a record the objects around are."""

    path: Path = ()
    cost: float = 0.0
    around: float = 0.0
    stands_out: float = 0.0

    def candidate(self, kind: str, count: int, score: float, names: Path = ()) -> Candidate:
        score -= self.cost
        # A list inside of a record is the record's own, however long, unless it stands out.
        return Candidate(self.path, kind, count, score if score > self.around else score - self.around - 20, names)


def size_of(value: Any) -> int:
    """How many elements a list has; a list cut down to a sample (`sketch.Cut`) knows its true length."""
    total: int = getattr(value, "total", None) or len(value)
    return total


def candidates_in(document: Any) -> list[Candidate]:
    """All candidates, in document order."""
    return list(_walk(document, _Place()))


def _walk(value: Any, place: _Place) -> Iterator[Candidate]:
    if isinstance(value, list):
        yield from _in_list(value, place)
    elif isinstance(value, dict) and len(place.path) < DEPTH:
        yield from _in_object(value, place)


def _in_list(value: list[Any], place: _Place) -> Iterator[Candidate]:
    kind, worth = _kind_of_list(value)
    if kind:
        count = size_of(value) - (kind == "table" and is_header(value))
        stands_out = place.stands_out if kind in {"records", "edges"} else 0
        yield place.candidate(kind, count, worth + _named(place.path) + _sized(count) + stands_out)
    if 2 <= len(value) <= 4 and kind in {"", "values", "records"} and any(isinstance(item, list) for item in value):
        # World Bank's [{"page": 1, …}, [{…}, …]]
        for number, item in enumerate(value):
            if isinstance(item, list):
                yield from _walk(item, _Place((*place.path, number), place.cost + 1, place.around))


def _kind_of_list(value: list[Any]) -> tuple[str, float]:
    """What a list can be, and what that alone is worth; '' where lists stand beside objects."""
    if not value:
        return "records", 4.0
    some = value[:SAMPLE]
    objects = [item for item in some if isinstance(item, dict)]
    if len(objects) * 2 > len(some):
        if len(objects) == len(some) and all(isinstance(item.get("node"), dict) for item in objects):
            return "edges", 8.0
        return "records", 4.0 + 2.0 * _alike(objects)
    lists = [item for item in some if isinstance(item, list)]
    if len(lists) == len(some):
        lengths = {len(item) for item in lists}
        flat = not any(isinstance(cell, list | dict) for item in lists for cell in item)
        return "table", 4.0 if flat and len(lengths) == 1 else 1.0
    return ("" if lists and objects else "values"), 0.0


def _in_object(value: Mapping[str, Any], place: _Place) -> Iterator[Candidate]:
    yield from _keyed(value, place)
    yield from _columns(value, place)
    yield from _split(value, place)
    around = max(place.around, record_likeness(value))
    # A GraphQL connection is what was asked for, and _embedded (HAL) is what an answer is about.
    stands_out = 14.0 if "pageInfo" in value else 6.0 if place.path[-1:] == ("_embedded",) else 0.0
    for key, child in value.items():
        name = words.word(key)
        path = (*place.path, key)
        if isinstance(child, list):
            yield from _walk(child, _Place(path, place.cost, around, stands_out))
        elif isinstance(child, dict):
            step = 0.5 if name in words.WRAPPERS or name in words.ROWS else 2.0
            yield from _walk(child, _Place(path, place.cost + step, around))
        elif child is None and name.endswith("s") and name in words.ROWS:
            # Go and others write null for a list without elements.
            yield _Place(path, place.cost, around).candidate("records", 0, 3.0 + _named(path))


def _named(path: Path) -> float:
    last = path[-1] if path else "data"
    name = words.word(last) if isinstance(last, str) else ""
    if name in words.ROWS:
        return 6.0
    if name in words.LIKELY:
        return 4.0
    return -3.0 if name in words.ASIDES else 0.0


def _sized(count: int) -> float:
    return 0.5 * math.log2(1 + min(count, 255))


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
    own = [name for name in scalars if name not in words.ENVELOPE and not name.startswith(("query", "request"))]
    # Two fields of its own weigh as much as a list of three under a name that says nothing.
    score = min(7.0, 3.5 * len(own)) + 2.0 * any(name.endswith("id") for name in own)
    if own:
        score += min(3.0, sum(1.5 for name, child in names.items() if isinstance(child, dict) and _is_part(name)))
    if any(name in words.IDENTITY for name in scalars) and "jsonrpc" not in names:
        score += 14.0
    score += 1.5 * sum(name in words.NAMES for name in scalars)
    if "apiversion" in names and "kind" in names and isinstance(names.get("metadata"), dict):
        score += 10.0  # a Kubernetes object: its identity is in metadata
    if any(name in words.PAGES for name in names):
        score -= 20.0
    elif any(name in words.PAGING for name in names):
        score -= 7.0
    return max(score, 0.0)


def _is_part(name: str) -> bool:
    """Whether an object so named is part of a thing rather than of an answer."""
    return name not in words.WRAPPERS and name not in words.NEVER and name not in words.ENVELOPE


def _says_list(names: Mapping[str, Any]) -> bool:
    """An object that says of itself that it is a list: Stripe, FHIR, GeoJSON, Kubernetes, Google, Hydra."""
    said = (names.get(key) for key in SAYS_LIST)
    return any(isinstance(what, str) and words.is_list_type(what) for what in said)


def _keyed(value: Mapping[str, Any], place: _Place) -> Iterator[Candidate]:
    """Objects (or lists of objects) under their ids, dates or codes."""
    if not value:
        return
    children = list(value.values())[:SAMPLE]
    ids = sum(map(words.looks_like_id, list(value)[:SAMPLE])) / len(children)
    if all(isinstance(child, dict) for child in children):
        alike = _alike(children)
        if _transposed(children):
            yield place.candidate("columns", len(children[0]), 12.0)
        elif ids > 0.8 or (len(value) >= 3 and alike > 0.8) or (len(value) == 2 and alike == 1.0):
            worth = 3.0 + 3.0 * alike + (4.0 if ids > 0.8 else 0.0)
            yield place.candidate("keyed", len(value), worth + _sized(len(value)) + max(_named(place.path), 0))
    elif ids == 1 and all(_is_records(child) for child in children):
        count = sum(size_of(child) for child in value.values())
        yield place.candidate("keyed lists", count, 10.0 + _sized(count))


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _transposed(children: list[dict[str, Any]]) -> bool:
    """pandas' default ``to_json``: ``{"name": {"0": …, "1": …}, "size": {"0": …, "1": …}}``."""
    wanted = [str(number) for number in range(len(children[0]))]
    return bool(wanted) and all(list(child) == wanted for child in children)


def _columns(value: Mapping[str, Any], place: _Place) -> Iterator[Candidate]:
    """Lists of scalars, equally long, under the columns' names (Open-Meteo's ``hourly``)."""
    lists = [child for child in value.values() if isinstance(child, list)]
    if len(lists) < 2 or len(lists) != len(value):
        return
    length = size_of(lists[0])
    flat = not any(isinstance(cell, list | dict) for child in lists for cell in child[:SAMPLE])
    if length and flat and all(size_of(child) == length for child in lists):
        yield place.candidate("columns", length, 12.0 + _sized(length))


def _split(value: Mapping[str, Any], place: _Place) -> Iterator[Candidate]:
    """``{"columns": [names], "data": [[cells], …]}`` under any names, also with objects that carry the names."""
    for key, table in value.items():
        if not isinstance(table, list) or not table or not isinstance(table[0], list):
            continue
        if _kind_of_list(table)[0] != "table":
            continue
        width = len(table[0])
        if any(len(row) != width for row in table[:SAMPLE]):
            continue
        for where, names in headers_beside(value):
            if where[-1] != key and len(names) == width:
                inner = _Place((*place.path, key), place.cost, place.around)
                yield inner.candidate("split", size_of(table), 14.0 + _sized(size_of(table)), (*place.path, *where))
                break
