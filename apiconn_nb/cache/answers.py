"""Answers of `data` calls that survive a kernel restart: in the person's own cache folder, each for one account only.

Why own code: hishel follows RFC 9111, where the server decides what is kept and for how long, and its key knows no
account; here the person decides (``--cache 1h``). diskcache unpickles what it finds (CVE-2025-69872) and has had no
release since 2023.

What a server may still say: ``no-store`` is respected, the answer is not written (RFC 9111 §5.2.2.5), unless the call
says otherwise; ``no-cache``, ``max-age`` and ``private`` give way to the person's own time, and the status line says
how old the answer is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from apiconn_nb import redaction
from apiconn_nb.auth.store import write_private
from apiconn_nb.cache.entry import Entry, read_entries, written
from apiconn_nb.cache.folder import Folder, cache_folder
from apiconn_nb.receiving import ARRIVED

MAX_BYTES = 1 << 30  # of all answers together; the least recently used go first
_STORED = frozenset((200, 203))
# They say how the answer travels, not what is asked for; the conditional ones make a call its own.
_NOT_IN_KEY = frozenset(
    ("accept-encoding", "cache-control", "connection", "content-length", "host", "pragma", "traceparent", "user-agent")
)
_OWN = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range")


@dataclass(frozen=True)
class Cached:
    """A response, and where it is from: `stored_at` (seconds since 1970) is None when it has just been fetched.

    `confirmed` is True when the server said that the stored one still holds (304); `note` says why an answer could
    not be kept.
    """

    response: httpx.Response
    stored_at: float | None = None
    confirmed: bool = False
    note: str = ""


class Cache:
    """The answers of one collection, environment and account.

    Parameters:
        collection, environment: their names.
        account: who asks: anything that differs between accounts and stays the same for one (the user's id, or a
            `fingerprint` of the key; with private parameter values in it too, which the public URL does not show).
            Never a secret itself. Two accounts never see each other's answers.
        folder: where; None for the person's cache folder. max_bytes: of all collections together.
        clock: seconds since 1970.

    No method raises because of the disk: what cannot be read is not there, what cannot be written is said.
    """

    def __init__(
        self,
        collection: str,
        environment: str = "live",
        account: str = "",
        *,
        folder: Path | None = None,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._scope = (collection, environment, account)
        root = folder or cache_folder()
        self._folder = Folder(root, hashlib.sha256(repr(self._scope[:2]).encode()).hexdigest()[:16], max_bytes)
        self._clock = clock

    def through(
        self,
        request: httpx.Request,
        ttl: float,
        send: Callable[[httpx.Request], httpx.Response],
        *,
        fresh: bool = False,
        despite_no_store: bool = False,
    ) -> Cached:
        """The answer to `request`: the stored one while it is younger than `ttl` seconds, else `send`'s, which is kept.

        An older one with a validator is asked for conditionally (RFC 9111 §4.3.1), so that an unchanged answer is not
        sent again. `fresh` asks in any case. What `send` raises goes on to the caller.
        """
        entry = None if fresh else self.find(request)
        if entry is not None and self.age(entry) < ttl:
            return Cached(entry.response(request), entry.stored_at)
        # Of another method the server would make a precondition of it, and answer 412 (RFC 9110 §13.1.2).
        conditions = entry.conditions() if entry is not None and request.method in ("GET", "HEAD") else {}
        asked = _with_headers(request, conditions) if conditions else request
        response = send(asked)
        if entry is not None and conditions and response.status_code == 304:
            again = self.confirm(request, entry, response)
            return Cached(again.response(request), again.stored_at, confirmed=True)
        return Cached(response, note=self.put(request, response, despite_no_store=despite_no_store))

    def find(self, request: httpx.Request) -> Entry | None:
        """The stored answer, however old; None where there is none or it cannot be trusted."""
        if any(name in request.headers for name in _OWN):
            return None
        entries = self._read(self.key(request))
        return entries[0] if entries else None

    def age(self, entry: Entry) -> float:
        """Seconds since it was stored; infinite where that is in the future (a clock was set back)."""
        age = self._clock() - entry.stored_at
        return age if age >= 0 else float("inf")

    def put(self, request: httpx.Request, response: httpx.Response, *, despite_no_store: bool = False) -> str:
        """Keep the answer; "" when it is kept, else why not."""
        if any(name in request.headers for name in _OWN):
            return "not kept: the request is conditional or asks for a part"
        entry, why = self._entry(request, response, despite_no_store)
        return why if entry is None else self._write(self.key(request), (entry,))

    def confirm(self, request: httpx.Request, entry: Entry, response: httpx.Response) -> Entry:
        """The stored answer after a 304, as old as that, with the header fields it brought (RFC 9111 §3.2)."""
        again = replace(entry.updated(response.headers), stored_at=self._clock())
        self._write(self.key(request), (again,))
        return again

    def keep_last(
        self,
        request: httpx.Request,
        responses: Sequence[httpx.Response],
        view: str = "",
        *,
        despite_no_store: bool = False,
    ) -> str:
        """Keep all pages of an answer, for ``--since last``; "" or why not.

        `request` is the first page's, `view` what else makes it another answer (how many pages were asked for).
        """
        entries: list[Entry] = []
        for response in responses:
            entry, why = self._entry(request, response, despite_no_store)
            if entry is None:
                return why
            entries.append(entry)
        return self._write(self.key(request, view) + "-last", entries)

    def last(self, request: httpx.Request, view: str = "") -> tuple[Entry, ...]:
        """The pages that `keep_last` kept, none where there was no such call."""
        return self._read(self.key(request, view) + "-last")

    def key(self, request: httpx.Request, view: str = "") -> str:
        """The name of the answer's file: a hash of all that makes it another answer, the account among it."""
        headers = sorted(
            (name, value)
            for name, value in request.headers.multi_items()
            if name not in _NOT_IN_KEY and name not in _OWN
        )
        body = hashlib.sha256(request.content).hexdigest()
        parts = (*self._scope, request.method, str(request.url), headers, body, view)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]

    def clear(self) -> None:
        """Remove every answer of this collection and environment, of all accounts."""
        self._folder.clear()

    def _entry(
        self, request: httpx.Request, response: httpx.Response, despite_no_store: bool
    ) -> tuple[Entry | None, str]:
        if response.status_code not in _STORED:
            return None, f"not kept: the status is {response.status_code}"
        if ARRIVED in response.extensions:
            return None, "not kept: it was read as it arrived"
        if "*" in response.headers.get("vary", ""):
            return None, "not kept: the server says that no two answers are alike (Vary: *)"
        forbids = _says_no_store(response.headers) or _says_no_store(request.headers)
        if forbids and not despite_no_store:
            return None, "not kept: the server forbids it (Cache-Control: no-store)"
        entry = Entry.of(request.method, str(request.url), response, self._clock())
        # The second net: an answer that repeats a secret was masked on its way here (transport).
        if entry.holds_any(redaction.known()):
            return None, "not kept: the answer repeats a secret"
        return entry, ""

    def _read(self, key: str) -> tuple[Entry, ...]:
        path = self._folder.path(key)
        try:
            entries = read_entries(path.read_bytes()) if self._folder.is_ours() else None
        except OSError:
            entries = None
        if entries is None:
            return ()
        if not entries:
            with contextlib.suppress(OSError):
                path.unlink()  # torn, of another version, or not ours
            return ()
        with contextlib.suppress(OSError):
            os.utime(path)  # used now
        return entries

    def _write(self, key: str, entries: Sequence[Entry]) -> str:
        content = written(entries)
        try:
            refused = self._folder.refuses(len(content))
            if refused:
                return f"not kept: {refused}"
            write_private(self._folder.path(key), content)
            self._folder.grown(len(content))
        except OSError as error:
            return f"not kept: {error.strerror or error}"
        return ""


def _says_no_store(headers: httpx.Headers) -> bool:
    return any(part.strip().lower() == "no-store" for part in headers.get("cache-control", "").split(","))


def _with_headers(request: httpx.Request, more: dict[str, str]) -> httpx.Request:
    headers = httpx.Headers(request.headers)
    headers.update(more)
    return httpx.Request(
        request.method, request.url, headers=headers, content=request.content, extensions=request.extensions
    )
