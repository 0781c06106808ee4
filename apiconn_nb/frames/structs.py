"""A learned shape → a msgspec decoder that goes straight to typed objects, and the steps that make columns of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from apiconn_nb.frames.flatten import Node
from apiconn_nb.frames.parts import Part
from apiconn_nb.frames.pieces import Piece
from apiconn_nb.frames.shape import Field, Shape

Kind = Literal["text", "int", "float", "bool", "list", "none", "object", "any"]
_KINDS: dict[frozenset[type], tuple[Kind, Any]] = {
    frozenset(): ("none", None),
    frozenset({str}): ("text", str | None),
    frozenset({int}): ("int", int | None),
    frozenset({float}): ("float", float | None),
    frozenset({int, float}): ("float", float | None),
    frozenset({bool}): ("bool", bool | None),
}
_Whole = str | int | bool | None


@dataclass(slots=True)
class Step:
    """What to do with one field of a struct: its kind, the column it goes to, and for objects the steps of theirs.

    `absent` is the object that stands for a missing one: all its fields None.
    """

    kind: Kind
    node: Node
    steps: list[Step]
    absent: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """How to read records: `decode` makes structs of a piece (of lines, or a list), `steps` make columns of these.

    `may_round`: whether there may be numbers among them that the decoder rounds to nothing.
    """

    decode: Callable[[Piece], list[Any]]
    steps: list[Step]
    may_round: bool


def compiled(shape: Shape, root: Node, lines: bool, start: int) -> Plan | None:
    """The plan for a shape; None when it cannot be a struct. `start`: the first of the rows that it is for."""
    compiler = _Compiler(start)
    made = compiler.struct(shape, root) if shape.fields else None
    if made is None:
        return None
    struct, steps = made
    decode = msgspec.json.Decoder(struct).decode_lines if lines else msgspec.json.Decoder(list[struct]).decode  # type: ignore[valid-type]
    return Plan(decode, steps, compiler.may_round)


class _Compiler:
    def __init__(self, start: int) -> None:
        self.may_round = False
        self._start = start

    def struct(self, shape: Shape, node: Node, nested: bool = False) -> tuple[Any, list[Step]] | None:
        anchor = shape.anchor() if nested else None
        if nested and not shape.is_certain():
            return None
        if node.closed or shape.sparse():
            return None
        fields: list[tuple[str, Any, Any]] = []
        steps: list[Step] = []
        for number, (key, known) in enumerate(shape.fields.items()):
            column = node.child(key, root=not nested)
            step, kind = self._step(known, column)
            # The anchor has no default: an object without it, an empty one above all, is refused and read generically.
            options = {"name": key} if key == anchor else {"name": key, "default": None}
            fields.append((f"f{number}", kind, msgspec.field(**options)))
            steps.append(step)
        try:
            struct = msgspec.defstruct("Record", fields, gc=False, eq=False, kw_only=True, forbid_unknown_fields=True)
        except ValueError:  # a key with a quote, a backslash or a control character
            return None
        return struct, steps

    def _step(self, known: Field, column: Node) -> tuple[Step, Any]:
        if known.kinds == {dict} and known.shape is not None:
            inner = self.struct(known.shape, column, nested=True)
            if inner is not None:
                struct, steps = inner
                absent = struct(**{f"f{number}": None for number in range(len(steps))})
                return Step("object", column, steps, absent), struct | None
        kind, decoded = _KINDS.get(frozenset(known.kinds)) or self._loose(known)
        self.may_round = self.may_round or kind == "float"
        if kind == "none" and not column.parts:
            # Seen, and nothing in it: the column is there, all missing.
            column.parts.append(Part("none", None, self._start, 0))
        return Step(kind, column, [], None), decoded

    def _loose(self, known: Field) -> tuple[Kind, Any]:
        """The kind and type of values that stay as they are: no number with a fraction is let through, which might be
        one that rounds to nothing, unless some were seen.
        """
        kind: Kind = "list" if known.kinds == {list} else "any"
        if not known.depths or any(float in kinds for kinds in known.depths):
            self.may_round = True
            return kind, list[Any] | None if kind == "list" else Any
        value: Any = _Whole
        for kinds in reversed(known.depths[1:]):
            value = _around(value, kinds)
        return kind, list[value] | None if kind == "list" else _around(value, known.depths[0])


def _around(value: Any, kinds: set[type]) -> Any:
    made: Any = _Whole
    if list in kinds:
        made = made | list[value]
    if dict in kinds:
        made = made | dict[str, value]
    return made
