"""Finding the paginator: ours and dlt's detector on the same answer shapes, in one run.

``python -m tests.benchmarks.paging_detection [--dlt PYTHON]``; PYTHON is one that has dlt (default: this one).
A shape counts when the request that would be sent next is the documented one (or none, where it is the last page).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from apiconn_nb.paging import find_paginator
from tests.paging.shapes import FILE, Shape, load

THEIRS = Path(__file__).with_name("paging_detection_dlt.py")


@dataclass(frozen=True)
class Result:
    """One shape: what is right, what each found, and whether its next request is the right one."""

    name: str
    kind: str | None
    ours: str | None
    theirs: str | None
    ours_right: bool
    theirs_right: bool


def canonical(request: Any) -> object:
    """Method, URL without the order of its query, body."""
    if request is None:
        return None
    method, url, body = request
    parts = urlsplit(url)
    query = sorted((name, str(value)) for name, value in parse_qsl(parts.query, keep_blank_values=True))
    return method, parts.scheme, parts.netloc, parts.path, query, body


def wanted(shape: Shape) -> object:
    following = shape.next
    if following is None:
        return None
    return canonical(
        (following.method, str(following.url), json.loads(following.content) if following.content else None)
    )


def ours(shape: Shape) -> tuple[str | None, object]:
    paginator = find_paginator(shape.request, shape.response, shape.document, shape.rows, strip_query={"api_key"})
    if paginator is None:
        return None, None
    following = paginator.advance(shape.request, shape.response, shape.document, shape.rows)
    body = json.loads(following.content) if following and following.content else None
    return paginator.kind, canonical((following.method, str(following.url), body) if following else None)


def theirs(python: str) -> tuple[str, list[dict[str, Any]]]:
    """dlt's version and answers. Raises FileNotFoundError where `python` has no dlt."""
    done = subprocess.run([python, str(THEIRS)], input=FILE.read_text(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise FileNotFoundError(f"{python} has no dlt: {done.stderr.strip().splitlines()[-1]}")
    answer = json.loads(done.stdout)
    return answer["version"], answer["answers"]


def compare(python: str) -> tuple[str, list[Result]]:
    """dlt's version, and one result a shape."""
    version, answers = theirs(python)
    results = []
    for shape, answer in zip(load(), answers, strict=True):
        kind, following = ours(shape)
        right = wanted(shape)
        their_next = answer["next"] if answer["next"] == "error" else canonical(answer["next"])
        kind_wanted = shape.paginator.partition(":")[0] if shape.paginator else None
        results.append(Result(shape.name, kind_wanted, kind, answer["kind"], following == right, their_next == right))
    return version, results


def table(version: str, results: list[Result]) -> str:
    """The comparison as Markdown."""
    lines = [f"| how the answer is paged | shapes | ours | dlt {version} |", "|---|---|---|---|"]
    kinds = sorted({result.kind or "no next page" for result in results})
    for kind in [*kinds, "all"]:
        of_kind = [r for r in results if kind in ("all", r.kind or "no next page")]
        mine, other = sum(r.ours_right for r in of_kind), sum(r.theirs_right for r in of_kind)
        lines.append(f"| {kind} | {len(of_kind)} | {mine} | {other} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, then where the two differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dlt", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--all", action="store_true", help="list every shape on which dlt is wrong")
    options = parser.parse_args()
    version, results = compare(options.dlt)
    print(table(version, results))
    for result in results:
        if not result.ours_right or (options.all and not result.theirs_right):
            print(f"{result.name}: {result.kind}; ours {result.ours}, dlt {result.theirs}")


if __name__ == "__main__":
    main()
