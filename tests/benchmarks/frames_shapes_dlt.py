"""What dlt's detector takes for the rows of each shape; run by frames_shapes.py with a Python that has dlt."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from dlt.sources.helpers.rest_client.detector import find_response_page_data

answers = []
for shape in json.load(sys.stdin):
    path, rows = find_response_page_data(shape["body"])
    answers.append({"path": list(path), "count": len(rows) if isinstance(rows, list) else None})
print(json.dumps({"version": version("dlt"), "answers": answers}))
