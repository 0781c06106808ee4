"""A collection as the text of a cell that sets it up: what ``%apiconn_auth`` takes, without a secret in it.

What a line can hold stands in the line; saved calls and texts of several lines stand below it, as in the file. Where
that would be a long line, all of it stands below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tomlkit

from apiconn_nb import auth, layout
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CONNECTION_FIELDS, CollectionSettings

ROW_OPTIONS = {"headers": "--header", "query": "--query"}
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./\[\]-]+")  # needs no quotes; a ? at the end would ask for help
_NEXT_LINE = " \\\n    "
_LONG = 120  # characters


def as_magic(settings: CollectionSettings) -> str:
    """The cell that gives the same collection in a fresh kernel.

    A secret that was typed and not put away yet stands there as ``prompt``.
    """
    words = [settings.name, settings.method]
    own, rest = _options_of(CONNECTION_FIELDS, settings.connection)
    more, inner = _options_of({each.name: each for each in fields_of(auth.method(settings.method))}, settings.auth)
    words += [*own, *more]
    below = {**rest, **({"auth": {"method": settings.method, **inner}} if inner else {})}
    if settings.calls:
        below["calls"] = _public(layout.to_table(settings)["calls"])
    if not below:
        return "%apiconn_auth " + _line(words)
    # Only a line magic may be continued on the next line.
    line = " ".join(words)
    if len(line) <= _LONG:
        return f"%%apiconn_auth {line}\n{_toml(settings.name, below)}"
    return f"%%apiconn_auth {settings.name}\n{_toml(settings.name, _public(layout.to_table(settings)))}"


def _options_of(fields: Mapping[str, Field], values: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The values as options, and those that no line can hold."""
    words: list[str] = []
    rest: dict[str, Any] = {}
    for name, value in values.items():
        written = _options(fields[name], value)
        if written is None:
            rest[name] = _public(value)
        else:
            words += written
    return words, rest


def _line(words: list[str]) -> str:
    """Options on lines of their own where one line would be long."""
    line = " ".join(words)
    return line if len(line) <= _LONG else " ".join(words[:2]) + "".join(_NEXT_LINE + each for each in words[2:])


def _options(field: Field, value: Any) -> list[str] | None:
    """The value as options; None where no line can hold it."""
    if field.kind == "flag":
        return [field.option if value else f"--no-{field.option[2:]}"]
    if field.kind != "rows":
        return _option(field.option, _public(value))
    found: list[str] = []
    for name, each in value.items():
        one = _option(ROW_OPTIONS.get(field.name, field.option), f"{name}={_public(each)}") if "=" not in name else None
        if one is None or not isinstance(each, str | Secret):
            return None
        found += one
    return found


def _option(option: str, value: Any) -> list[str] | None:
    text = str(value)
    if "\n" in text or "\r" in text:
        return None
    # `=` and not a space: a value may begin with a hyphen.
    return [f"{option}={quoted(text)}" if text.startswith("-") else f"{option} {quoted(text)}"]


def quoted(text: str) -> str:
    """`text` as one word of a magic line."""
    if _PLAIN.fullmatch(text):
        return text
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _public(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reference or "prompt"
    if isinstance(value, Mapping):
        return {name: _public(each) for name, each in value.items()}
    return value


def _toml(name: str, table: Mapping[str, Any]) -> str:
    return tomlkit.dumps({name: _items(table)}).strip() + "\n"


def _items(value: Any) -> Any:
    """`value` with texts of several lines written as such (TOML drops a line break that begins one)."""
    if isinstance(value, Mapping):
        return {name: _items(each) for name, each in value.items()}
    if isinstance(value, str) and "\n" in value and not value.startswith("\n") and "\r" not in value:
        return tomlkit.string(value, multiline=True)
    return value
