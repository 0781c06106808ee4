"""Rows are found in answers shaped as public APIs document them (tests/shapes/shapes.json names each document)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb import frames

SHAPES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "shapes" / "shapes.json").read_text("utf-8"))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["name"])
def test_rows_are_found(shape: dict[str, Any]) -> None:
    found = frames.find_rows(shape["body"])

    assert (found.path, found.count) == (shape["rows"], shape["count"])
    assert len(found.rows) == found.count
    assert {tuple(also) for also in shape["also"]} <= set(found.also)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["name"])
def test_the_path_that_is_shown_is_one_that_records_takes(shape: dict[str, Any]) -> None:
    found = frames.find_rows(shape["body"])
    asked = frames.find_rows(shape["body"], found.path)

    if found.kind not in {"columns", "split", "keyed lists"}:  # these are not what stands at the path
        assert list(asked.rows) == list(found.rows)
    assert asked.path == found.path


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["name"])
def test_every_shape_becomes_a_frame(shape: dict[str, Any]) -> None:
    table = frames.to_frame(json.dumps(shape["body"]).encode(), content_type="application/json")

    assert len(table.frame) == shape["count"]
    assert shape["rows"] in table.found.explain()


def test_there_are_shapes_of_many_providers() -> None:
    names = {shape["name"].partition(":")[0] for shape in SHAPES}

    assert len(SHAPES) >= 140
    assert len(names) >= 90
    assert all(shape["source"].startswith("https://") for shape in SHAPES)
