"""Ours against dlt's detector, where dlt is installed (`paging_detection`)."""

from __future__ import annotations

import pytest

from tests.benchmarks.paging_detection import compare, table
from tests.servers.install import python_with


@pytest.mark.servers
@pytest.mark.timeout(600)  # the first run installs dlt, in an environment of its own
def test_every_shape_is_paged_right_and_more_than_dlt_does() -> None:
    version, results = compare(str(python_with("dlt")))
    print(table(version, results))
    assert [result.name for result in results if not result.ours_right] == []
    assert sum(result.theirs_right for result in results) < len(results)
