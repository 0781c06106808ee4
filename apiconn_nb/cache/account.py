"""Who asks, as far as a cache must know: answers are kept apart by account, and no secret is written anywhere."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from pathlib import Path

from apiconn_nb.auth.store import write_private
from apiconn_nb.cache.folder import Folder, cache_folder
from apiconn_nb.forks import in_child

_MOST = 256
_PROCESS_KEY = secrets.token_bytes(32)
_lock = threading.Lock()
_made: dict[bytes, str] = {}  # keyed hash of a secret, worthless outside this process → its fingerprint


@in_child
def _new_lock() -> None:
    global _lock
    _lock = threading.Lock()


def fingerprint(secret: str, folder: Path | None = None) -> str:
    """What stands for `secret` as the account of a `Cache`: equal for equal secrets on this machine, and no way back.

    scrypt (RFC 7914) with a salt of the cache folder makes guessing a short password slow; it takes some 50 ms, once a
    secret and process. Where the salt can be neither read nor written, the fingerprint holds for this process only.
    """
    root = folder or cache_folder()
    raw = secret.encode("utf-8", "surrogatepass")
    known_as = hmac.digest(_PROCESS_KEY, str(root).encode() + b"\0" + raw, "sha256")
    with _lock:  # threads that begin together must not each write a salt of their own
        if known_as not in _made:
            if len(_made) >= _MOST:
                _made.clear()
            _made[known_as] = hashlib.scrypt(raw, salt=_salt(root), n=1 << 14, r=8, p=1, dklen=20).hex()
        return _made[known_as]


def _salt(root: Path) -> bytes:
    path = root / "salt"
    try:
        if not path.exists():
            Folder(root, "", 0).prepare()
            write_private(path, secrets.token_bytes(32))
        salt = path.read_bytes()  # of two processes that begin together, the last one's
    except OSError:
        return _PROCESS_KEY
    return salt if len(salt) == 32 else _PROCESS_KEY
