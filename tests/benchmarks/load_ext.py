"""What ``%load_ext apiconn_nb`` adds to an IPython that has pandas loaded. Goal: 60 ms at most.

    python -m tests.benchmarks.load_ext             15 fresh processes each
    python -m tests.benchmarks.load_ext --runs 5

Each run is a process of its own, for a module is imported once. The time is that of the line alone, in a shell that has
imported pandas; the median counts, and an extension that does nothing is loaded the same way for comparison.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

GOAL = 60.0  # ms

PROGRAM = """
import sys, time
import pandas
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
sys.path.insert(0, sys.argv[2])
config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
shell.run_cell("1 + 1")
begun = time.perf_counter()
shell.run_line_magic("load_ext", sys.argv[1])
print((time.perf_counter() - begun) * 1000)
"""


def once(extension: str, folder: Path) -> float:
    """Milliseconds of one load, in a fresh process."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, extension, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "does_nothing.py").write_text("def load_ipython_extension(shell): pass\n")
        taken: dict[str, list[float]] = {"does_nothing": [], "apiconn_nb": []}
        for _ in range(runs + 1):
            for extension, times in taken.items():
                times.append(once(extension, folder))
    print(f"Python {platform.python_version()}, {runs} processes each")
    for extension, times in taken.items():
        ordered = sorted(times[1:])  # the first one also fills the disk's cache
        middle = statistics.median(ordered)
        verdict = f"   goal <= {GOAL:.0f} ms{'' if middle <= GOAL else ', missed'}" if extension == "apiconn_nb" else ""
        print(f"%load_ext {extension:<14}{middle:>7.1f} ms (best {ordered[0]:.1f}, worst {ordered[-1]:.1f}){verdict}")


if __name__ == "__main__":
    main()
