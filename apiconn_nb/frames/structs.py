"""A learned shape → a msgspec decoder that goes straight to typed objects, and the steps that make columns of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from apiconn_nb.frames.flatten import Node
from apiconn_nb.frames.parts import Part
from apiconn_nb.frames.pieces import Piece
from apiconn_nb.frames.shape import NESTED, Field, Shape

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
_Number = str | int | float | bool | None
_Positive = str | int | Annotated[float, msgspec.Meta(gt=0)] | bool | None


@dataclass(slots=True)
class Step:
    """What to do with one field of a struct: its kind, the column it goes to, and for objects the steps of theirs.

    `absent` is the object that stands for a missing one. The fields of an object that may be empty are UNSET where
    they are missing (`may_be_empty`), those of any other are None.
    """

    kind: Kind
    node: Node
    steps: list[Step]
    absent: Any
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How to read records: `decode` makes structs of a piece (of lines, or a list), `steps` make columns of these.

    `may_round`: whether there may be numbers in their lists that the decoder rounds to zero.
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
        if node.closed or shape.sparse():
            return None
        anchor = shape.anchor() if nested else None
        may_be_empty = nested and anchor is None
        fields: list[tuple[str, Any, Any]] = []
        steps: list[Step] = []
        for number, (key, known) in enumerate(shape.fields.items()):
            column = node.child(key, root=not nested)
            step, kind = self._step(known, column)
            default: dict[str, Any] = {"default": None}
            if may_be_empty:
                kind, default = kind | UnsetType, {"default": UNSET}
            elif key == anchor:
                # It has no default: an object without it, an empty one above all, is refused and read generically.
                default = {}
            fields.append((f"f{number}", kind, msgspec.field(name=key, **default)))
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
                may_be_empty = known.shape.anchor() is None
                absent = struct(**dict.fromkeys(struct.__struct_fields__, UNSET if may_be_empty else None))
                return Step("object", column, steps, absent, may_be_empty), struct | None
        kind, decoded = _KINDS.get(frozenset(known.kinds)) or self._loose(known)
        if kind == "none" and not column.parts:
            # Seen, and nothing in it: the column is there, all missing.
            column.parts.append(Part("none", None, self._start, 0))
        return Step(kind, column, [], None), decoded

    def _loose(self, known: Field) -> tuple[Kind, Any]:
        """The kind and type of values that stay as they are. Numbers with a fraction are let through where some were
        seen, and zero where that was: the decoder rounds to it.
        """
        if known.kinds & NESTED and not known.depths:
            self.may_round = True
            return "any", Any
        first, *deeper = known.depths or [set()]
        first = first | known.kinds
        if known.zero or float in first:
            self.may_round = True
        number = _Number if self.may_round else _Positive
        value: Any = _Whole
        for kinds in reversed(deeper):
            value = _around(value, kinds, number)
        return ("list", list[value] | None) if known.kinds == {list} else ("any", _around(value, first, number))


def _around(value: Any, kinds: set[type], number: Any) -> Any:
    made: Any = number if float in kinds else _Whole
    if list in kinds:
        made = made | list[value]
    if dict in kinds:
        made = made | dict[str, value]
    return made
