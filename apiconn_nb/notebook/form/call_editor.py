"""One saved call: its request, parameters and paging, to be changed, saved and tried."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from apiconn_nb.calling import run
from apiconn_nb.errors import ApiConnError, ConfigError, UsageError
from apiconn_nb.fields import Field
from apiconn_nb.notebook.form.call_fields import (
    CHECKS,
    FIELDS,
    NAME,
    ColumnsControl,
    ParamsControl,
    call_of,
    table_of,
)
from apiconn_nb.notebook.form.controls import AreaControl, TextControl
from apiconn_nb.notebook.form.fields_box import FieldsBox, Make
from apiconn_nb.notebook.form.group import Group, said
from apiconn_nb.notebook.form.parts import escape
from apiconn_nb.notebook.form.said import table
from apiconn_nb.request import parse
from apiconn_nb.settings import SavedCall, check_call_name

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection
    from apiconn_nb.notebook.form.secret_field import SecretField
    from apiconn_nb.notebook.form.window import Form
    from apiconn_nb.outcome import Outcome


_numbers = itertools.count()


class CallEditor:
    """The controls of one call; an empty `name` is a new one."""

    def __init__(self, form: Form, name: str) -> None:
        self._form = form
        self.name = name
        self._parts = parts = form.parts.branch()
        self._base = self._saved(name)
        self._collides = False  # something was changed here and in the file, and is said
        self._group = Group(FIELDS, table_of(self._base))
        # What the browser sends of a call that is no longer shown must not be taken for the one that is.
        place = f"call{next(_numbers)}"
        self._called = TextControl(parts, NAME, f"{place}-name", form.buttons.refresh)
        self._called.show(name)
        special: dict[str, Make] = {
            "request": AreaControl,
            "params": lambda parts, field, key, left: ParamsControl(parts, field, key, left, form.name),
            "columns": lambda parts, field, key, left: ColumnsControl(parts, field, key, left, form.name),
        }
        self._fields = FieldsBox(parts, self._group, place, form.name, self._left, special, CHECKS)
        boxes = self._fields.lay_out(self._group.fields, fold="More settings of the call")
        self._answer = parts.text("", "apiconn-result")
        acting = form.acting
        buttons = parts.row(
            parts.button("Save call", acting(self.save)),
            parts.button("Try", acting(self._try), tooltip="Make the call with these parameters, saved or not"),
            *([parts.button("Delete call", acting(self._delete))] if name else []),
        )
        self.box = parts.box(self._called.box, *boxes, buttons, self._answer, classes=("apiconn-editor",))
        self._want_parameters()

    def follow(self) -> None:
        """Take what the file has now where nothing else was typed here."""
        fresh = self._saved(self.name)
        if self.name and not fresh.request:
            self._called.say("It is no longer in the file: Save call writes it there again.")
            self._base, self._group.base = fresh, table_of(fresh)
        elif self.name and fresh != self._base:
            collisions = self._group.rebase(table_of(fresh)).collisions
            self._base = fresh
            self._collides = self._collides or bool(collisions)
            for each in collisions:
                self._fields.say(each.field, f"In the file it is now {said(each.theirs)}; yours is kept.")

    def takers(self) -> dict[str, Callable[[Any], None]]:
        """What takes a text from the browser, by the key that its control has there."""
        return {self._called.key: self._called.take, **self._fields.takers()}

    def secrets(self) -> dict[str, SecretField]:
        """The secret fields, by the key they have in the browser."""
        return self._fields.secrets()

    def close(self) -> None:
        """Close the controls."""
        self._parts.close()

    @property
    def is_edited(self) -> bool:
        """Whether something was typed that is not saved."""
        return self.typed_name != self.name or call_of(self._group.table(), self._base) != self._base

    def save(self) -> None:
        """Save the call alone; what else is typed in the form stays as it is."""
        form = self._form
        was_said = self._collides
        form.changes.look()
        form.calls.refresh()
        if self._collides and not was_said:
            raise UsageError("Not saved: the file was changed meanwhile. Press Save call again to keep what you typed.")
        call = self._checked()
        name = self._checked_name()
        if not form.draft.is_saved and not form.buttons.save():
            return
        form.space.save_call(form.draft.name, name, call)
        form.changes.look()
        form.calls.show_saved(self.name, name)
        form.buttons.refresh()
        form.say(f"Saved as {form.draft.name}.{name}: %apicall {form.draft.name}.{name}")

    @property
    def typed_name(self) -> str:
        """The name as it stands now."""
        return str(self._called.raw()).strip()

    def _checked_name(self) -> str:
        name = self.typed_name
        self._called.say("")
        try:
            check_call_name(name)
            if name != self.name and name in self._form.draft.base.calls:
                raise ConfigError(f"{name} exists: choose it in the list to change it, or take another name.")
        except ConfigError as error:
            self._called.say(str(error))
            raise ConfigError(f"Look at {NAME.label}: {error}") from None
        return name

    def _saved(self, name: str) -> SavedCall:
        draft = self._form.draft
        return draft.calls.get(name) or draft.base.calls.get(name) or SavedCall("")

    def _checked(self) -> SavedCall:
        """The call as it stands. Raises UsageError for what does not hold, said beside its field too."""
        wrong = [*self._fields.check(), *self._fields.missing(development=False)]
        if wrong:
            raise UsageError(f"Look at {', '.join(each.label for each in wrong)}.")
        return call_of(self._group.table(), self._base)

    def _left(self, field: Field) -> None:
        if field.name == "request":
            with contextlib.suppress(ApiConnError):  # an unfinished request has no names yet
                self._want_parameters()
        self._form.buttons.refresh()

    def _want_parameters(self) -> None:
        text = str(self._group.raw("request"))
        control = self._fields.controls["params"]
        if text.strip() and isinstance(control, ParamsControl):
            control.want(parse(text).names())

    def _try(self) -> None:
        call = self._checked()
        self._answer.value = ""
        self._form.buttons.with_collection(
            lambda collection: self._form.buttons.run("trying", lambda: self._tried(collection, call))
        )

    def _tried(self, collection: Collection, call: SavedCall) -> Callable[[], None]:
        try:
            outcome = run(collection, parse(call.request), saved=call)
        except ApiConnError as error:
            failure = error
            return lambda: self._failed(failure)
        return lambda: self._show(outcome)

    def _failed(self, error: ApiConnError) -> None:
        self._answer.value = f'<div class="apiconn-problem" role="alert">{escape(str(error))}</div>'

    def _show(self, outcome: Outcome) -> None:
        lines = "<br>".join(escape(each) for each in (outcome.status(), *outcome.notes))
        shown = table(outcome.made.frame.head()) if outcome.made is not None else ""
        self._answer.value = f'<div class="apiconn-told" role="status">{lines}</div>{shown}'

    def _delete(self) -> None:
        form, draft = self._form, self._form.draft
        draft.calls.pop(self.name, None)
        if self.name in draft.base.calls:
            calls = {name: call for name, call in draft.base.calls.items() if name != self.name}
            form.space.save(dataclasses.replace(draft.base, calls=calls), draft.base)
            form.changes.look()
        form.calls.shut()
        form.refresh()
        form.say(f"{draft.name}.{self.name} is deleted.")
