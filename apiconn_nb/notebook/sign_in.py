"""A login's line under the cell: a link while it waits, then who is signed in, or the provider's own error."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from IPython.display import display, update_display

from apiconn_nb import binder
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.errors import UsageError
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login, start_login
from apiconn_nb.login.place import is_attended
from apiconn_nb.login.stand_in import Visit, stand_in_for
from apiconn_nb.notebook import prompts
from apiconn_nb.notebook.configuration import ApiConn
from apiconn_nb.notebook.display import Line
from apiconn_nb.notebook.paste import PasteField, ask, ask_here
from apiconn_nb.secrets import Secret


def begin(shell: Any, collection: Collection, commands: dict[str, Any], configuration: ApiConn) -> None:
    """Start a login and show its line, with ``--wait`` until it has ended. Raises LoginError where it fails."""
    # The login ends on another thread. ipykernel finds the cell to write under in context variables, and ipykernel 7.0
    # fails without them, so the update runs in a copy of the cell's context.
    context = contextvars.copy_context()
    display_id = uuid4().hex
    shown = False
    field: PasteField | None = None

    def in_cell(update: Callable[[], None]) -> None:
        context.copy().run(update)

    def changed(login: Login) -> None:
        nonlocal field
        if shown:
            in_cell(lambda: update_display(line_of(login), display_id=display_id))
        if field is not None and login.state != "waiting":
            field.close()
            field = None

    # Before there is a link: nobody shall sign in to a real provider only to hear that the token is refused here.
    binder.check_use(urlsplit(collection.base_url).hostname or "", collection.name)
    visit = None if is_attended() else _stand_in(collection)
    login = start_login(
        collection,
        # A stand-in is no browser: it has none of Jupyter's cookies, and needs none on loopback.
        via=commands.get("via", "auto" if visit is None else "loopback"),
        timeout=commands.get("timeout", 600.0),
        values=login_values(collection, dict(commands.get("param", ())), shell.user_ns),
        public_url=configuration.public_url,
        on_change=changed,
    )
    display(line_of(login), display_id=display_id)
    shown = True
    if login.takes_paste and visit is None and getattr(shell, "kernel", None) is not None:
        field = PasteField(login, in_cell)
        login.ask = ask_here
    changed(login)  # it may have ended between the two
    if visit is not None:
        visit(login.link)
    elif login.via == "paste" and prompts.can_ask():
        ask(login)
    if commands.get("wait") or visit is not None:
        login.hold()  # as a call does: a sign-in that fails fails the cell, and Run All stops there


def login_values(collection: Collection, given: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``[name]`` in the login URL: those of ``-p``, else the notebook's variables.

    Raises UsageError for a name that the login URL does not have, and for a private value: the link shows it.
    """
    method = collection.method
    names = method.authorization_names() if isinstance(method, AuthorizationCode) else []
    for name in given:
        if name not in names:
            there = f"it has {', '.join(f'[{each}]' for each in names)}" if names else "it has none"
            raise UsageError(f"-p {name}: the login URL has no [{name}]; {there} (--authorization-endpoint).")
    values = {**{name: variables[name] for name in names if name in variables}, **given}
    for name, value in values.items():
        if isinstance(value, Secret):
            raise UsageError(f"[{name}] stands in the login URL, which browsers keep: a secret does not go there.")
    return values


def _stand_in(collection: Collection) -> Visit | None:
    method = collection.method
    return stand_in_for(method) if isinstance(method, AuthorizationCode) else None


def line_of(login: Login) -> Line:
    """The line as the login stands now. The link is in it only while it can be used."""
    if login.state not in ("waiting", "exchanging") or not login.link:
        return Line(login.message, strong=True)
    if login.user_code:
        text = f"Sign in: open the sign-in page and enter  {login.user_code}\n{login.message}"
        return Line(text, links=(("the sign-in page", login.link),), strong=True)
    return Line(f"Sign in\n{login.message}", links=(("Sign in", login.link),), strong=True)
