"""Start from a preset: what a provider's documentation says, filled into the form and saved by nobody yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from apiconn_nb import auth, layout, presets
from apiconn_nb.notebook.form.fold import Fold
from apiconn_nb.notebook.form.parts import escape

if TYPE_CHECKING:
    from apiconn_nb.notebook.form.parts import Parts
    from apiconn_nb.notebook.form.window import Form

_NONE = ("Choose a provider …", "")


class Start:
    """The fold *Start from a preset*, for a new collection."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._inputs: dict[str, Any] = {}  # of the preset's variables, by name
        self._asked: Parts | None = None
        self._fold = Fold(form.parts, f"Start from a preset ({len(presets.presets())} providers)", self._make)
        self.box = self._fold.box

    def _make(self) -> Any:
        parts = self._form.parts
        known = sorted(
            ((each.title, name) for name, each in presets.presets().items()), key=lambda pair: pair[0].lower()
        )
        self._provider = parts.make(widgets.Dropdown, description="Provider", options=[_NONE, *known], value="")
        self._provider.observe(lambda _: self._form.acting(self._ask)(), "value")
        self._place = parts.box()
        return parts.box(parts.box(self._provider, classes=("apiconn-field",)), self._place)

    def _ask(self) -> None:
        """Show what the preset has to be told: the authentication where there are several, its variables."""
        if self._asked is not None:
            self._place.children = ()
            self._asked.close()
            self._asked = None
        if not self._provider.value:
            return
        preset = presets.preset(self._provider.value)
        parts = self._asked = self._form.parts.branch()
        slugs = [preset.method, *preset.alternatives]
        self._way = parts.make(
            widgets.Dropdown,
            description="Authentication of the preset",
            options=[(auth.method(slug).label, slug) for slug in slugs],
            value=preset.method,
        )
        self._way.observe(lambda _: self._form.acting(self._ask_variables)(), "value")
        self._variables = parts.box()
        way = [parts.box(self._way, classes=("apiconn-field",))] if len(slugs) > 1 else []
        use = parts.button("Use this preset", self._form.acting(self._use))
        self._place.children = (*way, self._variables, use)
        self._ask_variables()

    def _chosen(self) -> presets.Preset:
        preset = presets.preset(self._provider.value)
        return preset.alternatives.get(self._way.value, preset)

    def _ask_variables(self) -> None:
        assert self._asked is not None
        preset, parts = self._chosen(), self._asked
        self._inputs = {}
        boxes = []
        for variable in preset.asks():
            text = parts.make(
                widgets.Text, description=variable.label, value=variable.default, placeholder=variable.example,
                continuous_update=False,
            )  # fmt: skip
            self._inputs[variable.name] = text
            note = parts.text(f'<span class="apiconn-help">{escape(variable.help)}</span>', "apiconn-note")
            boxes.append(parts.box(text, note, classes=("apiconn-field", f"apiconn-key-preset-{variable.name}")))
        links = ", ".join(
            f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(what.replace("_", " "))}</a>'
            for what, url in preset.sources.items()
        )
        about = f"{escape(preset.note)} From the provider's documentation: {links}."
        self._variables.children = (*boxes, parts.text(f'<span class="apiconn-help">{about}</span>'))

    def _use(self) -> None:
        preset = self._chosen()
        table = preset.collection({name: text.value for name, text in self._inputs.items()})
        draft = self._form.draft
        if not draft.name:
            draft.name = preset.name
        draft.load(layout.from_table(draft.name, table))
        self._fold.shut()
        self._form.refresh()
        self._form.say(f"Filled in from the preset {preset.title}: look it over, then press Save.")

    def takers(self) -> dict[str, Any]:
        """What takes a text from the browser, by the key that its control has there."""
        return {
            f"preset-{name}": lambda typed, text=text: setattr(text, "value", str(typed))
            for name, text in self._inputs.items()
        }
