"""The beginning of a long answer: the envelope up to the list that most of the answer is, and how its elements follow
one another.

With what comes after that list, known once it is read, this is the whole answer but for the list's elements.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apiconn_nb.frames.candidates import Path
from apiconn_nb.frames.pieces import Elements
from apiconn_nb.frames.sketch import sketch_of

_HEADS = (2**14, 2**18, 2**22)  # bytes; the next when the one before ends within the first two elements
_MARK = uuid.uuid4().hex  # stands for the list in its envelope
_raw_decode = json.JSONDecoder().raw_decode
_after_space = re.compile(r"[ \t\r\n]*").match
_key = re.compile(r"\{[ \t\r\n]*\"(?:[^\"\\]|\\.)*\"").match


class Sample(list[Any]):
    """The first elements of a long list of `total` elements."""

    def __init__(self, some: Iterable[Any], total: int) -> None:
        super().__init__(some)
        self.total = total


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the long list is: its path in the document, and the places of its bracket and its first element.

    `seam` and `gap` as in `pieces.Elements`.
    """

    path: Path
    bracket: int
    first: int
    seam: bytes
    gap: int

    def elements(self, content: bytes) -> Elements:
        """The list's elements, to be cut."""
        return Elements(content, self.first, self.seam, self.gap)

    def document(self, content: bytes, sample: Sample) -> Any | None:
        """The document as far as it is known before the list is read, with the sample in the list's place."""
        closing = "".join("}" if isinstance(step, str) else "]" for step in reversed(self.path))
        return self._around(content[: self.bracket], closing.encode(), sample)

    def whole_document(self, content: bytes, end: int, sample: Sample) -> Any | None:
        """The document, with the sample in the place of the list, whose closing bracket is at `end`.

        None when it is not plain JSON, or the list is not in it (a key that stands twice).
        """
        return self._around(content[: self.bracket], content[end + 1 :], sample)

    def _around(self, before: bytes, after: bytes, sample: Sample) -> Any | None:
        if not self.path:
            return sample if not before.strip(b" \t\r\n") and not after.strip(b" \t\r\n") else None
        document: Any = sketch_of(b'%b"%b"%b' % (before, _MARK.encode(), after))
        *outer, last = self.path
        value = document
        try:
            for step in outer:
                value = value[step]
            if value[last] != _MARK:
                return None
            value[last] = sample
        except (LookupError, TypeError):
            return None
        return document


def opening_of(content: bytes) -> Opening | None:
    """The beginning of an answer; None when it does not run into a list of objects, or is not plain JSON."""
    for size in _HEADS:
        text = content[:size].decode("utf-8", "surrogateescape")
        try:
            found = _opening(text)
        except (IndexError, ValueError, RecursionError):  # the text ended, or is no JSON
            found = None
        if found is not None or size >= len(content):
            return found
    return None


def _opening(text: str) -> Opening | None:
    path: Path = ()
    place = _skip(text, 0)
    while text[place] == "{":
        key, place = _unfinished(text, place)
        path = (*path, key)
    if text[place] != "[":
        return None
    first = _skip(text, place + 1)
    _, end = _raw_decode(text, first)
    second = _second(text, end)
    if text[second] == "[" and text[first] == "{":
        # The World Bank's [{"page": 1, …}, [{…}, …]]
        path, place, first = (*path, 1), second, _skip(text, second + 1)
        _, end = _raw_decode(text, first)
        second = _second(text, end)
    start = _key(text, second)
    if text[first] != "{" or start is None:
        return None
    seam = text[end - 1 : start.end()]
    return Opening(path, _place(text, place), _place(text, first), _bytes(seam), _place(text[end:second], second - end))


def _unfinished(text: str, place: int) -> tuple[str, int]:
    """The key and place of the value that the text ends within, in the object at `place`."""
    place = _skip(text, place + 1)
    while True:
        key, place = _raw_decode(text, place)
        if not isinstance(key, str):
            raise ValueError
        place = _skip(text, _past(text, place, ":"))
        try:
            _, end = _raw_decode(text, place)
        except ValueError:
            return key, place
        place = _skip(text, _past(text, end, ","))


def _second(text: str, end: int) -> int:
    return _skip(text, _past(text, end, ","))


def _past(text: str, place: int, mark: str) -> int:
    place = _skip(text, place)
    if text[place] != mark:
        raise ValueError
    return place + 1


def _skip(text: str, place: int) -> int:
    found = _after_space(text, place)
    return found.end() if found is not None else place


def _place(text: str, place: int) -> int:
    """A place among the characters as one among the bytes."""
    return len(_bytes(text[:place]))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
