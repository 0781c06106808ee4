"""The contract on types: what a column is, decided column by column, and never at the price of a value."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apiconn_nb import frames
from apiconn_nb.errors import FrameError
from tests.frames.leaves import leaf

TEXT = pd.Series(["text"]).dtype  # `str` from pandas 3 on, object before


def column(values: list[Any], **options: Any) -> pd.Series:
    """A column made of these values; a lone Ellipsis is a missing key."""
    records = [{"row": row} if value is ... else {"row": row, "x": value} for row, value in enumerate(values)]
    frame = frames.to_frame(json.dumps(records).encode(), options=frames.FrameOptions(**options)).frame
    return frame["x"]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, None], "Int64"),
        ([1, ...], "Int64"),
        ([2**63, 1], "uint64"),
        ([2**63, None], "UInt64"),
        ([2**64, 1], "object"),
        ([2**63, -1], "object"),
        ([1.5, 2], "float64"),
        ([1.5, None], "float64"),
        ([1.5, 2**53 + 1], "object"),
        ([True, False], "bool"),
        ([True, None], "boolean"),
        ([True, 1], "object"),
        ([[1], [2]], "object"),
        ([None, None], "object"),
        (["2024-01-31T10:00:00Z", None], "datetime64[ns, UTC]"),
        (["2024-01-31T10:00:00.123+02:00", "2024-01-31T10:00:00Z"], "datetime64[ns, UTC]"),
        (["2024-01-31T10:00:00.000+0000"], "datetime64[ns, UTC]"),
        (["9999-12-31T23:59:59Z"], "datetime64[us, UTC]"),
        (["0001-01-01T00:00:00Z", "2024-01-31T10:00:00Z"], "datetime64[us, UTC]"),
        (["2024-01-31T10:00:00", "2024-01-31 11:00"], "datetime64[ns]"),
        (["2024-01-31", None], "datetime64[ns]"),
        (["9999-12-31"], "datetime64[us]"),
    ],
)
def test_the_dtype_is_as_promised(values: list[Any], dtype: str) -> None:
    assert str(column(values).dtype) == dtype


@pytest.mark.parametrize(
    "values",
    [
        ["007", "7"],
        ["1", "2"],
        ["true"],
        ["", "2024-01-31T10:00:00Z"],
        ["2024-01-31T10:00:00Z", "2024-01-31T10:00:00"],
        ["2024-01-31", "2024-01-31T10:00:00"],
        ["2024-01-31T10:00:00", "2024-01-31"],
        ["2024-01-31T10:00:00Z", "soon"],
        ["2024-02-30T00:00:00Z"],
        ["2024-01-31T10:00:00.1234567890Z"],
        ["9999-12-31T23:59:59.1234567Z"],
        ["2024-01-31T24:00:00Z"],
        ["2016-12-31T23:59:60Z"],
        ["10000-01-01T00:00:00Z"],
        ["31/01/2024"],
        ["2024"],
        ["20240131"],
        ["2024-1-1"],
        ["NaN", "null"],
    ],
)
def test_text_stays_text(values: list[str]) -> None:
    made = column(values)

    assert made.dtype == TEXT
    assert made.tolist() == values


def test_dates_are_the_instants_they_name() -> None:
    made = column(["2024-01-31T10:00:00.123456789+02:00", "2024-01-31T10:00:00Z", None, ...])

    assert made[0] == pd.Timestamp("2024-01-31T08:00:00.123456789Z")
    assert made[1] == pd.Timestamp("2024-01-31T10:00:00Z")
    assert made.isna().tolist() == [False, False, True, True]


def test_dates_can_stay_text() -> None:
    assert column(["2024-01-31T10:00:00Z"], dates=False).tolist() == ["2024-01-31T10:00:00Z"]


def test_mixed_values_are_kept_with_one_note() -> None:
    content = b'[{"a": 1, "b": "x", "c": 1}, {"a": "1", "b": [2], "c": 2}, {"a": true}]'
    table = frames.to_frame(content)

    assert [type(cell) for cell in table.frame["a"]] == [int, str, bool]
    assert table.frame["b"].tolist()[:2] == ["x", [2]]
    assert table.notes == ["mixed types, kept as they came: a (boolean, integer, text), b (list, text)"]


def test_a_missing_key_and_null_are_the_same_missing_cell() -> None:
    table = frames.to_frame(b'[{"a": null, "b": 1, "c": null, "d": "x"}, {"b": null, "c": [1]}, {"d": null}]')

    assert table.frame.isna().to_numpy().tolist() == [
        [True, False, True, False],
        [True, True, False, True],
        [True, True, True, True],
    ]
    assert table.notes == []


def test_an_object_beside_other_values_loses_nothing() -> None:
    frame = frames.to_frame(b'[{"a": 1}, {"a": {"b": 2}}, {"a": {}}, {"a": null}]').frame

    assert list(frame.columns) == ["a", "a.b"]
    assert frame["a"].tolist() == [1, None, {}, None]
    assert frame["a.b"].dtype == "Int64"


def test_keys_that_are_data_do_not_become_thousands_of_columns() -> None:
    records = [{"id": row, "seen": {f"user{row}-{n}": n for n in range(3)}} for row in range(400)]
    frame = frames.to_frame(json.dumps(records).encode()).frame

    assert list(frame.columns) == ["id", "seen"]
    assert frame["seen"].tolist() == [record["seen"] for record in records]


def test_rows_whose_keys_are_data_stay_one_column() -> None:
    records = [{f"key{row}": row} for row in range(5000)]
    frame = frames.to_frame(json.dumps(records).encode(), records="@").frame

    assert frame["value"].tolist() == records


def test_columns_can_be_written_to() -> None:
    frame = frames.to_frame(
        b'[{"a": 1, "b": 1.5, "c": true, "d": "x", "e": "2024-01-01"}, {"a": 2, "b": 2.5, "c": false}]'
    ).frame
    for name, value in {"a": 5, "b": 0.5, "c": False, "d": "y", "e": pd.Timestamp("2025-01-01")}.items():
        frame.loc[1, name] = value

    assert frame.iloc[1].tolist() == [5, 0.5, False, "y", pd.Timestamp("2025-01-01")]
    assert frame.sort_values("a", ascending=False)["d"].tolist() == ["y", "x"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1))
def test_numbers_are_never_other_numbers(values: list[Any]) -> None:
    made = column(values)

    for cell, value in zip(made, values, strict=True):
        assert (pd.isna(cell) and value is None) or leaf(cell) == leaf(value)


# ── pinned columns ──

PINNED = {"id": "Int64", "name": str(TEXT), "at": "datetime64[ns, UTC]"}


def pinned(content: bytes, strict: bool = False) -> frames.Table:
    return frames.to_frame(content, options=frames.FrameOptions(columns=PINNED, strict=strict))


def test_pinned_columns_have_their_order_and_types() -> None:
    table = pinned(b'[{"name": "a", "at": "2024-01-01T00:00:00Z", "id": 1}]')

    assert frames.pins_of(table.frame) == PINNED
    assert list(table.frame.columns) == list(PINNED)
    assert table.notes == []


def test_drift_is_said() -> None:
    table = pinned(b'[{"id": "x1", "at": "2024-01-01T00:00:00Z", "extra": 1}]')

    assert list(table.frame.columns) == ["id", "name", "at", "extra"]
    assert table.frame["id"].tolist() == ["x1"]
    assert table.frame["name"].isna().all()
    assert table.notes == [
        f"differs from the pinned columns: id is {TEXT}, not Int64; name is missing; new: extra",
    ]


def test_strict_drift_is_an_error() -> None:
    with pytest.raises(FrameError, match=r"name is missing.*leave out strict"):
        pinned(b'[{"id": 1, "at": "2024-01-01T00:00:00Z"}]', strict=True)


def test_a_column_that_came_empty_has_its_pinned_type() -> None:
    assert frames.pins_of(pinned(b'[{"id": null, "name": null, "at": null}]').frame) == PINNED


def test_a_pin_never_changes_a_value() -> None:
    table = frames.to_frame(b'[{"n": 1.5}]', options=frames.FrameOptions(columns={"n": "int64"}))

    assert table.frame["n"].tolist() == [1.5]
    assert table.notes == ["differs from the pinned columns: n is float64, not int64"]


def test_a_pin_that_is_no_dtype_is_refused() -> None:
    with pytest.raises(FrameError, match="columns: n = 'int65' is no dtype of pandas"):
        frames.to_frame(b'[{"n": 1}]', options=frames.FrameOptions(columns={"n": "int65"}))


def test_text_is_as_pandas_has_it() -> None:
    assert column(["a", None]).dtype == TEXT
    assert column(["a", "b"]).to_numpy(dtype=object).tolist() == ["a", "b"]
    assert isinstance(column([[1], [2]])[0], list)
    assert column([1, 2]).to_numpy().dtype == np.int64
