"""The collections of one file, alive: what magics, form and Python share. A change in one shows in the others."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apiconn_nb import binder, config, keyrings, secrets
from apiconn_nb.auth.store import Store, open_store
from apiconn_nb.errors import UnknownNameError
from apiconn_nb.forks import renew_in_child
from apiconn_nb.live_collection import Collection, choose_environment, slot_of
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import ENVIRONMENTS, CollectionSettings, SavedCall

FILE = "apiconn.toml"
Listener = Callable[[str], None]
"""Is told the name of a collection that changed."""


class Workspace:
    """The collections of one file.

    Parameters: `path`, the file (it need not exist yet); `token_file`, where tokens rest if not in the OS keyring.
    """

    def __init__(self, path: Path, *, token_file: str = "") -> None:
        self.path = path
        self.token_file = token_file
        self._settings: dict[str, CollectionSettings] = {}
        self._stamp: tuple[int, int] | None = None
        self._open: dict[tuple[str, str], Collection] = {}
        self._store: Store | None = None
        self._listeners: list[Listener] = []
        self._in_child()
        renew_in_child(self, Workspace._in_child)

    def _in_child(self) -> None:
        self._lock = threading.RLock()

    @property
    def store(self) -> Store:
        """Where tokens rest."""
        if self._store is None:
            self._store = open_store(self.token_file)
        return self._store

    def all(self) -> Mapping[str, CollectionSettings]:
        """The collections as the file has them now, read again where it changed."""
        with self._lock:
            stamp = self._file_stamp()
            if stamp != self._stamp:
                fresh = config.load(self.path)
                changed = [name for name in {*fresh, *self._settings} if fresh.get(name) != self._settings.get(name)]
                self._settings, self._stamp = fresh, stamp
                self._changed(changed)
            return self._settings

    def settings(self, name: str) -> CollectionSettings:
        """The settings of a collection. Raises UnknownNameError with the close names and how to set one up."""
        known = self.all()
        if name not in known:
            raise UnknownNameError.among(
                "collection", name, known, f"Set it up with %apiconn_auth {name} METHOD --base-url https://…"
            )
        return known[name]

    def collection(self, name: str, environment: str | None = None) -> Collection:
        """The collection, alive: one object for each environment, made anew when its settings change."""
        with self._lock:
            settings = self.settings(name)
            chosen = choose_environment(settings, environment)
            found = self._open.get((name, chosen))
            if found is None or not _alive(found, settings):
                if found is not None:
                    found.retire()
                found = Collection(settings, environment=chosen, store=self.store)
                self._open[name, chosen] = found
            return found

    def save(self, settings: CollectionSettings, before: CollectionSettings | None = None) -> None:
        """Write a collection; secrets in it go to the keyring or this kernel's memory, the file gets the reference.

        `before` is what the caller had read and changed into `settings` (None: what was read last): what somebody else
        saved since then is kept. Raises ConfigError and its kin before anything is written.
        """
        with self._lock:
            settings = self.put_away_secrets(settings)
            config.save(self.path, settings, before or self._settings.get(settings.name))
            self._stamp = None
            self.all()

    def save_call(self, name: str, call: str, saved: SavedCall) -> None:
        """Save a call of a collection under a name."""
        settings = self.settings(name)
        self.save(dataclasses.replace(settings, calls={**settings.calls, call: saved}), settings)

    def delete(self, name: str) -> None:
        """Take a collection out of the file, and forget its tokens and what was typed for it."""
        from apiconn_nb.login.engine import forget_login  # start-up cost: the receiver's server

        settings = self.settings(name)
        for environment in ENVIRONMENTS:
            if (name, environment) in self._open:  # a login under way would store its token afterwards
                forget_login(self._open[name, environment])
            slot_of(settings, environment, self.store).drop()
            found = self._open.pop((name, environment), None)
            if found is not None:
                found.close()
        secrets.forget(f"{settings.name}/")
        config.delete(self.path, name)
        self.all()

    def put_away_secrets(self, settings: CollectionSettings) -> CollectionSettings:
        """The settings with a reference for each secret value in them; the value is kept where it names."""
        name = settings.name
        params = [saved.params for saved in settings.calls.values()]
        if any(map(_has_typed, [settings.auth, settings.connection, *params])):
            binder.check_typed(urlsplit(settings.value("base_url")).hostname or "", name)
        calls = {
            call: dataclasses.replace(saved, params=_put_away_rows(saved.params, f"{name}/params"))
            for call, saved in settings.calls.items()
        }
        return dataclasses.replace(
            settings,
            auth={key: _put_away_any(value, f"{name}/{key}") for key, value in settings.auth.items()},
            connection={key: _put_away_any(value, f"{name}/{key}") for key, value in settings.connection.items()},
            calls=calls,
        )

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` told of each collection that changes; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _changed(self, names: list[str]) -> None:
        for name in names:
            for listener in list(self._listeners):
                listener(name)

    def _file_stamp(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_size)


def _alive(collection: Collection, settings: CollectionSettings) -> bool:
    """Whether the open collection still is what the settings say (its calls may change without a new one)."""
    same = dataclasses.replace(collection.settings, calls={}) == dataclasses.replace(settings, calls={})
    if same:
        collection.settings = settings
    return same


def _has_typed(value: Any) -> bool:
    """Whether a secret in `value` holds its value itself, as one that was typed into the form does."""
    if isinstance(value, Secret):
        return bool(value) and not value.reference
    return isinstance(value, Mapping) and any(map(_has_typed, value.values()))


def _put_away_any(value: Any, owner: str) -> Any:
    if isinstance(value, Secret):
        return _put_away(value, owner)
    return _put_away_rows(value, owner) if isinstance(value, Mapping) else value


def _put_away_rows(rows: Mapping[str, Any], owner: str) -> dict[str, Any]:
    return {
        key: _put_away(value, f"{owner}/{key}") if isinstance(value, Secret) else value for key, value in rows.items()
    }


def _put_away(value: Secret, owner: str) -> str:
    """Keep a typed secret in the OS keyring, else in this kernel's memory; the reference that leads to it."""
    if value.reference:
        return value.reference
    if not value:
        return ""
    backend = keyrings.find_keyring()
    if backend is not None:
        keyrings.in_time(lambda: backend.set_password("apiconn_nb", owner, value.reveal()), "use env:NAME")
        return f"keyring:apiconn_nb/{owner}"
    secrets.remember(owner, value.reveal())
    return "prompt"


_current: Workspace | None = None


def current() -> Workspace:
    """The workspace of this process: ``APICONN_FILE``, else ``apiconn.toml`` in the working folder."""
    global _current
    if _current is None:
        _current = Workspace(Path(os.environ.get("APICONN_FILE") or FILE).absolute())
    return _current


def use(path: str = FILE, *, token_file: str = "") -> Workspace:
    """Make the file at `path` this process's workspace (``%config ApiConn.file``)."""
    global _current
    _current = Workspace(Path(path).expanduser().absolute(), token_file=token_file)
    return _current


def collection(name: str, environment: str | None = None) -> Collection:
    """The collection `name` of this process's workspace, what the magics use too."""
    return current().collection(name, environment)
