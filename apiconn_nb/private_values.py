"""Private values of a call: a mask stands for each in the request that everybody sees, the value in a private copy.

The values travel beside the public request, in an extension, as Secrets; each is put in last, encoded for its place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode
from xml.sax.saxutils import escape as xml_escape

import httpx

from apiconn_nb.errors import PlaceholderError
from apiconn_nb.placeholders import Needed, check_header_text
from apiconn_nb.secrets import Secret

PRIVATE = "apiconn_private"
"""The request extension that carries private values, by the mask that stands for each in the public request."""


class Hidden:
    """The private values of a request while it is built."""

    def __init__(self) -> None:
        self._by_mask: dict[str, Secret] = {}

    def take(self, values: Mapping[str, Any]) -> None:
        """Hide the Secrets among a call's dynamic values; `placeholders.Needed` masks them by the same names."""
        for name, value in values.items():
            if isinstance(value, Secret):
                self._by_mask[Needed.mask(name)] = value

    def mask(self, name: str, value: str | Secret) -> str:
        """What stands for `value` in the public request: itself, or the mask of a Secret.

        A header and a parameter may have one name and two values, so a mask that is taken is numbered.
        """
        if not isinstance(value, Secret):
            return value
        mask, number = Needed.mask(name), 2
        while self._by_mask.get(mask, value) != value:
            mask, number = Needed.mask(f"{name} {number}"), number + 1
        self._by_mask[mask] = value
        return mask

    def credential(self, name: str, value: str) -> str:
        """What stands for `value`, which is a credential by its name; itself where a mask stands in it already."""
        return value if self.stands_in(value) else self.mask(name, Secret(value, label=name))

    def extensions(self) -> dict[str, Any]:
        """The request's extensions."""
        return {PRIVATE: self._by_mask} if self._by_mask else {}

    def stands_in(self, text: str) -> bool:
        """Whether a mask stands in `text`, plain or percent-encoded."""
        return any(mask in text or quote(mask, safe="") in text for mask in self._by_mask)


def private_copy(request: httpx.Request) -> httpx.Request:
    """`request` with each private value where its mask stands, encoded for that place.

    Raises PlaceholderError for a value that would change the path or end a header, SecretError for one that leads
    nowhere.
    """
    hidden: dict[str, Secret] = request.extensions.get(PRIVATE, {})
    extensions = {name: value for name, value in request.extensions.items() if name != PRIVATE}
    if not hidden:
        return _in_utf8(
            httpx.Request(
                request.method, request.url, headers=request.headers, stream=request.stream, extensions=extensions
            )
        )
    values = {mask: secret.reveal() for mask, secret in hidden.items()}
    headers = httpx.Headers(_private_headers(request.headers.raw, values))
    content = _private_body(request.read(), request.headers.get("Content-Type", ""), values)
    if content:
        headers["Content-Length"] = str(len(content))
    url = _private_url(str(request.url), values)
    return _in_utf8(httpx.Request(request.method, url, headers=headers, content=content or None, extensions=extensions))


def _in_utf8(request: httpx.Request) -> httpx.Request:
    # httpx takes the encoding of the headers that are there for the one that is added, ASCII mostly.
    request.headers.encoding = "utf-8"
    return request


def shown_body(request: httpx.Request) -> str:
    """The body of a public request as people read it: its masks as they are written elsewhere."""
    content = request.read()
    try:
        body = content.decode()
    except UnicodeDecodeError:
        return f"({len(content):,} bytes)"
    for mask in request.extensions.get(PRIVATE, {}):
        body = body.replace(json.dumps(mask)[1:-1], mask).replace(quote(mask, safe=""), mask)
    return body


def public_url(url: str, request: httpx.Request) -> str:
    """`url`, where a server repeats what it was asked for, with the masks of `request` in place of the values."""
    hidden: dict[str, Secret] = request.extensions.get(PRIVATE, {})
    for mask, secret in hidden.items():
        value = secret.reveal()
        for form in {quote(value, safe=""), quote(value), urlencode({"": value})[1:], value} - {""}:
            url = url.replace(form, quote(mask, safe=""))
    return url


def _private_url(url: str, values: Mapping[str, str]) -> str:
    path, question, query = url.partition("?")
    for mask, value in values.items():
        quoted = quote(mask, safe="")
        if value in ("", ".", "..") and quoted in path:
            # RFC 3986 §5.2.4: it would take a segment away, percent-encoded too.
            raise PlaceholderError(f"[{_name(mask)}] stands in the path and would change it: it is empty or dots.")
        path, query = (part.replace(quoted, quote(value, safe="")) for part in (path, query))
    return path + question + query


def _private_headers(raw: list[tuple[bytes, bytes]], values: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    found = []
    for name, text in raw:
        for mask, value in values.items():
            if mask.encode() in text:
                check_header_text(value, _name(mask))
                text = text.replace(mask.encode(), value.encode()).strip(b" \t")
        found.append((name, text))
    return found


def _private_body(content: bytes, content_type: str, values: Mapping[str, str]) -> bytes:
    for mask, value in values.items():
        for form, written in _written(mask, value, content_type):
            content = content.replace(form.encode(), written.encode("utf-8", "surrogatepass"))
    return content


def _written(mask: str, value: str, content_type: str) -> list[tuple[str, str]]:
    """How a mask and its value are written in a body of that type."""
    if "json" in content_type:
        escaped = json.dumps(value)[1:-1]
        return [(json.dumps(mask)[1:-1], escaped), (mask, escaped)]
    if "urlencoded" in content_type:
        return [(quote(mask, safe=""), urlencode({"": value})[1:])]
    if "xml" in content_type:
        return [(mask, xml_escape(value, {'"': "&quot;", "'": "&apos;"}))]
    return [(mask, value)]


def _name(mask: str) -> str:
    return unquote(mask).strip("•")
