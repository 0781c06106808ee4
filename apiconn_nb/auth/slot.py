"""One collection's token: kept in memory, read again where another kernel changed it, renewed by one at a time."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from filelock import Timeout

from apiconn_nb.auth.locks import file_lock
from apiconn_nb.auth.store import Store
from apiconn_nb.auth.token import Token
from apiconn_nb.errors import ConfigError
from apiconn_nb.forks import in_child, renew_in_child

_LOCK_WAIT = 60.0  # seconds another kernel may take for its renewal
_PAUSE = 5.0  # seconds after a failed renewal in which a living token is used as it is
_NEVER = object()  # no stamp yet: the store was never looked into


class TokenStoreWarning(UserWarning):
    """A token could not be stored, and is kept in this kernel's memory."""


class _Entry:
    """What the slots of one entry share in this process: who renews it, how the last renewal ended, what is unsaved."""

    def __init__(self) -> None:
        self._in_child()
        renew_in_child(self, _Entry._in_child)
        self.ended = 0  # renewals that have ended so far
        self.failure: Exception | None = None  # how the last one ended
        self.failed_at = -_PAUSE
        self.unsaved: Token | None = None

    def _in_child(self) -> None:
        self.lock = threading.RLock()


_entries: weakref.WeakKeyDictionary[Store, dict[str, _Entry]] = weakref.WeakKeyDictionary()
_entries_lock = threading.Lock()


@in_child
def _new_lock() -> None:
    global _entries_lock
    _entries_lock = threading.Lock()


def _entry(store: Store, key: str) -> _Entry:
    with _entries_lock:
        return _entries.setdefault(store, {}).setdefault(key, _Entry())


class TokenSlot:
    """One collection's token in one environment: the store's entry, kept in memory, renewed by one at a time.

    Parameters: `store`; `key`, the entry's name (no secret in it); `login_command`, what a person runs to sign in.
    `wait_for_login` is set by a login under way: a call that has no token waits there.
    """

    def __init__(self, store: Store, key: str, login_command: str = "the login") -> None:
        self._store = store
        self._key = key
        self._entry = _entry(store, key)
        self.login_command = login_command
        self._token: Token | None = None
        self._seen: object = _NEVER
        self.wait_for_login: Callable[[], None] | None = None

    @property
    def token(self) -> Token | None:
        """The token, read again where anybody has renewed it or signed out since."""
        if self._entry.unsaved is not None:
            return self._entry.unsaved
        if self._seen != self._store.stamp(self._key):
            self.reload()
        return self._token

    def reload(self) -> Token | None:
        """The token as the store has it now."""
        if self._entry.unsaved is not None:
            return self._entry.unsaved
        seen = self._store.stamp(self._key)  # before the look: a change during it is seen at the next one
        record = self._store.read(self._key)
        self._token = Token.from_record(record) if record is not None else None
        self._seen = seen
        return self._token

    def keep(self, token: Token) -> None:
        """Store `token` first, then use it: a rotated refresh token is on disk before its access token is sent.

        Where it cannot be stored it is kept in memory, with a warning: the token before it may be dead already.
        """
        try:
            self._store.write(self._key, token.to_record())
        except ConfigError as error:
            self._entry.unsaved = token
            warnings.warn(f"{error} The token is kept in this kernel's memory.", TokenStoreWarning, stacklevel=2)
            return
        self._entry.unsaved = None
        self.reload()

    def drop(self) -> None:
        """Forget the token here and in the store. Raises ConfigError where the store cannot be written."""
        self._entry.unsaved = None
        self._store.write(self._key, None)
        self.reload()

    def await_login(self) -> None:
        """Wait for a login under way, if only that can sign a call: nobody is signed in, or the sign-in is over.

        Raises LoginError in the provider's words where the login fails. Ctrl-C ends the waiting, not the login.
        """
        wait = self.wait_for_login
        if wait is None:
            return
        token = self.token
        if token is None or not (token.refresh_token or token.is_alive(time.time())):
            wait()

    def after_login(self) -> Token | None:
        """The token of a login under way, waited for; None where there is none under way."""
        if self.wait_for_login is None:
            return None
        self.wait_for_login()
        return self.token

    @property
    def is_unsaved(self) -> bool:
        """Whether the token could not be stored, and rests in this kernel's memory alone."""
        return self._entry.unsaved is not None

    def where(self) -> str:
        """Where the token is kept, in words."""
        unsaved = "this kernel's memory, since it cannot be written to " if self._entry.unsaved is not None else ""
        return unsaved + self._store.where()

    # ── renewals ───────────────────────────────────────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def renewing(self) -> Iterator[None]:
        """Alone among this kernel's threads, and among the kernels where the store is shared.

        Raises ConfigError when another kernel holds the entry for longer than a minute.
        """
        with self._entry.lock:
            if not self._store.shared:
                yield
                return
            lock = file_lock(self._key)
            try:
                lock.acquire(timeout=_LOCK_WAIT)
            except Timeout:
                raise ConfigError("Another kernel has been renewing this token for a minute: try again.") from None
            try:
                yield
            finally:
                lock.release()

    @property
    def renewals(self) -> int:
        """How many renewals have ended; for `failure_since`."""
        return self._entry.ended

    def ended(self, failure: Exception | None) -> None:
        """Note how a renewal ended. To be called while `renewing`."""
        entry = self._entry
        entry.ended += 1
        entry.failure = copy.copy(failure)
        if failure is not None:
            entry.failed_at = time.monotonic()

    def failure_since(self, renewals: int) -> Exception | None:
        """How the renewal failed that ended while the caller waited for its turn; None where none did.

        It is the caller's failure too: 32 threads that each try a wrong password lock an account.
        """
        return copy.copy(self._entry.failure) if self._entry.ended > renewals else None

    @property
    def rests(self) -> bool:
        """Whether a renewal failed a moment ago, so that a token that still lives is used without another try."""
        return self._entry.failure is not None and time.monotonic() - self._entry.failed_at < _PAUSE


def slot_key(collection: str, environment: str, settings: dict[str, Any]) -> str:
    """The entry's name: collection, environment and a fingerprint of the settings (another client, another entry)."""
    public = json.dumps(settings, sort_keys=True, default=str)
    return f"{collection}:{environment}:{hashlib.sha256(public.encode()).hexdigest()[:16]}"
