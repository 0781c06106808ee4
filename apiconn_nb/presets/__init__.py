"""Where a collection can start from: what a provider's own documentation says of its API, one TOML file per provider.

A file holds endpoints, authentication method, headers, calls and paging as a collection does, and links to the pages
they were taken from. It never holds a secret: ``[secrets]`` suggests a reference for each secret setting.

A ``[name]`` in base URL, settings, headers or shared parameters is a `Variable` that is asked for once, when the
collection is set up; in a call it is a parameter of that call.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from apiconn_nb.errors import ConfigError, UnknownNameError
from apiconn_nb.placeholders import names_in_header

Table = Mapping[str, Any]

_SUFFIX = ".toml"
_PLACEHOLDER = re.compile(r"\[([A-Za-z_]\w*)\]|<([A-Za-z_]\w*)>")
# What a value can hold: it may stand in a host name, where "/", ":" or a space would lead to another server.
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~@+-]*")
# What an alternative adds to, and what it says anew.
_ADDED = ("sources", "headers", "query", "calls")
_REPLACED = ("base_url", "auth", "secrets", "scopes", "note")
_KEYS = frozenset(("title", "variables", "alternatives", *_ADDED, *_REPLACED))


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A ``[name]`` of a preset: a tenant, a shop, a data centre, or a parameter of a call without a default."""

    name: str
    label: str
    help: str = ""
    example: str = ""
    default: str = ""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A provider's API with one authentication method; `alternatives` are the same API with another one, by slug.

    `sources` are links to the provider's documentation, by what was taken from them. `auth` (with its ``method``),
    `headers`, `query` and `calls` are tables of the collection file; `secrets` suggests a reference per secret setting.
    `scopes` says how several scopes are written in one text: ``space``, ``comma``, or "" where none are sent.
    """

    name: str
    title: str
    sources: Mapping[str, str]
    base_url: str
    auth: Table
    secrets: Mapping[str, str] = field(default_factory=dict)
    scopes: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    calls: Mapping[str, Table] = field(default_factory=dict)
    variables: tuple[Variable, ...] = ()
    alternatives: Mapping[str, Preset] = field(default_factory=dict)
    note: str = ""

    @property
    def method(self) -> str:
        """The slug of the authentication method."""
        return str(self.auth["method"])

    def asks(self) -> tuple[Variable, ...]:
        """The variables to be filled in before the preset can be used, in the order of the file."""
        wanted = _names((self.base_url, self.auth, self.headers, self.query))
        return tuple(variable for variable in self.variables if variable.name in wanted)

    def filled(self, values: Mapping[str, str]) -> Preset:
        """The preset with its variables filled in; one that is left out takes its default.

        Raises UnknownNameError for a name that is not asked for, and ConfigError for a value that is missing or holds
        what could lead to another server.
        """
        asked = {variable.name: variable for variable in self.asks()}
        for name in values:
            if name not in asked:
                raise UnknownNameError.among(f"variable of the preset {self.name}", name, asked)
        chosen = {
            name: _checked(self.title, variable, values.get(name, "").strip() or variable.default)
            for name, variable in asked.items()
        }
        return replace(
            self,
            base_url=_put(self.base_url, chosen),
            auth=_put(self.auth, chosen),
            headers=_put(self.headers, chosen),
            query=_put(self.query, chosen),
            calls=_put(self.calls, chosen),
            variables=tuple(variable for variable in self.variables if variable.name not in chosen),
            alternatives={},
        )

    def collection(self, values: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The table that a collection made from this preset has in the collection file; `values` as for `filled`."""
        filled = self.filled(values or {})
        tables = {"headers": dict(filled.headers), "query": dict(filled.query)}
        return {
            "base_url": filled.base_url,
            "auth": {**filled.auth, **filled.secrets},
            **{name: table for name, table in tables.items() if table},
            "calls": {name: dict(call) for name, call in filled.calls.items()},
        }


def presets() -> Mapping[str, Preset]:
    """The presets by name; a file is read when its preset is asked for, and once."""
    return _PRESETS


