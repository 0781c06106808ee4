"""Signing in from the form: the link and its live state, and a field for the address where the page did not load."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import ipywidgets as widgets

from apiconn_nb import binder, recording
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.login import Login, start_login
from apiconn_nb.notebook.form.parts import escape, toggle_class
from apiconn_nb.notebook.form.secret_field import SecretField
from apiconn_nb.notebook.form.turns import in_background
from apiconn_nb.notebook.paste import ask_here
from apiconn_nb.secrets import Secret

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection
    from apiconn_nb.notebook.form.window import Form

PASTE = "sign-in-paste"
_PASTE_HELP = (
    "Only where the page after signing in does not load: copy its whole address and paste it here. "
    "It goes to the kernel and is shown and saved nowhere."
)


class SignIn:
    """The part of the form that a login fills while it lasts."""

    def __init__(self, form: Form) -> None:
        self._form = form
        parts = form.parts
        self._login: Login | None = None
        self._values: dict[str, Any] = {}  # of the login URL's own [name]s, by name
        self._line = parts.text("", "apiconn-login")
        self._names = parts.box()
        self._paste = parts.own(
            SecretField(
                form.acting_on(self._pasted), label="Address after signing in", submit="Send",
                placeholder="http://127.0.0.1:…/callback?code=…", layout=parts.layout,
            )
        )  # fmt: skip
        help_text = parts.text(f'<span class="apiconn-help">{_PASTE_HELP}</span>', "apiconn-note")
        self._paste_box = parts.box(
            self._paste, help_text, classes=("apiconn-field", "apiconn-hidden", f"apiconn-key-{PASTE}")
        )
        self._cancel = parts.button("Stop waiting", form.acting(self._stop), "apiconn-small", "apiconn-hidden")
        self.box = parts.box(self._names, self._line, self._paste_box, self._cancel, classes=("apiconn-sign-in",))

    def secrets(self) -> dict[str, SecretField]:
        """The field for the address, by the key it has in the browser."""
        return {PASTE: self._paste}

    def begin(self, collection: Collection) -> None:
        """Start a login. Returns at once; the line changes by itself until it has ended."""
        if recording.is_replaying():
            self._form.say(f"{collection.name}: calls are replayed from recordings, nobody has to sign in.")
            return
        # Before there is a link, as for --login: nobody shall sign in only to hear that the token is refused here.
        binder.check_use(urlsplit(collection.base_url).hostname or "", collection.name)
        collection.check_trusted(httpx.URL(collection.base_url), has_credentials=True)
        values = self._ask(collection)
        if values is None:
            return
        context = contextvars.copy_context()

        def changed(login: Login) -> None:
            context.copy().run(self._form.acting(lambda: self._show(login)))

        def start() -> None:
            # Not on this thread: an issuer may have to be asked for its endpoints first.
            try:
                login = start_login(
                    collection, values=values, public_url=self._form.public_url, on_change=changed, attended=True
                )
            finally:
                self._form.buttons.free()
            login.ask = ask_here  # a kernel that runs a waiting call hears nothing from the field here
            self._form.acting(lambda: self._show(login))()

        self._form.buttons.hold("signing in")
        in_background("sign-in", self._form.acting_aside(start))

    def forget(self) -> None:
        """Show nothing of a login any more."""
        self._login = None
        self._line.value = ""
        toggle_class(self._paste_box, "apiconn-hidden", True)
        toggle_class(self._cancel, "apiconn-hidden", True)

    def _ask(self, collection: Collection) -> dict[str, str] | None:
        """The values of the login URL's dynamic parameters; None while one is missing and is asked for."""
        method = collection.method
        names = method.authorization_names() if isinstance(method, AuthorizationCode) else []
        for name in names:
            if name not in self._values:
                self._values[name] = self._form.parts.make(widgets.Text, description=name, continuous_update=False)
        self._names.children = tuple(
            self._form.parts.box(self._values[name], classes=("apiconn-field",)) for name in names
        )
        missing = [name for name in names if not self._values[name].value]
        if missing:
            self._form.say(f"Login dialog redirect needs {', '.join(missing)}: type it and press the button again.")
            return None
        return {name: self._values[name].value for name in names}

    def _show(self, login: Login) -> None:
        if self._login is not None and login is not self._login and login.state == "failed":
            return  # an older login that this one has replaced
        self._login = login
        self._line.value = _html(login)
        toggle_class(self._paste_box, "apiconn-hidden", not login.takes_paste)
        toggle_class(self._cancel, "apiconn-hidden", login.state != "waiting")
        if login.state in ("done", "failed"):
            self._form.refresh()

    def _pasted(self, text: str) -> None:
        if self._login is not None:
            Secret(text)  # known from here on, so that no message repeats it
            self._login.paste(text)

    def _stop(self) -> None:
        if self._login is not None:
            self._login.cancel()


def _html(login: Login) -> str:
    """The login as it stands. The link is in it only while it can be used."""
    if login.state not in ("waiting", "exchanging") or not login.link:
        kind = "apiconn-problem" if login.state == "failed" else "apiconn-told"
        return f'<div class="{kind}" role="status">{escape(login.message)}</div>'
    link = (
        f'<a class="jupyter-button widget-button mod-primary apiconn-link" href="{escape(login.link)}" '
        'target="_blank" rel="noopener noreferrer">Open the sign-in page</a>'
    )
    code = f'<code class="apiconn-code">{escape(login.user_code)}</code>' if login.user_code else ""
    return f'<div role="status">{link}{code}<div class="apiconn-told">{escape(login.message)}</div></div>'
