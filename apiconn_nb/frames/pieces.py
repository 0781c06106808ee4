"""The records of a long answer as they stand in its text, cut into pieces of whole records.

Between the elements of a list of objects a cut is guessed, not looked for: where the text is as it was between the
first two (``},{"id":``). What is read of such a piece proves the guess. A JSON text has one reading, from left to
right; so when a piece that starts with an element is a list once a bracket is put behind it, an element ends there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from msgspec import Raw

_raw_decode = json.JSONDecoder().raw_decode
_WINDOWS = (2**16, 2**20, 2**24)  # bytes; looked through for the list's end, the next when the one before is too short
_TRIES = 8
_SEAMS = 256


Piece = bytes | memoryview


class NotCut(Exception):
    """No place to cut was found: the records are to be found in another way."""


class Source(Protocol):
    """Records to be read piece by piece."""

    lines: bool  # whether a piece is NDJSON, else it is a JSON list

    def cut(self, size: int) -> Piece | None:
        """The next piece of about `size` bytes, at least one record, to be read before the one after it is cut; None
        after the last.
        """

    def refuse(self) -> Piece:
        """Another piece in place of the last, which is not what it should be. Raises NotCut."""


class Slices:
    """Records that are slices of the text."""

    lines = False

    def __init__(self, raws: Sequence[Raw]) -> None:
        self._raws = raws
        self._next = 0

    def cut(self, size: int) -> bytes | None:
        """As in `Source`."""
        start, taken = self._next, 0
        while self._next < len(self._raws) and taken < size:
            taken += memoryview(self._raws[self._next]).nbytes
            self._next += 1
        return b"[" + b",".join(self._raws[start : self._next]) + b"]" if self._next > start else None

    def all(self) -> bytes:
        """All of them in one piece."""
        return b"[" + b",".join(self._raws) + b"]"

    def refuse(self) -> bytes:
        """As in `Source`."""
        raise NotCut


class Lines:
    """Records that are lines."""

    lines = True

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._next = 0

    def cut(self, size: int) -> bytes | None:
        """As in `Source`."""
        start = self._next
        end = self._content.rfind(b"\n", start, start + size) + 1 or self._content.find(b"\n", start) + 1
        if not end or len(self._content) - start <= size:
            end = len(self._content)
        self._next = end
        return self._content[start:end] if end > start else None

    def refuse(self) -> bytes:
        """As in `Source`."""
        raise NotCut


class Elements:
    """Records that are the elements of a list.

    `start`: the place of the first one. `seam`: how one ends and the next begins, which does so `gap` bytes after the
    other's last. `end` is where the list's bracket is, once it is read up to there.
    """

    lines = False

    def __init__(self, content: bytes, start: int, seam: bytes, gap: int) -> None:
        self.end: int | None = None
        self._content = content
        self._seam = seam
        self._gap = gap
        self._start = start  # of the last piece
        self._next = start
        self._guess = start
        self._tries = 0
        self._nested = False
        self._memory = memoryview(b"")  # the same for all pieces: new memory takes longer to get than to fill

    def cut(self, size: int) -> Piece | None:
        """As in `Source`."""
        if self.end is not None:
            return None
        self._start = start = self._next
        self._tries = 0
        guess = self._content.rfind(self._seam, start, start + size)
        if guess < 0:
            guess = self._content.find(self._seam, start)
        if guess >= 0 and self._nested:
            guess = self._between(guess + 1)
        if guess < 0:
            self.end = self._list_end(start)
            return self._piece(self.end)
        return self._guessed(guess)

    def refuse(self) -> Piece:
        """As in `Source`: the list ended before the guess, or the guess was within an element."""
        self._tries += 1
        if self.end is not None or self._tries > _TRIES:
            raise NotCut
        end = _end_of_list(self._content[self._start : self._guess + 1])
        if end is not None:
            self.end = self._start + end
            return self._piece(self.end)
        self._nested = True
        guess = self._between(self._guess)
        if guess < 0:
            raise NotCut
        return self._guessed(guess)

    def _guessed(self, guess: int) -> Piece:
        self._guess = guess
        self._next = guess + 1 + self._gap
        return self._piece(guess + 1)

    def _piece(self, end: int) -> Piece:
        size = end - self._start
        if len(self._memory) < size + 2:
            self._memory = memoryview(bytearray(b"[") * (size + 2))
        piece = self._memory[: size + 2]
        piece[1:-1] = memoryview(self._content)[self._start : end]
        piece[-1] = ord("]")
        return piece

    def _between(self, before: int) -> int:
        """The last seam before a place that is likely not within an element: as many braces open as close."""
        content, end = self._content, before + 1
        depth = None
        for _ in range(_SEAMS):
            seam = content.rfind(self._seam, self._start, end + len(self._seam) - 2)
            if seam < 0:
                break
            depth = self._depth(self._start, seam + 1) if depth is None else depth - self._depth(seam + 1, end)
            if depth == 0:
                return seam
            end = seam + 1
        return -1

    def _depth(self, start: int, end: int) -> int:
        return self._content.count(b"{", start, end) - self._content.count(b"}", start, end)

    def _list_end(self, start: int) -> int:
        for size in _WINDOWS:
            end = _end_of_list(self._content[start : start + size])
            if end is not None:
                return start + end
            if start + size >= len(self._content):
                break
        raise NotCut


def _end_of_list(text: bytes) -> int | None:
    """Where the bracket is that ends a list whose first element starts the text; None when it goes on."""
    # Bytes that are no UTF-8 must not shift what comes after them.
    opened = "[" + text.decode("utf-8", "surrogateescape")
    try:
        _, end = _raw_decode(opened)
    except (ValueError, RecursionError):
        return None
    return len(opened[1 : end - 1].encode("utf-8", "surrogateescape"))
