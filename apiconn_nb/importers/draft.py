"""What an importer finds, in the source's own words; `settled` makes collections of it.

A variable of the source (``{{name}}``, ``$NAME``) stands in a draft's text between two private-use characters, so that
`str`'s own methods keep working on URLs and headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from apiconn_nb.importers.names import identifier
from apiconn_nb.settings import CollectionSettings

_OPEN, _CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{_OPEN}([A-Za-z_][A-Za-z0-9_]*){_CLOSE}")
_MUSTACHE = re.compile(r"\{\{\s*(?:_\.)?([^{}\n]{1,100}?)\s*\}\}")


def clean(text: Any) -> str:
    """A text of the source without the two characters, which are ours; anything else as an empty text."""
    if isinstance(text, bool):
        return "true" if text else "false"
    if isinstance(text, int | float):
        return str(text)
    return text.replace(_OPEN, "").replace(_CLOSE, "") if isinstance(text, str) else ""


def mark(name: str) -> str:
    """The variable `name` in a draft's text."""
    return f"{_OPEN}{identifier(name)}{_CLOSE}"


def marked(text: Any) -> str:
    """A text of the source with its ``{{name}}`` marked."""
    return _MUSTACHE.sub(lambda match: mark(match[1]), clean(text))


def names_in(text: str) -> list[str]:
    """The variables of a draft's text, in order."""
    return MARK.findall(text)


def only_name(text: str) -> str:
    """The variable that `text` is and nothing else; empty where there is more or none."""
    whole = MARK.fullmatch(text.strip())
    return whole[1] if whole else ""


def replaced(text: str, put: Callable[[str], str], literal: Callable[[str], str] = str) -> str:
    """`text` with `put` called for each variable and `literal` for what stands between them."""
    parts = MARK.split(text)
    return "".join(put(part) if place % 2 else literal(part) for place, part in enumerate(parts))


@dataclass
class Variable:
    """A variable of the source: its value (None: it has none), whether it is a secret, and its name as an env one."""

    value: str | None = None
    is_secret: bool = False
    env: str = ""


@dataclass
class Credential:
    """How calls prove themselves: an authentication method's slug and its fields, as texts of the draft.

    `label` is the source's own name for it; `headers` and `query` are further credentials that go with it.
    """

    method: str
    fields: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)

    def key(self) -> tuple[Any, ...]:
        """Equal for the same credential."""
        parts = (self.fields, self.headers, self.query)
        return (self.method, *(tuple(sorted((name, str(value)) for name, value in part.items())) for part in parts))


@dataclass
class Body:
    """A body. `kind` is ``json``, ``form`` and ``multipart`` (with decoded `pairs`), ``xml`` or ``text``."""

    kind: str
    text: str = ""
    pairs: list[tuple[str, str]] = field(default_factory=list)
    content_type: str = ""


@dataclass
class Call:
    """A request of the source.

    `url` is whole, or begins with a variable, or with ``/`` below `base`; `query` are further pairs, decoded.
    `auth` None: not said (a credential in its headers or query counts); `no_auth`: said to have none. `params` are
    defaults, `optional` the names that may stay without a value, `lost` what cannot be carried over.
    """

    url: str
    method: str = "GET"
    name: str = ""
    base: str = ""
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: Body | None = None
    auth: Credential | None = None
    no_auth: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    optional: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)
    doc: str = ""
    lost: list[str] = field(default_factory=list)


@dataclass
class Draft:
    """What a source holds.

    `lost` and `unneeded` are sentences; `refused` says why a call is not there at all; `ready` are collections that
    need no writing, for they are in our own words.
    """

    kind: str
    title: str = ""
    calls: list[Call] = field(default_factory=list)
    variables: dict[str, Variable] = field(default_factory=dict)
    connection: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    unneeded: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    ready: list[CollectionSettings] = field(default_factory=list)

    def set(self, name: str, value: Any, *, is_secret: bool = False) -> None:
        """Keep a variable of the source; its value may hold further ones."""
        text = marked(value) if isinstance(value, str | int | float) else None
        self.variables[identifier(name)] = Variable(text, is_secret)
