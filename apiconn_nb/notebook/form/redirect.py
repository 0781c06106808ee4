"""The redirect URL that has to be registered with the provider, with a button that copies it."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

from apiconn_nb import auth
from apiconn_nb.errors import ApiConnError
from apiconn_nb.fields import fields_of
from apiconn_nb.notebook.form.said import copied

if TYPE_CHECKING:
    from apiconn_nb.notebook.form.window import Form


class RedirectLine:
    """The line, for the methods that send a person's browser away and get it back."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.box = form.parts.text("", "apiconn-redirect")

    def refresh(self) -> None:
        """Show the URL that the settings as they stand now lead to."""
        chosen = auth.method(self._form.draft.method)
        if not any(action.name == "login" for action in chosen.actions):
            self.box.value = ""
            return
        from apiconn_nb.login.redirect import to_register  # start-up cost: most forms have no login

        try:
            urls = to_register(self._as_typed(chosen), os.environ, public_url=self._form.public_url)
        except ApiConnError:
            return  # the field that does not hold says so; the last good URL stays
        lines = "".join(copied(url, "Redirect URL to register") for url in urls)
        self.box.value = f'<div class="apiconn-label">Redirect URL to register with the provider</div>{lines}'

    def _as_typed(self, chosen: type[auth.AuthMethod]) -> Any:
        """The method with what is typed, complete or not: an app is registered before its id is known."""
        values = self._form.draft.auth.table()
        typed = {
            field.name: field.parse(values[field.name], owner=self._form.draft.name)
            for field in fields_of(chosen)
            if field.name in values and not field.dev_of
        }
        return dataclasses.replace(chosen(), **typed)
