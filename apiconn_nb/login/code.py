"""The ways back that bring a code: to the receiver directly, through the notebook's address, or by hand."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.auth.token import Token, read_token
from apiconn_nb.errors import LoginError
from apiconn_nb.login import jupyter, paste, receiver
from apiconn_nb.login.jupyter import Address
from apiconn_nb.login.place import Via
from apiconn_nb.login.redirect import PATH, Redirect
from apiconn_nb.login.stand_in import is_ours
from apiconn_nb.login.steps import Send, Steps, drive
from apiconn_nb.login.transaction import Answer, AnswerRefused, Pairs, Transaction, find, refuse_duplicates
from apiconn_nb.login.way import Patience
from apiconn_nb.login.words import refused

_MOST = 20  # sign-in pages opened from one link whose answers are still taken


class ProviderRefused(LoginError):
    """The provider's own error in the authorization answer."""

    def __init__(self, error: str, description: str, redirect_url: str) -> None:
        super().__init__(refused(error, description))
        self.error = error
        self.description = description
        self.redirect_url = redirect_url


@dataclass(frozen=True)
class Notebook:
    """What is known of the notebook's own address: environment variables, and the `public_url` that the person gave.

    `show` turns a URL beside the kernel into one that the person's browser reaches.
    """

    environ: Mapping[str, str]
    public_url: str = ""
    show: Callable[[str], str] = lambda url: url


