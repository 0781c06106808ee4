"""Answers that become rows while they arrive: lines of JSON, CSV, and event streams (WHATWG HTML §9.2)."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable
from typing import Protocol

import httpx
import pandas as pd

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import kind_of, to_frame
from apiconn_nb.frames.content import media_type
from apiconn_nb.frames.encoding import charset_of
from apiconn_nb.gathering import Gathering

BLOCK = 1 << 20  # bytes of lines that become rows at a time
_LONGEST_RECORD = 2 << 20  # bytes
_HEAD = 4096  # bytes that show whether it is what its type says
_LATEST = 8  # blocks of an event stream that are shown while it grows
_ASCII_AT_HEART = (None, "utf-8", "ascii", "iso8859-1", "cp1252")  # a line end is one byte in them, and nothing else is

Watch = Callable[["Arrival"], None]


def arrives_in_pieces(response: httpx.Response) -> bool:
    """Whether the answer, of which the headers are there, can become rows while it arrives."""
    content_type = response.headers.get("Content-Type", "")
    return _named(content_type) in _CUTTERS and charset_of(content_type) in _ASCII_AT_HEART


def is_event_stream(response: httpx.Response) -> bool:
    """Whether the answer may never end."""
    return media_type(response.headers.get("Content-Type", "")) == "text/event-stream"


def _named(content_type: str) -> str:
    return kind_of(b"x\n", content_type)


class Arrival:
    """One answer that goes into a `Gathering` piece by piece.

    `watch` is called after each block that became rows. `endless` is true of an event stream, whose events are wanted
    at once. `size` is the bytes that came.
    """

    def __init__(self, content_type: str, gathering: Gathering, watch: Watch) -> None:
        self.size = 0
        self.content_type = content_type
        self.endless = _named(content_type) == "events"
        self._gathering = gathering
        self._watch = watch
        self._cutter = _CUTTERS[_named(content_type)](content_type)
        self._held = bytearray()
        self._latest: deque[bytes] = deque(maxlen=_LATEST)
        self._seen = 0
        gathering.open(content_type)

    @property
    def rows(self) -> int:
        """How many rows there are so far."""
        return self._gathering.rows

    def latest(self) -> pd.DataFrame:
        """The newest rows of an event stream."""
        return to_frame(b"".join(self._latest), content_type=self.content_type).frame

    def take(self, piece: bytes) -> None:
        """The next bytes, cut anywhere. Raises FrameError for what cannot become rows."""
        self.size += len(piece)
        self._held += piece
        if self.endless or len(self._held) >= self._seen + BLOCK:
            self._give(self._cutter.cut(self._held, self._seen))
            self._seen = len(self._held)  # what could not be cut is not looked at again for every piece

    def end(self, *, is_whole: bool) -> None:
        """No more comes; of a stream that was cut off the last event is left out, if it is not whole."""
        self._give(len(self._held) if is_whole else self._cutter.cut(self._held, 0))
        self._gathering.close()

    def _give(self, length: int) -> None:
        block = bytes(self._held[:length])
        del self._held[:length]
        if not block:
            return
        before = self._gathering.rows
        try:
            self._gathering.feed(block, self.content_type, self._cutter.header(block))
        except FrameError as error:
            raise FrameError(f"After {before:,} rows: {error}" if before else str(error)) from None
        if self.endless and len(block) <= _HEAD:
            self._latest.append(block)
        self._watch(self)


class _Cutter(Protocol):
    """Where one kind of text may be cut."""

    def __init__(self, content_type: str) -> None: ...

    def cut(self, held: bytearray, seen: int) -> int:
        """The length of what is whole; the first `seen` bytes have been looked at before."""

    def header(self, block: bytes) -> bytes:
        """What has to stand before `block` so that it can be read by itself."""


class _Lines:
    def __init__(self, content_type: str) -> None: ...

    def cut(self, held: bytearray, seen: int) -> int:
        return held.rfind(b"\n", seen) + 1

    def header(self, block: bytes) -> bytes:
        return b""


class _Events(_Lines):
    """An event ends with an empty line."""

    def cut(self, held: bytearray, seen: int) -> int:
        start = max(0, seen - 3)
        ends = [at + len(end) for end in (b"\n\n", b"\r\n\r\n", b"\r\r") if (at := held.rfind(end, start)) >= 0]
        return max(ends, default=0)


class _Records(_Lines):
    """CSV (RFC 4180): a line end in quotes belongs to its record; the first record is the header of every block."""

    def __init__(self, content_type: str) -> None:
        self._content_type = content_type
        self._has_header = "header=absent" not in content_type.replace(" ", "").lower()
        self._header: bytes | None = None
        self._separator = ","
        self._is_other = False  # JSON that says it is CSV, UTF-16: to be read as a whole

    def cut(self, held: bytearray, seen: int) -> int:
        if self._header is None:
            head = bytes(held[:_HEAD])
            self._is_other = kind_of(head, self._content_type) not in ("csv", "tsv") or b"\0" in head
            first = head.partition(b"\n")[0].decode("latin-1")
            self._separator = max(",;\t|", key=first.count)
        # A quote that is never closed: the rest is one record, which is not looked through anew with each block.
        self._is_other = self._is_other or seen > _LONGEST_RECORD
        if self._is_other:
            return 0
        return self._ends(held)[-1] if b'"' in held else held.rfind(b"\n", seen) + 1

    def header(self, block: bytes) -> bytes:
        if self._header is not None:
            return self._header
        self._header = b""
        if self._has_header and not self._is_other:
            self._header = block[: self._ends(block)[0] if b'"' in block else block.find(b"\n") + 1]
        return b""  # it stands in the first block itself

    def _ends(self, text: bytes | bytearray) -> list[int]:
        """Where records end, the last one left out, which may go on."""
        lines = bytes(text).splitlines(keepends=True)
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line))
        reader = csv.reader((line.decode("latin-1") for line in lines), delimiter=self._separator)
        try:
            ends = [starts[reader.line_num] for _ in reader]
        except csv.Error:
            return [0]  # a field of more than 128 kB: it is read as a whole
        return ends[:-1] or [0]


_CUTTERS: dict[str, type[_Cutter]] = {"ndjson": _Lines, "events": _Events, "csv": _Records, "tsv": _Records}
