"""docs/security-evidence.md is what a run said: its figures are those of figures.json, its tests are there."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tests.hardening import evidence, render

HERE = Path(__file__).parent


def test_the_page_is_made_of_the_figures() -> None:
    assert render.PAGE.read_text() == render.page(json.loads(render.FIGURES.read_text())), (
        "render it again: python -m tests.hardening.render"
    )


def test_each_test_that_is_named_is_there_and_gave_figures() -> None:
    files = json.loads(render.FIGURES.read_text())
    for name in [test for row in render.ROWS for test in row.tests]:
        file, _, function = name.partition("::")
        tree = ast.parse((HERE / file).read_text())
        assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, name
        assert file in files or file == "test_dependencies.py", f"{file} gave no figure: {sorted(files)}"


def test_each_place_that_is_named_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", render.HEAD + render.TAIL)
    assert len(named) >= 10
    assert not [each for each in named if not (HERE.parents[1] / each).exists() and "figures" not in each]


def test_files_add_up_and_the_short_form_is_no_evidence() -> None:
    run = {"long": "yes", "day": "2026-01-01"}
    files = {
        "a.py": {"sum": {"x": {"n": 2}}, "most": {"y": {"m": 5}}, "run": run},
        "b.py": {"sum": {"x": {"n": 3}}, "most": {"y": {"m": 4}}, "run": {**run, "long": "no"}},
    }
    assert evidence.gathered(files) == {"x": {"n": 5}, "y": {"m": 5}}
    with pytest.raises(KeyError, match="short form was run of b"):
        render._run(files)
    with pytest.raises(KeyError, match="no figure"):
        render._filled("{x.unknown}", evidence.gathered(files))
