"""Which key of an answer is a cursor, and which parameter it goes into.

A closed list of whole keys: `next_billing_date` or `next_steps` is no cursor because it is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from apiconn_nb.paging import place
from apiconn_nb.paging.cursor import MAX_CURSOR, Continue, Cursor
from apiconn_nb.paging.envelope import Node, jmespath_of, nodes, normal, rows_of
from apiconn_nb.paging.next_link import looks_like_url
from apiconn_nb.paging.totals import more_flag, says_last

# normalised key → parameters it may go into; the one that the request already has wins, else the first.
# "=" is the key as the answer spells it.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "nextcursor": ("cursor", "start_cursor", "next_cursor", "page_cursor", "after"),
    "nextpagecursor": ("cursor", "pageCursor", "page_cursor"),
    "nextpagetoken": ("pageToken", "page_token", "="),
    "nextpagekey": ("=",),  # Dynatrace
    "nexttoken": ("=", "pagination_token"),  # AWS
    "nextcursormark": ("cursorMark",),  # Solr, Europe PMC
    "nextoffset": ("offset",),  # Chargebee
    "nextmarker": ("marker", "Marker"),  # Box
    "nextstart": ("start",),  # Pipedrive
    "aftercursor": ("page[after]", "after"),  # Zendesk
    "endcursor": ("after", "cursor"),
    "startingafter": ("starting_after",),  # Intercom
    "bookmark": ("bookmark",),  # Pinterest
    "continuation": ("continuation",),  # Eventbrite
    "continuationtoken": ("=",),
    "pagetoken": ("=",),  # BigQuery
    "nextpagingtoken": ("pagingToken",),
    "lastevaluatedkey": ("ExclusiveStartKey",),  # DynamoDB: an object
}
# Keys that are a cursor only under one of these objects ("" is the root beside a list of rows).
PARAMETERS_UNDER: dict[str, dict[str, tuple[str, ...]]] = {
    "after": {
        "next": ("after",),  # HubSpot: paging.next.after
        "cursors": ("after",),
        "page": ("page[cursor]", "after"),  # Datadog: meta.page.after
        "data": ("after",),  # Reddit
    },
    "cursor": {
        "": ("cursor",),  # Square, Bluesky
        "pagination": ("after", "cursor"),  # Twitch
        "meta": ("cursor",),
        "paging": ("cursor",),
        "data": ("cursor",),
        "responsemetadata": ("cursor",),
    },
    "next": {
        "": ("cursor", "offset"),
        "cursor": ("cursor",),
        "cursors": ("cursor",),
        "paging": ("cursor",),
        "pagination": ("cursor", "pagination.cursor"),
        "meta": ("cursor",),
        "metadata": ("cursor",),
        "page": ("cursor",),
    },
    "offset": {"": ("offset",)},  # Airtable: a text such as itrX/recY, no number
    "token": {"": ("token",)},  # Semantic Scholar, bulk search
    "continue": {"metadata": ("continue",)},  # Kubernetes
}
HEADERS = (
    ("x-next-cursor", "query:cursor"),
    ("x-ms-continuationtoken", "query:continuationToken"),  # Azure DevOps
    ("x-ms-continuation", "header:x-ms-continuation"),  # Cosmos DB
    ("x-nomad-nexttoken", "query:next_token"),
    ("next-range", "header:Range"),  # Heroku
    ("x-next-page", "query:page"),  # GitLab
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]|$)")


def find(request: httpx.Request, response: httpx.Response, document: Any, has_rows: bool) -> Cursor | Continue | None:
    """The paginator for an answer that holds a cursor, None where it holds none or says that nothing follows."""
    if says_last(document):
        return None
    special = _special(request, document)
    if special is not None:
        return special
    for node in nodes(document):
        cursor = _of_node(request, node, document, has_rows)
        if cursor is not None:
            return cursor
    for name, to in HEADERS:
        if response.headers.get(name):
            return Cursor(to, f"header:{name}")
    return None


def _of_node(request: httpx.Request, node: Node, document: Any, has_rows: bool) -> Cursor | None:
    if node.name == "cursors" and "before" in node.fields and node.path[-2:-1] == ("paging",):
        return None  # Facebook: these are there on the last page too; only `paging.next` says that more follows
    for key, value in node.items():
        names = _names(node, key, value, has_rows)
        if not names or not is_cursor(value, normal(key)):
            continue
        to, more = _place(request, _own_way(node, key, names)), more_flag(document, node)
        if place.value_at(request, to) != value:  # else it is the cursor that was asked for
            return Cursor(to, jmespath_of((*node.path, key)), more)
    return None


def _names(node: Node, key: str, value: Any, has_rows: bool) -> tuple[str, ...]:
    word = normal(key)
    if word in PARAMETERS:
        return PARAMETERS[word]
    names = PARAMETERS_UNDER.get(word, {}).get(node.name, ())
    if not names or (not node.path and not has_rows):
        return ()
    if word in ("after", "cursor"):
        return names
    if not isinstance(value, str) or value.isdigit() or _DATE.match(value) or looks_like_url(value, node.name):
        return ()  # under a word this common, a number or a date is something else
    return names


def is_cursor(value: Any, word: str = "") -> bool:
    """Whether `value` can be a cursor at all: a text of bounded length or a whole number, no URL."""
    if word == "lastevaluatedkey":
        return isinstance(value, Mapping) and bool(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value)
    return 0 < len(text) <= MAX_CURSOR and not text.startswith(("http://", "https://")) and text.isprintable()


def _own_way(node: Node, key: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """`names` where a provider is known, by the company the key keeps, to call the parameter otherwise."""
    beside = node.words().keys()
    own = ""
    if key == "next_cursor" and node.fields.get("object") == "list":
        own = "start_cursor"  # Notion
    elif key == "nextPageToken" and "islast" in beside:
        own = key  # Jira Cloud
    elif key == "next_page_token":
        own = key if "pagesize" in beside else "page_token"  # Zoom; Google's AIP-158 in snake case
    elif key == "next_token" and "resultcount" in beside:
        own = "pagination_token"  # X
    elif key == "next" and {"hasnext", "data"} <= beside:
        own = "offset"  # Lever
    spelled = tuple(key if name == "=" else name for name in names)
    return (own, *spelled) if own else spelled


def _place(request: httpx.Request, names: tuple[str, ...]) -> str:
    """Where the cursor goes: the name that the request has already, else the first; the body of a POST."""
    query, body = place.query_of(request.url), place.body_of(request)
    for name in names:
        if name in query:
            return f"query:{name}"
        if name in body:
            return f"body:{name}"
    if names[0] == "page[after]" and "page[size]" not in query:
        names = names[1:]
    return f"{'query' if request.method == 'GET' else 'body'}:{names[0]}"


def _special(request: httpx.Request, document: Any) -> Cursor | Continue | None:
    """Answers whose cursor is no field of its own: a flag and the last row, or an object of several fields."""
    if not isinstance(document, Mapping):
        return None
    if isinstance(document.get("continue"), Mapping):
        return Continue()  # MediaWiki
    rows = rows_of(document)
    last = rows.items[-1] if rows and rows.items else None
    if not isinstance(last, Mapping) or rows is None:
        return None
    at = jmespath_of(rows.path)
    if document.get("has_more") is True:
        return _last_row(request, document, at, last)
    if at == "hits.hits" and isinstance(last.get("sort"), list) and "sort" in place.body_of(request):
        return Cursor("body:search_after", f"{at}[-1].sort")  # Elasticsearch
    return None


def _last_row(request: httpx.Request, document: Mapping[str, Any], at: str, last: Mapping[str, Any]) -> Cursor | None:
    """``has_more: true`` beside the list: the last row's id is the cursor."""
    is_list = document.get("object") == "list"
    if any(normal(str(key)) in PARAMETERS and is_cursor(value) for key, value in document.items()):
        return None
    if isinstance(document.get("last_id"), str):
        return Cursor(_place(request, ("after",) if is_list else ("after_id",)), "last_id", "has_more")
    if is_list and is_cursor(last.get("id")):
        return Cursor(_place(request, ("starting_after",)), f"{at}[-1].id", "has_more")  # Stripe
    return None


def whole_number(request: httpx.Request, document: Any) -> Cursor | None:
    """``next_page: 2`` (or ``next: 40`` beside ``offset``), where nothing better was found."""
    for node in nodes(document):
        for key, value in node.items():
            if isinstance(value, bool) or not isinstance(value, int):
                continue
            source = jmespath_of((*node.path, key))
            if normal(key) == "nextpage":
                return Cursor(_place(request, ("page",)), source)
            if normal(key) == "next" and "offset" in node.fields:
                return Cursor(_place(request, ("offset",)), source)  # Semantic Scholar
    return None
