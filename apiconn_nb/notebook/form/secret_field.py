"""The field that a secret is typed into: the value comes in one custom message and is never part of a widget's state.

An ipywidgets `Password` is echoed to every open front end, comes back after a reload, and is saved with the notebook's
widget state; clearing it on receipt loses a race against a save. A custom message is none of that, and the browser
empties the field as it sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Bool, Int, Unicode

_JAVASCRIPT = Path(__file__).with_name("secret_field.js").read_text(encoding="utf-8")
_STYLE = Path(__file__).with_name("secret_field.css").read_text(encoding="utf-8")


class SecretField(anywidget.AnyWidget):
    """A label and a field. Its state says how it looks; what is typed into it goes to `on_value` alone.

    Parameters: `on_value`, called with what was typed; `on_remove`, called when *Remove* is pressed; `submit`, the text
    of a button that sends (none: leaving the field sends); the others are what is shown.
    """

    _esm = Unicode(_JAVASCRIPT).tag(sync=True)
    _css = Unicode(_STYLE).tag(sync=True)
    label = Unicode().tag(sync=True)
    placeholder = Unicode().tag(sync=True)
    multiline = Bool(False).tag(sync=True)
    disabled = Bool(False).tag(sync=True)
    removable = Bool(False).tag(sync=True)
    submit = Unicode().tag(sync=True)
    received = Int(0).tag(sync=True)

    def __init__(
        self, on_value: Callable[[str], None], on_remove: Callable[[], None] | None = None, **traits: Any
    ) -> None:
        super().__init__(**traits)
        self._on_value = on_value
        self._on_remove = on_remove
        self.on_msg(self._message)

    def receive(self, content: dict[str, Any]) -> None:
        """Take what came from the browser, in this field's own message or in its form's."""
        if content.get("remove") and self._on_remove is not None:
            self._on_remove()
        if isinstance(content.get("value"), str):
            # The kernel keeps the message that it is answering; it need not keep this.
            value, content["value"] = content["value"], ""
            try:
                self._on_value(value)
            finally:
                self.received += 1

    def _message(self, _: Any, content: Any, buffers: Any) -> None:
        if isinstance(content, dict) and content.get("kind") == "secret":
            self.receive(content)
