"""The three ways the demo API gives its rows page by page.

=========== ================================== ===========================================================
customers   ``?page=2&per_page=50``            ``total``, ``total_pages``, and a Link header (RFC 8288)
orders      ``?offset=100&limit=100``          ``total``
events      ``?cursor=OPAQUE&limit=100``       ``next_cursor`` (null at the end) and ``has_more``
=========== ================================== ===========================================================
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Response, request

from .data import Row
from .doors import CREDENTIAL_PARAMETERS
from .problems import Refused

MOST_ROWS = 500


def answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`document` as JSON."""
    return Response(msgspec.json.encode(document), status, headers, content_type="application/json")


def number(name: str, default: int, least: int = 0, most: int = 10**9) -> int:
    """A whole number from the query. Raises `Refused` (400) with the parameter's name and range."""
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 12 or not least <= int(text) <= most:
        raise Refused(400, f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def by_page(name: str, rows: list[Row], per_page: int = 50) -> Response:
    """One page by number; the last page's Link has no ``next``."""
    size = number("per_page", per_page, 1, MOST_ROWS)
    page = number("page", 1, 1)
    pages = max(1, -(-len(rows) // size))
    document = {
        name: rows[(page - 1) * size : page * size],
        "page": page,
        "per_page": size,
        "total": len(rows),
        "total_pages": pages,
    }
    targets = {"first": 1, "last": pages}
    if page > 1:
        targets["prev"] = min(page - 1, pages)
    if page < pages:
        targets["next"] = page + 1
    links = ", ".join(f'<{_link(page=target, per_page=size)}>; rel="{rel}"' for rel, target in targets.items())
    return answer(document, headers={"Link": links, "X-Total-Count": str(len(rows))})


def by_offset(name: str, rows: list[Row], limit: int = 100) -> Response:
    """A window by offset and limit."""
    size, offset = number("limit", limit, 1, MOST_ROWS), number("offset", 0)
    return answer({name: rows[offset : offset + size], "offset": offset, "limit": size, "total": len(rows)})


def by_cursor(name: str, rows: list[Row], limit: int = 100) -> Response:
    """The rows after an opaque cursor; no total."""
    size = number("limit", limit, 1, MOST_ROWS)
    start = _position(request.args.get("cursor", ""))
    end = start + size
    more = end < len(rows)
    return answer({name: rows[start:end], "next_cursor": _cursor(end) if more else None, "has_more": more})


def _link(**changed: int) -> str:
    # A credential of this request has no place in an address that gets logged and passed on.
    kept = [(key, value) for key, value in request.args.items(multi=True) if key not in CREDENTIAL_PARAMETERS]
    pairs = [(key, value) for key, value in kept if key not in changed] + list(changed.items())
    return f"{request.base_url}?{urlencode(pairs)}"


def _cursor(position: int) -> str:
    text = f"after:{position}"
    return base64.urlsafe_b64encode(f"{text}:{zlib.crc32(text.encode()):08x}".encode()).decode().rstrip("=")


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        position = int(text.split(":")[1])
    except (binascii.Error, ValueError, IndexError):
        position = -1
    if position < 0 or _cursor(position) != cursor:
        raise Refused(400, "cursor must be a next_cursor of an earlier answer.")
    return position
