"""The fields of a group on the page: in their order, a development twin beside its live field, advanced folded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from apiconn_nb.fields import Field
from apiconn_nb.notebook.form.checks import is_empty, problem_of
from apiconn_nb.notebook.form.controls import (
    AreaControl,
    ChoiceControl,
    FieldControl,
    FlagControl,
    Left,
    NumberControl,
    TextControl,
)
from apiconn_nb.notebook.form.fold import Fold
from apiconn_nb.notebook.form.group import Group
from apiconn_nb.notebook.form.parts import Parts
from apiconn_nb.notebook.form.rows import RowsControl
from apiconn_nb.notebook.form.secret_control import SecretControl
from apiconn_nb.notebook.form.secret_field import SecretField

_PLAIN: dict[str, type[FieldControl]] = {"flag": FlagControl, "number": NumberControl}
_TEXT: dict[str, type[FieldControl]] = {"pem": AreaControl, "json": AreaControl, "choice": ChoiceControl}


Make = Callable[[Parts, Field, str, Left], FieldControl]
Check = Callable[[Any], object]
"""Raises an ApiConnError for a value that does not hold."""


class FieldsBox:
    """Controls for the fields of a group.

    Parameters: `place` names the group in the browser (``auth``); `owner` gives the collection's name; `left` is called
    with a field when its control was left, after its own value has been looked at; `special` are the controls of
    fields that have one of their own, by name, and `checks` what is asked of a value in the place of its declaration.
    """

    def __init__(
        self,
        parts: Parts,
        group: Group,
        place: str,
        owner: Callable[[], str],
        left: Callable[[Field], None],
        special: Mapping[str, Make] | None = None,
        checks: Mapping[str, Check] | None = None,
    ) -> None:
        self._checks = checks or {}
        self._special = special or {}
        self._parts = parts
        self.group = group
        self._place = place
        self._owner = owner
        self._left = left
        self._folds: dict[str, Fold] = {}  # by field name
        self.controls: dict[str, FieldControl] = {}

    def lay_out(self, names: Iterable[str], *, fold: str = "") -> list[Any]:
        """Boxes for the fields called `names`; the advanced ones in a fold with the title `fold` (none: not folded)."""
        fields = [self.group.fields[name] for name in names]
        plain = [each for each in fields if not (fold and each.advanced)]
        advanced = [each for each in fields if fold and each.advanced]
        boxes = self._in_order(plain)
        if advanced:
            made = Fold(self._parts, fold, lambda: self._parts.box(*self._in_order(advanced)))
            self._folds |= {each.name: made for each in advanced}
            boxes.append(made.box)
        return boxes

    def check(self) -> list[Field]:
        """Look at every value, those in folds too, and say what is wrong beside it. The fields that do not hold."""
        return [field for field in self.group.fields.values() if self._check(field)]

    def missing(self, *, development: bool) -> list[Field]:
        """The fields that are needed and empty, said beside them."""
        found = [
            field
            for name, field in self.group.fields.items()
            if field.required and is_empty(self.group.raw(name))
            if not (development and f"dev_{name}" in self.group.fields and self.group.raw(f"dev_{name}"))
        ]
        for field in found:
            self.say(field, "This is needed.")
        return [*found, *self._rows_to_fill()]

    def _rows_to_fill(self) -> list[Field]:
        found = []
        for control in self.controls.values():
            name = control.unfilled() if isinstance(control, RowsControl) else ""
            if name and self.say(control.field, f"{name} has no value: type it, or remove the row."):
                found.append(control.field)
        return found

    def say(self, field: Field, problem: str) -> bool:
        """Say something beside a field, unfolded where it has to be; False where it is not of this group."""
        if self.group.fields.get(field.name) is not field:
            return False
        if problem and field.name in self._folds:
            self._folds[field.name].open()
        if field.name not in self.controls:
            return False
        self.controls[field.name].say(problem)
        return True

    def folded(self, names: Iterable[str], fold: Fold) -> None:
        """Have `fold` opened when something is wrong with one of these fields."""
        self._folds |= dict.fromkeys(names, fold)

    def secrets(self) -> dict[str, SecretField]:
        """The secret fields, by the key they have in the browser."""
        found: dict[str, SecretField] = {}
        for control in self.controls.values():
            if isinstance(control, SecretControl):
                found[control.key] = control.widget
            if isinstance(control, RowsControl):
                found |= control.secrets()
        return found

    def takers(self) -> dict[str, Callable[[Any], None]]:
        """What takes a text from the browser, by the key that its control has there."""
        found: dict[str, Callable[[Any], None]] = {}
        for control in self.controls.values():
            found[control.key] = control.take
            if isinstance(control, RowsControl):
                found |= control.takers()
        return found

    def _in_order(self, fields: list[Field]) -> list[Any]:
        boxes: list[Any] = []
        for field in fields:
            box = self._control(field).box
            if field.dev_of and boxes:
                boxes[-1] = self._parts.row(boxes[-1], box, classes=("apiconn-twins",))
            else:
                boxes.append(box)
        return boxes

    def _control(self, field: Field) -> FieldControl:
        key = f"{self._place}-{field.name}"
        made: FieldControl

        def left() -> None:
            self._check(field)
            self._left(field)

        if field.name in self._special:
            made = self._special[field.name](self._parts, field, key, left)
        elif field.kind == "secret":
            made = SecretControl(self._parts, field, key, left, lambda: f"{self._owner()}/{field.name}")
        elif field.kind == "rows":
            made = RowsControl(self._parts, field, key, left, self._owner)
        else:
            kind = _PLAIN.get(field.kind) or _TEXT.get(field.format, TextControl)
            made = kind(self._parts, field, key, left)
        self.group.attach(field.name, made)
        self.controls[field.name] = made
        return made

    def _check(self, field: Field) -> str:
        problem = problem_of(field, self.group.raw(field.name), self._owner(), self._checks.get(field.name))
        control = self.controls.get(field.name)
        if isinstance(control, RowsControl):
            problem = control.said_wrong() or problem
        self.say(field, problem)
        return problem
