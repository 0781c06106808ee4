"""The form of one collection: its parts on one page, one state with the magics and the file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from apiconn_nb.errors import ApiConnError
from apiconn_nb.fields import Field
from apiconn_nb.notebook import status
from apiconn_nb.notebook.form.buttons import Buttons
from apiconn_nb.notebook.form.calls import CallsBox
from apiconn_nb.notebook.form.changes import Changes
from apiconn_nb.notebook.form.checks import beside, check_together, place
from apiconn_nb.notebook.form.draft import Draft
from apiconn_nb.notebook.form.fields_box import FieldsBox, Make
from apiconn_nb.notebook.form.fold import Fold
from apiconn_nb.notebook.form.frame import STYLE, Frame
from apiconn_nb.notebook.form.head import EnvironmentControl, Head
from apiconn_nb.notebook.form.parts import Parts, toggle_class
from apiconn_nb.notebook.form.redirect import RedirectLine
from apiconn_nb.notebook.form.said import Message
from apiconn_nb.notebook.form.start import Start
from apiconn_nb.notebook.form.trusting import TrustQuestion
from apiconn_nb.notebook.form.turns import Turns
from apiconn_nb.settings import CONNECTION_FIELDS, CollectionSettings
from apiconn_nb.workspace import Workspace

_IN_HEAD = ("base_url", "dev_base_url", "environment")
_SHARED = ("headers", "query")


class Form:
    """The form of the collection `name`, whether there is one or not yet.

    Parameters: `space`, where it is kept; `public_url`, the notebook server's address where the person has set it.
    `box` is the widget. Its handlers may be called on any thread. Raises ConfigError for a file that cannot be read.
    """

    def __init__(self, name: str, space: Workspace, *, public_url: str = "") -> None:
        settings = space.all().get(name)
        self.space = space
        self.public_url = public_url
        self.draft = Draft(settings or CollectionSettings(name), is_saved=settings is not None)
        self.turns = Turns(self._catch_up)
        self.is_closed = False
        self._outer = Parts()
        self.parts = Parts()
        self._methods: dict[str, tuple[FieldsBox, Any]] = {}  # by slug, once it has been chosen
        self._build()
        self.box = self._outer.box(self._inner, classes=("apiconn-outer",))
        self._end_listening = space.listen(self._told)
        self.refresh()

    # ── the page ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _build(self) -> None:
        parts, draft = self.parts, self.draft
        special: dict[str, Make] = {"environment": EnvironmentControl}
        self.connection = FieldsBox(parts, draft.connection, "connection", self.name, self._left, special)
        self.head = Head(parts, draft, self.connection, self.acting(self._named), self.acting(self._method_chosen))
        self._method_place = parts.box(classes=("apiconn-method-fields",))
        self.redirect = RedirectLine(self)
        self.message = Message(parts)
        self.changes = Changes(self)
        self.trust = TrustQuestion(self)
        self.calls = CallsBox(self)
        self.buttons = Buttons(self)
        rest = [each for each in CONNECTION_FIELDS if each not in (*_IN_HEAD, *_SHARED)]
        self._shared = Fold(parts, "", lambda: parts.box(*self.connection.lay_out(_SHARED)))
        more = Fold(parts, "More settings of the connection", lambda: parts.box(*self.connection.lay_out(rest)))
        self.connection.folded(_SHARED, self._shared)
        self.connection.folded(rest, more)
        self.start = Start(self)
        frame = parts.own(Frame(self._from_browser, layout=parts.layout))
        unseen = (parts.text(f"<style>{STYLE}</style>", "apiconn-style"), frame)
        settings = (self.head.box, self._method_place, self.redirect.box, self._shared.box, more.box, self.calls.box)
        said = (self.trust.box, self.changes.box, self.message.box)
        page = (*unseen, self.start.box, *settings, *said, self.buttons.box)
        self._inner = parts.box(*page, classes=("apiconn-form",))

    @property
    def method_fields(self) -> FieldsBox:
        """The controls of the chosen method."""
        slug = self.draft.method
        if slug not in self._methods:
            group = self.draft.auth
            fields = FieldsBox(self.parts, group, f"auth-{slug}", self.name, self._left)
            boxes = fields.lay_out(group.fields, fold="Advanced")
            if not boxes:
                boxes = [self.parts.text('<span class="apiconn-help">No settings: nothing is added to a call.</span>')]
            self._methods[slug] = (fields, self.parts.box(*boxes))
        return self._methods[slug][0]

    def name(self) -> str:
        """The collection's name as it stands now."""
        return self.draft.name

    def refresh(self) -> None:
        """Show what holds now: the method's fields, state, colours, counts."""
        toggle_class(self.start.box, "apiconn-hidden", self.draft.is_saved)
        self.head.show()
        self.method_fields  # noqa: B018 -- made when it is first looked at
        self._method_place.children = (self._methods[self.draft.method][1],)
        environment = self.connection.controls["environment"].widget.value
        toggle_class(self._inner, "apiconn-development", environment == "development")
        toggle_class(self._inner, "apiconn-live", environment != "development")
        counts = [len(self.draft.connection.raw(name)) for name in _SHARED]
        self._shared.title(f"Shared headers and parameters ({sum(counts)})")
        self.redirect.refresh()
        self.calls.refresh()
        self.trust.refresh()
        self.buttons.refresh()
        self.head.state.show(self._state())

    def _state(self) -> str:
        if not self.draft.is_saved:
            return "new, not saved yet"
        try:
            return status.state_in_words(self.space.collection(self.draft.name))
        except ApiConnError as error:
            return str(error)

    # ── being told ─────────────────────────────────────────────────────────────────────────────────────────────────

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Say what came of a press."""
        self.message.say(text, wrong=wrong)

    def say_error(self, error: ApiConnError) -> None:
        """Say what does not hold: beside the field it speaks of, else below the fields."""
        text = str(error)
        for fields in (self.method_fields, self.connection):
            field = place(text, fields.group.fields.values())
            if field is not None and fields.say(field, beside(text, field)):
                self.say(f"Look at {field.label}: {beside(text, field)}", wrong=True)
                return
        self.say(text, wrong=True)

    def check(self) -> list[Field]:
        """Look at every field and say what is wrong or missing beside it. The fields that do not hold."""
        development = self.connection.controls["environment"].widget.value == "development"
        boxes = (self.connection, self.method_fields)
        wrong = [each for fields in boxes for each in fields.check()]
        missing = [each for fields in boxes for each in fields.missing(development=development)]
        return wrong + [each for each in missing if each not in wrong]

    def acting(self, work: Callable[[], None]) -> Callable[[], None]:
        """`work` as a handler: alone with the form, on whatever thread, and what it raises is said in the form."""

        def act() -> None:
            with self.turns.take(), self._saying_errors():
                if not self.is_closed:
                    work()

        return act

    def acting_on(self, work: Callable[[Any], None]) -> Callable[[Any], None]:
        """The same for a handler that is given something."""
        return lambda given: self.acting(lambda: work(given))()

    def acting_aside(self, work: Callable[[], None]) -> Callable[[], None]:
        """`work` for a thread of its own, which takes its time: the form is free meanwhile."""

        def act() -> None:
            try:
                work()
            except Exception as error:  # said in the form; a thread's own traceback would go nowhere
                raised = error
                self.acting(lambda: _raise(raised))()

        return act

    @contextlib.contextmanager
    def _saying_errors(self) -> Iterator[None]:
        try:
            yield
        except ApiConnError as error:
            self.say_error(error)
        except Exception as error:  # a handler's traceback would go to a log that nobody sees
            self.say(f"That went wrong in apiconn_nb: {type(error).__name__}: {error}", wrong=True)

    # ── what a person does ─────────────────────────────────────────────────────────────────────────────────────────

    def _left(self, field: Field) -> None:
        self.acting(lambda: self._after(field))()

    def _after(self, field: Field) -> None:
        """A field was left: show what hangs on it, and say what shows only when settings are looked at together."""
        if field.name == "environment":
            self.refresh()
            return
        self.redirect.refresh()
        self.buttons.refresh()
        if field.name in self.draft.auth.fields:
            self._look_together()

    def _look_together(self) -> None:
        fields = self.method_fields
        try:
            check_together(self.draft.settings(), ask_keyring=False)
        except ApiConnError as error:
            told = place(str(error), fields.group.fields.values())
            # What is missing is said when somebody wants to save; what does not fit together, at once.
            if told is not None and fields.group.raw(told.name):
                fields.say(told, beside(str(error), told))
        else:
            fields.check()  # what did not fit together may have been said beside the other one of two

    def _named(self) -> None:
        self.draft.name = str(self.head.name.raw()).strip()
        self.buttons.refresh()

    def _method_chosen(self) -> None:
        self.say("")
        self.buttons.clear()
        self.refresh()

    def _from_browser(self, kind: str, content: dict[str, Any]) -> None:
        """What `frame.js` sends: everything that has an order comes here, on one channel."""
        if kind == "used":
            self.turns.leave_word()
            return
        with self.turns.take():
            if kind == "press":
                self.acting(lambda: self._take(content))()
                self.parts.press(str(content.get("press")))
            elif kind == "secret":
                self.acting(lambda: self._receive(str(content.get("key")), content))()
            elif kind == "key left out":
                self.acting(lambda: self._key_left_out(str(content.get("key")), content.get("text")))()

    def _take(self, content: dict[str, Any]) -> None:
        """What stands in the browser's fields as a button is pressed, which may be newer than what came before."""
        secrets, content["secrets"] = content.get("secrets") or {}, {}
        for key, value in secrets.items():
            self._receive(key, {"value": value})
        takers = {self.head.name.key: self.head.name.take, **self.start.takers(), **self.calls.takers()}
        takers |= {**self.connection.takers(), **self.method_fields.takers()}
        for key, typed in (content.get("values") or {}).items():
            if key in takers:
                takers[key](typed)

    def _receive(self, key: str, content: dict[str, Any]) -> None:
        fields = {**self.connection.secrets(), **self.method_fields.secrets(), **self.calls.secrets()}
        fields |= self.buttons.sign_in.secrets()
        if key in fields:
            fields[key].receive(content)

    def _key_left_out(self, key: str, text: Any) -> None:
        for control in (*self.connection.controls.values(), *self.method_fields.controls.values()):
            if control.key == key:
                control.take(text)
                control.remark("A private key was in it and was left out: paste it into the field for the key.")

    # ── one state with the file ────────────────────────────────────────────────────────────────────────────────────

    def _told(self, name: str) -> None:
        if name == self.draft.name:
            self.turns.leave_word()

    def _catch_up(self) -> None:
        if not self.is_closed:
            with self._saying_errors():
                self.changes.look()
                self.refresh()

    def end(self, text: str) -> None:
        """Take the form away and leave one line."""
        farewell = Message(self._outer)
        farewell.say(text)
        self.box.children = (farewell.box,)
        self._let_go()

    def close(self) -> None:
        """Close every widget of the form."""
        self._let_go()
        self._outer.close()

    def _let_go(self) -> None:
        self.is_closed = True
        self._end_listening()
        self.parts.close()
        self._methods.clear()


def _raise(error: Exception) -> None:
    raise error
