"""The answer shapes of ``tests/shapes/paging.json``: an answer from public documentation, and what should follow it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

FILE = Path(__file__).parent.parent / "shapes" / "paging.json"


@dataclass(frozen=True)
class Shape:
    """`document` is None where the body is no JSON; `paginator` is a spec, None where the answer has no next page."""

    name: str
    source: str
    request: httpx.Request
    response: httpx.Response
    document: Any
    rows: int | None
    paginator: str | None
    next: httpx.Request | None


def request_of(text: Any) -> httpx.Request:
    """``"GET https://…"``, or an object with method, url, json and headers."""
    if isinstance(text, str):
        method, _, url = text.partition(" ")
        return httpx.Request(method, url)
    return httpx.Request(text["method"], text["url"], json=text.get("json"), headers=text.get("headers"))


def load() -> list[Shape]:
    """All of them."""
    return [_shape(entry) for entry in json.loads(FILE.read_text(encoding="utf-8"))]


def _shape(entry: dict[str, Any]) -> Shape:
    body, request = entry["body"], request_of(entry["request"])
    text = body["$text"] if isinstance(body, dict) and "$text" in body else None
    content = json.dumps(body).encode() if text is None else text.encode()
    return Shape(
        name=entry["name"],
        source=entry["source"],
        request=request,
        response=httpx.Response(200, headers=entry["headers"], content=content, request=request),
        document=None if text is not None else body,
        rows=body["$rows"] if text is not None else None,
        paginator=entry["paginator"],
        next=request_of(entry["next"]) if entry["next"] else None,
    )
