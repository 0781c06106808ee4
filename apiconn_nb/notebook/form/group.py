"""Fields with their values, compared with those the file has. No widget in it.

A value is *edited* where it differs from the file's. When the file changes, what is not edited follows it, and what was
edited in both places stays here and is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from apiconn_nb.fields import Field
from apiconn_nb.secrets import Secret


class Control(Protocol):
    """What shows one field: its value as the file would hold it, or a `Secret` that was typed."""

    def raw(self) -> Any:
        """The value."""

    def show(self, raw: Any) -> None:
        """Show a value."""


@dataclass(frozen=True)
class Collision:
    """A field that was changed here and in the file."""

    field: Field
    mine: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.field.label}: the file now says {said(self.theirs)}; here it is {said(self.mine)}"


@dataclass(frozen=True)
class Rebased:
    """What a change of the file did to a group of fields: the labels that followed it, and what collides."""

    followed: tuple[str, ...] = ()
    collisions: tuple[Collision, ...] = ()

    def __add__(self, other: Rebased) -> Rebased:
        return Rebased(self.followed + other.followed, self.collisions + other.collisions)


class Group:
    """The fields of one table of the file (the collection's own, or its method's) with their values.

    A field has a control once somebody has seen it; until then its value is held here.
    """

    def __init__(self, fields: tuple[Field, ...], base: Mapping[str, Any]) -> None:
        self.fields = {each.name: each for each in fields}
        self.base: dict[str, Any] = dict(base)
        self.controls: dict[str, Control] = {}
        self._held: dict[str, Any] = dict(base)

    def raw(self, name: str) -> Any:
        """The value of a field, its default where nothing is set."""
        if name in self.controls:
            return self.controls[name].raw()
        return _normal(self.fields[name], self._held.get(name))

    def attach(self, name: str, control: Control) -> None:
        """Have `control` show and hold the field from now on."""
        control.show(self.raw(name))
        self.controls[name] = control

    def load(self, values: Mapping[str, Any]) -> None:
        """Show `values`; what is not among them gets its default."""
        for name, field in self.fields.items():
            self.set(name, _normal(field, values.get(name)))

    def rebase(self, base: Mapping[str, Any]) -> Rebased:
        """Take what the file holds now; see the module's first lines for what happens to which value."""
        followed, collisions = [], []
        for name, field in self.fields.items():
            old, theirs = _normal(field, self.base.get(name)), _normal(field, base.get(name))
            mine = self.raw(name)
            if _same(old, theirs):
                continue
            if _same(mine, old):
                self.set(name, theirs)
                followed.append(field.label)
            elif not _same(mine, theirs):
                collisions.append(Collision(field, mine, theirs))
        self.base = dict(base)
        return Rebased(tuple(followed), tuple(collisions))

    def edited(self) -> list[str]:
        """The labels of the fields that differ from the file."""
        return [
            field.label
            for name, field in self.fields.items()
            if not _same(self.raw(name), _normal(field, self.base.get(name)))
        ]

    def table(self) -> dict[str, Any]:
        """The values as the file would hold them: defaults and empty ones are left out."""
        found = {}
        for name, field in self.fields.items():
            value = self.raw(name)
            if name in self.base and _same(value, _normal(field, self.base[name])):
                found[name] = self.base[name]
            elif not _same(value, _normal(field, None)):
                found[name] = value
        return found

    def typed(self) -> dict[str, Any]:
        """Every value as it stands."""
        return {name: self.raw(name) for name in self.fields}

    def settle(self, base: Mapping[str, Any], saved: Mapping[str, Any]) -> None:
        """`saved` is in the file now, which holds `base`; what was typed since `saved` was looked at stays."""
        self.base = dict(base)
        for name, field in self.fields.items():
            if _same(self.raw(name), saved[name]):
                self.set(name, _normal(field, base.get(name)))

    def set(self, name: str, value: Any) -> None:
        """Show and hold a value."""
        self._held[name] = value
        if name in self.controls:
            self.controls[name].show(value)


def _normal(field: Field, raw: Any) -> Any:
    """A value with the field's default for none; secrets and rows are empty by default."""
    if raw is not None:
        return dict(raw) if isinstance(raw, Mapping) else raw
    if field.kind == "secret":
        return ""
    return dict(field.default or {}) if field.kind == "rows" else field.default


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def said(value: Any) -> str:
    """A value in words, short, and never a secret."""
    if isinstance(value, Secret):
        return str(value) or "empty"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={said(each)}" for name, each in value.items()) or "empty"
    text = str(value).replace("\n", " ")
    if text == "":
        return "empty"
    return repr(text if len(text) <= 60 else text[:57] + "…")
