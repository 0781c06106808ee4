"""Where tokens rest: this kernel's memory, the OS keyring, or a file the person asked for.

Several kernels share one entry: it is read again under a lock before a renewal, so one of them renews and no rotated
refresh token is lost. Writing is atomic: a temporary file, fsync, rename.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from apiconn_nb.auth.locks import beside, file_lock
from apiconn_nb.errors import ConfigError, SecretError
from apiconn_nb.keyrings import find_keyring, in_time

_SERVICE = "apiconn_nb"


class Store(Protocol):
    """A place that keeps token records by key."""

    shared: bool  # whether other kernels see it

    def read(self, key: str) -> dict[str, Any] | None:
        """The record, or None."""

    def write(self, key: str, record: dict[str, Any] | None) -> None:
        """Keep the record; None removes it."""

    def stamp(self, key: str) -> object:
        """What differs once anybody has written the entry; cheap enough to ask before each call."""

    def where(self) -> str:
        """The place in words, for ``--status``."""


class MemoryStore:
    """This process's memory: gone with the kernel."""

    shared = False

    def __init__(self) -> None:
        self._records: dict[str, dict[str, Any]] = {}
        self._writes = 0

    def __reduce__(self) -> tuple[Callable[[], Store], tuple[()]]:
        return open_store, ()  # what is in memory does not travel

    def read(self, key: str) -> dict[str, Any] | None:
        """The record, or None."""
        return self._records.get(key)

    def write(self, key: str, record: dict[str, Any] | None) -> None:
        """Keep the record; None removes it."""
        if record is None:
            self._records.pop(key, None)
        else:
            self._records[key] = record
        self._writes += 1

    def stamp(self, key: str) -> object:
        """How often anything was written."""
        return self._writes

    def where(self) -> str:
        """The place in words."""
        return "this kernel's memory"


class FileStore:
    """A JSON file the person asked for: mode 0600 in a folder of mode 0700, written whole or not at all."""

    shared = True

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser().absolute()
        self.repaired = ""  # what was too open when it was read, in words

    def __reduce__(self) -> tuple[type[FileStore], tuple[Path]]:
        return FileStore, (self._path,)

    def read(self, key: str) -> dict[str, Any] | None:
        """The record, or None."""
        found = self._all().get(key)
        return found if isinstance(found, dict) else None

    def write(self, key: str, record: dict[str, Any] | None) -> None:
        """Keep the record; None removes it. Raises ConfigError where the file cannot be written: nothing is lost."""
        lock = file_lock(f"{self._path}-write")
        with lock:
            records = self._all()
            if record is None:
                records.pop(key, None)
            else:
                records[key] = record
            try:
                for left_behind in self._path.parent.glob(f".{glob.escape(self._path.name)}-????????"):
                    left_behind.unlink(missing_ok=True)  # by a kernel that was killed: there are tokens in it
                write_private(self._path, json.dumps(records, indent=1).encode())
            except OSError as error:
                raise ConfigError(f"The token file {self._path} cannot be written: {error.strerror}.") from None

    def stamp(self, key: str) -> object:
        """The file's identity and time: it is replaced whole at each write."""
        return _stamp_of(self._path)

    def where(self) -> str:
        """The place in words."""
        return f"the file {self._path}" + (f" ({self.repaired})" if self.repaired else "")

    def _all(self) -> dict[str, Any]:
        try:
            self._narrow()
            content = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"The token file {self._path} cannot be read ({type(error).__name__}): move it away and sign in again."
            ) from None
        return content if isinstance(content, dict) else {}

    def _narrow(self) -> None:
        mode = stat.S_IMODE(self._path.stat().st_mode)
        if os.name == "posix" and mode & 0o077:
            self._path.chmod(0o600)
            self.repaired = f"its mode was {mode:04o}, now 0600"


class KeyringStore:
    """The OS keyring, asked with a time-out."""

    shared = True

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._stamp_files: dict[str, Path] = {}

    def __reduce__(self) -> tuple[Callable[[], Store], tuple[()]]:
        return open_store, ()  # the keyring of the machine it arrives at

    def read(self, key: str) -> dict[str, Any] | None:
        """The record, or None; also where the entry is not ours."""
        text = _ask(lambda: self._backend.get_password(_SERVICE, key))
        try:
            found = json.loads(text or "null")
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def write(self, key: str, record: dict[str, Any] | None) -> None:
        """Keep the record; None removes it."""
        if record is not None:
            _ask(lambda: self._backend.set_password(_SERVICE, key, json.dumps(record)))
        elif _ask(lambda: self._backend.get_password(_SERVICE, key)) is not None:
            _ask(lambda: self._backend.delete_password(_SERVICE, key))
        with contextlib.suppress(OSError):
            write_private(self._stamp_file(key), b"")

    def stamp(self, key: str) -> object:
        """The time of a file that each write touches: a keyring is slow to ask."""
        return _stamp_of(self._stamp_file(key))

    def _stamp_file(self, key: str) -> Path:
        if key not in self._stamp_files:
            self._stamp_files[key] = beside(key, "stamp")
        return self._stamp_files[key]

    def where(self) -> str:
        """The place in words."""
        return f"the OS keyring ({type(self._backend).__module__.rpartition('.')[2]})"


def open_store(token_file: str = "") -> Store:
    """The store that holds here: the file the person asked for, else the OS keyring, else memory."""
    if token_file:
        return FileStore(Path(token_file))
    try:
        backend = find_keyring()
    except SecretError:  # it hangs or refuses: a token is kept as where there is none, and `--status` says where
        backend = None
    return KeyringStore(backend) if backend is not None else MemoryStore()


def _ask(question: Callable[[], Any]) -> Any:
    """What the keyring answers. Raises ConfigError where it does not in time, or refuses."""
    try:
        return in_time(question, "set ApiConn.token_file")
    except SecretError as error:
        raise ConfigError(str(error)) from None


def _stamp_of(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 whole or not at all: temporary file beside it, fsync, rename, fsync of the folder."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems know no fsync of a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
