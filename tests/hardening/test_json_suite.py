"""JSONTestSuite as answers of a server: JSON is read to the digit, what is none is a frame or one clear error."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from apiconn_nb.calling import run
from apiconn_nb.errors import ApiConnError
from apiconn_nb.live_collection import Collection
from apiconn_nb.request import parse
from tests.echo import Answer, Echo
from tests.hardening import evidence
from tests.hardening.hostile import check_one_line
from tests.opened import Open

# What the npm package cannot hold: bytes that are no UTF-8 (the suite's own names).
BYTES: list[tuple[str, bytes]] = [
    ("i_string_invalid_utf-8.json", b'["\xff"]'), ("i_string_iso_latin_1.json", b'["\xe9"]'),
    ("i_string_overlong_sequence_2_bytes.json", b'["\xc0\xaf"]'), ("i_string_truncated-utf-8.json", b'["\xe0\xff"]'),
    ("i_string_UTF-8_invalid_sequence.json", b'["\xe6\x97\xa5\xd1\x88\xfa"]'),
    ("i_string_lone_utf8_continuation_byte.json", b'["\x81"]'), ("i_string_utf16BE_no_BOM.json", b'\0[\0"\0\xe9\0"\0]'),
    ("i_string_utf16LE_no_BOM.json", b'[\0"\0\xe9\0"\0]\0'), ("n_array_a_invalid_utf8.json", b"[a\xe5]"),
    ("i_structure_UTF-8_BOM_empty_object.json", b"\xef\xbb\xbf{}"), ("n_number_invalid-utf-8-in-int.json", b"[0\xe5]"),
    ("n_object_lone_continuation_byte_in_key_and_trailing_comma.json", b'{"\xb9":"0",}'),
    ("n_structure_incomplete_UTF8_BOM.json", b"\xef\xbb{}"), ("n_structure_lone-invalid-utf-8.json", b"\xe5"),
    ("n_structure_100000_opening_arrays.json", b"[" * 100_000), ("n_structure_open_array_object.json", b'[{"":' * 50_000),  # noqa: E501
    ("y_structure_500_nested_arrays.json", b"[" * 500 + b"]" * 500),
]  # fmt: skip
# json.loads takes these words of JavaScript; a frame has them as missing values.
LENIENT = {b"[NaN]", b"[Infinity]", b"[-Infinity]", b"[-NaN]"}


def became(collection: Collection, how: str) -> Any:
    """The value, or None for an error, which is one line."""
    try:
        return run(collection, parse("GET /x"), returned=how).value
    except ApiConnError as error:
        check_one_line(error, how)
        return None


def meets(echo: Echo, collection: Collection, name: str, text: bytes) -> None:
    echo.rules.clear()
    echo.answer("/x", Answer(body=text))
    parsed, frame = became(collection, "json"), became(collection, "frame")
    became(collection, "auto")
    if name.startswith("y_"):
        expected = json.loads(text)
        assert parsed == expected or (isinstance(parsed, float) and math.isnan(parsed)), name
        assert frame is not None, name
    elif name.startswith("n_") and text.strip() and text not in LENIENT:
        assert parsed is None, (name, parsed)
    evidence.count("json", cases=1)


def test_bytes_that_are_no_text(echo: Echo, opened: Open) -> None:
    collection = opened(echo.url, retries=0)
    for name, text in BYTES:
        meets(echo, collection, name, text)


@pytest.mark.timeout(300)
def test_the_suite(echo: Echo, opened: Open, json_suite: list[tuple[str, bytes]]) -> None:
    collection = opened(echo.url, retries=0)
    for name, text in json_suite:
        meets(echo, collection, name, text)
    assert sum(name.startswith("y_") for name, _ in json_suite) > 80
