"""What a form needs of its browser besides controls: `frame.js`, and the messages that come back from it."""

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

    `on` is called with the message's ``kind`` and its content: ``press`` (``press``, which button; ``secrets`` and
    ``values``, what stands in the fields, by key), ``secret`` (``key``, ``value`` or ``remove``), ``key left out``
    (``key``, ``text``: a private key was pasted into a public field, which holds the rest), ``used`` (now and then:
    somebody is there).
    """

    _esm = Unicode(_JAVASCRIPT).tag(sync=True)

    def __init__(self, on: Callable[[str, dict[str, Any]], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._on = on
        self.on_msg(self._message)

    def _message(self, _: Any, content: Any, buffers: Any) -> None:
        if isinstance(content, dict) and isinstance(content.get("kind"), str):
            self._on(content["kind"], content)
