"""The field beside a pending login, for the address of a page that did not load: not saved, and gone at the end."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from uuid import uuid4

from IPython.display import display, update_display

from apiconn_nb.errors import LoginError, UsageError
from apiconn_nb.login import Login
from apiconn_nb.notebook.display import Line
from apiconn_nb.notebook.form.secret_field import SecretField

_LABEL = "The page did not load?"
_PLACEHOLDER = "paste its whole address here"


class PasteField:
    """The field under a login's line. `in_cell` runs an update in the context of the cell that began the login."""

    def __init__(self, login: Login, in_cell: Callable[[Callable[[], None]], None]) -> None:
        self._login = login
        self._in_cell = in_cell
        self._display_id = uuid4().hex
        self._said_id = ""
        self._field = SecretField(self._pasted, label=_LABEL, placeholder=_PLACEHOLDER, submit="Finish")
        display(self._field, display_id=self._display_id)

    def close(self) -> None:
        """Take the field away: out of the page, and out of the notebook that is saved."""

        def away() -> None:
            for display_id in filter(None, (self._display_id, self._said_id)):
                update_display(Line(""), display_id=display_id)
            self._field.close()

        self._in_cell(away)

    def _pasted(self, text: str) -> None:
        try:
            self._login.paste(text)
        except LoginError as error:
            said = Line(str(error))  # a sentence of ours: nothing of what was pasted is in it
            self._in_cell(lambda: self._say(said))

    def _say(self, said: Line) -> None:
        if self._said_id:
            update_display(said, display_id=self._said_id)
        else:
            self._said_id = uuid4().hex
            display(said, display_id=self._said_id)


def ask_here(said: str) -> str:
    """What a call that waits for the login asks, hidden, in its own cell; `said`: what was wrong with the last one.

    Raises LoginError where nobody can be asked (nbclient, papermill).
    """
    try:
        return getpass.getpass(f"{said} Paste the address of the page after signing in: ".lstrip())
    except (NotImplementedError, EOFError):  # ipykernel's StdinNotImplementedError is one
        raise LoginError(
            "Nobody can paste an address here (a run without a person): sign in once in a notebook with a token store "
            "that lasts (keyring, or ApiConn.token_file), or use a method without a person: a key by reference "
            "(env:NAME) or the client credentials grant."
        ) from None


def ask(login: Login) -> None:
    """The same in a terminal: a hidden prompt. Raises UsageError where the person ends it."""
    while login.state == "waiting":
        try:
            login.paste(getpass.getpass("Paste the address of the page (it is not shown), Enter to finish: "))
        except LoginError as error:
            print(error)  # noqa: T201 -- a terminal's conversation
        except (KeyboardInterrupt, EOFError):
            login.cancel()
            raise UsageError("The sign-in was ended.") from None
