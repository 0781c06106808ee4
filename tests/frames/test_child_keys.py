"""The parent's key in a child table is an ordinary column: it groups, joins and sorts as any other."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from apiconn_nb import frames

KEYS: dict[str, Any] = {
    "whole numbers": [3, 1, 2],
    "texts": ["c", "a", "b"],
    "beyond 64 bits": [3 << 64, 1 << 64, 2 << 64],
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_it_groups_and_merges(keys: list[Any]) -> None:
    orders = [
        {"id": key, "lines": [{"sku": f"{number}-{line}"} for line in range(2)]} for number, key in enumerate(keys)
    ]
    table = frames.to_frame(json.dumps(orders).encode(), content_type="application/json")
    lines = table.tables["lines"]

    assert isinstance(lines["_parent_id"].values, np.ndarray) == isinstance(table.frame["id"].values, np.ndarray)
    assert lines.groupby("_parent_id").size().to_dict() == dict.fromkeys(keys, 2)
    merged = table.frame.merge(lines, left_on="id", right_on="_parent_id")
    pd.testing.assert_series_equal(merged["id"], merged["_parent_id"], check_names=False)
    assert lines.sort_values("_parent_id")["_parent_id"].tolist() == sorted([*keys, *keys])