class CodeWay:
    """A login by authorization code (RFC 6749 §4.1).

    Parameters: `owner`, collection and environment; `method`, with its endpoints; `via`, ``loopback``, ``jupyter`` or
    ``paste``; `redirect`, the redirect URL that the settings ask for; `values` for ``[name]`` in the login URL.
    """

    def __init__(
        self,
        owner: tuple[str, str],
        method: AuthorizationCode,
        via: Via,
        redirect: Redirect,
        send: Send,
        steps: Steps,
        values: Mapping[str, Any],
        notebook: Notebook,
    ) -> None:
        self.via: Via = via
        self.link = ""
        self.redirect_url = ""
        self.user_code = ""
        self.verification_uri = ""
        self.steps = steps
        self.start_key = secrets.token_urlsafe(24)
        self.callback_path = redirect.path
        self.is_secure = jupyter.server(notebook.environ).is_secure
        self._owner = owner
        self._method = method
        self._redirect = redirect
        self._send = send
        self._values = dict(values)
        self._notebook = notebook
        self._hosts: set[str] = set()
        self._transactions: deque[Transaction] = deque(maxlen=_MOST)
        self._answer: Answer | None = None
        self._failure: LoginError | None = None
        self._receiver: receiver.Receiver | None = None
        self._patience: Patience | None = None
        self._changed: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    # ── opening ────────────────────────────────────────────────────────────────────────────────────────────────────

    def open(self, patience: Patience, changed: Callable[[], None]) -> None:
        """Listen where this way needs it, and make the link. Raises LoginError where the port is taken."""
        self._patience, self._changed = patience, changed
        if self.via == "paste":
            self._open_paste()
            return
        self._receiver = receiver.serve(self, self._redirect.wanted_port, is_fixed=bool(self._redirect.port))
        own = self._receiver.port
        if self.via == "loopback":
            base = f"http://{self._redirect.host}:{own}"
            self.redirect_url = self._redirect.loopback_url(own)
        else:
            base = jupyter.public_base(self._notebook.environ, own, self._notebook.public_url)
            self.redirect_url = self._redirect.url or (base + PATH if "://" in base else "")
        start = self._receiver.start_path(self)
        self.link = f"{base}{start}?{urlencode({'login': self.start_key})}"

    def _open_paste(self) -> None:
        """A direct link: the browser cannot reach the receiver, so there is none."""
        self.redirect_url = self._redirect.loopback_url(self._redirect.wanted_port)
        self.link = self._notebook.show(self._provider_url(self.redirect_url))

    # ── what the receiver asks (receiver.Desk) ─────────────────────────────────────────────────────────────────────

    def begin(self, address: Address) -> str:
        """The provider's URL for a browser that sees the receiver at `address`: a state and a verifier of its own."""
        assert self._receiver is not None
        if self.via == "loopback":
            return self._provider_url(self.redirect_url)
        jupyter.learn(address, self._receiver.port)
        self._hosts.add(address.host)
        if not (self._redirect.url or self._notebook.public_url):
            self.redirect_url = address.base + PATH
        url = self._provider_url(self.redirect_url)
        return jupyter.through_proxy(url, address.base, self._receiver.port) if is_ours(self._method) else url

    def knows_host(self, host: str) -> bool:
        """Whether the notebook's address has this host: learnt from the bounce, as the redirect leads back to it."""
        return host in self._hosts

    def take(self, pairs: Pairs) -> bool:
        """Take the answer; whether it is a good one."""
        refuse_duplicates(pairs)
        with self._lock:
            transaction = find(self._transactions, pairs)
            if transaction is None:
                raise AnswerRefused("The answer has no state of this sign-in in it.")
            return self._settle(lambda: transaction.accept(pairs, transaction.redirect_url))

    def _settle(self, accept: Callable[[], Answer]) -> bool:
        """Keep what `accept` gives as this login's one answer; AnswerRefused passes."""
        if self._answer is not None or self._failure is not None:
            raise AnswerRefused("This sign-in has had its answer already.")
        try:
            answer = accept()
        except AnswerRefused:
            raise
        except LoginError as error:
            self._failure = error
        else:
            self._answer = answer
        if self._patience is not None:
            self._patience.wake.set()
        return self._failure is None and not (self._answer and self._answer.error)

    def _provider_url(self, redirect_url: str) -> str:
        method = self._method
        transaction = Transaction(
            self._owner,
            redirect_url,
            issuer=method.issuer,
            needs_iss=method.expects_iss,
            token_field=method.token_field if method.token_response_is_query else "",
        )
        with self._lock:
            self._transactions.append(transaction)
        return method.authorization_url(
            redirect_url, transaction.state.reveal(), transaction.verifier.reveal(), self._values
        )

    # ── the answer ─────────────────────────────────────────────────────────────────────────────────────────────────

    def paste(self, text: str) -> None:
        """Take what the person copied. The link itself, copied from a page that did not load, becomes a direct one."""
        if self.start_key in text:
            self._turn_to_paste()
            return
        with self._lock:
            self._settle(lambda: paste.read(text, self._transactions))

    def _turn_to_paste(self) -> None:
        if self._redirect.kind == "any":
            self._redirect = Redirect("loopback")
        self.via = "paste"
        self._open_paste()
        self.steps.note("the link did not load in the browser: a direct one instead, and the answer by hand")
        self._changed()

    def token(self, answered: Callable[[], None]) -> Token:
        """Wait for the answer and exchange it."""
        assert self._patience is not None
        self._patience.wake.wait(self._patience.left())
        self._patience.check()
        if self._failure is not None:
            raise self._failure
        answer = self._answer
        if answer is None:
            raise LoginError("Nobody signed in in time")
        if answer.error:
            self.steps.note("the answer", f"error: {answer.error}", f"error_description: {answer.description}")
            raise ProviderRefused(answer.error, answer.description, answer.redirect_url)
        answered()
        if answer.token:
            self.steps.note("the answer holds the token itself")
            body = urlencode(answer.token).encode()
            return read_token(200, "application/x-www-form-urlencoded", body, self._method.response_shape())
        self.steps.note("the answer holds a code, and the state is this sign-in's")
        flow = self._method.exchange_code(answer.code.reveal(), answer.redirect_url, answer.verifier.reveal())
        return drive(flow, self._send, self.steps, "the code is exchanged for a token")

    def close(self) -> None:
        """Stop receiving and forget states, verifiers and the code."""
        self.link = ""
        with self._lock:
            self._transactions.clear()
            self._answer = None
        listening, self._receiver = self._receiver, None
        if listening is not None:
            receiver.dismiss(self, listening)
