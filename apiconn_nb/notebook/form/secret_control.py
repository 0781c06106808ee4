"""The control of a secret: where its value is kept is shown, the value never is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apiconn_nb import binder, keyrings, secrets
from apiconn_nb.errors import SecretError
from apiconn_nb.fields import Field
from apiconn_nb.notebook.form.controls import FieldControl, Left
from apiconn_nb.notebook.form.parts import Parts, escape
from apiconn_nb.notebook.form.secret_field import SecretField
from apiconn_nb.notebook.status import where_kept
from apiconn_nb.secrets import NO_SECRET, Secret, is_reference


class SecretControl(FieldControl):
    """A `SecretField`, and below it where the secret is or will be kept.

    `owner` gives the collection's and the field's name, by which a typed secret is remembered; `removable`, whether it
    can be taken away here.
    """

    def __init__(
        self,
        parts: Parts,
        field: Field,
        key: str,
        left: Left,
        owner: Callable[[], str],
        *,
        removable: bool = True,
    ) -> None:
        self._value: Secret | str = ""
        self._removable = removable and not field.required
        self._owner = owner
        super().__init__(parts, field, key, left)

    def raw(self) -> Any:
        """The reference, a `Secret` that was typed, or an empty text."""
        return self._value

    def _show(self, raw: Any) -> None:
        self._value = "" if raw == NO_SECRET else raw
        self._look()

    def take(self, typed: Any) -> None:
        """A secret comes by its own message alone."""

    def _make(self, parts: Parts) -> Any:
        return parts.own(
            SecretField(
                self._typed, self._remove, label=self.field.label, multiline=self.field.format == "pem",
                placeholder=self.field.placeholder, layout=parts.layout,
            )
        )  # fmt: skip

    def _typed(self, text: str) -> None:
        # Line breaks at the ends come from copying; spaces may be part of a password, and are said.
        text = text.strip("\r\n")
        self._value = text.strip() if is_reference(text.strip()) else Secret(text, label=self.field.label)
        self._look()
        self._changed()

    def _remove(self) -> None:
        self._value = ""
        self._look()
        self._changed()

    def _look(self) -> None:
        self.widget.removable = bool(self._value) and self._removable
        self.widget.placeholder = self._placeholder()
        self._write_note()

    def _placeholder(self) -> str:
        if isinstance(self._value, Secret):
            return "•••••• typed, not saved yet"
        if self._value == "prompt" and secrets.is_remembered(self._owner()):
            return "•••••• kept; type to replace it"
        if self._value and self._value != "prompt":
            return f"{self._value}; type to replace it"
        return self.field.placeholder or "value, or env:NAME"

    def _note_text(self) -> str:
        return f'{super()._note_text()}<span class="apiconn-kept">{escape(self._kept())}</span>'

    def _kept(self) -> str:
        """Where the secret is, or would be if it were typed."""
        value = self._value
        if isinstance(value, Secret):
            spaced = " It begins or ends with a space." if _has_edge_space(value) else ""
            return f"Typed.{spaced} When it is saved, it goes to {where_typed_secrets_go()}."
        if value == "prompt" and not secrets.is_remembered(self._owner()):
            return "Asked for once in each kernel: type it here, or when a call asks for it."
        if value:
            return f"Kept: {where_kept(value, self._owner())}."
        will = f"Will be kept in {where_typed_secrets_go()}; or type a reference: env:NAME, file:PATH."
        return f"{binder.warning()} {will}".strip()


def _has_edge_space(value: Secret) -> bool:
    text = "" if value.reference else value.reveal()
    return text != text.strip()


def where_typed_secrets_go() -> str:
    """Where a secret that is typed into a form is kept, in words."""
    try:
        backend = keyrings.find_keyring()
    except SecretError:
        return "the OS keyring, which does not answer"
    if backend is not None:
        return f"the OS keyring ({type(backend).__module__.rpartition('.')[2]})"
    return "this kernel's memory, gone when it ends"
