"""A long stream of NDJSON becomes a frame: the peak memory grows with the frame, not with the stream.

``python -m tests.benchmarks.frames_stream [--mb 1000]``; each size is a process of its own. The bytes themselves are
kept as well (df.api.raw): in memory up to the cap of `frames.raw`, above it on disk.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.frames_records import answer, rows_in

BLOCK = 2**18  # bytes that arrive at once


def stream(size: int) -> Iterator[bytes]:
    """`size` bytes of NDJSON in blocks that are cut anywhere."""
    content = answer("stripe", 2000)
    page = b"".join(json.dumps(row).encode() + b"\n" for row in rows_in("stripe", json.loads(content)))
    sent = 0
    while sent < size:
        for start in range(0, len(page), BLOCK):
            yield page[start : start + BLOCK]
        sent += len(page)


def peak() -> float:
    """The most memory this process has had, in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measured(megabytes: int) -> dict[str, float]:
    """Feed a stream in this process; what it took above what an empty one takes."""
    from apiconn_nb.frames import FrameBuilder

    warm = FrameBuilder()
    warm.feed(b'{"a": "2024-01-01T00:00:00Z"}\n')
    warm.finish()
    before = peak()
    builder = FrameBuilder()
    for block in stream(megabytes * 10**6):
        builder.feed(block)
    frame = builder.finish().frame
    size = frame.memory_usage(deep=True).sum() / 2**20
    return {"stream MB": megabytes, "rows": len(frame), "frame MB": round(size), "peak MB": round(peak() - before)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measured(asked.one)))
        return
    for megabytes in (asked.mb // 4, asked.mb // 2, asked.mb):
        command = [sys.executable, "-m", "tests.benchmarks.frames_stream", "--one", str(megabytes)]
        print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip(), flush=True)


if __name__ == "__main__":
    main()
