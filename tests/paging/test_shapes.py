"""Each shape is paged as its documentation says."""

from __future__ import annotations

import json
import pickle
from typing import Any

import httpx
import pytest

from apiconn_nb.paging import find_paginator, paginator_named
from tests.paging.shapes import FILE, Shape, load, request_of

SHAPES = load()
ROW_SHAPES = json.loads(FILE.with_name("shapes.json").read_text("utf-8"))
KEYS = {"api_key"}  # the parameter in which the shapes' own key travels


def asked(request: httpx.Request | None) -> object:
    """A request as a reader of the documentation would write it."""
    if request is None:
        return None
    body = json.loads(request.content) if request.content else None
    return request.method, str(request.url), body, request.headers.get("range")


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_a_shape_gives_its_paginator_and_its_next_request(shape: Shape) -> None:
    paginator = find_paginator(shape.request, shape.response, shape.document, shape.rows, strip_query=KEYS)
    assert (paginator.spec if paginator else None) == shape.paginator
    if paginator is None:
        return
    assert asked(paginator.advance(shape.request, shape.response, shape.document, shape.rows)) == asked(shape.next)
    assert paginator.describe()


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_a_found_paginator_is_saved_and_named_again(shape: Shape) -> None:
    paginator = find_paginator(shape.request, shape.response, shape.document, shape.rows, strip_query=KEYS)
    if paginator is None:
        return
    assert paginator_named(paginator.spec) == paginator
    assert pickle.loads(pickle.dumps(paginator)) == paginator
    named = paginator_named(paginator.spec)
    named.strip_query = frozenset(KEYS)
    assert asked(named.advance(shape.request, shape.response, shape.document, shape.rows)) == asked(shape.next)


@pytest.mark.parametrize("entry", ROW_SHAPES, ids=[entry["name"] for entry in ROW_SHAPES])
def test_the_shapes_of_row_finding_are_paged_too(entry: dict[str, Any]) -> None:
    """Collected by another hand, for their rows: what paging makes of them was read and written down afterwards."""
    request, document = request_of(entry["request"]), entry["body"]
    response = httpx.Response(200, headers=entry["headers"], content=json.dumps(document).encode(), request=request)
    paginator = find_paginator(request, response, document, entry["count"])
    assert (paginator.spec if paginator else None) == entry["paginator"]


def test_there_are_many_and_each_has_its_source() -> None:
    assert len(SHAPES) >= 100
    assert all(shape.source.startswith("https://") for shape in SHAPES)
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)
    kinds = {shape.paginator.partition(":")[0] for shape in SHAPES if shape.paginator}
    assert kinds == {"link", "next", "cursor", "page", "offset", "graphql", "continue"}
