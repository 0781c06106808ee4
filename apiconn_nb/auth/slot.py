"""One collection's token: kept in memory, read again where another kernel changed it, renewed by one at a time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from filelock import Timeout

from apiconn_nb.auth.store import Store, file_lock, stamp_file
from apiconn_nb.auth.token import Token
from apiconn_nb.errors import ConfigError

_LOCK_WAIT = 60.0  # seconds another kernel may take for its renewal


class TokenSlot:
    """One collection's token in one environment: the store's entry, kept in memory, renewed by one at a time.

    Parameters: `store`; `key`, the entry's name (no secret in it); `login_command`, what a person runs to sign in.
    `wait_for_login` is set by a login under way: a call that has no token waits there.
    """

    def __init__(self, store: Store, key: str, login_command: str = "the login") -> None:
        self._store = store
        self._key = key
        self.login_command = login_command
        self._token: Token | None = None
        self._seen = -1  # the stamp at the last look into the store; -1: never looked
        self._lock = threading.RLock()
        self.wait_for_login: Callable[[], None] | None = None

    @property
    def token(self) -> Token | None:
        """The token, read again where another kernel has renewed it or signed out since."""
        if self._seen != self._stamp():
            self.reload()
        return self._token

    def reload(self) -> Token | None:
        """The token as the store has it now."""
        seen = self._stamp()  # before the look: a change during it is seen at the next one
        record = self._store.read(self._key)
        self._token = Token.from_record(record) if record is not None else None
        self._seen = seen
        return self._token

    def keep(self, token: Token) -> None:
        """Store `token` first, then use it: a rotated refresh token is on disk before its access token is sent."""
        self._store.write(self._key, token.to_record())
        self._token = token
        self._tell()

    def drop(self) -> None:
        """Forget the token here and in the store."""
        self._store.write(self._key, None)
        self._token = None
        self._tell()

    def _stamp(self) -> int:
        """When any kernel last wrote the entry. A keyring is slow to ask; a file's time costs microseconds."""
        if not self._store.shared:
            return 0
        try:
            return stamp_file(self._key).stat().st_mtime_ns
        except OSError:
            return 0

    def _tell(self) -> None:
        if self._store.shared:
            with contextlib.suppress(OSError):
                path = stamp_file(self._key)
                path.write_bytes(b"")
        self._seen = self._stamp()

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

    def where(self) -> str:
        """Where the token is kept, in words."""
        return self._store.where()

    @contextlib.contextmanager
    def renewing(self) -> Iterator[None]:
        """Alone among this kernel's threads, and among the kernels where the store is shared.

        Raises ConfigError when another kernel holds the entry for longer than a minute.
        """
        with self._lock:
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


def slot_key(collection: str, environment: str, settings: dict[str, Any]) -> str:
    """The entry's name: collection, environment and a fingerprint of the settings (another client, another entry)."""
    public = json.dumps(settings, sort_keys=True, default=str)
    return f"{collection}:{environment}:{hashlib.sha256(public.encode()).hexdigest()[:16]}"
