"""GraphQL connections: ``pageInfo { hasNextPage endCursor }`` in the answer, ``after: $cursor`` in the query.

Source: https://relay.dev/graphql/connections.htm
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

from apiconn_nb.paging import place, source
from apiconn_nb.paging.base import Paginator
from apiconn_nb.paging.envelope import jmespath_of, nodes

_AFTER = re.compile(r"\bafter\s*:\s*\$(\w+)")
_NAMES = ("after", "cursor", "endCursor", "end_cursor", "afterCursor")


@dataclass
class GraphQL(Paginator):
    """Puts ``endCursor`` of the connection into a variable of the query.

    `variable` is its name ("": the one that the query text gives to ``after:``), `path` leads to the ``pageInfo``
    ("": the first in the answer with a next page).
    """

    kind: ClassVar[str] = "graphql"

    variable: str = ""
    path: str = ""

    @property
    def spec(self) -> str:
        return self.kind + (f":{self.variable}" if self.variable else "") + (f",path={self.path}" if self.path else "")

    def describe(self) -> str:
        at = f"$.{self.path}" if self.path else "pageInfo"
        return f"{at} → variable ${self.variable or 'after'}"

    def _next(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> httpx.Request | str:
        info = source.read(self.path, response, document) if self.path else page_info(document)[1]
        if not isinstance(info, Mapping):
            return "no pageInfo in the answer: ask for pageInfo { hasNextPage endCursor }"
        if source.as_flag(info.get("hasNextPage")) is not True:
            return "the server says that there is no more"
        cursor = info.get("endCursor")
        if not isinstance(cursor, str | int) or cursor == "":
            return "no endCursor in pageInfo: ask for pageInfo { hasNextPage endCursor }"
        variable = self.variable or variable_of(request)
        if not variable:
            return "the query has no place for a cursor: declare $after: String and give it to the field, after: $after"
        return place.put(request, f"body:variables.{variable}", cursor)


def page_info(document: Any) -> tuple[str, Mapping[str, Any] | None]:
    """Path and content of the first ``pageInfo`` with a next page; else of the first at all."""
    first: tuple[str, Mapping[str, Any] | None] = ("", None)
    for node in nodes(document):
        if node.name != "pageinfo" or "hasNextPage" not in node.fields:
            continue
        found = (jmespath_of(node.path), node.fields)
        if node.fields["hasNextPage"] is True:
            return found
        first = first if first[1] is not None else found
    return first


def variable_of(request: httpx.Request) -> str:
    """The variable that the query of `request` gives to ``after:``, else one that is called like a cursor; or ""."""
    body = place.body_of(request)
    query, variables = body.get("query"), body.get("variables")
    named = _AFTER.search(query) if isinstance(query, str) else None
    if named:
        return named.group(1)
    return next((name for name in _NAMES if isinstance(variables, Mapping) and name in variables), "")


def find(request: httpx.Request, document: Any) -> GraphQL | None:
    """The paginator for the answer to a GraphQL query with a next page."""
    path, info = page_info(document)
    if info is None or info.get("hasNextPage") is not True:
        return None
    if request.method != "POST":
        return None  # a REST answer in GraphQL's words
    return GraphQL(variable=variable_of(request), path=path)
