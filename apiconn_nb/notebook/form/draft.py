"""A collection as the form holds it: what the file has, and what was typed over it. No widget in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiconn_nb import auth
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.notebook.form.group import Collision, Group, Rebased
from apiconn_nb.settings import CONNECTION_FIELDS, CollectionSettings, SavedCall

METHOD = Field(name="method", label="Authentication", kind="text", default="")


class Draft:
    """Settings that can be typed over.

    Parameters: `base`, the collection as the file has it; `is_saved`, whether the file has it at all.
    """

    def __init__(self, base: CollectionSettings, *, is_saved: bool) -> None:
        self.name = self.opened_as = base.name
        self.base = base
        self.is_saved = is_saved
        self.connection = Group(tuple(CONNECTION_FIELDS.values()), base.connection)
        self.method = base.method
        self.calls: dict[str, SavedCall] = {}  # of a preset; saved with the rest
        self._auth: dict[str, Group] = {}

    @property
    def auth(self) -> Group:
        """The settings of the chosen method. Those of another one are kept while the form is open."""
        return self.auth_of(self.method)

    def auth_of(self, slug: str) -> Group:
        """The settings of a method."""
        if slug not in self._auth:
            self._auth[slug] = Group(fields_of(auth.method(slug)), self._base_of(slug, self.base))
        return self._auth[slug]

    def settings(self) -> CollectionSettings:
        """The collection as it would be saved now; a `Secret` in it was typed and is not put away yet."""
        return CollectionSettings(
            self.name, self.method, self.connection.table(), self.auth.table(), {**self.base.calls, **self.calls}
        )

    def edited(self) -> list[str]:
        """The labels of what differs from the file."""
        method = [METHOD.label] if self.method != self.base.method else []
        calls = [f"call {name}" for name in self.calls]
        return [*self.connection.edited(), *method, *self.auth.edited(), *calls]

    def load(self, settings: CollectionSettings) -> None:
        """Take other settings as if they had been typed; of the calls, those that the file has not."""
        self.method = settings.method
        self.connection.load(settings.connection)
        self.auth.load(settings.auth)
        self.calls = {name: call for name, call in settings.calls.items() if name not in self.base.calls}

    def typed(self) -> dict[Group, dict[str, Any]]:
        """What `settings` would save now: typing may go on, on another thread, while that is written."""
        return {group: group.typed() for group in (self.connection, self.auth)}

    def put_down(self, settings: CollectionSettings, saved: Mapping[Group, Mapping[str, Any]]) -> None:
        """`saved` is in the file now, which holds `settings`."""
        self.base, self.is_saved = settings, True
        self.name = self.opened_as = settings.name
        self.calls = {}
        for group, base in self._groups(settings):
            if group in saved:
                group.settle(base, saved[group])
            else:
                group.base = dict(base)

    def rebase(self, settings: CollectionSettings | None) -> Rebased:
        """Take what the file holds now (None: nothing of this name any more, so all here is unsaved)."""
        if settings is None:
            settings = CollectionSettings(self.name, self.method)
            self.is_saved = False
            self.base = settings
            for group, _ in self._groups(settings):
                group.base = {}
            return Rebased()
        found = self._rebase_method(settings)
        for group, base in self._groups(settings):
            changes = group.rebase(base)
            if group in (self.connection, self.auth):
                found += changes
        self.base, self.is_saved = settings, True
        return found

    def use(self, collision: Collision) -> None:
        """Take the file's side of a collision."""
        if collision.field is METHOD:
            self.method = collision.theirs
            return
        for group in (self.connection, *self._auth.values()):
            if group.fields.get(collision.field.name) is collision.field:
                group.set(collision.field.name, collision.theirs)

    def _rebase_method(self, settings: CollectionSettings) -> Rebased:
        old, mine, theirs = self.base.method, self.method, settings.method
        if theirs in (old, mine):
            return Rebased()
        if mine == old:
            self.method = theirs
            return Rebased((METHOD.label,))
        return Rebased((), (Collision(METHOD, mine, theirs),))

    def _groups(self, settings: CollectionSettings) -> list[tuple[Group, Any]]:
        self.auth_of(settings.method)
        return [
            (self.connection, settings.connection),
            *((group, self._base_of(slug, settings)) for slug, group in self._auth.items()),
        ]

    def _base_of(self, slug: str, settings: CollectionSettings) -> Any:
        return settings.auth if slug == settings.method else {}
