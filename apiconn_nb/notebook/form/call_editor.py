"""One saved call: its request, parameters and paging, to be changed, saved and tried."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from apiconn_nb.calling import run
from apiconn_nb.errors import ApiConnError, UsageError
from apiconn_nb.fields import Field
from apiconn_nb.notebook.form.checks import beside, place
from apiconn_nb.notebook.form.controls import AreaControl, TextControl
from apiconn_nb.notebook.form.fields_box import FieldsBox, Make
from apiconn_nb.notebook.form.group import Group
from apiconn_nb.notebook.form.parts import escape
from apiconn_nb.notebook.form.rows import Row, RowsControl
from apiconn_nb.notebook.form.said import table
from apiconn_nb.options import pages_of
from apiconn_nb.paging import paginator_named
from apiconn_nb.request import literal_credentials, parse
from apiconn_nb.settings import SavedCall, check_call_name

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection
    from apiconn_nb.notebook.form.secret_field import SecretField
    from apiconn_nb.notebook.form.window import Form
    from apiconn_nb.outcome import Outcome

NAME = Field(
    name="call", label="Call name", kind="text", default="", required=True, placeholder="list_users",
    help="Letters, digits, - and _: what stands in %apicall NAME.CALL.",
)  # fmt: skip


def _field(name: str, label: str, help_text: str = "", **more: Any) -> Field:
    return Field(name=name, label=label, kind=more.pop("kind", "text"), default=more.pop("default", ""),
                 help=help_text, **more)  # fmt: skip


FIELDS = (
    _field("request", "Request", "As in a cell: request line, headers, a blank line, the body. [name] and <name> "
           "insert a parameter.", required=True, placeholder="GET /users?limit=[limit]"),
    _field("params", "Parameters", "What a parameter has where a call gives none. := before a value makes it JSON: "
           ":=10.", kind="rows", default={}),
    _field("records", "Rows at", "JMESPath; empty: they are found.", placeholder="items"),
    _field("pages", "Pages", "A number or all; empty: the first.", placeholder="all"),
    _field("paginate", "Paginate", "Where the next page has to be said.", advanced=True,
           placeholder="cursor:PARAM=PATH"),
    _field("use_as", "Use as", "Empty: by its method.", choices=("", "data", "action"), format="choice", advanced=True),
    _field("private", "Private", "Parameters and headers that are shown nowhere, split by spaces.", advanced=True),
    _field("optional", "Optional", "Parameters left out where they have no value, split by spaces.", advanced=True),
    _field("doc", "Description", advanced=True),
)  # fmt: skip
_WORDS = ("private", "optional")  # lists in the file, words in the form


class TypedRow(Row):
    """A parameter: a text, or JSON after ``:=``, as in ``-p``."""

    def value(self) -> Any:
        value = super().value()
        if not isinstance(value, str) or not value.startswith(":="):
            return value
        try:
            return json.loads(value[2:])
        except (ValueError, RecursionError):
            return value

    def is_wrong(self) -> bool:
        """Whether what stands behind ``:=`` is no JSON."""
        value = self.value()
        return isinstance(value, str) and value.startswith(":=")

    def show(self, name: str, value: Any) -> None:
        """Show a row."""
        super().show(name, value if isinstance(value, str) else ":=" + json.dumps(value))


class ParamsControl(RowsControl):
    """The parameters' rows."""

    row_kind = TypedRow

    def said_wrong(self) -> str:
        """What is wrong with the rows as rows."""
        broken = next((row.name for row in self.rows if isinstance(row, TypedRow) and row.is_wrong()), "")
        return f"{broken}: what stands behind := is not JSON." if broken else super().said_wrong()

    def want(self, names: list[str]) -> None:
        """Have a row for each of `names`."""
        for name in names:
            if name not in [row.name for row in self.rows]:
                self.add(name, "")


