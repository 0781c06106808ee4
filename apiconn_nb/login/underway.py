"""A login under way: it waits on a thread of its own, so that no cell blocks, and tells what becomes of it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import httpx

from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.auth.token import Token
from apiconn_nb.errors import ApiConnError, LoginError, TokenError
from apiconn_nb.login import faults, words
from apiconn_nb.login.code import ProviderRefused
from apiconn_nb.login.faults import Fault
from apiconn_nb.login.place import Via
from apiconn_nb.login.steps import Steps
from apiconn_nb.login.transaction import IssuerMismatch, plain
from apiconn_nb.login.way import Cancelled, Client, Patience, Way
from apiconn_nb.redaction import redact

State = Literal["waiting", "exchanging", "done", "failed"]
_TICK = 0.2  # seconds: on Windows a longer wait would not let Ctrl-C through
_PROFILE_TIMEOUT = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": 5.0}


class Login:
    """A login of one collection in one environment, from its link to its end.

    `via`, `link`, `redirect_url`, `user_code` and `verification_uri` are what the person needs; `state` is ``waiting``,
    ``exchanging``, ``done`` or ``failed``, `message` says it in one plain line (a screen escapes it), `faults` name the
    settings that do not fit, `steps` is the redacted transcript. All may change on another thread; `on_change` is
    called there, with this object, each time they do.
    """

    def __init__(
        self,
        client: Client,
        method: AuthorizationCode,
        way: Way,
        timeout: float,
        on_change: Callable[[Login], None] | None = None,
    ) -> None:
        self.state: State = "waiting"
        self.message = ""
        self.faults: list[Fault] = []
        self._client = client
        self._method = method
        self._way = way
        self._on_change = on_change
        self._patience = Patience(time.monotonic() + timeout)
        self._until = time.time() + timeout
        self._ended = threading.Event()
        self._successor: Login | None = None
        self.ask: Callable[[str], str] | None = None
        """How a call that waits asks for the copied address; it is given what was wrong with the last one."""
        self._thread = threading.Thread(target=self._run, name="apiconn-login", daemon=True)

    # ── what a screen shows ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def via(self) -> Via:
        """The way back; a link that did not load in the browser turns it to ``paste``."""
        return self._way.via

    @property
    def link(self) -> str:
        """What the person opens, absolute or root-relative; empty when the login has ended."""
        return self._way.link

    @property
    def redirect_url(self) -> str:
        """Where the provider sends the browser back to; empty as long as only the browser knows it."""
        return self._way.redirect_url

    @property
    def user_code(self) -> str:
        """The code of a device login, to be shown large; else empty."""
        return self._way.user_code

    @property
    def verification_uri(self) -> str:
        """Where that code is entered, short enough to be typed."""
        return self._way.verification_uri

    @property
    def steps(self) -> Steps:
        """What went over the wire, redacted."""
        return self._way.steps

    @property
    def takes_paste(self) -> bool:
        """Whether `paste` makes sense: a field for it stands under the link."""
        return self.state == "waiting" and not self.user_code

    @property
    def where(self) -> str:
        """Collection and environment, in words."""
        return f"{self._client.name} · {self._client.environment}"

    def __repr__(self) -> str:
        return f"<Login {self.where}: {self.state}, via {self.via}>"

    # ── what a screen does ─────────────────────────────────────────────────────────────────────────────────────────

    def paste(self, text: str) -> None:
        """Take the address that the person copied, or the code alone.

        Raises LoginError, in a sentence that repeats nothing of `text`, where it is no answer to this login; the login
        goes on waiting.
        """
        if self.state != "waiting":
            raise LoginError("This sign-in is over: begin another one.")
        self._way.paste(text)

    def cancel(self) -> None:
        """End the login. Calls that wait for it fail; nothing is said of an error."""
        self._patience.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds (None: as long as the login lives); whether it has ended.

        Ctrl-C ends the waiting, not the login.
        """
        deadline = time.monotonic() + timeout if timeout is not None else None
        while not self._ended.wait(_TICK):
            if deadline is not None and time.monotonic() >= deadline:
                return False
        return True

    # ── what a call does ───────────────────────────────────────────────────────────────────────────────────────────

    def hold(self) -> None:
        """Hold up a call until there is a token. Raises LoginError where the login ends without one.

        A kernel that runs a cell hears nothing from the field under the link, so a call that waits for a paste asks for
        it itself, with `ask`.
        """
        said = ""
        while self._ask_here():
            assert self.ask is not None
            text = self.ask(said)
            if not text or self.state != "waiting":
                break
            try:
                self.paste(text)
            except LoginError as error:
                said = str(error)
            else:
                break
        self.wait()
        if self._successor is not None:
            self._successor.hold()
        elif self.state != "done":
            raise LoginError(self.message)

    def _ask_here(self) -> bool:
        main = threading.current_thread() is threading.main_thread()
        return self.ask is not None and main and self.takes_paste and self.via == "paste"

    # ── the life of a login ────────────────────────────────────────────────────────────────────────────────────────

    def open(self) -> None:
        """Make the link. Raises LoginError and its kin where that fails: then there is no login."""
        try:
            self._way.open(self._patience, self._link_changed)
        except BaseException:
            self._way.close()
            raise
        self.message = self._waiting_words()

    def start(self, before: Login | None) -> None:
        """Wait on a thread of its own, in the place of `before`."""
        self._client.slot.wait_for_login = self.hold
        if before is not None:
            before._successor = self
            before.cancel()
        self._thread.start()

    def _link_changed(self) -> None:
        self.message = self._waiting_words()
        self._tell()

    def _waiting_words(self) -> str:
        return words.WAITING[self.via].format(
            who=self.where,
            until=words.moment(self._until),
            uri=self.verification_uri,
            redirect=self.redirect_url,
        )

    def _run(self) -> None:
        try:
            token = self._way.token(self._answered)
            if self.steps.answered.members:
                self.faults += faults.of_token_response(self.steps.answered, self._method)
            token, note = self._with_identity(token)
            self._patience.check()
            note = " · ".join(each for each in (note, self._keep(token)) if each)
        except Cancelled as ended:
            self._end("failed", self._cancelled_words(ended))
        except Exception as error:
            self._end("failed", self._failed_words(error))
        else:
            self._client.state = f"signed in{words.who(token.identity)}"
            self._end("done", words.signed_in(token, self._client.environment, note=note))

    def _keep(self, token: Token) -> str:
        """Store the token; what there is to say about where it rests."""
        slot = self._client.slot
        with slot.renewing():
            slot.keep(token)
        return f"kept in {slot.where()}" if slot.is_unsaved else ""

    def _answered(self) -> None:
        self.state = "exchanging"
        self.message = f"{self.where}: the answer is here, the token is being fetched …"
        self._tell()

    def _end(self, state: State, message: str) -> None:
        self._way.close()
        self.state, self.message = state, redact(message)
        slot = self._client.slot
        if slot.wait_for_login == self.hold:
            slot.wait_for_login = None
        self._ended.set()
        self._tell()

    def _tell(self) -> None:
        if self._on_change is not None:
            # A screen that is gone (a closed notebook, a kernel at its end) must not take the token with it.
            with contextlib.suppress(Exception):
                self._on_change(self)

    # ── who it is ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _with_identity(self, token: Token) -> tuple[Token, str]:
        """The token with who signed in, asked for once; a profile that cannot be read is a note, not an error."""
        request = self._method.profile_request(token)
        if request is None:
            return token, ""
        request.extensions = {**request.extensions, "timeout": _PROFILE_TIMEOUT}
        try:
            response = self._client.door.send_aside(request)
        except (ApiConnError, httpx.RequestError) as error:
            self.steps.no_answer("who is it?", request, error)
            return token, "the profile endpoint does not answer (--profile-endpoint)"
        self.steps.exchange("who is it?", request, response)
        if response.status_code != 200:
            return token, f"the profile endpoint answers {response.status_code} (--profile-endpoint)"
        try:
            profile: Any = json.loads(response.content)
        except (ValueError, RecursionError):
            return token, "the profile is not JSON (--profile-endpoint)"
        self.faults += faults.of_profile(profile, self._method)
        return dataclasses.replace(token, identity=self._method.identity(profile)), ""

    # ── what went wrong ────────────────────────────────────────────────────────────────────────────────────────────

    def _cancelled_words(self, ended: Cancelled) -> str:
        return f"{self.where}: another sign-in took its place." if self._successor else f"{self.where}: {ended}"

    def _failed_words(self, error: Exception) -> str:
        fault = self._fault_of(error)
        if fault is not None:
            self.faults.append(fault)
        said = str(error) if isinstance(error, ApiConnError) else self._unexpected(error)
        parts = [f"Not signed in: {plain(said, 500).rstrip('.')}."]
        if fault is not None:
            parts.append(fault.describe(self._method))
        parts.append(f"Again: {self._client.slot.login_command}")
        return " ".join(parts)

    def _fault_of(self, error: Exception) -> Fault | None:
        if isinstance(error, ProviderRefused):
            return faults.of_answer(error.error, error.description, self._method, error.redirect_url)
        if isinstance(error, IssuerMismatch):
            return faults.issuer_mismatch(error.asked, error.given)
        if isinstance(error, TokenError):
            members = self.steps.answered.members
            elsewhere = faults.token_elsewhere(members, self._method.token_field) if not error.error else None
            return elsewhere or faults.of_token_error(error, self._method, self.redirect_url)
        return None

    def _unexpected(self, error: Exception) -> str:
        if isinstance(error, httpx.RequestError):
            return f"the provider was not reached ({type(error).__name__}: {error})"
        return f"{type(error).__name__}: {error}"
