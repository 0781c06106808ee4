"""A field's declaration → the control that shows it: what it is follows from the field's kind and format alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from apiconn_nb.fields import Field
from apiconn_nb.notebook.form.parts import Parts, escape, toggle_class

Left = Callable[[], None]
"""Is called when a person has left a control with something new in it."""


class FieldControl:
    """One field on the page: the control itself and a note below it with the field's help, or what is wrong.

    Parameters: `key` names the control in the browser; `left` is called when the control has been left.
    """

    def __init__(self, parts: Parts, field: Field, key: str, left: Left) -> None:
        self.field = field
        self.key = key
        self._parts = parts
        self._note: Any = None
        self._problem = ""
        self._remark = ""
        self._is_showing = False
        self._left = left
        self.widget = self._make(parts)
        self.box = parts.box(self.widget, classes=self._classes())
        self._write_note()

    def raw(self) -> Any:
        """The value as the file would hold it."""
        return self.widget.value

    def show(self, raw: Any) -> None:
        """Show a value; nobody has left the control by that."""
        self._is_showing = True
        try:
            self._show(raw)
        finally:
            self._is_showing = False
        self.say("")

    def take(self, typed: Any) -> None:
        """Take what stands in the browser's field, which may be newer than what it has sent."""
        if isinstance(typed, type(self.widget.value)):
            self.widget.value = typed

    def say(self, problem: str) -> None:
        """Say beside the field what is wrong with it; an empty text takes that away."""
        if problem == self._problem:
            return
        self._problem = problem
        toggle_class(self.box, "apiconn-wrong", bool(problem))
        self._write_note()

    def remark(self, text: str) -> None:
        """Say something about what was typed that is no problem; it stands until something else is typed."""
        self._remark = text
        self._write_note()

    def _make(self, parts: Parts) -> Any:
        raise NotImplementedError

    def _show(self, raw: Any) -> None:
        self.widget.value = raw

    def _changed(self, _: Any = None) -> None:
        if not self._is_showing:
            self.remark("")
            self._left()

    def _classes(self) -> tuple[str, ...]:
        required = ("apiconn-required",) if self.field.required else ()
        twin = ("apiconn-twin",) if self.field.dev_of else ()
        return ("apiconn-field", *required, *twin, f"apiconn-key-{self.key}")

    def _write_note(self) -> None:
        content = self._note_text()
        if not content and self._note is None:
            return
        if self._note is None:
            self._note = self._parts.text("", "apiconn-note")
            self.box.children = (*self.box.children, self._note)
        self._note.value = content

    def _note_text(self) -> str:
        # The place for a problem stands there from the start: screen readers announce what appears in it.
        said = self._problem or self._remark
        problem = f'<span class="apiconn-problem">{escape(said)}</span>' if said else ""
        words = "In development, where it is filled." if self.field.dev_of else self.field.help
        help_text = f'<span class="apiconn-help">{escape(words)}</span>' if words else ""
        return f'<span role="alert">{problem}</span>{help_text}' if problem or help_text else ""


class TextControl(FieldControl):
    """A line. Spaces at the ends of an address come from copying; elsewhere they may be meant (``Bearer ``)."""

    def raw(self) -> Any:
        """The value as the file would hold it."""
        return self.widget.value if self.field.format == "line" else self.widget.value.strip()

    def _make(self, parts: Parts) -> Any:
        made = parts.make(
            widgets.Text, description=self.field.label, placeholder=self.field.placeholder, continuous_update=False
        )
        made.observe(self._changed, "value")
        return made


class AreaControl(FieldControl):
    """Several lines: a PEM or a JSON text."""

    def _make(self, parts: Parts) -> Any:
        made = parts.make(
            widgets.Textarea, "apiconn-pem" if self.field.format == "pem" else "apiconn-json",
            description=self.field.label, placeholder=self.field.placeholder, continuous_update=False, rows=4,
        )  # fmt: skip
        made.observe(self._changed, "value")
        return made


class NumberControl(TextControl):
    """A whole number; what is none stays as it was typed, so that it can be mended."""

    def raw(self) -> Any:
        text = self.widget.value.strip()
        if text.lstrip("-").isdecimal():
            return int(text)
        return text or self.field.default

    def _show(self, raw: Any) -> None:
        self.widget.value = str(raw)


class FlagControl(FieldControl):
    """A checkbox."""

    def _make(self, parts: Parts) -> Any:
        made = parts.make(widgets.Checkbox, description=self.field.label, indent=False)
        made.observe(self._changed, "value")
        return made


class ChoiceControl(FieldControl):
    """One of a few."""

    def _make(self, parts: Parts) -> Any:
        made = parts.make(widgets.Dropdown, description=self.field.label, options=list(self.field.choices))
        made.observe(self._changed, "value")
        return made

    def _show(self, raw: Any) -> None:
        if raw in self.field.choices:
            self.widget.value = raw
