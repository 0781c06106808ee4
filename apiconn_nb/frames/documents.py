"""JSON text → a Python value in which no number is another number.

The quick reader (msgspec) is strict. What it refuses or would round to nothing (``NaN``, ``1e400``, ``1e-400``,
lone surrogates, byte order marks, other encodings) goes through the standard library's reader with exact hooks,
and each peculiarity leaves one note.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

import msgspec

from apiconn_nb.errors import FrameError
from apiconn_nb.frames.bytepairs import colons, has_tiny
from apiconn_nb.frames.encoding import charset_of, text_of

WHOLE = 2**16  # bytes
HEAD = 2**12
_quick = msgspec.json.Decoder().decode


def document_of(content: bytes, content_type: str = "") -> tuple[Any, list[str]]:
    """One JSON document (RFC 8259).

    Returns the value and notes. Raises FrameError, naming the line, when it is not JSON or is nested too deep.
    """
    if charset_of(content_type) in {None, "utf-8", "ascii"} and not has_tiny(content):
        try:
            value = _quick(content)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass  # the patient reader below knows more, or says what is wrong and where
        except RecursionError:
            raise too_deep() from None
        else:
            repeated = _repeats(content, value)
            return value, [_repeat_note(repeated)] if repeated else []
    text, notes = text_of(content, content_type)
    value, more = _patient(text)
    return value, notes + more


def lines_of(content: bytes, content_type: str = "") -> tuple[list[Any], list[str]]:
    """NDJSON (also JSON text sequences, RFC 7464): one value a line; blank lines are skipped."""
    if charset_of(content_type) not in {None, "utf-8", "ascii"}:
        text, notes = text_of(content, content_type)
        content = text.encode("utf-8", "surrogatepass")
    else:
        notes = []
    values: list[Any] = []
    for number, line in _numbered(content):
        try:
            value, more = document_of(line)
        except FrameError as error:
            raise FrameError(f"Line {number}: {error}") from None
        values.append(value)
        notes += more
    return values, list(dict.fromkeys(notes))


def _numbered(content: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(content.replace(b"\r\n", b"\n").split(b"\n"), 1):
        if stripped := line.strip(b" \t\r\x1e"):
            yield number, stripped


def _patient(text: str) -> tuple[Any, list[str]]:
    reader = _Patient()
    try:
        value = reader.decode(text)
    except json.JSONDecodeError as error:
        raise FrameError(
            f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}; --as text shows what came."
        ) from None
    except RecursionError:
        raise too_deep() from None
    return value, reader.notes()


class _Patient:
    """The standard library's reader, with a hook for each thing JSON texts do that tables cannot hold as it is."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}
        self._repeated: dict[str, None] = {}
        self._decoder = json.JSONDecoder(
            object_pairs_hook=partial(_pairs, self._repeated),
            parse_float=self._float,
            parse_int=self._int,
            parse_constant=self._constant,
        )

    def decode(self, text: str) -> Any:
        return self._decoder.decode(text.removeprefix("\ufeff"))

    def notes(self) -> list[str]:
        return [*self._seen, *([_repeat_note(list(self._repeated))] if self._repeated else [])]

    def _float(self, literal: str) -> float | Decimal | str:
        number = float(literal)
        if number in (float("inf"), float("-inf")) or (number == 0 and re.search("[1-9]", _mantissa(literal))):
            return self._decimal(literal)
        return number

    def _decimal(self, literal: str) -> Decimal | str:
        try:
            number = Decimal(literal)
        except InvalidOperation:  # an exponent of twenty digits
            self._seen["numbers that nothing can hold are kept as text"] = None
            return literal
        self._seen["numbers outside the range of a double are kept exactly, as Decimal"] = None
        return number

    def _int(self, literal: str) -> int | Decimal:
        try:
            return int(literal)
        except ValueError:  # Python's guard: more than 4300 digits
            self._seen["integers of more than 4300 digits are kept exactly, as Decimal"] = None
            return Decimal(literal)

    def _constant(self, literal: str) -> float:
        self._seen[f"{literal} is not JSON (RFC 8259 §6); read as the float it names"] = None
        return float(literal)


def _mantissa(literal: str) -> str:
    return re.split("[eE]", literal)[0]


def _repeats(content: bytes, value: Any) -> list[str]:
    """The keys that stand twice in one object, of which JSON readers keep the last (RFC 8259 §4).

    Every key is followed by a colon, so as many ``":`` in the text as in the value written anew means that none was
    lost; only else (a repeat, or other white space) is the text read again with a reader that sees each pair. Of an
    answer above `WHOLE` bytes only the first objects are looked at: who repeats keys does so in every record.
    """
    if len(content) <= WHOLE:
        if colons(content) == colons(msgspec.json.encode(value)):
            return []
        head = content
    else:
        head = content[:HEAD]
    seen: dict[str, None] = {}
    with contextlib.suppress(ValueError, RecursionError):  # the head ends in the middle of an object
        json.loads(head.decode("utf-8", "ignore"), object_pairs_hook=partial(_pairs, seen))
    return list(seen)


def _pairs(seen: dict[str, None], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs; a key that is in them twice goes into `seen`."""
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        seen.update(dict.fromkeys(key for key in made if keys.count(key) > 1))
    return made


def _repeat_note(keys: list[str]) -> str:
    some = ", ".join(keys[:5]) + (", …" if len(keys) > 5 else "")
    return f"a key stands twice in one object ({some}): the last value is kept"


def too_deep() -> FrameError:
    """The error for an answer that no table, and hardly any program, can hold."""
    return FrameError("Nested deeper than a table can be; --as bytes gives the answer as it came.")
