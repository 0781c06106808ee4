"""A listing of numbered rows, served in every style of paging: what a walk should bring back is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

import httpx

from apiconn_nb.paging import Answer

URL = "https://api.example.org/rows"


@dataclass
class Listing:
    """`total` rows, at most `allowed` on a page, `wanted` by default; `style` is a function of this module."""

    total: int
    style: Callable[[Listing, dict[str, str]], tuple[Any, dict[str, str]]]
    wanted: int = 10
    allowed: int = 100
    asked: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def rows(self, start: int, size: int) -> list[dict[str, int]]:
        return [{"id": n} for n in range(start, min(start + min(size, self.allowed), self.total))]

    def size(self, query: dict[str, str], name: str = "limit") -> int:
        return min(int(query.get(name, self.wanted)), self.allowed)

    def answer(self, request: httpx.Request) -> Answer:
        query = {k: v[-1] for k, v in parse_qs(request.url.query.decode(), keep_blank_values=True).items()}
        if request.content:
            query |= json.loads(request.content)
        with self.lock:
            self.asked.append(str(request.url) + request.content.decode())
        document, headers = self.style(self, query)
        response = httpx.Response(200, headers=headers, content=json.dumps(document).encode(), request=request)
        return Answer(response, document)


def link(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    page, size = int(query.get("page", 1)), api.size(query)
    last = max(1, -(-api.total // size))
    links = [f'<{URL}?limit={size}&page={last}>; rel="last"']
    if page < last:
        links.append(f'<{URL}?limit={size}&page={page + 1}>; rel="next"')
    return api.rows((page - 1) * size, size), {"Link": ", ".join(links)}


def next_url(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    offset, size = int(query.get("offset", 0)), api.size(query)
    more = offset + size < api.total
    following = f"/rows?limit={size}&offset={offset + size}" if more else None
    return {"count": api.total, "next": following, "results": api.rows(offset, size)}, {}


def cursor(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    start, size = int(query.get("cursor", "c0")[1:]), api.size(query)
    more = start + size < api.total
    return {"items": api.rows(start, size), "next_cursor": f"c{start + size}" if more else ""}, {}


def last_id(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    start, size = int(query.get("starting_after", -1)) + 1, api.size(query)
    return {"object": "list", "data": api.rows(start, size), "has_more": start + size < api.total}, {}


def pages_known(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    page, size = int(query.get("page", 1)), api.size(query, "per_page")
    pages = max(1, -(-api.total // size))
    return {"page": page, "pages": pages, "items": api.rows((page - 1) * size, size)}, {}


def total_known(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    page, size = int(query.get("page", 1)), api.size(query, "per_page")
    return {"page": page, "total": api.total, "items": api.rows((page - 1) * size, size)}, {}


def from_zero(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    page, size = int(query.get("page", 0)), api.size(query, "size")
    pages = -(-api.total // size)
    document = {
        "content": api.rows(page * size, size),
        "number": page,
        "size": size,
        "totalPages": pages,
        "totalElements": api.total,
        "last": page + 1 >= pages,
    }
    return document, {}


def offset_total(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    offset, size = int(query.get("offset", 0)), api.size(query)
    return {"offset": offset, "total": api.total, "rows": api.rows(offset, size)}, {}


def offset_promised(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """Echoes the limit that was asked for, and gives fewer."""
    offset, limit = int(query.get("offset", 0)), int(query.get("limit", api.wanted))
    return {"offset": offset, "limit": limit, "total": api.total, "rows": api.rows(offset, limit)}, {}


def offset_more(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    offset, size = int(query.get("offset", 0)), api.size(query)
    return {"offset": offset, "limit": size, "more": offset + size < api.total, "rows": api.rows(offset, size)}, {}


def from_one(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    start, size = int(query.get("startIndex", 1)), api.size(query, "count")
    rows = api.rows(start - 1, size)
    return {"totalResults": api.total, "startIndex": start, "itemsPerPage": len(rows), "Resources": rows}, {}


def bare_offset(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    return api.rows(int(query["$offset"]), api.size(query, "$limit")), {}


def bare_page(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    page, size = int(query["page"]), api.size(query, "per_page")
    return api.rows((page - 1) * size, size), {}


def header_total(api: Listing, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
    page, size = int(query["_page"]), api.size(query, "_limit")
    return api.rows((page - 1) * size, size), {"X-Total-Count": str(api.total)}


# style → the first request's query, with the page size in `{n}`
FIRST: dict[Callable[[Listing, dict[str, str]], tuple[Any, dict[str, str]]], str] = {
    link: "limit={n}",
    next_url: "limit={n}",
    cursor: "limit={n}",
    last_id: "limit={n}",
    pages_known: "per_page={n}",
    total_known: "per_page={n}",
    from_zero: "size={n}",
    offset_total: "limit={n}",
    offset_promised: "limit={n}",
    offset_more: "limit={n}",
    from_one: "count={n}",
    bare_offset: "$limit={n}&$offset=0",
    bare_page: "page=1&per_page={n}",
    header_total: "_page=1&_limit={n}",
}
