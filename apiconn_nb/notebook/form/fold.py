"""A part that is folded away, and made when it is first unfolded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from apiconn_nb.notebook.form.parts import Parts, toggle_class

_SHUT, _OPEN = "▸", "▾"


class Fold:
    """A button with a title, and what it unfolds: `make` is called once, when it is needed."""

    def __init__(self, parts: Parts, title: str, make: Callable[[], Any]) -> None:
        self._title = title
        self._make: Callable[[], Any] | None = make
        self._button = parts.make(widgets.ToggleButton, "apiconn-fold", description=f"{_SHUT} {title}", value=False)
        self._button.observe(lambda _: self._turn(), "value")
        self._inside = parts.box(classes=("apiconn-inside", "apiconn-hidden"))
        self.box = parts.box(self._button, self._inside, classes=("apiconn-folded",))

    @property
    def is_open(self) -> bool:
        """Whether it is unfolded."""
        return bool(self._button.value)

    def open(self) -> None:
        """Unfold."""
        self._button.value = True

    def shut(self) -> None:
        """Fold."""
        self._button.value = False

    def title(self, text: str) -> None:
        """Change the title."""
        self._title = text
        self._button.description = f"{_OPEN if self.is_open else _SHUT} {text}"

    def _turn(self) -> None:
        if self.is_open and self._make is not None:
            make, self._make = self._make, None
            self._inside.children = (make(),)
        toggle_class(self._inside, "apiconn-hidden", not self.is_open)
        self.title(self._title)
