"""The collection file: ``apiconn.toml`` read and written, its comments and order kept."""

from __future__ import annotations

import os
import re
import stat
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from apiconn_nb.auth.store import file_lock
from apiconn_nb.errors import ApiConnError, ConfigError, UnknownNameError
from apiconn_nb.layout import frozen, merge, to_table
from apiconn_nb.settings import CALL_KEYS, CONNECTION_FIELDS, CollectionSettings, SavedCall, default_method

_TABLES = ("auth", "headers", "query", "calls")


def load(path: Path) -> dict[str, CollectionSettings]:
    """The collections of a file; none where there is no file.

    Raises ConfigError (UnknownNameError, SecretError in its words) with the file's line for an unknown key, a wrong
    type, or a literal in a secret field.
    """
    return loads(_read(path), path)


def loads(text: str, path: Path) -> dict[str, CollectionSettings]:
    """The collections in a text written as the file is; messages call it `path`'s name. Raises as `load` does."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: not TOML: {error}.") from None
    return {name: _collection(name, table, path, text) for name, table in content.items()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: not UTF-8 text.") from None
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read: {error.strerror}.") from None


def _collection(name: str, table: Any, path: Path, text: str) -> CollectionSettings:
    if not isinstance(table, dict):
        raise ConfigError(_at(path, text, (name,), f"{name!r} is no table: write [{name}] and its settings below."))
    for key in table:
        if key not in CONNECTION_FIELDS and key not in _TABLES:
            known = [*CONNECTION_FIELDS, *_TABLES]
            raise _with_line(UnknownNameError.among("setting", key, known), path, text, (name, key))
    auth = table.get("auth", {})
    if not isinstance(auth, dict) or not isinstance(auth.get("method", default_method()), str):
        raise ConfigError(_at(path, text, (name, "auth"), f'[{name}.auth] needs method = "…".'))
    settings = CollectionSettings(
        name=name,
        method=auth.get("method", default_method()),
        connection={key: value for key, value in table.items() if key in CONNECTION_FIELDS},
        auth={key: value for key, value in auth.items() if key != "method"},
        calls=_calls(name, table.get("calls", {}), path, text),
    )
    _check(settings, path, text)
    return settings


def _check(settings: CollectionSettings, path: Path, text: str) -> None:
    """Check value by value, so that the message has the line of the one that does not hold."""
    name = settings.name
    pieces: list[tuple[tuple[str, ...], CollectionSettings]] = [((name,), CollectionSettings(name))]
    pieces += [
        ((name, key), CollectionSettings(name, connection={key: raw})) for key, raw in settings.connection.items()
    ]
    pieces.append(((name, "auth", "method"), CollectionSettings(name, settings.method)))
    pieces += [
        ((name, "auth", key), CollectionSettings(name, settings.method, auth={key: raw}))
        for key, raw in settings.auth.items()
    ]
    for place, piece in pieces:
        try:
            piece.check()
        except ApiConnError as error:
            raise _with_line(error, path, text, place) from None


def _calls(name: str, tables: Any, path: Path, text: str) -> dict[str, SavedCall]:
    if not isinstance(tables, dict):
        raise ConfigError(_at(path, text, (name, "calls"), f"write each call as [{name}.calls.NAME]."))
    calls = {}
    for call, table in tables.items():
        place = (name, "calls", call)
        if not isinstance(table, dict):
            raise ConfigError(_at(path, text, place, f"{call!r} is no table: write [{name}.calls.{call}]."))
        for key, value in table.items():
            if key not in CALL_KEYS:
                raise _with_line(UnknownNameError.among("setting of a call", key, CALL_KEYS), path, text, (*place, key))
            if not isinstance(value, CALL_KEYS[key]) and not (key == "pages" and type(value) is int):
                words = {str: "text", dict: "a table", list: "a list", bool: "true or false"}[CALL_KEYS[key]]
                raise ConfigError(_at(path, text, (*place, key), f"{key} is {words}."))
        if not table.get("request"):
            raise ConfigError(_at(path, text, place, f'[{name}.calls.{call}] needs request = "GET /…".'))
        calls[call] = SavedCall(**{key: frozen(key, value) for key, value in table.items()})
    return calls


# ── messages with the file's line ──────────────────────────────────────────────────────────────────────────────────


def _with_line(error: ApiConnError, path: Path, text: str, place: tuple[str, ...]) -> ApiConnError:
    return type(error)(_at(path, text, place, str(error)))


def _at(path: Path, text: str, place: tuple[str, ...], message: str) -> str:
    line = find_line(text, place)
    return f"{path.name}{f', line {line}' if line else ''}: {message}"


def find_line(text: str, place: tuple[str, ...]) -> int:
    """The line (from 1) where a key or table stands; 0 where it cannot be told. TOML readers do not keep it."""
    table: tuple[str, ...] = ()
    best = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if header := re.match(r"\[+\s*([^\]]+?)\s*\]+", stripped):
            table = _keys(header[1])
            here = table
        elif assigned := re.match(
            r"((?:\"[^\"]*\"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[\w-]+))*)\s*=", stripped
        ):
            here = table + _keys(assigned[1])
        else:
            continue
        if here == place:
            return number
        if place[: len(here)] == here:
            best = number
    return best


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted))


# ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def save(path: Path, settings: CollectionSettings, before: CollectionSettings | None = None) -> None:
    """Write one collection into the file; everything else in it stays as it is, comments and order too.

    `before` is the collection as this kernel last read it. Where somebody changed the same key in the file meanwhile,
    ConfigError says which, and nothing is written.
    """
    settings.check()
    with file_lock(f"toml:{path.absolute()}"):
        text = _read(path)
        document = _parse(path, text)
        current = load(path).get(settings.name)
        if before is not None and current is not None:
            settings = merge(before, current, settings)
        _put(document, settings.name, to_table(settings))
        _write(path, tomlkit.dumps(document))


def delete(path: Path, name: str) -> None:
    """Take one collection out of the file."""
    with file_lock(f"toml:{path.absolute()}"):
        document = _parse(path, _read(path))
        if name in document:
            del document[name]
            _write(path, tomlkit.dumps(document))


def _parse(path: Path, text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except (tomlkit.exceptions.TOMLKitError, ValueError) as error:
        raise ConfigError(f"{path.name}: not TOML: {error}. Nothing was saved.") from None


def _put(container: Any, key: str, value: Any) -> None:
    """Set `key` to `value`; what is equal already is not touched, so that its comments stay."""
    if not isinstance(value, dict):
        if key not in container or container[key] != value:
            container[key] = _item(value)
        return
    if not isinstance(container.get(key), dict):
        container[key] = tomlkit.table(
            is_super_table=bool(value) and all(isinstance(each, dict) for each in value.values())
        )
    inner = container[key]
    for gone in [name for name in inner if name not in value]:
        del inner[gone]
    for name, each in value.items():
        _put(inner, name, each)
    if isinstance(inner, Table) and not inner and not value:
        inner.update({})


def _item(value: Any) -> Any:
    if (
        isinstance(value, str)
        and "\n" in value
        and "'''" not in value
        and "\r" not in value
        and value.isprintable() is False
    ):
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(value)


def _write(path: Path, text: str) -> None:
    """Write the file whole or not at all, through a symbolic link, its mode kept."""
    target = Path(os.path.realpath(path))
    tomllib.loads(text)  # what cannot be read again is not written
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be written: {error.strerror}. Nothing was saved.") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise ConfigError(f"{path.name} cannot be written: {error.strerror}. Nothing was saved.") from None
