"""The saved calls of the collection: a list, and the one that was chosen from it, made when it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from apiconn_nb.notebook.form.fold import Fold
from apiconn_nb.notebook.form.parts import toggle_class

if TYPE_CHECKING:
    from apiconn_nb.notebook.form.call_editor import CallEditor
    from apiconn_nb.notebook.form.secret_field import SecretField
    from apiconn_nb.notebook.form.window import Form


class CallsBox:
    """The fold *Saved calls*. Two hundred calls are one list; only the chosen call has controls."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._editor: CallEditor | None = None
        self._kept: dict[str, CallEditor] = {}  # with something typed that is not saved, by the call's name
        self._list: Any = None
        self._is_showing = False
        self._fold = Fold(form.parts, "Saved calls", self._make)
        self.box = self._fold.box

    def refresh(self) -> None:
        """Show the calls that there are now."""
        names = self._names()
        self._fold.title(f"Saved calls ({len(names)})")
        if self._list is not None and tuple(self._list.options) != tuple(names):
            self._choose_quietly(self._list.value if self._list.value in names else None)
        for editor in self._editors():
            editor.follow()

    def edited(self) -> list[str]:
        """What was typed into calls and is not saved, in words."""
        return [f"call {each.typed_name or 'without a name'}" for each in self._editors() if each.is_edited]

    def takers(self) -> dict[str, Callable[[Any], None]]:
        """What takes a text from the browser, by the key that its control has there."""
        return self._editor.takers() if self._editor is not None else {}

    def secrets(self) -> dict[str, SecretField]:
        """The secret fields, by the key they have in the browser."""
        return self._editor.secrets() if self._editor is not None else {}

    def show_saved(self, before: str, name: str) -> None:
        """Show the call `name`, which is saved now; it was called `before` in its editor."""
        self._drop(before)
        self._choose_quietly(name)
        self._edit(name)

    def shut(self) -> None:
        """Show no call; what is typed into the one that is shown goes."""
        self._choose_quietly(None)
        if self._editor is not None:
            self._drop(self._editor.name)

    def _editors(self) -> list[CallEditor]:
        shown = [self._editor] if self._editor is not None else []
        return [*shown, *self._kept.values()]

    def _names(self) -> list[str]:
        draft = self._form.draft
        return [*draft.base.calls, *(name for name in draft.calls if name not in draft.base.calls)]

    def _make(self) -> Any:
        parts, acting = self._form.parts, self._form.acting
        names = self._names()
        self._list = parts.make(widgets.Select, description="Call", options=names, value=None)
        self._list.observe(lambda _: acting(self._chosen)(), "value")
        new = parts.button("New call", acting(lambda: self._edit("")), "apiconn-small")
        self._place = parts.box(classes=("apiconn-call",))
        self._list_box = parts.box(self._list, classes=("apiconn-field",))
        self._show_list(names)
        return parts.box(self._list_box, new, self._place)

    def _show_list(self, names: list[str]) -> None:
        self._list.rows = min(max(len(names), 3), 10)
        toggle_class(self._list_box, "apiconn-hidden", not names)

    def _choose_quietly(self, name: str | None) -> None:
        if self._list is None:
            return
        self._is_showing = True
        try:
            names = self._names()
            self._list.options = names
            self._list.value = name
            self._show_list(names)
        finally:
            self._is_showing = False

    def _chosen(self) -> None:
        if not self._is_showing and self._list.value is not None:
            self._edit(self._list.value)

    def _edit(self, name: str) -> None:
        from apiconn_nb.notebook.form.call_editor import CallEditor  # start-up cost: pandas, for the first call

        if self._editor is not None and self._editor.name == name and self._editor.is_edited:
            return
        self._put_aside()
        self._editor = self._kept.pop(name, None) or CallEditor(self._form, name)
        self._place.children = (self._editor.box,)

    def _put_aside(self) -> None:
        """Another call is looked at; what was typed into this one stays with it."""
        editor, self._editor = self._editor, None
        if editor is None:
            return
        self._place.children = ()
        if editor.is_edited:
            self._kept[editor.name] = editor
        else:
            editor.close()

    def _drop(self, name: str) -> None:
        if self._editor is not None and self._editor.name == name:
            self._place.children = ()
            self._editor.close()
            self._editor = None
        elif name in self._kept:
            self._kept.pop(name).close()
