"""An imported collection's credentials go nowhere until somebody has seen where they would go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apiconn_nb import fence
from apiconn_nb.errors import ApiConnError
from apiconn_nb.notebook import actions
from apiconn_nb.notebook.form.parts import escape, toggle_class

if TYPE_CHECKING:
    from apiconn_nb.notebook.form.window import Form


class TrustQuestion:
    """The question, as long as it is open."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._text = form.parts.text("", "apiconn-message")
        allow = form.parts.button("Let them through", form.acting(self._allow))
        self.box = form.parts.box(self._text, allow, classes=("apiconn-trust", "apiconn-hidden"))

    def refresh(self) -> None:
        """Ask where the settings name an origin that nobody has let through."""
        places = self._untrusted()
        toggle_class(self.box, "apiconn-hidden", not places)
        if places:
            self._text.value = (
                '<div class="apiconn-told" role="status">This collection was imported. Its credentials go nowhere '
                f"until you let them through to {escape(', '.join(places))}.</div>"
            )

    def _untrusted(self) -> list[str]:
        draft = self._form.draft
        if not draft.is_saved or not draft.base.value("trusted_origins"):
            return []
        try:
            destinations = self._form.space.collection(draft.name).destinations()
        except ApiConnError:
            return []  # what does not hold is said in the state line
        known = set(draft.base.value("trusted_origins").split())
        return sorted({fence.show(each) for each in destinations} - known)

    def _allow(self) -> None:
        self._form.say(actions.trust(self._form.draft.name))
        self._form.changes.look()
        self._form.refresh()
