"""The head of the form: name, base URL, environment, authentication, state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from apiconn_nb import auth
from apiconn_nb.fields import Field
from apiconn_nb.live_collection import choose_environment
from apiconn_nb.notebook.form.controls import FieldControl, Left, TextControl
from apiconn_nb.notebook.form.draft import METHOD, Draft
from apiconn_nb.notebook.form.fields_box import FieldsBox
from apiconn_nb.notebook.form.parts import Parts
from apiconn_nb.notebook.form.said import StateLine
from apiconn_nb.settings import ENVIRONMENTS, CollectionSettings

NAME = Field(
    name="name", label="Collection name", kind="text", default="", required=True, placeholder="github",
    help="Letters, digits, - and _: what stands in %apiconn_auth NAME.",
)  # fmt: skip
_NOTHING_SET = CollectionSettings("")


class EnvironmentControl(FieldControl):
    """Live or development, coloured. Where nothing is set it shows what holds without."""

    _raw: Any = ""

    def raw(self) -> Any:
        """The environment that was chosen; empty where nothing was and the default is shown."""
        return self._raw if self.widget.value == _effective(self._raw) else self.widget.value

    def _make(self, parts: Parts) -> Any:
        made = parts.make(
            widgets.ToggleButtons, "apiconn-choice", "apiconn-environment", options=list(ENVIRONMENTS),
            description=self.field.label, tooltips=["Real data", "Development keys and development base URL"],
        )  # fmt: skip
        made.observe(self._changed, "value")
        return made

    def _show(self, raw: Any) -> None:
        self._raw = raw
        self.widget.value = _effective(raw)

    def _note_text(self) -> str:
        return ""


def _effective(raw: Any) -> str:
    return raw or choose_environment(_NOTHING_SET, None)


class Head:
    """The head of a form.

    Parameters: `fields` lays out the collection's own fields; `named` is called when the name was left, `chosen` when
    another method is chosen.
    """

    def __init__(self, parts: Parts, draft: Draft, fields: FieldsBox, named: Left, chosen: Callable[[], None]) -> None:
        self._draft = draft
        self._chosen = chosen
        self.state = StateLine(parts)
        self.name = TextControl(parts, NAME, "head-name", named)
        self._method = parts.make(
            widgets.Dropdown,
            description=METHOD.label,
            options=[(each.label, each.slug) for each in auth.methods()],
            value=draft.method,
        )
        self._method.observe(self._choose, "value")
        first = parts.row(self.name.box, *fields.lay_out(["environment"]), classes=("apiconn-twins",))
        method = parts.box(self._method, classes=("apiconn-field", "apiconn-method"))
        urls = fields.lay_out(["base_url", "dev_base_url"])
        self.box = parts.box(first, *urls, method, self.state.box, classes=("apiconn-head",))
        self.show()

    def show(self) -> None:
        """Show what the draft says of name and method."""
        self.name.show(self._draft.name)
        self.name.widget.disabled = self._draft.is_saved  # calls, tokens and secrets go by the name
        self._method.value = self._draft.method

    def _choose(self, _: Any) -> None:
        if self._method.value != self._draft.method:
            self._draft.method = self._method.value
            self._chosen()
