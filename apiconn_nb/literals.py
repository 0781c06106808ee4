"""Credentials that stand in a request as they are: query pairs, form pairs, JSON members, told by their names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote_plus

from apiconn_nb.body import kind_of_body
from apiconn_nb.fields import looks_like_credential

Put = Callable[[str, str], str]
"""What stands for a credential: from its name and its value, the text that takes the value's place."""

_WORDS = re.compile(rb"(?i)authorization|key|token|secret|passw|cookie")  # one is in each credential's name
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[^"]+|"', re.DOTALL)


def hide_in_url(url: str, put: Put) -> str:
    """`url` with `put` in place of each credential in its query, percent-encoded."""
    address, question, query = url.partition("?")
    return address + question + _hide_in_pairs(query, put)


def hide_in_body(kind: str, content: bytes, put: Put) -> bytes:
    """A filled body of `kind` (body.py), JSON or form, with `put` in place of each credential; others as they are."""
    if kind not in ("json", "ndjson", "form") or not _WORDS.search(content):
        return content
    text = content.decode()
    if kind == "form":
        return _hide_in_pairs(text, put).encode()
    parts = _TOKENS.findall(text)
    for place, name in _members(parts):
        value = _text(parts[place])
        hidden = put(name, value) if value else value
        if hidden != value:  # else it stays as it was written
            parts[place] = json.dumps(hidden)
    return "".join(parts).encode()


def in_url(url: str) -> Iterator[tuple[str, str]]:
    """Name and value, as they are written, of each credential in the query of `url`."""
    yield from _pairs(url.partition("?")[2])


def in_body(content_type: str, body: str) -> Iterator[tuple[str, str]]:
    """Name and value, as they are written, of each credential in a JSON or form body."""
    kind = kind_of_body(content_type, body)
    if kind == "form":
        yield from _pairs(body)
    elif kind in ("json", "ndjson"):
        parts = _TOKENS.findall(body)
        yield from ((name, parts[place][1:-1]) for place, name in _members(parts) if len(parts[place]) > 2)


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if value and looks_like_credential(unquote_plus(name)):
            yield unquote_plus(name), value


def _hide_in_pairs(query: str, put: Put) -> str:
    pairs = query.split("&")
    for number, pair in enumerate(pairs):
        for name, value in _pairs(pair):
            hidden = put(name, unquote_plus(value))
            if hidden != unquote_plus(value):  # else it stays as it was written
                pairs[number] = f"{pair.partition('=')[0]}={quote(hidden, safe='')}"
    return "&".join(pairs)


def _members(parts: list[str]) -> Iterator[tuple[int, str]]:
    """Where in the tokens of a JSON text the text of a member stands whose name is a credential's, and that name."""
    for place in range(len(parts) - 2):
        name, colon, value = parts[place : place + 3]
        if colon.strip() == ":" and value[:1] == '"' and looks_like_credential(_text(name)):
            yield place + 2, _text(name)


def _text(token: str) -> str:
    """The text that a JSON token says; empty for what is none."""
    try:
        found = json.loads(token)
    except ValueError:
        return ""
    return found if isinstance(found, str) else ""
