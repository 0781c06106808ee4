"""A folder of recordings: one file a request, in a folder for each collection."""

from __future__ import annotations

import difflib
import os
import tempfile
import threading
from pathlib import Path

from apiconn_nb.errors import ConfigError
from apiconn_nb.forks import renew_in_child
from apiconn_nb.recording.entry import Entry

_COMPARED = 500  # recordings that are looked at for the nearest one


class Library:
    """The recordings under `folder`. Files are read when a collection is asked for, and again when one was added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, tuple[int, dict[str, Entry]]] = {}
        self._in_child()
        renew_in_child(self, Library._in_child)

    def _in_child(self) -> None:
        self._lock = threading.Lock()

    def keep(self, entry: Entry) -> None:
        """Write a recording, whole or not at all; one that says the same but for its time stays as it is.

        Raises ConfigError where it cannot be written.
        """
        place = self.folder / entry.collection
        path = place / entry.file_name
        try:
            if path.is_file() and _same(entry, path):
                return
            place.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=place, prefix=".", suffix=".part")
        except OSError as error:
            raise ConfigError(
                f"{self.folder.name} cannot be written: {error.strerror}. Nothing was recorded."
            ) from None
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(entry.to_bytes())
                file.flush()
                os.fsync(file.fileno())  # else a power cut leaves the new name with nothing in it
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except OSError as error:
            Path(temporary).unlink(missing_ok=True)
            raise ConfigError(f"{path.name} cannot be written: {error.strerror}. Nothing was recorded.") from None

    def find(self, collection: str, keys: list[str]) -> Entry | None:
        """The recording that answers a request with one of `keys`."""
        known = self.entries(collection)
        return next((known[key] for key in keys if key in known), None)

    def entries(self, collection: str) -> dict[str, Entry]:
        """The recordings of a collection, by key. Raises ConfigError for a file that is none."""
        place = self.folder / collection
        try:
            stamp = place.stat().st_mtime_ns
        except OSError:
            return {}
        with self._lock:
            seen, known = self._read.get(collection, (-1, {}))
            if seen != stamp:
                files = sorted(place.glob("*.json"))
                found = [Entry.from_bytes(file.read_bytes(), f"{collection}/{file.name}") for file in files]
                # A whole URL is the weaker key: it never hides a recording's own first one.
                known = {key: each for each in found for key in each.keys[1:]}
                known |= {each.keys[0]: each for each in found}
                self._read[collection] = (stamp, known)
            return known

    def nearest(self, collection: str, wanted: str) -> Entry | None:
        """The recording whose request line is most like `wanted` (``GET https://…``)."""
        found = list({id(each): each for each in self.entries(collection).values()}.values())[:_COMPARED]
        return max(found, key=lambda each: _likeness(line_of(each), wanted), default=None)

    def collections(self) -> list[str]:
        """The collections that have recordings."""
        return sorted(each.name for each in self.folder.iterdir() if each.is_dir() and any(each.glob("*.json")))


def line_of(entry: Entry) -> str:
    """The request line of a recording."""
    return f"{entry.request.method} {entry.request.url}"


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one[:400], other[:400], autojunk=False).ratio()


def _same(entry: Entry, path: Path) -> bool:
    try:
        before = Entry.from_bytes(path.read_bytes(), path.name)
    except ConfigError:
        return False
    before.recorded = entry.recorded
    return before.to_bytes() == entry.to_bytes()
