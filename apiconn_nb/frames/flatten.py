"""Records → a tree of columns, lossless: every leaf lands in one cell of one column.

Nested objects become dotted columns. A leaf is a scalar, a list (it stays a list in its cell) or an empty object. An
object whose keys are data, a different set in every row, stays an object in its cell: as columns it would be a table
of holes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from apiconn_nb.frames.columns import Part, part_of
from apiconn_nb.frames.names import escape

SCALARS = "value"  # the column of rows that are no objects
MANY_KEYS = 200
FILLED = 0.1
_NOTHING: dict[str, Any] = {}
_NONE = type(None)


class Node:
    """One place in the records: its own cells (`parts`), and the columns under it in the order they were first seen."""

    __slots__ = ("children", "closed", "name", "parts")

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.children: dict[str, Node] = {}
        self.parts: list[Part] = []
        self.closed = False

    def child(self, key: str, root: bool = False) -> Node:
        """The column under `key`."""
        node = self.children.get(key)
        if node is None:
            node = self.children[key] = Node(escape(key) if root else f"{self.name}.{escape(key)}")
        return node

    def leaves(self) -> Iterator[Node]:
        """All columns, nested ones where their object was first seen."""
        # Null where other rows have an object is that object missing, not a column of its own.
        if self.parts and (not self.children or any(part.tag != "none" for part in self.parts)):
            yield self
        for node in self.children.values():
            yield from node.leaves()


def add_rows(root: Node, rows: Sequence[Any], start: int) -> None:
    """Put rows into the tree; `start` is the number of rows that it already holds."""
    objects = [row if type(row) is dict else _NOTHING if row is None else {SCALARS: row} for row in rows]
    if _closes(root, objects):
        cells = [row if row != {} else None for row in rows]
        root.child(SCALARS, root=True).parts.append(part_of(cells, set(map(type, cells)), start))
        return
    add_objects(root, objects, start, root=True)


def add_objects(node: Node, objects: Sequence[dict[str, Any]], start: int, root: bool = False) -> None:
    """Put objects, one a row, into the columns under `node`."""
    for key in dict.fromkeys(chain.from_iterable(objects)):
        add_values(node.child(key, root), [item.get(key) for item in objects], start)


def add_values(node: Node, values: Sequence[Any], start: int) -> None:
    """Put the values of one key, one a row, into its column and, where they are objects, the columns under it."""
    kinds = set(map(type, values))
    if dict not in kinds:
        node.parts.append(part_of(values, kinds, start))
        return
    objects = [value if type(value) is dict else _NOTHING for value in values]
    if _closes(node, objects):
        node.parts.append(part_of(values, kinds, start))
        return
    # An empty object is a leaf: it has no column under it that could tell it from null.
    own = [None if type(value) is dict and value else value for value in values]
    own_kinds = set(map(type, own))
    if own_kinds != {_NONE}:
        node.parts.append(part_of(own, own_kinds, start))
    add_objects(node, objects, start, root=False)


def _closes(node: Node, objects: Sequence[dict[str, Any]]) -> bool:
    """Whether the objects' keys are data rather than names of columns; once seen, it holds for all later rows."""
    if not node.closed and len(node.children) + max(map(len, objects), default=0) * len(objects) > MANY_KEYS:
        keys = set(chain.from_iterable(objects)).union(node.children)
        filled = sum(map(len, objects)) / (len(keys) * len(objects)) if keys else 1.0
        node.closed = len(keys) > MANY_KEYS and filled < FILLED
    return node.closed


def forget(node: Node, rows: int) -> None:
    """Take back what was added for rows from `rows` on (an answer that failed half-way)."""
    node.parts = [part for part in node.parts if part.start < rows]
    for key, child in list(node.children.items()):
        forget(child, rows)
        if not child.parts and not child.children:
            del node.children[key]
