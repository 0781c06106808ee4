"""A collection as plain data, laid out as in the file; and both changes of two who edited one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiconn_nb.errors import ConfigError
from apiconn_nb.settings import CALL_KEYS, CONNECTION_FIELDS, CollectionSettings, SavedCall, default_method


def merge(before: CollectionSettings, theirs: CollectionSettings, ours: CollectionSettings) -> CollectionSettings:
    """Both changes, where a person and a kernel edited one collection; ConfigError where they collide."""
    base, there, here = to_table(before), to_table(theirs), to_table(ours)
    return from_table(ours.name, _merged(base, there, here, ours.name))


def _merged(base: dict[str, Any], there: dict[str, Any], here: dict[str, Any], place: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key in dict.fromkeys([*there, *here]):
        old, theirs, ours = base.get(key), there.get(key), here.get(key)
        if isinstance(theirs, dict) and isinstance(ours, dict):
            result[key] = _merged(old if isinstance(old, dict) else {}, theirs, ours, f"{place}.{key}")
        elif theirs in (old, ours):
            result[key] = ours
        elif ours == old:
            result[key] = theirs
        else:
            raise ConfigError(
                f"{place}.{key} was changed in the file to {theirs!r} while it is {ours!r} here: nothing was saved. "
                "Load it again (%apiconn_auth NAME --status), or set the value you want."
            )
    return {key: value for key, value in result.items() if value is not None}


def to_table(settings: CollectionSettings) -> dict[str, Any]:
    """A collection as plain data, laid out as in the file."""
    table: dict[str, Any] = {key: _plain(value) for key, value in settings.connection.items() if not _is_rows(key)}
    table["auth"] = {"method": settings.method, **{key: _plain(value) for key, value in settings.auth.items()}}
    for key in ("headers", "query"):
        if settings.connection.get(key):
            table[key] = _plain(settings.connection[key])
    if settings.calls:
        table["calls"] = {name: _call_table(call) for name, call in settings.calls.items()}
    return table


def from_table(name: str, table: Mapping[str, Any]) -> CollectionSettings:
    """The collection in a table that `to_table` laid out."""
    auth = dict(table.get("auth", {}))
    return CollectionSettings(
        name,
        auth.pop("method", default_method()),
        {key: value for key, value in table.items() if key in CONNECTION_FIELDS},
        auth,
        {
            call: SavedCall(**{k: frozen(k, v) for k, v in each.items()})
            for call, each in table.get("calls", {}).items()
        },
    )


def _call_table(call: SavedCall) -> dict[str, Any]:
    return {key: _plain(getattr(call, key)) for key in CALL_KEYS if getattr(call, key)}


def _is_rows(key: str) -> bool:
    return CONNECTION_FIELDS[key].kind == "rows"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value


def frozen(key: str, value: Any) -> Any:
    """The value of a call's setting as `SavedCall` keeps it."""
    if key == "pages":
        return str(value)
    return tuple(map(str, value)) if isinstance(value, list) else value
