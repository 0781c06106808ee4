"""The collection file: ``apiconn.toml`` read and written, its comments and order kept."""

from __future__ import annotations

import os
import re
import secrets
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from apiconn_nb.auth.locks import file_lock
from apiconn_nb.errors import ApiConnError, ConfigError, UnknownNameError
from apiconn_nb.file_comments import held, released
from apiconn_nb.file_lines import Place, Written
from apiconn_nb.layout import frozen, merge, to_table
from apiconn_nb.settings import (
    CALL_KEYS,
    CONNECTION_FIELDS,
    CollectionSettings,
    SavedCall,
    check_call_name,
    default_method,
)

_TABLES = ("auth", "headers", "query", "calls")


def load(path: Path) -> dict[str, CollectionSettings]:
    """The collections of a file; none where there is no file.

    Raises ConfigError (UnknownNameError, SecretError in its words) with the file's line for an unknown key, a wrong
    type, or a literal in a secret field.
    """
    return loads(_read(path), path)


def loads(text: str, path: Path) -> dict[str, CollectionSettings]:
    """The collections in a text written as the file is; messages call it `path`'s name. Raises as `load` does."""
    written = Written(path, text)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: not TOML: {error}.") from None
    return {name: _collection(name, table, written) for name, table in content.items()}


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # line endings as they are
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: not UTF-8 text.") from None
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read: {error.strerror}.") from None


def _collection(name: str, table: Any, written: Written) -> CollectionSettings:
    if not isinstance(table, dict):
        raise ConfigError(written.said(f"{name!r} is no table: write [{name}] and its settings below.", (name,)))
    for key in table:
        if key not in CONNECTION_FIELDS and key not in _TABLES:
            known = [*CONNECTION_FIELDS, *_TABLES]
            raise written.with_line(UnknownNameError.among("setting", key, known), (name, key))
    auth = table.get("auth", {})
    if not isinstance(auth, dict) or not isinstance(auth.get("method", default_method()), str):
        raise ConfigError(written.said(f'[{name}.auth] needs method = "…".', (name, "auth")))
    settings = CollectionSettings(
        name=name,
        method=auth.get("method", default_method()),
        connection={key: value for key, value in table.items() if key in CONNECTION_FIELDS},
        auth={key: value for key, value in auth.items() if key != "method"},
        calls=_calls(name, table.get("calls", {}), written),
    )
    for place, piece in _pieces(settings):
        _check(piece.check, written, place)
    return settings


def _pieces(settings: CollectionSettings) -> Iterator[tuple[Place, CollectionSettings]]:
    """The settings value by value, so that the message has the line of the one that does not hold."""
    name, method = settings.name, settings.method
    yield (name,), CollectionSettings(name)
    for place, value in _values((name,), settings.connection):
        yield place, CollectionSettings(name, connection=value)
    yield (name, "auth", "method"), CollectionSettings(name, method)
    for place, value in _values((name, "auth"), settings.auth):
        yield place, CollectionSettings(name, method, auth=value)


def _values(place: Place, table: Mapping[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    for key, raw in table.items():
        if not isinstance(raw, dict):
            yield (*place, key), {key: raw}
            continue
        for row, value in raw.items():
            yield (*place, key, row), {key: {row: value}}


def _check(check: Callable[[], None], written: Written, place: Place) -> None:
    try:
        check()
    except ApiConnError as error:
        raise written.with_line(error, place) from None


def _calls(name: str, tables: Any, written: Written) -> dict[str, SavedCall]:
    if not isinstance(tables, dict):
        raise ConfigError(written.said(f"write each call as [{name}.calls.NAME].", (name, "calls")))
    calls = {}
    for call, table in tables.items():
        place = (name, "calls", call)
        if not isinstance(table, dict):
            raise ConfigError(written.said(f"{call!r} is no table: write [{name}.calls.{call}].", place))
        if not table.get("request"):
            raise ConfigError(written.said(f'[{name}.calls.{call}] needs request = "GET /…".', place))
        _check(lambda call=call: check_call_name(call), written, place)  # type: ignore[misc]
        for key, value in table.items():
            _check_key(key, value, written, (*place, key))
        calls[call] = SavedCall(**{key: frozen(key, value) for key, value in table.items()})
    return calls


def _check_key(key: str, value: Any, written: Written, place: Place) -> None:
    if key not in CALL_KEYS:
        raise written.with_line(UnknownNameError.among("setting of a call", key, CALL_KEYS), place)
    if not isinstance(value, CALL_KEYS[key]) and not (key == "pages" and type(value) is int):
        words = {str: "text", dict: "a table", list: "a list", bool: "true or false"}[CALL_KEYS[key]]
        raise ConfigError(written.said(f"{key} is {words}.", place))
    _check(SavedCall(**{"request": "GET /", key: frozen(key, value)}).check, written, place)


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
        _write(path, _as_written(released(tomlkit.dumps(document)), text))


def delete(path: Path, name: str) -> None:
    """Take one collection out of the file."""
    with file_lock(f"toml:{path.absolute()}"):
        document = _parse(path, _read(path))
        if name in document:
            del document[name]
            _write(path, released(tomlkit.dumps(document)))


def _as_written(text: str, before: str) -> str:
    """`text` with the line endings of the file, where it has them all alike."""
    crlf = before.count("\r\n")
    return re.sub(r"(?<!\r)\n", "\r\n", text) if crlf and crlf == before.count("\n") else text


def _parse(path: Path, text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(held(text))
    except (tomlkit.exceptions.TOMLKitError, ValueError) as error:
        raise ConfigError(f"{path.name}: not TOML: {error}. Nothing was saved.") from None


def _put(container: Any, key: str, value: Any) -> None:
    """Set `key` to `value`; what is equal already is not touched, so that its comments stay."""
    if not isinstance(value, dict):
        if key not in container or not _is_same(container[key], value):
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


def _is_same(item: Any, value: Any) -> bool:
    plain = item.unwrap() if hasattr(item, "unwrap") else item
    return plain == value and repr(plain) == repr(value)  # 1, 1.0 and true are equal and are not the same


def _item(value: Any) -> Any:
    if (
        isinstance(value, str)
        and "\n" in value
        and not value.startswith("\n")  # TOML drops a line break that begins such a text
        and "'''" not in value
        and "\r" not in value
        and value.isprintable() is False
    ):
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(value)


def _write(path: Path, text: str) -> None:
    """Write the file whole or not at all, through a symbolic link, its mode kept. Called with the file's lock."""
    target = Path(os.path.realpath(path))
    _check_readable(text, path)
    temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        for left_behind in target.parent.glob(f".{target.name}-????????"):
            left_behind.unlink(missing_ok=True)  # by a kernel that was killed
        with os.fdopen(_create(temporary), "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
        os.replace(temporary, target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ConfigError(f"{path.name} cannot be written: {error.strerror}. Nothing was saved.") from None


def _check_readable(text: str, path: Path) -> None:
    """Raise ConfigError for a text that could not be read again: it is not written."""
    try:
        text.encode("utf-8")
        tomllib.loads(text)
    except UnicodeEncodeError:
        raise ConfigError(
            f"{path.name}: a value has half a character in it (a lone surrogate). Nothing was saved."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: a value cannot be written as TOML: {error}. Nothing was saved.") from None


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # less what the person's umask takes away