def preset(name: str) -> Preset:
    """The preset called `name`. Raises UnknownNameError with the close names."""
    if name not in _names_of_files():
        raise UnknownNameError.among("preset", name, _names_of_files())
    return _read(name)


class _Presets(Mapping[str, Preset]):
    def __getitem__(self, name: str) -> Preset:
        if name not in _names_of_files():
            raise KeyError(name)
        return _read(name)

    def __contains__(self, name: object) -> bool:  # the mixin's would read the file
        return name in _names_of_files()

    def __iter__(self) -> Iterator[str]:
        return iter(_names_of_files())

    def __len__(self) -> int:
        return len(_names_of_files())

    def __repr__(self) -> str:
        return f"<{len(self)} presets: {', '.join(self)}>"


_PRESETS = _Presets()


@cache
def _names_of_files() -> tuple[str, ...]:
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


@cache
def _read(name: str) -> Preset:
    text = resources.files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")
    try:
        return parse(name, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"Preset {name}: not TOML: {error}.") from None


def parse(name: str, data: Table) -> Preset:
    """The preset that the tables of a file describe. Raises ConfigError for an unknown or missing key."""
    alternatives = {
        slug: _one(name, _beside(data, slug, other)) for slug, other in data.get("alternatives", {}).items()
    }
    return replace(_one(name, data), alternatives=MappingProxyType(alternatives))


def _beside(data: Table, slug: str, other: Table) -> dict[str, Any]:
    """The tables of an alternative: the provider's own, with what the alternative adds or says anew."""
    merged = {key: value for key, value in data.items() if key not in ("alternatives", "secrets", "scopes")}
    for key, value in other.items():
        if key not in (*_ADDED, *_REPLACED):
            raise ConfigError(f"Preset: an alternative cannot have the key {key!r}.")
        merged[key] = {**merged.get(key, {}), **value} if key in _ADDED else value
    merged["auth"] = {"method": slug, **other.get("auth", {})}
    return merged


def _one(name: str, data: Table) -> Preset:
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        raise ConfigError(f"Preset {name}: unknown key {unknown[0]!r}.")
    try:
        return Preset(
            name=name,
            title=data["title"],
            sources=MappingProxyType(data["sources"]),
            base_url=data["base_url"],
            auth=MappingProxyType(data["auth"]),
            secrets=MappingProxyType(data.get("secrets", {})),
            scopes=data.get("scopes", ""),
            headers=MappingProxyType(data.get("headers", {})),
            query=MappingProxyType(data.get("query", {})),
            calls=MappingProxyType(data.get("calls", {})),
            variables=tuple(Variable(**each) for each in data.get("variables", [])),
            note=data.get("note", "").strip(),
        )
    except KeyError as error:
        raise ConfigError(f"Preset {name}: {error.args[0]} is missing.") from None
    except TypeError as error:
        raise ConfigError(f"Preset {name}: {error}.") from None


def _names(value: Any) -> set[str]:
    """The names of every ``[name]`` in texts, tables and lists of them."""
    if isinstance(value, str):
        return set(names_in_header(value))
    if isinstance(value, Mapping):
        value = tuple(value.values())
    return set().union(*map(_names, value)) if isinstance(value, tuple | list) else set()


def _checked(title: str, variable: Variable, value: str) -> str:
    if not value:
        example = f", for instance {variable.example}" if variable.example else ""
        raise ConfigError(f"{title}: {variable.label} ({variable.name}) is missing{example}. {variable.help}".rstrip())
    if not _VALUE.fullmatch(value):
        raise ConfigError(f"{title}: {variable.label} ({variable.name}) can hold letters, digits and ._~@+- alone.")
    return value


def _put(value: Any, chosen: Mapping[str, str]) -> Any:
    """`value` with each ``[name]`` and ``<name>`` of `chosen` replaced, in texts, tables and lists of them."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: chosen.get(match[1] or match[2], match[0]), value)
    if isinstance(value, Mapping):
        return {key: _put(each, chosen) for key, each in value.items()}
    return [_put(each, chosen) for each in value] if isinstance(value, list) else value
