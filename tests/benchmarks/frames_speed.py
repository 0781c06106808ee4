"""Bytes → frame against ``pandas.json_normalize(json.loads(…))``: time and peak memory, each run a process of its own.

    python -m tests.benchmarks.frames_speed            10,000 and 50,000 records, a minute or two
    python -m tests.benchmarks.frames_speed --full     10,000 and 200,000 records, as published
    python -m tests.benchmarks.frames_speed --small    100 records, and what the first call costs
    python -m tests.benchmarks.frames_speed --full --kind stripe    one kind of the three

Ratios count, and are made of runs that alternate; the times are this machine's. The best of the runs is taken: whatever
else the machine does only ever adds to a time. Both sides get the same bytes and return a DataFrame; ours also finds
the rows, types dates, and keeps the bytes.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.frames_records import KINDS, answer, rows_in

RUNS = 3


def normalize(content: bytes, kind: str) -> Any:
    """The yardstick."""
    import pandas as pd

    return pd.json_normalize(rows_in(kind, json.loads(content)))  # type: ignore[arg-type]


def ours(content: bytes, kind: str) -> Any:
    """What this package does, all of it."""
    from apiconn_nb.frames import to_frame

    return to_frame(content, content_type="application/json")


SIDES: dict[str, Callable[[bytes, str], Any]] = {"normalize": normalize, "ours": ours}


def measured(side: str, kind: str, path: str) -> dict[str, float]:
    """One run in this process: seconds, and the peak above what the process had with the bytes in memory, in MB."""
    import pandas  # noqa: F401 - neither side pays for its import

    SIDES[side](Path(path).with_suffix(".small").read_bytes(), kind)
    content = Path(path).read_bytes()
    before = _peak()
    start = time.perf_counter()
    made = SIDES[side](content, kind)
    took = time.perf_counter() - start
    peak = _peak()
    del made
    return {"seconds": took, "peak": peak - before}


def _peak() -> float:
    """The most memory this process has had, in MB (Linux: getrusage would also tell of the parent's)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def run(side: str, kind: str, path: str) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.frames_speed", "--one", side, kind, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    made: dict[str, float] = json.loads(done.stdout)
    return made


def compare(counts: list[int], kinds: Sequence[str], runs: int = RUNS) -> list[dict[str, Any]]:
    """One row for each kind and count."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            for count in counts:
                path = Path(folder) / "answer.json"
                path.write_bytes(answer(kind, count))
                path.with_suffix(".small").write_bytes(answer(kind, 3))
                took = [(run("normalize", kind, str(path)), run("ours", kind, str(path))) for _ in range(runs)]
                theirs, own = (min(side["seconds"] for side in pair) for pair in zip(*took, strict=True))
                their_peak, peak = (min(side["peak"] for side in pair) for pair in zip(*took, strict=True))
                rows.append(
                    {
                        "kind": kind,
                        "records": count,
                        "MB": round(path.stat().st_size / 1e6),
                        "json_normalize s": round(theirs, 3),
                        "ours s": round(own, 3),
                        "times faster": round(theirs / own, 2),
                        "json_normalize MB": round(their_peak),
                        "ours MB": round(peak),
                        "memory": round(peak / their_peak, 2),
                    }
                )
                print(rows[-1], flush=True)
    return rows


def small(kind: str, count: int = 100, repeats: int = 40) -> dict[str, Any]:
    """Small answers: the first call of a process, and the median of the next, alternating."""
    content = answer(kind, count)
    import pandas  # noqa: F401

    import apiconn_nb.frames

    apiconn_nb.frames.to_frame  # noqa: B018 - the import is not the call
    start = time.perf_counter()
    ours(content, kind)
    first = time.perf_counter() - start
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for _ in range(repeats):
        for side, call in SIDES.items():
            start = time.perf_counter()
            call(content, kind)
            times[side].append(time.perf_counter() - start)
    best = {side: sorted(took)[len(took) // 4] for side, took in times.items()}
    return {
        "kind": kind,
        "records": count,
        "json_normalize ms": round(best["normalize"] * 1e3, 2),
        "ours ms": round(best["ours"] * 1e3, 2),
        "times faster": round(best["normalize"] / best["ours"], 2),
        "first call ms": round(first * 1e3, 1),
        "penalty ms": round((first - best["ours"]) * 1e3, 1),
    }


def mean(ratios: list[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def versions() -> str:
    """What this was measured with."""
    import msgspec
    import pandas as pd
    import pyarrow as pa

    modules = ", ".join(f"{module.__name__} {module.__version__}" for module in (pd, pa, msgspec))
    return f"Python {platform.python_version()}, {modules}"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--kind", choices=list(KINDS), help="only this one")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--one-small", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measured(*asked.one)))
    elif asked.one_small:
        print(json.dumps(small(asked.one_small)))
    elif asked.small:
        for kind in KINDS:
            command = [sys.executable, "-m", "tests.benchmarks.frames_speed", "--one-small", kind]
            print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    else:
        rows = compare([10_000, 200_000 if asked.full else 50_000], [asked.kind] if asked.kind else list(KINDS))
        print(f"geometric mean {mean([row['times faster'] for row in rows]):.2f} times faster · {versions()}")


if __name__ == "__main__":
    main()
