"""Any JSON value becomes a table that holds all of it: leaves in = cells out, none of them changed."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apiconn_nb import frames
from apiconn_nb.frames.names import join, split
from tests.frames.leaves import Leaf, leaf, leaves, leaves_of

TEXT_AS_IT_IS = frames.FrameOptions(dates=False)
KEYS = st.sampled_from(
    ["a", "b", "c", "id", "items", "data", "errors", "meta", "node", "a.b", "a\\", ".", "", "_key", "value", "0", "é"]
)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-5, 5),
    st.sampled_from([2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), 10**30]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 1e16]),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=4), st.sampled_from(["007", "1", "true", "NaN", ""])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=25
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)


def lost_by_shape(document: Any, table: frames.Table) -> tuple[Counter[Leaf], Counter[Leaf]]:
    """Leaves that are no cells as they are names or rows now, and cells that are no leaves as they were keys."""
    rows = frames.find_rows(document).rows
    less: Counter[Leaf] = Counter()
    more: Counter[Leaf] = Counter()
    found = frames.find_rows(document)
    value = document
    for step in found.steps or ():
        value = value[step]
    less[("object", "{}")] = sum(row == {} for row in rows)
    if value == []:
        less[("list", "[]")] += 1
    match found.kind:
        case "keyed":
            more.update(leaf(key) for key in value)
            less[("object", "{}")] = sum(child == {} for child in value.values())
        case "keyed lists":
            more.update(leaf(key) for key, children in value.items() for _ in children)
            less[("object", "{}")] = sum(child == {} for children in value.values() for child in children)
            less[("list", "[]")] += sum(children == [] for children in value.values())
        case "table":
            less.update(leaves(value[0]) if len(value) != len(rows) else ())
            less[("list", "[]")] += sum(row == [] for row in value)
            less[("object", "{}")] = sum(row == {} for row in value)
        case "edges" if any(len(edge) > 1 for edge in value):
            more[("object", "{}")] += sum(len(edge) == 1 for edge in value)  # keeps the others' positions
    return +less, +more


@settings(max_examples=250, deadline=None)
@given(VALUES)
@example({"a.b": 1, "a": {"b": 2}})
@example([{"a": 1}, {"a": {"b": 2}}, {"a": {}}, {"a": None}, {"a": []}])
@example([{"a": [1, 2]}, {"a": [3, 4]}])
@example({"data": {"edges": [{"cursor": "x", "node": {"id": 1}}, {"node": {"id": 2}}]}})
def test_leaves_in_are_cells_out(document: Any) -> None:
    table = frames.to_frame(json.dumps(document).encode(), options=TEXT_AS_IT_IS)
    less, more = lost_by_shape(document, table)

    assert leaves_of(table.frame) + leaves_of(table.tables.get("$")) + less == Counter(leaves(document)) + more


@settings(max_examples=150, deadline=None)
@given(st.lists(OBJECTS, min_size=1, max_size=6))
def test_every_cell_is_the_source_value(records: list[dict[str, Any]]) -> None:
    frame = frames.to_frame(json.dumps(records).encode(), records="@", options=TEXT_AS_IT_IS).frame

    assert len(frame) == len(records)
    for row, record in enumerate(records):
        wanted = dict(flat(record))
        for name in frame.columns:
            assert same(frame[name].array[row], wanted.get(name)), (name, row)


def flat(value: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, Any]]:
    """An object's leaves by column name, written out as plainly as can be."""
    made: list[tuple[str, Any]] = []
    for key, child in value.items():
        if isinstance(child, dict) and child:
            made += flat(child, (*path, key))
        elif child is not None:
            made.append((join((*path, key)), child))
    return made


def same(cell: Any, value: Any) -> bool:
    if isinstance(value, list | dict):
        return bool(cell == value)
    if value is None:
        return bool(pd.isna(cell))
    if isinstance(value, float) and value == 0:
        return math.copysign(1, cell) == math.copysign(1, value) or leaf(cell) == leaf(value)
    return leaf(cell) == leaf(value)


@given(st.lists(st.text(max_size=5), min_size=1, max_size=5))
@example(["a.b", "\\", "", "."])
def test_a_column_name_is_one_path(keys: list[str]) -> None:
    assert split(join(keys)) == keys


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": st.integers(0, 10**6)},
            optional={
                "lines": st.lists(
                    st.fixed_dictionaries({"sku": st.text(max_size=3)}, optional={"n": NUMBERS}), max_size=4
                )
            },
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda order: order["id"],
    )
)
def test_a_child_table_merges_back(orders: list[dict[str, Any]]) -> None:
    table = frames.to_frame(json.dumps(orders).encode(), records="@")
    if not any(order.get("lines") for order in orders):
        assert "lines" not in table.tables
        return

    merged = table.frame[["id"]].merge(table.tables["lines"], left_on="id", right_on="_parent_id")

    back: dict[int, dict[int, dict[str, Any]]] = {}
    for row in merged.to_dict("records"):
        line = {key: row[key] for key in ("sku", "n") if key in row and not pd.isna(row[key])}
        back.setdefault(row["id"], {})[row["_position"]] = line
    wanted = {order["id"]: dict(enumerate(order["lines"])) for order in orders if order.get("lines")}
    assert back == wanted
