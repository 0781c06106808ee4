"""Locks among one person's processes on one machine, and the folder that they stand in."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from apiconn_nb.errors import ConfigError

# What a file system without locks answers: some network and FUSE ones.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)
_ABANDONED = 120.0  # seconds; nobody holds one for as long: a renewal's requests have their time-outs


def file_lock(name: str) -> Lock:
    """The lock of that name among this person's processes on this machine."""
    return Lock(beside(name, "lock"))


class Lock:
    """A lock at `path`; where the file system knows no locks, a file that only one can create."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: BaseFileLock | None = None

    def acquire(self, timeout: float = -1) -> None:
        """Wait for the lock, at most `timeout` seconds (-1: for ever).

        Raises filelock.Timeout, and ConfigError where the folder cannot be written.
        """
        try:
            self._held = self._taken(timeout)
        except Timeout:
            raise
        except OSError as error:
            raise ConfigError(
                f"{self._path.parent} cannot be used for locks ({error.strerror}): set XDG_RUNTIME_DIR to a folder "
                "that can be written."
            ) from None

    def release(self) -> None:
        """Let others have it."""
        if self._held is not None:
            self._held.release()
            self._held = None

    def _taken(self, timeout: float) -> BaseFileLock:
        lock: BaseFileLock = FileLock(self._path, mode=0o600)
        try:
            lock.acquire(timeout=timeout)
            return lock
        except NotImplementedError:  # filelock's word for ENOSYS, before it had a way of its own
            pass
        except OSError as error:
            if isinstance(error, Timeout) or error.errno not in _NO_LOCKS:
                raise
        return self._created(timeout)

    def _created(self, timeout: float) -> BaseFileLock:
        path = self._path.with_suffix(".held")
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink()  # of a process that was killed
        lock = SoftFileLock(path, mode=0o600)
        lock.acquire(timeout=timeout if timeout >= 0 else _ABANDONED)
        return lock

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def runtime_folder() -> Path:
    """This person's folder for locks and stamps, mode 0700.

    Raises ConfigError where it cannot be made, and where somebody else owns it: in a shared temporary folder a name can
    be taken first.
    """
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    person = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    folder = (
        Path(base) / "apiconn_nb"
        if base and os.path.isdir(base)
        else Path(tempfile.gettempdir(), f"apiconn_nb-{person}")
    )
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made ({error.strerror}): set XDG_RUNTIME_DIR to a folder that can be written."
        ) from None
    if hasattr(os, "getuid") and folder.lstat().st_uid != os.getuid():
        raise ConfigError(f"{folder} belongs to somebody else: set XDG_RUNTIME_DIR to a folder of your own.")
    return folder


def beside(name: str, suffix: str) -> Path:
    """A file of this machine's runtime folder: locks work there, whatever file system the home is on."""
    return runtime_folder() / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.{suffix}"
