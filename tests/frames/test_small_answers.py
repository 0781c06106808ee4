"""Many small answers: their rows wait for each other, and a record like one before it is not looked through again."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import FrameBuilder, Table, gathered
from apiconn_nb.frames.rows import find_rows, shape_of

_KEYS = st.sampled_from(
    ["id", "name", "type", "object", "items", "data", "errors", "page", "total", "owner", "tags", "7"]
)
_SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["list", "record", "", "2024-01-01", "x"])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=8
)
_RECORDS = st.dictionaries(_KEYS, _VALUES, max_size=5)


def table_of(documents: list[Any]) -> Table:
    builder = FrameBuilder()
    for document in documents:
        builder.add(json.dumps(document).encode(), "application/json")
    return builder.finish()


def one_by_one(documents: list[Any]) -> Table:
    """The same with each answer looked at and put in by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathered, "FEW", -1)
        patch.setattr(gathered, "SHAPES", 0)
        return table_of(documents)


@given(st.lists(_RECORDS, min_size=1, max_size=12))
def test_the_table_is_that_of_the_answers_one_by_one(documents: list[Any]) -> None:
    quick, patient = table_of(documents), one_by_one(documents)
    pd.testing.assert_frame_equal(quick.frame, patient.frame)
    assert quick.found.explain() == patient.found.explain()
    assert quick.notes == patient.notes
    assert list(quick.tables) == list(patient.tables)


@given(_RECORDS, _RECORDS)
def test_records_of_one_shape_are_found_in_one_way(one: Any, other: Any) -> None:
    shape = shape_of(one)
    if shape is not None and shape == shape_of(other):
        left, right = find_rows(one), find_rows(other)
        assert (left.path, left.kind, left.count, left.also) == (right.path, right.kind, right.count, right.also)


@given(_RECORDS, st.data())
def test_other_values_of_the_same_kinds_are_the_same_shape(one: Any, data: st.DataObject) -> None:
    def other(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {key: other(child, key) for key, child in value.items()}
        if value is None or isinstance(value, list) or key in ("type", "object"):
            return value
        return data.draw(st.booleans() | st.integers() | st.text() if not isinstance(value, str) else st.text())

    changed = other(one)
    assert shape_of(changed) == shape_of(one)
    if shape_of(one) is not None:
        left, right = find_rows(one), find_rows(changed)
        assert (left.path, left.kind, left.count, left.also) == (right.path, right.kind, right.count, right.also)


@pytest.mark.parametrize("rows", [1, 255, 256, 257, 1000])
def test_rows_that_wait_are_all_there_and_in_order(rows: int) -> None:
    builder, expected = FrameBuilder(), []
    for number in range(rows):
        builder.add(json.dumps({"id": number, "name": f"n{number}"}).encode())
        expected.append(number)
        if number % 300 == 100:
            builder.add(json.dumps([{"id": -number, "name": "of a large answer"}] * 50).encode())
            expected += [-number] * 50
            with pytest.raises(FrameError):
                builder.add(b"{not JSON")
        assert builder.rows == len(expected)
    assert list(builder.finish().frame["id"]) == expected
