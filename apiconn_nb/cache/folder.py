"""The folder of cached answers: nobody else's to read, and never larger than it may be."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import platformdirs

_SCAN_EACH = 500  # files written: others write here too
_ABANDONED = 3600.0  # seconds after which a temporary file is nobody's


def cache_folder() -> Path:
    """The person's own cache folder."""
    return Path(platformdirs.user_cache_path("apiconn_nb", appauthor=False))


class _File(NamedTuple):
    used: float
    size: int
    path: str


class Folder:
    """``root/answers/part``, in folders of mode 0700; `max_bytes` is for all parts together."""

    def __init__(self, root: Path, part: str, max_bytes: int) -> None:
        self._root = root
        self._answers = root / "answers"
        self._part = self._answers / part
        self._max_bytes = max_bytes
        self._total: int | None = None  # bytes, as far as this process knows
        self._since_scan = 0

    def path(self, key: str) -> Path:
        """The file of `key`."""
        return self._part / key

    def prepare(self) -> None:
        """Make the folders; take wider modes back. Raises OSError, PermissionError for one that is somebody else's."""
        self._root.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self._root, self._answers, self._part):
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.stat()
            if not hasattr(os, "getuid"):
                continue
            if found.st_uid != os.getuid():
                raise PermissionError(0, f"{folder} belongs to somebody else")
            if stat.S_IMODE(found.st_mode) & 0o077:
                folder.chmod(0o700)

    def refuses(self, size: int) -> str:
        """Make ready for a file of `size` bytes; why it is too large, or "". Raises OSError."""
        if size > self._max_bytes // 4:
            return f"larger than a quarter of the cache ({self._max_bytes // 4 >> 20:,} MB)"
        self.prepare()
        return ""

    def is_ours(self) -> bool:
        """Whether nobody else could have put anything here. Raises OSError where there is no folder."""
        return not hasattr(os, "getuid") or self._answers.stat().st_uid == os.getuid()

    def grown(self, size: int) -> None:
        """A file of `size` bytes was written: remove the least recently used ones where they are too many."""
        self._since_scan += 1
        if self._total is not None:
            self._total += size
        if self._total is None or self._total > self._max_bytes or self._since_scan >= _SCAN_EACH:
            self._trim()

    def _trim(self) -> None:
        files = sorted(self._files())
        total = sum(file.size for file in files)
        enough = self._max_bytes if total <= self._max_bytes else self._max_bytes * 0.9
        for file in files:
            if total <= enough:
                break
            _remove(file.path)
            total -= file.size
        self._total, self._since_scan = total, 0

    def _files(self) -> Iterator[_File]:
        for part in _entries(self._answers):
            for entry in _entries(part.path):
                with contextlib.suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if not stat.S_ISREG(found.st_mode):
                        continue
                    if entry.name.startswith(".") and time.time() - found.st_mtime > _ABANDONED:
                        _remove(entry.path)  # of a process that ended while it wrote
                        continue
                    yield _File(found.st_mtime, found.st_size, entry.path)

    def clear(self) -> None:
        """Remove the files of this part."""
        for entry in _entries(self._part):
            _remove(entry.path)


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
