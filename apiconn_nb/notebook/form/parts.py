"""The widgets a form is made of: made here, so that they share what can be shared and all of them are closed again.

ipywidgets gives each control a Layout and a Style model of its own, and `close` leaves both behind. One for all keeps a
form of a hundred controls at a hundred models.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any, TypeVar, cast

import ipywidgets as widgets

from apiconn_nb.redaction import redact

W = TypeVar("W", bound=widgets.DOMWidget)


class Parts:
    """Makes widgets and closes them. `parent`: parts whose shared models these use too."""

    def __init__(self, parent: Parts | None = None) -> None:
        self._parent = parent
        self._made: list[Any] = []
        self._presses: dict[str, Callable[[], None]] = {} if parent is None else parent._presses
        self._styles: dict[type, Any] = {} if parent is None else parent._styles
        self._layout: Any = None if parent is None else parent._layout
        self._children: list[Parts] = []
        if parent is not None:
            parent._children.append(self)

    def make(self, kind: type[W], *classes: str, **traits: Any) -> W:
        """A widget of `kind` with the CSS `classes`."""
        if self._layout is None:
            self._layout = widgets.Layout()
            self._made.append(self._layout)
        if kind in self._styles:
            traits.setdefault("style", self._styles[kind])
        traits.setdefault("layout", self._layout)
        if classes:
            traits["_dom_classes"] = classes
        widget = kind(**traits)
        if kind not in self._styles and hasattr(widget, "style"):
            self._styles[kind] = widget.style
        self._made.append(widget)
        return cast(W, widget)

    def own(self, widget: W) -> W:
        """Have a widget that was made elsewhere closed with these."""
        self._made.append(widget)
        return widget

    def box(self, *children: Any, classes: tuple[str, ...] = ()) -> Any:
        """Widgets below one another."""
        return self.make(widgets.VBox, *classes, children=children)

    def row(self, *children: Any, classes: tuple[str, ...] = ()) -> Any:
        """Widgets beside one another, wrapped where the output is narrow."""
        return self.make(widgets.HBox, "apiconn-row", *classes, children=children)

    def text(self, content: str = "", *classes: str) -> Any:
        """HTML that is ours: every value in it went through `escape`."""
        return self.make(widgets.HTML, *classes, value=content)

    def button(self, label: str, press: Callable[[], None], *classes: str, tooltip: str = "") -> Any:
        """A button that calls `press`, which comes by the form's frame where it is loaded."""
        key = f"{len(self._presses)}-{id(self._presses):x}"
        made = self.make(widgets.Button, f"apiconn-press-{key}", *classes, description=label, tooltip=tooltip)
        made.on_click(lambda _: press())
        self._presses[key] = press
        return made

    def press(self, key: str) -> None:
        """Do what the button with this key does; nothing where it is gone."""
        self._presses.get(key, _nothing)()

    def branch(self) -> Parts:
        """Parts that can be closed before these are."""
        return Parts(self)

    @property
    def layout(self) -> Any:
        """The shared layout, for a widget that is made elsewhere."""
        if self._layout is None:
            self._layout = widgets.Layout()
            self._made.append(self._layout)
        return self._layout

    def close(self) -> None:
        """Close every widget that was made here, and nothing that a parent shares."""
        for child in list(self._children):
            child.close()
        if self._parent is not None and self in self._parent._children:
            self._parent._children.remove(self)
        if self._parent is None:
            for style in self._styles.values():
                style.close()
            self._styles.clear()
        for widget in reversed(self._made):
            widget.close()
        self._made.clear()


def _nothing() -> None:
    """What a button that is gone does."""


def escape(text: str) -> str:
    """`text` as it may stand in HTML: escaped, and known secrets cut from it."""
    return html.escape(redact(text))


def toggle_class(widget: Any, name: str, on: bool) -> None:
    """Give `widget` a CSS class or take it away."""
    if on:
        widget.add_class(name)
    else:
        widget.remove_class(name)
