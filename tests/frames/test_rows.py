"""Where the rows are: what is never taken, one record or many, and what a person can say about it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from apiconn_nb import frames
from apiconn_nb.errors import FrameError
from tests.frames.test_lossless import VALUES

# Not from anyone's document: shapes made to mislead.
MISLEADING: list[tuple[Any, str, int]] = [
    ({"errors": [{"m": 1}], "users": []}, "$.users", 0),
    ({"warnings": [{"m": 1}, {"m": 2}], "orders": [{"id": 1}]}, "$.orders", 1),
    ({"links": [{"rel": "a"}], "items": []}, "$.items", 0),
    ({"included": [{"id": 1}, {"id": 3}], "data": [{"id": 2}]}, "$.data", 1),
    ({"meta": {"fields": [{"a": 1}, {"a": 2}]}, "data": [{"x": 1}]}, "$.data", 1),
    ({"links": [{"rel": "self"}], "warnings": [], "products": [{"sku": 1}, {"sku": 2}]}, "$.products", 2),
    ({"notices": [{"text": "a"}, {"text": "b"}], "readings": []}, "$.readings", 0),
    ({"products": [], "total": 0, "suggestions": [{"text": "a"}]}, "$.products", 0),
    ({"errors": [{"message": "bad"}]}, "$.errors", 1),
    ({"name": "Bob", "email": "b@x.org", "tags": [{"name": "t1"}, {"name": "t2"}]}, "$", 1),
    ({"id": 5, "name": "Bob", "tags": ["a", "b"]}, "$", 1),
    ({"name": "Widget", "price": 3.5, "tags": ["a", "b", "c"]}, "$", 1),
    ({"title": "x", "tags": [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}]}, "$", 1),
    ({"user": {"id": 1, "name": "x", "roles": [{"id": 1}, {"id": 2}]}}, "$.user", 1),
    ({"number": "A1", "currency": "EUR", "lines": [{"sku": 1}, {"sku": 2}], "total": 3}, "$", 1),
    ({"id": 17, "items": [{"sku": "a"}, {"sku": "b"}]}, "$", 1),
    ({"id": "search-1", "next_page": 2, "results": [{"sku": "a"}, {"sku": "b"}]}, "$.results", 2),
    ({"batters": {"batter": [{"id": "1"}, {"id": "2"}]}, "id": "0001", "type": "donut", "name": "Cake"}, "$", 1),
    ({"data": {"id": 2, "email": "x", "first_name": "J"}, "support": {"url": "x", "text": "y"}}, "$.data", 1),
    ({"page": 1, "data": [{"id": 1}], "support": {"url": "x", "text": "y"}}, "$.data", 1),
    ({"people": [{"name": "x", "craft": "ISS"}], "number": 1, "message": "success"}, "$.people", 1),
    ({"total": 1, "next": None, "customers": [{"id": 1, "orders": [{"id": 1}, {"id": 2}]}]}, "$.customers", 1),
    ({"chart": {"result": [{"meta": {}, "timestamp": [1, 2]}], "error": None}}, "$.chart.result", 1),
    ({"error": [], "result": {"XBT": [[1, "30306.1"], [2, "30306.2"]], "last": 3}}, "$.result.XBT", 2),
    ({"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 4, "y": 3}}, "$", 3),
    (
        {"rss": {"@version": "2.0", "channel": {"title": "t", "item": [{"title": "a"}, {"title": "b"}]}}},
        "$.rss.channel.item",
        2,
    ),
    ({"message": "Not Found", "documentation_url": "https://x.org"}, "$", 1),
    ([[1, 2], [3, 4]], "$", 2),
    ([1, 2, 3], "$", 3),
    ("text", "$", 1),
    (None, "$", 0),
]


@pytest.mark.parametrize(("document", "path", "count"), MISLEADING, ids=lambda value: str(value)[:60])
def test_misleading_shapes(document: Any, path: str, count: int) -> None:
    found = frames.find_rows(document)

    assert (found.path, found.count) == (path, count)


def test_the_status_line_says_what_was_taken_and_what_else_there_was() -> None:
    assert (
        frames.find_rows({"errors": [], "users": [{"id": 1}] * 200}).explain()
        == "from $.users (200); also $.errors (0)"
    )
    assert frames.find_rows([{"id": 1}]).explain() == "from $ (1)"
    assert frames.find_rows({"id": 1, "tags": ["a"]}).explain() == "from $ (1 record); also $.tags (1)"


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_rows_are_found_in_anything(document: Any) -> None:
    found = frames.find_rows(document)

    assert found.count == len(found.rows)
    assert found.path.startswith("$")
    json.dumps(found.rows)


# ── --records ──

ENVELOPE = {
    "data": {"my-items": [{"id": 1, "tags": [{"t": 1}, {"t": 2}]}, {"id": 2, "tags": []}]},
    "errors": [],
    "none": None,
}


@pytest.mark.parametrize(
    ("records", "count"),
    [
        ('data."my-items"', 2),
        ('$.data."my-items"', 2),
        ('data."my-items"[]', 2),
        ('data."my-items"[].tags[]', 2),
        ("data.*[] | [?id > `1`]", 1),
        ("errors", 0),
        ("none", 0),
        ("data", 1),
        ("@", 1),
        ("$", 1),
    ],
)
def test_a_path_settles_it(records: str, count: int) -> None:
    table = frames.to_frame(json.dumps(ENVELOPE).encode(), records=records)

    assert len(table.frame) == count == table.found.count
    assert table.found.path.startswith("$")


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ("itmes", r"^--records itmes matches nothing\. There is \$\.data\.\"my-items\" \(2\), \$\.errors \(0\)"),
        ("data.items", r"matches nothing\. There is"),
        ("data.my-items", r"is not a JMESPath .* goes in quotes: data\.\"my-items\"$"),
        ("data[", r"^--records data\[ is not a JMESPath"),
    ],
)
def test_a_path_that_finds_nothing_says_what_is_there(records: str, message: str) -> None:
    with pytest.raises(FrameError, match=message):
        frames.to_frame(json.dumps(ENVELOPE).encode(), records=records)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"a": 1, "b": 2}, "There is one object with a, b."),
        ([], r"There is \$ \(0\)."),
        (7, "The answer is a single value."),
    ],
)
def test_what_is_there_is_said_in_words(document: Any, said: str) -> None:
    with pytest.raises(FrameError, match=said):
        frames.find_rows(document, "x.y")


# ── rows written in other ways ──


def rows(document: Any) -> list[Any]:
    return list(frames.find_rows(document).rows)


def test_objects_under_their_ids_keep_the_id() -> None:
    assert rows({"u1": {"n": 1}, "u2": {"n": 2}}) == [{"_key": "u1", "n": 1}, {"_key": "u2", "n": 2}]
    assert rows({"u1": {"_key": 1}, "u2": {"_key": 2}})[0] == {"__key": "u1", "_key": 1}


def test_lists_under_dates_keep_the_date() -> None:
    assert rows({"2024-01-01": [{"n": 1}], "2024-01-02": [{"n": 2}, {"n": 3}]}) == [
        {"_key": "2024-01-01", "n": 1},
        {"_key": "2024-01-02", "n": 2},
        {"_key": "2024-01-02", "n": 3},
    ]


def test_columns_become_rows() -> None:
    wanted = [{"time": 1, "temp": 20}, {"time": 2, "temp": None}]

    assert rows({"hourly": {"time": [1, 2], "temp": [20, None]}}) == wanted
    assert rows({"columns": ["time", "temp"], "data": [[1, 20], [2, None]]}) == wanted
    assert rows({"fields": [{"name": "time"}, {"name": "temp"}], "rows": [[1, 20], [2, None]]}) == wanted
    assert rows({"time": {"0": 1, "1": 2}, "temp": {"0": 20, "1": None}}) == wanted


def test_a_header_names_the_columns() -> None:
    assert rows([["name", "state", "state"], ["A", 1, 2]]) == [{"name": "A", "state": 1, "state_2": 2}]
    assert rows([["name", "n"], ["A"], ["B", 2]]) == [{"name": "A"}, {"name": "B", "n": 2}]
    assert rows([[1, "a"], [2, "b"]]) == [{"0": 1, "1": "a"}, {"0": 2, "1": "b"}]


def test_what_is_beside_the_rows_is_a_table() -> None:
    content = json.dumps({"total": 34, "users": [{"id": 1}], "errors": [{"code": 7}], "page": {"next": "x"}}).encode()
    tables = frames.to_frame(content).tables

    assert tables["$"].to_dict("records") == [{"total": 34, "errors": [{"code": 7}], "page.next": "x"}]
    assert tables["$.errors"]["code"].tolist() == [7]
    assert "$" not in frames.to_frame(b'[{"id": 1}]').tables
