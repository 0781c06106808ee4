"""Somebody at a form, without a browser: what they type goes to the widgets as a front end would send it."""

from __future__ import annotations

import html
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets as widgets
import ipywidgets.widgets.widget as widget_module

from apiconn_nb.notebook.form.frame import Frame
from apiconn_nb.notebook.form.secret_field import SecretField
from apiconn_nb.notebook.form.window import Form

WITHIN = 20.0  # seconds for what happens on another thread


class Person:
    """At `form`. A control is found by its label, and only where it is shown."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def fill(self, label: str, value: str) -> None:
        """Type into a text field and leave it."""
        self._sync(self.find(label, widgets.Text, widgets.Textarea), value)

    def check(self, label: str, on: bool = True) -> None:
        """Tick a box."""
        self._sync(self.find(label, widgets.Checkbox), on)

    def choose(self, label: str, option: str) -> None:
        """Choose from a list or of some buttons."""
        found = self.find(label, widgets.Dropdown, widgets.ToggleButtons, widgets.Select)
        labels = list(found._options_labels)
        found.set_state({"index": labels.index(option)})

    def secret(self, label: str, value: str) -> None:
        """Type into a secret field: one message, no state."""
        self.find(label, SecretField)._handle_custom_msg({"kind": "secret", "value": value}, [])

    def remove(self, label: str) -> None:
        """Press *Remove* at a secret field."""
        self.find(label, SecretField)._handle_custom_msg({"kind": "secret", "remove": True}, [])

    def unfold(self, title: str) -> None:
        """Open a fold."""
        for widget in self.shown():
            if isinstance(widget, widgets.ToggleButton) and title in widget.description:
                widget.set_state({"value": True})
                return
        raise LookupError(f"no fold {title!r}")

    def press(self, label: str) -> None:
        """Press a button; the one that was added last where there are several."""
        found = [each for each in self.shown() if isinstance(each, widgets.Button) and each.description == label]
        assert found, f"no button {label!r}"
        found[-1]._handle_custom_msg({"event": "click"}, [])

    def browser_says(self, **message: Any) -> None:
        """A message of `frame.js`."""
        frame = next(each for each in self.all() if isinstance(each, Frame))
        frame._handle_custom_msg(message, [])

    def find(self, label: str, *kinds: type) -> Any:
        """The control with this label."""
        found = [each for each in self.shown() if isinstance(each, kinds) and _label(each) == label]
        assert len(found) == 1, f"{len(found)} controls {label!r}"
        return found[0]

    def beside(self, label: str) -> str:
        """What stands below the control with this label: problem, help, where a secret is kept."""
        for widget in self.shown():
            if "apiconn-field" in getattr(widget, "_dom_classes", ()) and label in map(_label, widget.children[:1]):
                return "".join(_plain(each.value) for each in widget.children[1:] if isinstance(each, widgets.HTML))
        raise LookupError(label)

    def text(self) -> str:
        """Everything that can be read."""
        return "\n".join(_plain(each.value) for each in self.shown() if isinstance(each, widgets.HTML))

    def see(self, text: str) -> None:
        """Wait until `text` can be read: something is under way on another thread."""
        wait_for(lambda: text in self.text(), lambda: f"{text!r} is not in:\n{self.text()}")

    def buttons(self) -> list[str]:
        """The buttons that are shown."""
        return [each.description for each in self.shown() if isinstance(each, widgets.Button)]

    def labels(self) -> list[str]:
        """The labels of the controls that are shown."""
        kinds = (widgets.Text, widgets.Textarea, widgets.Checkbox, widgets.Dropdown, SecretField)
        return [_label(each) for each in self.shown() if isinstance(each, kinds) and _label(each)]

    def shown(self) -> Iterator[Any]:
        """The widgets that are not hidden."""
        yield from _walk(self.form.box, hidden=False)

    def all(self) -> Iterator[Any]:
        """All widgets of the form."""
        yield from _walk(self.form.box, hidden=True)

    def state(self) -> str:
        """Everything that a front end is told of the widgets: what would be saved with a notebook."""
        return repr([widget.get_state() for widget in self.all()])

    @staticmethod
    def _sync(widget: Any, value: Any) -> None:
        assert not widget.disabled, f"{_label(widget)} is disabled"
        widget.set_state({"value": value})


def living() -> dict[str, Any]:
    """Every widget model that is not closed, by its id."""
    held = getattr(widget_module, "_instances", None)  # ipywidgets 8; before, the class has it
    return held if held is not None else widgets.Widget.widgets


def wait_for(happened: Callable[[], bool], complain: Callable[[], str]) -> None:
    """Wait for what happens on another thread."""
    end = time.monotonic() + WITHIN
    pause = threading.Event()
    while not happened():
        assert time.monotonic() < end, complain()
        pause.wait(0.01)


def _label(widget: Any) -> str:
    return str(getattr(widget, "label", "") if isinstance(widget, SecretField) else getattr(widget, "description", ""))


def _walk(widget: Any, *, hidden: bool) -> Iterator[Any]:
    if not hidden and {"apiconn-hidden", "apiconn-style"} & set(getattr(widget, "_dom_classes", ())):
        return
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _walk(child, hidden=hidden)


def _plain(content: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", content)).strip()
