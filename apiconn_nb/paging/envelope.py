"""The part of an answer that is not its rows: where paging words stand.

Everything here is bounded (depth, nodes, keys), because a document is whatever a server sent.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

DEPTH = 6  # GraphQL: data.organization.repository.issues.pageInfo
NODES = 400
KEYS = 200
LONGEST = 80  # characters of a key that is a paging word, or leads to one


def words(text: str) -> frozenset[str]:
    """The words of `text`, a vocabulary that reads better in lines than in quotes."""
    return frozenset(text.split())


# Lists that are never the rows of a page.
ASIDE = words(
    """
    links link errors error warnings warning included messages facets aggregations relations sort meta _links
    """
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

Path = tuple[str | int, ...]


class Node(NamedTuple):
    """An object of the envelope and the keys that lead to it."""

    path: Path
    fields: Mapping[str, Any]

    def items(self) -> Iterator[tuple[str, Any]]:
        """The fields, as many as an envelope may have."""
        return _first(self.fields)

    def words(self) -> dict[str, str]:
        """The normalised keys, and each as it is spelled."""
        return {normal(key): key for key, _ in _first(self.fields)}

    @property
    def name(self) -> str:
        """The normalised key under which this object stands (empty for the root)."""
        return normal(str(self.path[-1])) if self.path else ""


@lru_cache(4096)
def normal(key: str) -> str:
    """`key` without case, ``_``, ``-``, ``@``, ``$`` and dots: ``Next_Page`` and ``nextPage`` are one word."""
    return re.sub(r"[_\-@$.\s]", "", key).lower()


def nodes(document: Any) -> Iterator[Node]:
    """The objects of the envelope, nearest to the root first; never inside a list of rows.

    One list is entered: the World Bank's ``[{"page": 1, …}, [rows]]``, an envelope beside its rows.
    """
    queue: deque[tuple[Path, Any]] = deque([((), document)])
    if isinstance(document, list) and len(document) == 2 and isinstance(document[1], list):
        queue = deque([((0,), document[0])])
    given = 0
    while queue and given < NODES:
        path, value = queue.popleft()
        if not isinstance(value, Mapping):
            continue
        given += 1
        yield Node(path, value)
        if len(path) >= DEPTH:
            continue
        inner = ((key, item) for key, item in _first(value) if isinstance(item, Mapping))
        queue.extend(((*path, key), item) for key, item in inner)


def _first(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for count, (key, item) in enumerate(fields.items()):
        if count >= KEYS:
            return
        if isinstance(key, str) and len(key) <= LONGEST:
            yield key, item


def jmespath_of(path: Sequence[str | int]) -> str:
    """The JMESPath expression that leads along `path`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        text += ("." if text else "") + (part if _PLAIN.match(part) else json.dumps(part))
    return text or "@"


class Rows(NamedTuple):
    """The rows of a page as paging sees them: the longest list of the envelope, and where it stands."""

    path: Path
    items: Sequence[Any]


def rows_of(document: Any) -> Rows | None:
    """The page's rows, or None where the answer holds no list at all.

    Paging needs only how many there are and the last one; what becomes a table is for `apiconn_nb.frames` to find.
    A list of objects is preferred to a longer list of anything else; of equals, the one nearest to the root.
    """
    if isinstance(document, list):
        if len(document) == 2 and isinstance(document[0], Mapping) and isinstance(document[1], list):
            return Rows((1,), document[1])
        return Rows((), document)
    best: Rows | None = None
    for node in nodes(document):
        for key, item in _first(node.fields):
            if not isinstance(item, list) or normal(key) in ASIDE:
                continue
            if best is None or _weight(item) > _weight(best.items):
                best = Rows((*node.path, key), item)
    return best


def has_records(document: Any) -> bool:
    """Whether the answer holds a list of rows (objects or lists, or an empty list), rather than a record with tags."""
    rows = rows_of(document)
    return rows is not None and (not rows.path or not rows.items or isinstance(rows.items[0], Mapping | list))


def _weight(items: Sequence[Any]) -> tuple[int, int]:
    if not items:
        return (0, 0)
    return (2 if isinstance(items[0], Mapping) else 1, len(items))


def count_rows(document: Any) -> int:
    """How many rows the page holds: items of its list, 1 for a lone object, 0 for nothing."""
    rows = rows_of(document)
    if rows is not None:
        return len(rows.items)
    return 1 if isinstance(document, Mapping) and document else 0
