"""What changed in the file, or by a magic, while the form was open: shown here, and what collides is said and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apiconn_nb.errors import ConfigError
from apiconn_nb.notebook.form.group import Collision
from apiconn_nb.notebook.form.parts import escape, toggle_class

if TYPE_CHECKING:
    from apiconn_nb.notebook.form.window import Form


class Changes:
    """The lines about changes, and the button that takes the file's side of what collides."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._collisions: list[Collision] = []
        self._is_broken = False  # somebody is editing the file, and is in the middle of it
        self._text = form.parts.text("", "apiconn-message")
        self._take = form.parts.button(
            "Use the file's values", form.acting(self._use_theirs), tooltip="Drop what was typed here in these fields"
        )
        self.box = form.parts.box(self._text, self._take, classes=("apiconn-changes", "apiconn-hidden"))

    def look(self) -> None:
        """Read the file again where it changed, and follow it."""
        form, draft = self._form, self._form.draft
        try:
            settings = form.space.all().get(draft.name)
        except ConfigError as error:
            self._is_broken = True
            self._show([str(error), "What stands here is kept, and the file is read again when it is mended."])
            return
        if self._is_broken:
            self._is_broken = False
            self._show([])
        if not draft.is_saved and (settings is None or draft.name != draft.opened_as):
            return  # a name that somebody is typing may be another collection's
        if settings is not None and settings == draft.base and draft.is_saved:
            return
        if settings is None:
            draft.rebase(None)
            self._show([f"{draft.name} is no longer in {form.space.path.name}. Save writes it there again."])
            return
        before, calls = draft.edited(), draft.base.calls
        found = draft.rebase(settings)
        self._collisions = [each for each in self._collisions if not _is_settled(each, found.collisions)]
        self._collisions += found.collisions
        followed = list(found.followed)
        if calls != settings.calls:
            followed.append("saved calls")
        lines = []
        if followed:
            lines.append(f"Changed in {form.space.path.name}, and here: {', '.join(followed)}.")
        lines += [f"{each}. Yours is kept, and Save writes it." for each in map(str, self._collisions)]
        if lines and before and not self._collisions:
            lines.append(f"What you typed is kept: {', '.join(before)}.")
        self._show(lines)

    @property
    def collide(self) -> bool:
        """Whether something was changed both here and in the file."""
        return bool(self._collisions)

    def settle(self) -> None:
        """Everything is saved: nothing collides any more."""
        self._collisions = []
        self._show([])

    def _use_theirs(self) -> None:
        for collision in self._collisions:
            self._form.draft.use(collision)
        self.settle()
        self._form.refresh()

    def _show(self, lines: list[str]) -> None:
        self._text.value = (
            '<div class="apiconn-told" role="status">' + "<br>".join(map(escape, lines)) + "</div>" if lines else ""
        )
        toggle_class(self.box, "apiconn-hidden", not lines)
        toggle_class(self._take, "apiconn-hidden", not self._collisions)


def _is_settled(old: Collision, fresh: tuple[Collision, ...]) -> bool:
    """Whether a newer collision of the same field stands in its place."""
    return any(each.field == old.field for each in fresh)
