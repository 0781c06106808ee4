"""The transport between a collection's client and its door: passes on, records, or answers from recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

import httpx

from apiconn_nb.errors import NotRecorded
from apiconn_nb.recording.entry import FORMAT, Entry, RecordedRequest, keys_of, request_of, response_of
from apiconn_nb.recording.library import Library, line_of
from apiconn_nb.recording.mode import Mode, current
from apiconn_nb.redaction import redact

REPLAYED = "apiconn_replayed"
"""The response extension that says where an answer was replayed from."""

RECORDED = "apiconn_recorded"
_LARGEST = 64 << 20  # bytes as they came; a larger answer belongs in no repository

_library = lru_cache(maxsize=8)(Library)


class Recordable(Protocol):
    """What a tape asks of a collection."""

    name: str
    environment: str
    base_url: str


class Tape(httpx.BaseTransport):
    """Stands in front of a collection's door.

    Replaying, it answers in the door's place: nothing is sent, no token asked for, no secret read. Recording, it keeps
    each answer once it has been read whole.
    """

    def __init__(self, door: httpx.BaseTransport, collection: Recordable) -> None:
        self._door = door
        self._collection = collection

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer. Raises NotRecorded in a replay that has no recording of the request, ConfigError."""
        mode = current()
        mode.check()
        if mode.replay is not None:
            return self._replayed(request, mode, _library(mode.replay))
        response = self._door.handle_request(request)
        if mode.record is not None and response.status_code != 304:  # an answer without the body it is about
            response.stream = _Kept(response, lambda raw: self._keep(request, response, raw, mode))
        return response

    def close(self) -> None:
        """Close the door's connections."""
        self._door.close()

    def _keys(self, request: httpx.Request) -> list[str]:
        about = self._collection
        return keys_of(request, about.name, about.environment, about.base_url)

    def _keep(self, request: httpx.Request, response: httpx.Response, raw: bytes, mode: Mode) -> None:
        assert mode.record is not None
        if len(raw) > _LARGEST:
            response.extensions[RECORDED] = f"not recorded: larger than {_LARGEST >> 20} MB"
            return
        entry = Entry(
            FORMAT,
            self._collection.name,
            self._collection.environment,
            datetime.now(UTC).isoformat(timespec="seconds"),
            self._keys(request),
            request_of(request),
            response_of(response.status_code, response.headers, _decoded(response, raw)),
        )
        _library(mode.record).keep(entry)
        response.extensions[RECORDED] = f"recorded in {mode.shown}"

    def _replayed(self, request: httpx.Request, mode: Mode, library: Library) -> httpx.Response:
        entry = library.find(self._collection.name, self._keys(request))
        if entry is None:
            raise self._not_recorded(request, mode, library)
        return entry.answer(request, f"replayed from {mode.shown}", REPLAYED)

    def _not_recorded(self, request: httpx.Request, mode: Mode, library: Library) -> NotRecorded:
        asked = request_of(request)
        wanted = f"{asked.method} {asked.url}"
        nearest = library.nearest(self._collection.name, wanted)
        if nearest is None:
            known = ", ".join(library.collections()) or "nothing"
            hint = f"There is no recording of {self._collection.name}; there is {known}."
        elif difference := self._difference(nearest, asked, wanted):
            hint = f"The nearest one has {difference}."
        else:
            hint = f"The nearest one is {line_of(nearest)}."
        again = "To record it: %config ApiConn.replay = '' and ApiConn.record."
        return NotRecorded(redact(f"{wanted} is not recorded in {mode.shown}. {hint} {again}"), request=request)

    def _difference(self, entry: Entry, asked: RecordedRequest, wanted: str) -> str:
        """What else than its URL tells the nearest recording from the request; empty where the URL does."""
        if line_of(entry) != wanted:
            return ""
        if entry.environment != self._collection.environment:
            return f"the same URL in the environment {entry.environment}, not {self._collection.environment}"
        if entry.request.headers != asked.headers:
            names = sorted(name for name, _ in entry.request.headers.items() ^ asked.headers.items())
            return f"the same URL with another {', '.join(dict.fromkeys(names))}"
        return "the same URL with another body"


def note(response: httpx.Response) -> str:
    """What the status line says of an answer's recording; empty where there is none."""
    return str(response.extensions.get(REPLAYED) or response.extensions.get(RECORDED) or "")


def _decoded(response: httpx.Response, raw: bytes) -> bytes:
    kind = [("Content-Encoding", value) for value in response.headers.get_list("Content-Encoding")]
    return httpx.Response(200, headers=kind, content=raw).content


class _Kept(httpx.SyncByteStream):
    """An answer's bytes, collected while they are read; `done` gets them when all were."""

    def __init__(self, response: httpx.Response, done: Callable[[bytes], None]) -> None:
        assert isinstance(response.stream, httpx.SyncByteStream)
        self._stream = response.stream
        self._done = done
        self._chunks: list[bytes] = []
        self._size = 0
        self._is_whole = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._size += len(chunk)
            if self._size <= _LARGEST + len(chunk):  # one chunk beyond the limit shows that it was passed
                self._chunks.append(chunk)
            yield chunk
        self._is_whole = True

    def close(self) -> None:
        """Close the stream; keep the answer where it was read whole."""
        self._stream.close()
        if self._is_whole:
            self._is_whole = False
            self._done(b"".join(self._chunks))
