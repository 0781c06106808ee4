"""What a form needs of its browser besides controls: `frame.js`, and the one message that comes back from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Unicode

_JAVASCRIPT = Path(__file__).with_name("frame.js").read_text(encoding="utf-8")
STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")


class Frame(anywidget.AnyWidget):
    """Invisible, inside the form's box. Without it (no anywidget in the front end) the controls still work.

    Parameters: `on_typed`, told what stands in the fields before a button's press arrives; `on_used`, told now and
    then that somebody is at the form; `on_key_left_out`, told that a private key was kept out of a public field.
    """

    _esm = Unicode(_JAVASCRIPT).tag(sync=True)

    def __init__(
        self,
        on_typed: Callable[[dict[str, Any]], None],
        on_used: Callable[[], None],
        on_key_left_out: Callable[[str], None],
        **traits: Any,
    ) -> None:
        super().__init__(**traits)
        self._on_typed = on_typed
        self._on_used = on_used
        self._on_key_left_out = on_key_left_out
        self.on_msg(self._message)

    def _message(self, _: Any, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "typed" and isinstance(content.get("values"), dict):
            self._on_typed(content["values"])
        elif kind == "key left out":
            self._on_key_left_out(str(content.get("key", "")))
        elif kind == "used":
            self._on_used()
