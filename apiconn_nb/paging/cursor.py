"""A cursor or token from the answer goes into a parameter of the next request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

from apiconn_nb.paging import place, source
from apiconn_nb.paging.base import Paginator
from apiconn_nb.paging.place import query_of, rebuilt, with_query

MAX_CURSOR = 8_192  # characters


@dataclass
class Cursor(Paginator):
    """Puts the value at `source` of the answer (JMESPath or ``header:NAME``) at `to` of the next request.

    `to` is ``query:NAME``, ``body:PATH`` or ``header:NAME``; `more`, where given, is the JMESPath of a flag that is
    false on the last page (Stripe's ``has_more``; ``!isLast``).
    """

    kind: ClassVar[str] = "cursor"

    to: str
    source: str
    more: str = ""

    @property
    def spec(self) -> str:
        kind, name = place.parsed(self.to)
        to = name if kind == "query" else self.to
        return f"{self.kind}:{to}={self.source}" + (f",more={self.more}" if self.more else "")

    def describe(self) -> str:
        header = self.source.startswith(source.HEADER)
        origin = f"header {self.source[len(source.HEADER) :]}" if header else f"$.{self.source}"
        return f"cursor {origin} → {place.shown(self.to)}"

    def _next(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> httpx.Request | str:
        if self.more and source.as_flag(source.read(self.more, response, document)) is False:
            return "the server says that there is no more"
        value = source.read(self.source, response, document)
        if value is None or value is False or value in ("", [], {}):
            return "no next cursor"
        in_json = self.to.startswith("body:")
        if value is True or (isinstance(value, Mapping | list) and not in_json):
            return f"the next cursor is {_kind(value)}, not a text"
        if len(json.dumps(value, default=str)) > MAX_CURSOR:
            return f"the next cursor is longer than {MAX_CURSOR:,} characters"
        if self.to.startswith("header:") and not str(value).isprintable():
            return "the next cursor has a character that no header can hold"
        return place.put(request, self.to, value)


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list", bool: "a boolean"}.get(type(value), type(value).__name__)


@dataclass
class Continue(Paginator):
    """MediaWiki's way: every field of the object at `path` goes into the query of the next request.

    Source: https://www.mediawiki.org/wiki/API:Continue
    """

    kind: ClassVar[str] = "continue"

    path: str = "continue"

    @property
    def spec(self) -> str:
        return self.kind if self.path == "continue" else f"{self.kind}:{self.path}"

    def describe(self) -> str:
        return f"the fields of $.{self.path} → query"

    def _next(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> httpx.Request | str:
        fields = source.read(self.path, response, document)
        if not isinstance(fields, Mapping) or not fields:
            return f"no {self.path}"
        changes = {str(name): str(value) for name, value in fields.items() if isinstance(value, str | int)}
        if not changes or sum(map(len, changes.values())) > MAX_CURSOR:
            return f"{self.path} holds nothing that a query could"
        stale = {name: None for name in query_of(request.url) if name.endswith("continue") and name not in changes}
        return rebuilt(request, url=with_query(request.url, {**stale, **changes}))
