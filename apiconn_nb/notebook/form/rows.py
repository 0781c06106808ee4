"""Rows of name and value (headers, parameters): added, taken away, and a value that is a secret typed as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import ipywidgets as widgets

from apiconn_nb.fields import Field, looks_like_credential
from apiconn_nb.notebook.form.controls import FieldControl, Left
from apiconn_nb.notebook.form.parts import Parts, escape
from apiconn_nb.notebook.form.secret_control import SecretControl
from apiconn_nb.notebook.form.secret_field import SecretField
from apiconn_nb.secrets import Secret, is_reference


class RowsControl(FieldControl):
    """The rows of one field, with a button that adds one.

    `owner` gives the collection's name, by which a typed secret is remembered.
    """

    row_kind: type[Row]

    def __init__(self, parts: Parts, field: Field, key: str, left: Left, owner: Callable[[], str]) -> None:
        self.rows: list[Row] = []
        self._made = 0
        self._owner = owner
        super().__init__(parts, field, key, left)

    def raw(self) -> Any:
        """Names and values; a row without a name is left out (and said)."""
        return {row.name: row.value() for row in self.rows if row.name}

    def _show(self, raw: Any) -> None:
        if raw == self.raw():
            return
        for row in list(self.rows):
            self._drop(row)
        for name, value in raw.items():
            self._add(str(name), value)
        self._arrange()

    def take(self, typed: Any) -> None:
        """Each row's own controls are taken by their own keys."""

    def said_wrong(self) -> str:
        """What is wrong with the rows as rows."""
        names = [row.name for row in self.rows]
        twice = next((name for name in names if name and names.count(name) > 1), "")
        if twice:
            return f"{twice} stands here twice: keep one."
        if any(not row.name and row.value() for row in self.rows):
            return "A row has a value and no name."
        return ""

    def unfilled(self) -> str:
        """The name of a row whose value is to be a secret and is empty: that would be sent as an empty credential."""
        return next((row.name for row in self.rows if row.name and row.secret is not None and not row.value()), "")

    def add(self, name: str, value: Any) -> None:
        """Add a row."""
        self._add(name, value)
        self._arrange()

    def secrets(self) -> dict[str, SecretField]:
        """The secret fields inside, by the key they have in the browser."""
        return {row.secret.key: row.secret.widget for row in self.rows if row.secret is not None}

    def takers(self) -> dict[str, Callable[[Any], None]]:
        """What takes a text from the browser, by the key that its control has there."""
        return {key: take for row in self.rows for key, take in row.takers().items()}

    def _make(self, parts: Parts) -> Any:
        word = next((each for each in ("header", "column") if each in self.field.label.lower()), "parameter")
        tooltip = f"{self.field.label}: add a {word}"
        self._add_button = parts.button(f"Add {word}", lambda: self.add("", ""), "apiconn-small", tooltip=tooltip)
        self._list = parts.box(classes=("apiconn-rows",))
        label = parts.text(f'<span class="widget-label">{escape(self.field.label)}</span>', "apiconn-group-label")
        return parts.box(label, self._list, self._add_button, classes=("apiconn-group",))

    def _add(self, name: str, value: Any) -> None:
        self._made += 1
        row = self.row_kind(self._parts.branch(), self.field, f"{self.key}-{self._made}", self._owner)
        row.changed = self._changed
        row.removed = lambda: self._press_remove(row)
        row.show(name, value)
        self.rows.append(row)

    def _press_remove(self, row: Row) -> None:
        self._drop(row)
        self._arrange()
        self._changed()

    def _drop(self, row: Row) -> None:
        self.rows.remove(row)
        self._list.children = tuple(each.box for each in self.rows)
        row.parts.close()

    def _arrange(self) -> None:
        self._list.children = tuple(row.box for row in self.rows)


class Row:
    """A name and its value. Under a name that says credential, or after *Secret*, the value is typed as a secret."""

    can_be_secret: ClassVar[bool] = True
    value_word: ClassVar[str] = "Value"

    def __init__(self, parts: Parts, field: Field, key: str, owner: Callable[[], str]) -> None:
        self.parts = parts
        self.changed: Left = _nothing
        self.removed: Left = _nothing
        self._field = field
        self._key = key
        self._owner = owner
        self._original: Any = ""
        self.secret: SecretControl | None = None
        self._name = parts.make(
            widgets.Text, f"apiconn-key-{key}-n", "apiconn-named", placeholder="Name", continuous_update=False
        )
        self._text = parts.make(
            widgets.Text, f"apiconn-key-{key}-v", "apiconn-named", placeholder=self.value_word, continuous_update=False
        )
        self._lock = parts.make(
            widgets.ToggleButton, "apiconn-small", "apiconn-choice", description="Secret",
            tooltip="The value is a secret: it is kept apart, and the file gets a reference to it.",
        )  # fmt: skip
        self._remove = parts.button("Remove", lambda: self.removed(), "apiconn-small", tooltip="Remove this row")
        self._name.observe(lambda _: self._renamed(), "value")
        self._text.observe(lambda _: self.changed(), "value")
        self._lock.observe(lambda _: self._locked(), "value")
        self.box = parts.row(classes=("apiconn-one-row",))
        self._arrange()

    @property
    def name(self) -> str:
        """The row's name."""
        return str(self._name.value).strip()

    def value(self) -> Any:
        """The row's value: a text, a reference, or a `Secret` that was typed."""
        if self.secret is not None:
            return self.secret.raw()
        # A number of the file stays a number while nobody changes it.
        return self._original if str(self._original) == self._text.value else self._text.value

    def show(self, name: str, value: Any) -> None:
        """Show a row."""
        self._name.value = name
        self._original = value
        if self.can_be_secret and (isinstance(value, Secret) or is_reference(str(value))):
            self._lock.value = True
        if self.secret is not None:
            self.secret.show(value)
        else:
            self._text.value = str(value)

    def takers(self) -> dict[str, Callable[[Any], None]]:
        """What takes a text from the browser, by the key that its control has there."""
        return {
            f"{self._key}-n": lambda typed: setattr(self._name, "value", str(typed)),
            f"{self._key}-v": lambda typed: setattr(self._text, "value", str(typed)),
        }

    def _renamed(self) -> None:
        if self.can_be_secret and looks_like_credential(self.name):
            self._lock.value = True
        if self.secret is not None:
            self.secret.widget.label = self.name or "Value"
        self.changed()

    def _locked(self) -> None:
        if self._lock.value == (self.secret is not None):
            return
        if self._lock.value:
            self._become_secret()
        else:
            self._become_text()
        self._arrange()
        self.changed()

    def _become_secret(self) -> None:
        described = Field(name=self._field.name, label=self.name or "Value", kind="secret", default="")
        self.secret = SecretControl(
            self.parts, described, f"{self._key}-s", lambda: self.changed(),
            lambda: f"{self._owner()}/{self._field.name}/{self.name}", removable=False,
        )  # fmt: skip
        written, self._text.value = self._text.value, ""
        self.secret.show(written if is_reference(written) or not written else Secret(written))

    def _become_text(self) -> None:
        assert self.secret is not None
        value = self.secret.raw()
        self.secret = None
        # A secret that was typed does not become a plain text again.
        self._text.value = value if isinstance(value, str) else ""
        self._original = ""

    def _arrange(self) -> None:
        value = self.secret.box if self.secret is not None else self._text
        lock = (self._lock,) if self.can_be_secret else ()
        self.box.children = (self._name, value, *lock, self._remove)


RowsControl.row_kind = Row


def _nothing() -> None:
    """What is called while nobody listens."""
