"""Every JSON text becomes a frame, a frame with a note, or one clear error; never a crash, never another number."""

from __future__ import annotations

import codecs
import math
from decimal import Decimal
from typing import Any

import pytest

from apiconn_nb import frames
from apiconn_nb.errors import FrameError


def only(content: bytes, content_type: str = "application/json") -> tuple[Any, list[str]]:
    """The value of a document with one cell, and the notes."""
    table = frames.to_frame(content, content_type=content_type)
    assert table.frame.shape == (1, 1)
    return table.frame.iloc[0, 0], table.notes


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("9007199254740993", 2**53 + 1),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2**64),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", -(2**63) - 1),
        ("-0", 0),
        ("1E5", 100000.0),
        ("0.1", 0.1),
        ("5e-324", 5e-324),
        ("1" * 5000, Decimal("1" * 5000)),
        ("1e400", Decimal("1e400")),
        ("-1e400", Decimal("-1e400")),
        ("1e-400", Decimal("1e-400")),
        ("0e-400", 0.0),
        ("0." + "0" * 330 + "7", Decimal("7e-331")),
    ],
)
def test_a_number_is_that_number(literal: str, value: Any) -> None:
    cell, _ = only(f'[{{"n": {literal}}}]'.encode())

    assert cell == value


def test_negative_zero_keeps_its_sign() -> None:
    cell, _ = only(b'[{"n": -0.0}]')

    assert math.copysign(1, cell) == -1


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b'{"n": NaN}', "NaN is not JSON (RFC 8259 §6); read as the float it names"),
        (b'{"n": -Infinity}', "-Infinity is not JSON (RFC 8259 §6); read as the float it names"),
        (b'{"n": 1e999}', "numbers outside the range of a double are kept exactly, as Decimal"),
        (b'{"n": 1e' + b"9" * 30 + b"}", "numbers that nothing can hold are kept as text"),
        (b'{"n": 1, "n": 2}', "a key stands twice in one object (n): the last value is kept"),
        (b'{"n" : 1, "n" : 2}', "a key stands twice in one object (n): the last value is kept"),
        (b'{"n": "\xfc"}', "not UTF-8 (byte 7): read as Windows-1252"),
    ],
)
def test_what_is_peculiar_is_said(content: bytes, note: str) -> None:
    _, notes = only(content)

    assert note in notes


def test_a_repeated_key_is_found_in_large_answers_too() -> None:
    record = b'{"id": 1, "text": "' + b"x" * 500 + b'", "id": 2}'
    for count in (200, 4000):  # above the size that is looked through whole, and by the learned shape
        table = frames.to_frame(b"[" + b",".join([record] * count) + b"]")

        assert table.frame["id"].tolist() == [2] * count
        assert table.notes == ["a key stands twice in one object (id): the last value is kept"]


@pytest.mark.parametrize(
    "text", ['{"a": "\\":"}', '{"a": {"b": 1}, "c": [{"b": 1}]}', '{\n  "a"\n:\n1}', '{"\\":": 1}']
)
def test_no_key_is_called_repeated_that_is_not(text: str) -> None:
    assert not [note for note in frames.to_frame(text.encode()).notes if "twice" in note]


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_other_encodings_are_told(encoding: str) -> None:
    assert only('{"n": "Müller"}'.encode(encoding)) == ("Müller", [])


def test_the_named_charset_is_used() -> None:
    assert only('{"n": "Müller"}'.encode("iso-8859-1"), "application/json; charset=ISO-8859-1") == ("Müller", [])
    assert only('{"n": "Jiří"}'.encode("iso-8859-2"), 'application/json; charset="iso-8859-2"') == ("Jiří", [])


@pytest.mark.parametrize("key", ["\\ud800", "a\\udfaa"])
def test_text_that_is_no_unicode_is_kept(key: str) -> None:
    table = frames.to_frame(f'[{{"{key}": "{key}"}}, {{"{key}": "plain"}}]'.encode())

    assert table.frame.iloc[0, 0] == codecs.decode(key, "unicode_escape")
    assert table.frame.iloc[1, 0] == "plain"


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"a":}',
        b"[1,]",
        b"[1 2]",
        b"{'a': 1}",
        b"[01]",
        b'["\\x"]',
        b'["a\x00b"]',
        b"[1]]",
        b"[-]",
        b"[.5]",
        b"nul",
    ],
)
def test_what_is_no_json_is_said_with_its_place(content: bytes) -> None:
    with pytest.raises(FrameError, match=r"^Not JSON: .* at line \d+, column \d+; --as text shows what came\.$"):
        frames.to_frame(content, content_type="application/json")


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"[" * 20_000 + b"]" * 20_000, b'{"a":' * 20_000 + b"1" + b"}" * 20_000]
)
def test_deep_nesting_is_refused(content: bytes) -> None:
    with pytest.raises(FrameError, match=r"Nested deeper|Not JSON"):
        frames.to_frame(content, content_type="application/json")


def test_a_table_can_be_deep() -> None:
    depth = 60
    table = frames.to_frame(b'[{"a":' + b'{"a":' * (depth - 1) + b"1" + b"}" * depth + b"]")

    assert table.frame.to_dict("list") == {".".join(["a"] * depth): [1]}


@pytest.mark.parametrize(
    ("content", "rows"),
    [(b"", 0), (b"  \r\n", 0), (b"\xef\xbb\xbf", 0), (b"[]", 0), (b"{}", 1), (b"null", 0), (b"7", 1), (b'"x"', 1)],
)
def test_an_answer_without_rows_is_an_empty_frame_with_a_note(content: bytes, rows: int) -> None:
    table = frames.to_frame(content, content_type="application/json")

    assert len(table.frame) == rows
    assert rows or len(table.notes) == 1


def test_ndjson_says_which_line_is_wrong() -> None:
    with pytest.raises(FrameError, match=r"^Line 3: Not JSON"):
        frames.to_frame(b'{"a": 1}\n\n{"a": \n', content_type="application/x-ndjson")
