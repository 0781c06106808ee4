"""The file of a cached answer: one line of JSON that describes it, then the bodies; nothing is unpickled.

Read back only as a whole: the format's name, lengths and a hash of each body must hold, else it is no entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import httpx
import msgspec

_MAGIC = b"apiconn-cache 1\n"
# About the transfer or the session, not about the answer (RFC 9110 §7.6.1, RFC 9111 §3.1); bodies are stored decoded.
_DROPPED = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
        *("set-cookie", "set-cookie2", "www-authenticate", "proxy-authenticate", "authentication-info"),
        *("content-encoding", "content-length", "age"),
    )
)


class _Described(msgspec.Struct):
    method: str
    url: str
    status: int
    headers: list[tuple[str, str]]
    stored_at: float
    length: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One stored answer; `url` is the public one, `content` decoded, `stored_at` in seconds since 1970."""

    method: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    stored_at: float

    @classmethod
    def of(cls, method: str, url: str, response: httpx.Response, now: float) -> Entry:
        """The entry for a response that has been read."""
        return cls(method, url, response.status_code, _kept(response.headers), response.content, now)

    def updated(self, headers: httpx.Headers) -> Entry:
        """With the fields of `headers` in place of its own of the same names."""
        newer = _kept(headers)
        names = {name for name, _ in newer}
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] not in names) + newer)

    def conditions(self) -> dict[str, str]:
        """Header fields that ask for it only if it has changed (RFC 9110 §13.1); none without a validator."""
        fields = dict(self.headers)
        asked = {"If-None-Match": fields.get("etag", ""), "If-Modified-Since": fields.get("last-modified", "")}
        return {name: value for name, value in asked.items() if value}

    def response(self, request: httpx.Request) -> httpx.Response:
        """The answer, as if `request` had just got it."""
        headers = httpx.Headers(list(self.headers), encoding="utf-8")  # httpx takes text for ASCII
        return httpx.Response(self.status, headers=headers, content=self.content, request=request)

    def holds_any(self, values: Iterable[str]) -> bool:
        """Whether one of `values` stands in the URL, a header or the body."""
        texts = [self.url.encode(), *(value.encode("latin-1", "replace") for _, value in self.headers), self.content]
        needles = [value.encode("utf-8", "surrogatepass") for value in values]
        return any(needle in text for needle in needles for text in texts)

    def as_of(self, now: datetime | None = None) -> str:
        """When it was stored, for the status line: ``12:04`` today, else ``3 May 12:04``."""
        return as_of(self.stored_at, now)


def as_of(stored_at: float, now: datetime | None = None) -> str:
    """`stored_at` (seconds since 1970) in local time: ``12:04`` today, else ``3 May 12:04``, ``3 May 2023 12:04``."""
    today, then = now or datetime.now(), datetime.fromtimestamp(stored_at)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    return f"{then.day} {then:%b}{f' {then.year}' if then.year != today.year else ''} {then:%H:%M}"


def _kept(headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), value) for name, value in headers.multi_items() if name.lower() not in _DROPPED)


def written(entries: Sequence[Entry]) -> bytes:
    """The file's content."""
    described = [
        _Described(
            each.method,
            each.url,
            each.status,
            list(each.headers),
            each.stored_at,
            len(each.content),
            hashlib.sha256(each.content).hexdigest(),
        )
        for each in entries
    ]
    return b"".join((_MAGIC, msgspec.json.encode(described), b"\n", *(each.content for each in entries)))


def read_entries(content: bytes) -> tuple[Entry, ...]:
    """The entries of a file's content; none where anything about it does not hold."""
    if not content.startswith(_MAGIC):
        return ()
    end = content.find(b"\n", len(_MAGIC))
    try:
        described = msgspec.json.decode(content[len(_MAGIC) : end], type=list[_Described]) if end > 0 else []
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ()
    entries, at = [], end + 1
    for each in described:
        body = content[at : at + each.length] if each.length >= 0 else b""
        if len(body) != each.length or hashlib.sha256(body).hexdigest() != each.sha256:
            return ()
        entries.append(Entry(each.method, each.url, each.status, tuple(each.headers), body, each.stored_at))
        at += each.length
    return tuple(entries) if at == len(content) else ()
