"""``--since last``: +new ~changed −gone, by key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiconn_nb.changes import CHANGED, GONE, NEW, compare
from apiconn_nb.errors import FrameError

BEFORE = pd.DataFrame({"id": [1, 2, 3], "state": ["open", "open", "closed"], "n": [1, 2, 3]})
DAYS = pd.to_datetime(pd.Series(["2024-01-01", None]), utc=True)
NOW = pd.DataFrame({"id": [4, 3, 1], "state": ["new", "closed", "closed"], "n": [4, 3, 1]})


def test_rows_are_marked_new_changed_and_gone() -> None:
    changes = compare(BEFORE, NOW)
    assert changes.describe() == "+1 new ~1 changed −1 gone (by id)"
    assert list(changes.frame.columns) == ["change", "changed", "id", "state", "n"]
    assert changes.frame.to_dict("records") == [
        {"change": NEW, "changed": [], "id": 4, "state": "new", "n": 4},
        {"change": CHANGED, "changed": ["state"], "id": 1, "state": "closed", "n": 1},
        {"change": GONE, "changed": [], "id": 2, "state": "open", "n": 2},
    ]


def test_nothing_changed_is_an_empty_frame_with_its_columns() -> None:
    changes = compare(BEFORE, BEFORE.iloc[::-1])
    assert len(changes.frame) == 0
    assert list(changes.frame.columns) == ["change", "changed", "id", "state", "n"]
    assert changes.describe() == "+0 new ~0 changed −0 gone (by id)"


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        (pd.Series([1, 2], dtype="Int64"), pd.Series([1.0, 2.0]), False),
        (pd.Series([1, None], dtype="Int64"), pd.Series([1.0, np.nan]), False),
        (pd.Series(["a", None], dtype=object), pd.Series(["a", np.nan], dtype="string"), False),
        (pd.Series([None, "x"], dtype=object), pd.Series([pd.NaT, "x"], dtype=object), False),
        (pd.Series([1, 2]), pd.Series([1, 3]), True),
        (pd.Series([True, True]), pd.Series([1, 1], dtype=object), True),
        (pd.Series([[1, {"a": None}], []]), pd.Series([[1, {"a": np.nan}], []]), False),
        (pd.Series([[1, 2], []]), pd.Series([[2, 1], []]), True),
        (pd.Series([{"a": 1, "b": 2}, {}]), pd.Series([{"b": 2, "a": 1}, {}]), False),
        (pd.Series(["1", "2"]), pd.Series([1, 2]), True),
        (pd.Series([2**70, 1], dtype=object), pd.Series([2**70 + 1, 1], dtype=object), True),
        (DAYS, DAYS, False),
    ],
)
def test_cells_are_compared_by_value(old: pd.Series[Any], new: pd.Series[Any], differs: bool) -> None:
    before, now = pd.DataFrame({"id": [1, 2], "v": old}), pd.DataFrame({"id": [1, 2], "v": new})
    assert (compare(before, now).changed > 0) is differs


def test_a_column_that_comes_or_goes_counts_where_it_holds_something() -> None:
    now = BEFORE.drop(columns="n").assign(tag=[None, "x", None])
    changes = compare(BEFORE, now)
    assert changes.frame.set_index("id")["changed"].to_dict() == {1: ["n"], 2: ["tag", "n"], 3: ["n"]}
    assert compare(BEFORE, BEFORE.assign(tag=None)).changed == 0


def test_several_columns_make_a_key() -> None:
    before = pd.DataFrame({"country": ["de", "de"], "year": [1, 2], "v": [1, 2]})
    now = pd.DataFrame({"country": ["de", "fr"], "year": [2, 2], "v": [3, 4]})
    changes = compare(before, now, ["country", "year"])
    assert (changes.new, changes.changed, changes.gone) == (1, 1, 1)
    assert changes.describe().endswith("(by country, year)")


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"name": ["a", "b"], "id": [1, 2]}, "id"),
        ({"id": [1, 1], "name": ["a", "b"]}, "name"),
        ({"v": [1, 1], "orderId": [7, 8]}, "orderId"),
        ({"uuid": [None, "x"], "key": ["a", "b"]}, "key"),
    ],
)
def test_a_key_is_found(columns: dict[str, Any], key: str) -> None:
    frame = pd.DataFrame(columns)
    assert compare(frame, frame).key == (key,)


@pytest.mark.parametrize(
    ("now", "key", "said"),
    [
        (NOW, "nr", "No column 'nr' in the previous answer; there is id, state, n."),
        (NOW.drop(columns="id"), "id", "No column 'id' in this answer; there is state, n."),
        (NOW, "state", "1 rows repeat another's state in the previous answer: name more columns"),
        (NOW.assign(id=[1, None, 2]), "id", "some rows have no id in this answer"),
        (NOW.assign(id=[[1], [2], [3]]), "id", "id holds lists or objects in this answer: no key."),
        (NOW.assign(id=1, n=1), None, "No column tells the rows apart: name the key's columns; there is id, state, n."),
    ],
)
def test_a_key_that_is_none_is_said(now: pd.DataFrame, key: str | None, said: str) -> None:
    with pytest.raises(FrameError) as caught:
        compare(BEFORE, now, key)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_table_on_either_side() -> None:
    empty = pd.DataFrame()
    assert compare(empty, NOW).new == 3
    assert compare(NOW, empty).gone == 3
    assert (compare(BEFORE.iloc[:0], NOW).new, compare(BEFORE, NOW.iloc[:0]).gone) == (3, 3)


def test_a_column_of_the_same_name_keeps_it() -> None:
    before = pd.DataFrame({"id": [1], "change": ["a"], "changed": ["b"]})
    frame = compare(before, before.assign(change="x")).frame
    assert list(frame.columns) == ["change_", "changed_", "id", "change", "changed"]
    assert frame["change_"].tolist() == [CHANGED]


def test_types_are_kept() -> None:
    before = pd.DataFrame({"id": pd.Series([1], dtype="Int64"), "at": pd.to_datetime(["2024-01-01"], utc=True)})
    now = pd.DataFrame({"id": pd.Series([2], dtype="Int64"), "at": pd.to_datetime(["2024-02-01"], utc=True)})
    frame = compare(before, now).frame
    assert frame["id"].dtype == "Int64"
    assert str(frame["at"].dtype).endswith("UTC]")


tables = st.dictionaries(st.integers(0, 8), st.tuples(st.integers(0, 2) | st.none(), st.sampled_from(["a", "b"])))


@given(tables, tables)
def test_it_is_what_sets_and_dictionaries_say(old: dict[int, Any], new: dict[int, Any]) -> None:
    def frame(table: dict[int, Any]) -> pd.DataFrame:
        rows = [(key, *values) for key, values in table.items()]
        return pd.DataFrame(rows, columns=["id", "x", "y"])

    changes = compare(frame(old), frame(new), "id")
    marks = {mark: set() for mark in (NEW, CHANGED, GONE)}
    for row in changes.frame.to_dict("records"):
        marks[row["change"]].add(row["id"])
    assert marks[NEW] == new.keys() - old.keys()
    assert marks[GONE] == old.keys() - new.keys()
    assert marks[CHANGED] == {key for key in old.keys() & new.keys() if old[key] != new[key]}
    assert (changes.new, changes.changed, changes.gone) == tuple(len(marks[mark]) for mark in (NEW, CHANGED, GONE))
