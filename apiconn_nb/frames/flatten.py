"""Records → a tree of columns, lossless: every leaf lands in one cell of one column.

Nested objects become dotted columns. A leaf is a scalar, a list (it stays a list in its cell) or an empty object. An
object whose keys are data, a different set in every row, stays an object in its cell: as columns it would be a table
of holes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from apiconn_nb.frames.names import escape
from apiconn_nb.frames.parts import Part, pack, part_of

SCALARS = "value"  # the column of rows that are no objects
MANY_KEYS = 200
FILLED = 0.1
_FEW = 2000
_NOTHING: dict[str, Any] = {}
_OBJECTS = {dict, type(None)}


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
    objects: Sequence[Any] = rows
    if set(map(type, rows)) != {dict}:
        objects = [row if type(row) is dict else _NOTHING if row is None else {SCALARS: row} for row in rows]
    fields = _fields(root, objects)
    if root.closed:
        cells = [row if row != {} else None for row in rows]
        root.child(SCALARS, root=True).parts.append(part_of(cells, set(map(type, cells)), start))
        return
    for key, values in fields:
        add_values(root.child(key, root=True), values, start)
    pack_last(root, len(rows))


def add_values(node: Node, values: Sequence[Any], start: int) -> None:
    """Put the values of one key, one a row, into its column and, where they are objects, the columns under it."""
    kinds = set(map(type, values))
    if dict not in kinds:
        node.parts.append(part_of(values, kinds, start))
        return
    objects = values if len(kinds) == 1 else [value if type(value) is dict else _NOTHING for value in values]
    fields = _fields(node, objects)
    if node.closed:
        node.parts.append(part_of(values, kinds, start))
        return
    if not kinds <= _OBJECTS or {} in values:
        # An empty object is a leaf: it has no column under it that could tell it from null.
        own = [None if type(value) is dict and value else value for value in values]
        node.parts.append(part_of(own, set(map(type, own)), start))
    for key, inner in fields:
        add_values(node.child(key), inner, start)


def pack_last(node: Node, rows: int) -> None:
    """Pack the texts that were added last under `node`, `rows` of them a column."""
    parts = list(_last_parts(node))
    # Together while they are few, since each call costs more than a hundred texts; many would share one buffer.
    for group in [parts] if rows <= _FEW else [[part] for part in parts]:
        pack(group)


def _last_parts(node: Node) -> Iterator[Part]:
    yield from node.parts[-1:]
    for child in node.children.values():
        yield from _last_parts(child)


def _fields(node: Node, objects: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
    """The keys of the objects in the order they are first seen, each with its values, None where an object lacks it.

    Closes the node when the keys are data rather than names of columns; once closed, it stays so for all later rows.
    """
    # Most answers have the same keys in the same order in every object: then nothing need be looked up.
    keys = list(next(filter(None, objects), ()))
    absent = dict.fromkeys(keys)
    whole = [item or absent for item in objects]
    alike = list(map(list, whole)) == [keys] * len(whole)
    if not alike:
        keys = list(dict.fromkeys(chain.from_iterable(objects)))
    if not node.closed and len(keys) + len(node.children) > MANY_KEYS:
        count = len(node.children.keys() | keys)
        node.closed = count > MANY_KEYS and sum(map(len, objects)) < FILLED * count * len(objects)
    if alike:
        return zip(keys, zip(*map(dict.values, whole), strict=True), strict=True)
    return ((key, [item.get(key) for item in objects]) for key in keys)


def forget(node: Node, rows: int) -> None:
    """Take back what was added for rows from `rows` on (an answer that failed half-way)."""
    node.parts = [part for part in node.parts if part.start < rows]
    for key, child in list(node.children.items()):
        forget(child, rows)
        if not child.parts and not child.children:
            del node.children[key]
