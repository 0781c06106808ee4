"""The texts of a cell as pieces: what stands there, and the names between."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SQUARE = re.compile(rf"(\[\[)|\[({_NAME})\]")
_ANGLE = re.compile(rf"(<<)|<({_NAME})>")
_JSON_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[^"]+|"', re.DOTALL)
HELD = "\ue000"
"""Begins a JSON string that stands for a bare ``<name>``."""


@dataclass(frozen=True)
class Name:
    """A dynamic value in a text."""

    name: str


Piece = str | Name
Pieces = Sequence[Piece]


def square(text: str, bracket: str = "[") -> list[Piece]:
    """The pieces of a text with ``[name]``; `bracket` is what ``[[`` stands for (``%5B`` in a URL)."""
    return _pieces(_SQUARE, text, bracket)


def angle(text: str, *, known: frozenset[str] | None = None) -> list[Piece]:
    """The pieces of a text with ``<name>``; with `known`, as in XML, any other name is a tag and stays."""
    if known is None:
        return _pieces(_ANGLE, text, "<")
    return _pieces(_ANGLE, text, "<<", known)


def _pieces(pattern: re.Pattern[str], text: str, doubled: str, known: frozenset[str] | None = None) -> list[Piece]:
    found: list[Piece] = []
    at = 0

    def add(literal: str) -> None:
        if found and isinstance(found[-1], str):
            found[-1] += literal
        elif literal:
            found.append(literal)

    for match in pattern.finditer(text):
        add(text[at : match.start()])
        at = match.end()
        if match[1]:
            add(doubled)
        elif known is not None and match[2] not in known:
            add(match[0])
        else:
            found.append(Name(match[2]))
    add(text[at:])
    return found


def names(pieces: Pieces) -> list[str]:
    """The names of a text, in order."""
    return [piece.name for piece in pieces if isinstance(piece, Name)]


def filled(pieces: Pieces, value: Callable[[str], str], literal: Callable[[str], str] = str) -> str:
    """The text with each name replaced by what `value` gives for it."""
    return "".join(value(piece.name) if isinstance(piece, Name) else literal(piece) for piece in pieces)


def held_json(body: str) -> Any:
    """A JSON body parsed, a bare ``<name>`` as a string that begins with `HELD`."""
    parts = [
        part
        if part.startswith('"') and len(part) > 1
        else _ANGLE.sub(lambda match: f'"{HELD}{match[2]}"' if match[2] else "<", part)
        for part in _JSON_PARTS.findall(body)
    ]
    return json.loads("".join(parts))


def bare_names(body: str) -> set[str]:
    """The names that stand outside quotes in a JSON body."""
    outside = [part for part in _JSON_PARTS.findall(body) if not (part.startswith('"') and len(part) > 1)]
    return {match[2] for part in outside for match in _ANGLE.finditer(part) if match[2]}
