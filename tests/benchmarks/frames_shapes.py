"""Finding the rows: ours and dlt's detector on the same answer shapes, in one run.

``python -m tests.benchmarks.frames_shapes [--dlt PYTHON] [--markdown]``; PYTHON is one that has dlt (default: this).
A shape counts when the place that is taken is the documented one. dlt's detector looks for a list and leaves single
records to the endpoint's path, so the two are counted apart.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from apiconn_nb.frames import find_rows
from apiconn_nb.frames.names import path_text

SHAPES = Path(__file__).parents[1] / "shapes" / "shapes.json"
THEIRS = Path(__file__).with_name("frames_shapes_dlt.py")


def theirs(python: str) -> tuple[str, list[str]]:
    """dlt's version and the path it takes for each shape. Raises FileNotFoundError where `python` has no dlt."""
    done = subprocess.run([python, str(THEIRS)], input=SHAPES.read_text("utf-8"), capture_output=True, text=True)
    if done.returncode:
        raise FileNotFoundError(f"{python} has no dlt: {done.stderr.strip().splitlines()[-1]}")
    answer = json.loads(done.stdout)
    return answer["version"], [path_text(step for step in one["path"] if step != "$") for one in answer["answers"]]


def compare(python: str) -> tuple[str, list[dict[str, Any]]]:
    """dlt's version, and for each shape what it is and what each took."""
    version, paths = theirs(python)
    rows = []
    for shape, path in zip(json.loads(SHAPES.read_text("utf-8")), paths, strict=True):
        found = find_rows(shape["body"])
        rows.append(
            {
                "shape": shape["name"],
                "source": shape["source"],
                "rows": shape["rows"],
                "count": shape["count"],
                "taken": found.path,
                "record": found.kind == "record",
                "ours": (found.path, found.count) == (shape["rows"], shape["count"]),
                # An edge is as good as its node here: dlt takes the list.
                "dlt": path == shape["rows"].removesuffix("[].node"),
            }
        )
    return version, rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dlt", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--markdown", action="store_true", help="the table of shape → taken, for the docs")
    asked = parser.parse_args()
    version, rows = compare(asked.dlt)
    if asked.markdown:
        print("| answer | rows | taken |\n|---|---|---|")
        for row in rows:
            print(f"| [{row['shape']}]({row['source']}) | {row['count']} | `{row['taken']}` |")
        return
    for name, some in (
        ("many rows", [row for row in rows if not row["record"]]),
        ("single records", [row for row in rows if row["record"]]),
    ):
        ours, dlt = (sum(row[side] for row in some) for side in ("ours", "dlt"))
        print(f"{name}: {len(some)} shapes · ours {ours} · dlt {version} {dlt}")


if __name__ == "__main__":
    main()
