"""A large body as a paginator reads it: not decoded a second time, and read as one that was."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from apiconn_nb.paging import document, find_paginator
from apiconn_nb.paging.base import rows_fingerprint
from apiconn_nb.paging.document import LongList, document_of
from apiconn_nb.paging.envelope import count_rows, has_records, rows_of

ROWS = [{"id": f"ch_{number}", "n": number, "nested": [1, 2]} for number in range(500)]
SHAPES = [
    {"object": "list", "data": ROWS, "has_more": True},
    {"items": ROWS, "meta": {"page": 1, "total_pages": 9}, "facets": [1] * 100},
    ROWS,
    [{"page": 1, "pages": 4}, ROWS],
    {"data": {"repository": {"issues": {"nodes": ROWS, "pageInfo": {"hasNextPage": True, "endCursor": "x"}}}}},
    {"value": ROWS, "@odata.nextLink": "https://api.example.org/x?$skip=500"},
    {"results": ROWS[:3], "next": "https://api.example.org/x?page=2", "text": "x" * 2000},
]


@pytest.fixture(autouse=True)
def soon_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "LARGE", 1000)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sketch_is_read_as_the_whole(shape: Any) -> None:
    sketch = document_of(json.dumps(shape).encode())
    assert count_rows(sketch) == count_rows(shape)
    assert has_records(sketch) == has_records(shape)
    assert rows_fingerprint(sketch) == rows_fingerprint(shape)
    expected, found = rows_of(shape), rows_of(sketch)
    assert expected is not None
    assert found is not None
    assert found.path == expected.path
    assert found.items[-1] == expected.items[-1]
    assert list(found.items) == list(expected.items)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_paginator_is_found_and_asks_for_the_same_page(shape: Any) -> None:
    request = httpx.Request("GET", "https://api.example.org/x?limit=500")
    response = httpx.Response(200, json=shape, request=request)
    made = []
    for seen in (shape, document_of(response.content)):
        paginator = find_paginator(request, response, seen)
        following = paginator.advance(request, response, seen) if paginator else None
        made.append((paginator and paginator.spec, following and str(following.url)))
    assert made[0] == made[1]


def test_what_is_no_plain_json_is_decoded_as_ever() -> None:
    assert document_of(b"x" * 5000) is None
    assert document_of(b'{"a": [1, 2]}') == {"a": [1, 2]}
    assert document_of(b'\xff{"a": "' + b"x" * 5000 + b'"}') is None


def test_it_costs_a_part_of_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    content = json.dumps(
        {"data": [{"id": n, "text": "x" * 60, "tags": ["a", "b", "c"]} for n in range(60_000)]}
    ).encode()
    seconds = []
    for read in (document_of, json.loads):
        began = time.process_time()
        found = read(content)
        seconds.append(time.process_time() - began)
        assert found["data"][-1]["id"] == 59_999
    assert isinstance(document_of(content)["data"], LongList)
    assert seconds[0] < seconds[1] / 2
