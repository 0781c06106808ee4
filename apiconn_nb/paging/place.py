"""Where a paging value goes in the next request: ``query:NAME``, ``body:PATH`` or ``header:NAME``.

Every function returns a new request; the rest of the URL keeps its bytes, so that a server which is particular
about ``$limit`` or ``filter[state]`` sees what it saw before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode

import httpx

from apiconn_nb.errors import UsageError

KINDS = ("query", "body", "header")
_FORM = "application/x-www-form-urlencoded"


def parsed(place: str) -> tuple[str, str]:
    """(``query``, ``body`` or ``header``; the name) of `place`; a bare name stands in the query."""
    kind, colon, name = place.partition(":")
    if not colon or kind not in KINDS:
        return "query", place
    return kind, name


def checked(place: str) -> str:
    """`place` in its full form ``query:NAME``; UsageError when it has no name."""
    kind, name = parsed(place)
    if not name:
        raise UsageError(f"{place!r} names no parameter: write query:NAME, body:PATH or header:NAME.")
    return f"{kind}:{name}"


def shown(place: str) -> str:
    """`place` for a reader: ``?page=``, ``body start_cursor``, ``header Range``."""
    kind, name = parsed(place)
    return f"?{name}=" if kind == "query" else f"{kind} {name}"


def value_at(request: httpx.Request, place: str) -> Any:
    """What `request` has at `place`, None where it has nothing."""
    kind, name = parsed(place)
    if kind == "header":
        return request.headers.get(name)
    if kind == "query":
        return query_of(request.url).get(name)
    fields: Any = body_of(request)
    for part in name.split("."):
        fields = fields.get(part) if isinstance(fields, Mapping) else None
    return fields


def query_of(url: httpx.URL) -> dict[str, str]:
    """The parameters of `url`, decoded; of a repeated name the last value."""
    return dict(parse_qsl(url.query.decode("ascii", "replace"), keep_blank_values=True))


def body_of(request: httpx.Request) -> dict[str, Any]:
    """The fields of a JSON or form body; empty where the body is something else."""
    content = _content(request)
    if not content:
        return {}
    if _is_form(request):
        return dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _content(request: httpx.Request) -> bytes:
    try:
        return request.content
    except httpx.RequestNotRead:  # a streamed upload: no page request is one
        return b""


def _is_form(request: httpx.Request) -> bool:
    return str(request.headers.get("content-type", "")).lower().startswith(_FORM)


def put(request: httpx.Request, place: str, value: Any) -> httpx.Request:
    """A copy of `request` with `value` at `place`."""
    kind, name = parsed(place)
    if kind == "query":
        return rebuilt(request, url=with_query(request.url, {name: str(value)}))
    if kind == "header":
        return rebuilt(request, headers={name: str(value)})
    fields = body_of(request)
    inner = fields
    *parents, last = name.split(".")
    for part in parents:
        below = inner.get(part)
        inner[part] = below = dict(below) if isinstance(below, Mapping) else {}
        inner = below
    inner[last] = value
    if _is_form(request):
        return rebuilt(request, content=urlencode(fields).encode())
    described = {} if "content-type" in request.headers else {"Content-Type": "application/json"}
    return rebuilt(request, headers=described, content=json.dumps(fields, ensure_ascii=False).encode())


def with_query(url: httpx.URL, changes: Mapping[str, str | None]) -> httpx.URL:
    """`url` with each parameter of `changes` set (None: taken out); all others keep their bytes and order."""
    left = dict(changes)
    if all(value is None for value in changes.values()) and not changes.keys() & query_of(url).keys():
        return url
    kept: list[str] = []
    for piece in url.query.decode("ascii", "replace").split("&"):
        raw, _, _ = piece.partition("=")
        name = unquote_plus(raw)
        if name not in changes:
            if piece:
                kept.append(piece)
            continue
        value = left.pop(name, None)
        if value is not None:
            kept.append(f"{raw}={quote(value, safe='')}")
    kept += [f"{quote(name, safe='$[]')}={quote(value, safe='')}" for name, value in left.items() if value is not None]
    return url.copy_with(query="&".join(kept).encode("ascii") if kept else None)


def rebuilt(
    request: httpx.Request,
    *,
    method: str = "",
    url: httpx.URL | None = None,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> httpx.Request:
    """A copy of `request` with some parts replaced; its extensions travel along.

    A request to another origin keeps no header but what describes the wanted content: whatever else was typed for
    the first server is not for the second (the transport's fence decides whether it is called at all).
    """
    target = request.url if url is None else url
    kept = httpx.Headers(request.headers)
    if origin(target) != origin(request.url):
        kept = httpx.Headers([(n, v) for n, v in kept.multi_items() if n in _FOR_ANYONE])
    for name in ("content-length", "transfer-encoding"):
        kept.pop(name, None)
    kept.update(headers or {})
    body = _content(request) if content is None else content
    return httpx.Request(method or request.method, target, headers=kept, content=body, extensions=request.extensions)


_FOR_ANYONE = frozenset(("accept", "accept-language", "accept-encoding", "content-type", "user-agent"))
_PORTS = {"http": 80, "https": 443}


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port of `url` (RFC 6454), default ports filled in."""
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)
