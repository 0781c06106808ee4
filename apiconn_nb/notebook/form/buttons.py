"""The buttons of the form, and what a press of each does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiconn_nb import auth
from apiconn_nb.errors import ApiConnError, ConfigError
from apiconn_nb.notebook import actions
from apiconn_nb.notebook.as_magic import as_magic
from apiconn_nb.notebook.form.checks import check_together, unanswered
from apiconn_nb.notebook.form.fold import Fold
from apiconn_nb.notebook.form.parts import escape, toggle_class
from apiconn_nb.notebook.form.said import copied, table
from apiconn_nb.notebook.form.signing import SignIn
from apiconn_nb.notebook.form.turns import in_background
from apiconn_nb.settings import check_collection_name
from apiconn_nb.transcript import Transcript

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection
    from apiconn_nb.notebook.form.window import Form
    from apiconn_nb.outcome import Outcome


class Buttons:
    """Save, Test, the method's own actions, Show as magic, Delete; and below them what they show."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._busy = ""  # what is under way on a thread of its own
        parts, acting = form.parts, form.acting
        self._own: dict[str, list[Any]] = {}  # the buttons of a method's actions, by its slug
        self._own_place = parts.row(classes=("apiconn-own",))
        self.sign_in = SignIn(form)
        save = parts.button(
            "Save", acting(self.press_save), "apiconn-primary", tooltip="Check the fields and write the file"
        )
        test = parts.button("Test", acting(self.test), tooltip="Save, then make the test call")
        magic = parts.button("Show as magic", acting(self.show_magic), tooltip="The same in a cell, without secrets")
        self._delete = parts.button("Delete", acting(self._ask_to_delete), tooltip="Take it out of the file")
        really = parts.button("Delete it", acting(self._delete_it), "apiconn-danger")
        keep = parts.button("Keep it", acting(lambda: self._confirm_shown(False)))
        self._question = parts.text()
        self._confirm = parts.row(self._question, really, keep, classes=("apiconn-confirm", "apiconn-hidden"))
        self._unsaved = parts.text("", "apiconn-unsaved")
        self._magic = parts.text("", "apiconn-magic", "apiconn-hidden")
        self._result = parts.text("", "apiconn-result")
        self._exchanges = ""
        self._exchanges_text = parts.text()
        self._transcript = Fold(parts, "What was sent and answered", lambda: self._exchanges_text)
        toggle_class(self._transcript.box, "apiconn-hidden", True)
        self.box = parts.box(
            parts.row(save, test, self._own_place, magic, self._delete, classes=("apiconn-buttons",)),
            self._unsaved, self._confirm, self._magic, self.sign_in.box, self._result, self._transcript.box,
            classes=("apiconn-actions",),
        )  # fmt: skip

    def refresh(self) -> None:
        """Show the buttons of the chosen method, and what is not saved."""
        draft = self._form.draft
        slug = draft.method
        if slug not in self._own:
            self._own[slug] = [self._action(each) for each in auth.method(slug).actions]
        self._own_place.children = tuple(self._own[slug])
        toggle_class(self._delete, "apiconn-hidden", not draft.is_saved)
        edited, calls = draft.edited(), self._form.calls.edited()
        words = f"Not saved yet: {', '.join(edited)}." if edited and draft.is_saved else ""
        words += f" Not saved yet, until Save call is pressed: {', '.join(calls)}." if calls else ""
        self._unsaved.value = f'<span class="apiconn-help" role="status">{escape(words)}</span>' if words else ""
        if "apiconn-hidden" not in self._magic._dom_classes:
            self._write_magic()

    def _action(self, action: auth.Action) -> Any:
        return self._form.parts.button(
            action.label, self._form.acting(lambda: self._do(action)), tooltip=action.help or action.label
        )

    def _do(self, action: auth.Action) -> None:
        """What the method's own button does: signing in and out, else the method's own function of that name."""
        self.clear()
        if action.name == "login":
            self.with_collection(self.sign_in.begin)
        elif action.name == "logout":
            self.with_collection(lambda collection: self.run("signing out", lambda: self._sign_out(collection)))
        else:
            own = getattr(auth.method(self._form.draft.method), action.name.replace("-", "_"))
            self.with_collection(lambda made: self.run(action.label, lambda: self._said(own(made.method, made))))

    # ── save ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def press_save(self) -> None:
        """Save."""
        self.save()

    def save(self) -> bool:
        """Save what holds; else say what does not, beside it, and save nothing. Whether it was saved."""
        form = self._form
        wrong = form.check()
        if wrong:
            form.say(f"Not saved. Look at {', '.join(each.label for each in wrong)}.", wrong=True)
            return False
        self._check_name()
        saved, settings = form.draft.typed(), form.draft.settings()
        check_together(settings, ask_keyring=True)
        try:
            form.space.save(settings, form.draft.base if form.draft.is_saved else None)
        except ConfigError:
            form.changes.look()
            if not form.changes.collide:
                raise
            form.say("Not saved: the file was changed meanwhile. Press Save again to keep what you typed.", wrong=True)
            return False
        form.draft.put_down(form.space.settings(form.draft.name), saved)
        form.changes.settle()
        form.refresh()
        form.say(f"Saved in {form.space.path.name}.")
        return True

    def _check_name(self) -> None:
        draft, control = self._form.draft, self._form.head.name
        try:
            check_collection_name(draft.name)
            if not draft.is_saved and draft.name in self._form.space.all():
                raise ConfigError(
                    f"{draft.name} exists: open it with %apiconn_auth {draft.name}, or take another name."
                )
        except ConfigError as error:
            control.say(str(error))
            raise
        control.say("")

    def with_collection(self, work: Any) -> None:
        """Do something with the saved collection: save first what is not saved, and ask for what is not typed."""
        form = self._form
        if self._busy:
            form.say(f"Still {self._busy}: wait for it to end.")
            return
        if (form.draft.edited() or not form.draft.is_saved) and not self.save():
            return
        open_questions = unanswered(form.draft.base)
        for field in open_questions:
            (form.method_fields if field.name in form.draft.auth.fields else form.connection).say(
                field, "Type it here first: it is kept in this kernel's memory alone."
            )
        if open_questions:
            form.say(f"{open_questions[0].label} is not known to this kernel yet.", wrong=True)
            return
        form.say("")
        work(form.space.collection(form.draft.name))

    # ── what takes its time ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_busy(self) -> bool:
        """Whether something is under way on a thread of its own."""
        return bool(self._busy)

    def hold(self, what: str) -> None:
        """Something is under way."""
        self._busy = what
        self._form.head.state.show(f"{what} …")

    def free(self) -> None:
        """It has ended."""
        self._busy = ""

    def run(self, what: str, work: Any) -> None:
        """Run `work` on a thread of its own; what it returns is called with the form at hand."""
        form = self._form

        def go() -> None:
            try:
                show = work()
            finally:
                self.free()
                form.acting(form.refresh)()
            form.acting(show)()

        self.hold(what)
        in_background(what.replace(" ", "-"), form.acting_aside(go))

    def test(self) -> None:
        """Save, then make the test call on a thread of its own."""
        self.clear()
        self.with_collection(lambda collection: self.run("testing", lambda: self._tested(collection)))

    def _tested(self, collection: Collection) -> Any:
        with Transcript(collection) as transcript:
            try:
                outcome = actions.tested(collection)
            except ApiConnError as error:
                failure = error
                return lambda: self._failed(failure, str(transcript))
        return lambda: self._works(outcome, str(transcript))

    def _works(self, outcome: Outcome, exchanges: str) -> None:
        self._form.say("\n".join([f"Works. {outcome.status()}", *outcome.notes]))
        self._result.value = table(outcome.made.frame.head()) if outcome.made is not None else ""
        self._show_exchanges(exchanges)

    def clear(self) -> None:
        """Take away what the last test showed: it may be of other settings."""
        self._result.value = ""
        self._show_exchanges("")

    def _failed(self, error: ApiConnError, exchanges: str) -> None:
        self._form.say_error(error)
        self._result.value = ""
        self._show_exchanges(exchanges)

    def _show_exchanges(self, text: str) -> None:
        self._exchanges_text.value = f'<pre class="apiconn-block" tabindex="0">{escape(text)}</pre>'
        toggle_class(self._transcript.box, "apiconn-hidden", not text)

    def _sign_out(self, collection: Collection) -> Any:
        said = actions.log_out(collection)

        def show() -> None:
            self.sign_in.forget()
            self._form.say(said)

        return show

    def _said(self, text: Any) -> Any:
        return lambda: self._form.say(str(text or "Done."))

    # ── show as magic, delete ──────────────────────────────────────────────────────────────────────────────────────

    def show_magic(self) -> None:
        """Show the cell that sets the same collection up; a second press takes it away."""
        shown = "apiconn-hidden" not in self._magic._dom_classes
        toggle_class(self._magic, "apiconn-hidden", shown)
        if not shown:
            self._write_magic()

    def _write_magic(self) -> None:
        try:
            content = copied(as_magic(self._form.draft.settings()), "The same as a cell", block=True)
        except ApiConnError as error:
            content = f'<span class="apiconn-problem">{escape(str(error))}</span>'
        self._magic.value = content

    def _ask_to_delete(self) -> None:
        draft = self._form.draft
        calls = len(draft.base.calls)
        words = f" with its {calls} saved calls" if calls else ""
        self._question.value = f"Delete {escape(draft.name)}{words}, and forget its tokens?"
        self._confirm_shown(True)

    def _confirm_shown(self, on: bool) -> None:
        toggle_class(self._confirm, "apiconn-hidden", not on)

    def _delete_it(self) -> None:
        form = self._form
        form.space.delete(form.draft.name)
        form.end(f"{form.draft.name} is deleted from {form.space.path.name}, and its tokens are forgotten.")
