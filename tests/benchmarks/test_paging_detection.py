"""Ours against dlt's detector, where dlt is installed (`paging_detection`)."""

from __future__ import annotations

import sys

from tests.benchmarks.paging_detection import compare, table
from tests.conftest import need


def test_every_shape_is_paged_right_and_more_than_dlt_does() -> None:
    need(
        "dlt",
        "pip install dlt (in an environment of its own: python -m tests.benchmarks.paging_detection --dlt PYTHON)",
    )
    version, results = compare(sys.executable)
    print(table(version, results))
    assert [result.name for result in results if not result.ours_right] == []
    assert sum(result.theirs_right for result in results) < len(results)