class CallEditor:
    """The controls of one call; an empty `name` is a new one."""

    def __init__(self, form: Form, name: str) -> None:
        self._form = form
        self._name = name
        self._parts = parts = form.parts.branch()
        self._base = self._saved(name)
        self._group = Group(FIELDS, _table(self._base))
        self._called = TextControl(parts, NAME, "call-name", lambda: None)
        self._called.show(name)
        special: dict[str, Make] = {
            "request": AreaControl,
            "params": lambda parts, field, key, left: ParamsControl(parts, field, key, left, form.name),
        }
        self._fields = FieldsBox(parts, self._group, "call", form.name, self._left, special)
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
        fresh = self._saved(self._name)
        if self._name and fresh != self._base:
            collisions = self._group.rebase(_table(fresh)).collisions
            self._base = fresh
            for each in collisions:
                self._fields.say(each.field, f"In the file it is now {each.theirs!r}; yours is kept.")

    def takers(self) -> dict[str, Callable[[Any], None]]:
        """What takes a text from the browser, by the key that its control has there."""
        return {self._called.key: self._called.take, **self._fields.takers()}

    def secrets(self) -> dict[str, SecretField]:
        """The secret fields, by the key they have in the browser."""
        return self._fields.secrets()

    def close(self) -> None:
        """Close the controls."""
        self._parts.close()

    def save(self) -> None:
        """Save the call alone; what else is typed in the form stays as it is."""
        form = self._form
        name = str(self._called.raw()).strip()
        call = self._checked()
        check_call_name(name)
        if not form.draft.is_saved and not form.buttons.save():
            return
        form.space.save_call(form.draft.name, name, call)
        form.changes.look()
        form.calls.show(name)
        form.say(f"Saved as {form.draft.name}.{name}: %apicall {form.draft.name}.{name}")

    def _saved(self, name: str) -> SavedCall:
        draft = self._form.draft
        return draft.calls.get(name) or draft.base.calls.get(name) or SavedCall("")

    def _checked(self) -> SavedCall:
        """The call as it stands. Raises UsageError for what does not hold, said beside its field too."""
        wrong = self._fields.check()
        values = self._group.table()
        try:
            template = parse(str(self._group.raw("request")))
            for literal in literal_credentials(template):
                instead = "a parameter with env:NAME" if " in the " in literal else f"{literal}: env:NAME"
                raise UsageError(f"Request: {literal} holds a credential, which is not saved; write {instead}.")
            if values.get("pages"):
                pages_of(values["pages"])
            if values.get("paginate"):
                paginator_named(values["paginate"])
        except ApiConnError as error:
            field = place(str(error), FIELDS) or FIELDS[0]
            self._fields.say(field, beside(str(error), field))
            raise UsageError(f"Look at {field.label}: {beside(str(error), field)}") from None
        if wrong:
            raise UsageError(f"Look at {', '.join(each.label for each in wrong)}.")
        for name in _WORDS:
            values[name] = tuple(str(self._group.raw(name)).split())
        params = {name: value for name, value in self._group.raw("params").items() if value != ""}
        return dataclasses.replace(self._base, **{**_EMPTY, **values, "params": params})

    def _left(self, field: Field) -> None:
        if field.name == "request":
            with contextlib.suppress(ApiConnError):  # an unfinished request has no names yet
                self._want_parameters()

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
        outcome = run(collection, parse(call.request), saved=call)
        return lambda: self._show(outcome)

    def _show(self, outcome: Outcome) -> None:
        lines = "<br>".join(escape(each) for each in (outcome.status(), *outcome.notes))
        shown = table(outcome.made.frame.head()) if outcome.made is not None else ""
        self._answer.value = f'<div class="apiconn-told" role="status">{lines}</div>{shown}'

    def _delete(self) -> None:
        form, draft = self._form, self._form.draft
        draft.calls.pop(self._name, None)
        if self._name in draft.base.calls:
            calls = {name: call for name, call in draft.base.calls.items() if name != self._name}
            form.space.save(dataclasses.replace(draft.base, calls=calls), draft.base)
            form.changes.look()
        form.calls.shut()
        form.refresh()
        form.say(f"{draft.name}.{self._name} is deleted.")


_EMPTY = {each.name: each.default for each in FIELDS}


def _table(call: SavedCall) -> Mapping[str, Any]:
    table = {each.name: getattr(call, each.name) for each in FIELDS}
    return {**table, **{name: " ".join(table[name]) for name in _WORDS}}
