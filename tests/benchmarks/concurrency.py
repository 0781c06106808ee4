"""Pages ahead of their turn and sweeps, against what the latency alone would allow, and against aiohttp.

    python -m tests.benchmarks.concurrency [--rows 5000]

Prints shares of the ideal: pages × latency / 8, calls × latency / 32.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import tempfile
import time
from pathlib import Path

import pandas as pd

from apiconn_nb.calling import run
from apiconn_nb.demo import certificates
from apiconn_nb.live_collection import Collection
from apiconn_nb.options import Options
from apiconn_nb.request import parse
from apiconn_nb.settings import CollectionSettings
from apiconn_nb.sweep import Sweep
from tests.benchmarks.slow_server import LATENCY, PAGES, running

CONCURRENCY = 32


def pages(url: str) -> float:
    """All pages with a known total, 8 at a time: share of the ideal."""
    collection = Collection(CollectionSettings("bench", connection={"base_url": url}))
    template = parse("GET /pages?page=1")
    run(collection, template)  # warm: the first frame and the first connection
    began = time.perf_counter()
    outcome = run(collection, template, pages="all")
    seconds = time.perf_counter() - began
    assert outcome.pages == PAGES, outcome.status()
    return PAGES * LATENCY / 8 / seconds


def sweep(url: str, ca: str, rows: int) -> float:
    """A sweep over TLS, 32 at a time: share of the ideal."""
    collection = Collection(CollectionSettings("bench", connection={"base_url": url, "ca_certificate": f"file:{ca}"}))
    template, table = parse("GET /items/[n]"), pd.DataFrame({"n": range(rows)})
    Sweep(collection, template, table.head(2)).run()
    began = time.perf_counter()
    outcome = Sweep(collection, template, table, options=Options(concurrency=CONCURRENCY)).run()
    seconds = time.perf_counter() - began
    assert len(outcome.frame()) == rows
    return rows * LATENCY / CONCURRENCY / seconds


def with_aiohttp(url: str, ca: str, rows: int) -> float:
    """The same calls by aiohttp, answers parsed, no table made: share of the ideal."""
    import aiohttp  # not one of ours: `pip install aiohttp`

    async def main() -> float:
        context = ssl.create_default_context(cafile=ca)
        connector = aiohttp.TCPConnector(limit=CONCURRENCY, ssl=context)
        async with aiohttp.ClientSession(connector=connector) as session:
            todo = iter(range(rows))

            async def worker() -> None:
                for number in todo:
                    async with session.get(f"{url}/items/{number}") as response:
                        await response.json()

            began = time.perf_counter()
            await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
            return rows * LATENCY / CONCURRENCY / (time.perf_counter() - began)

    return asyncio.run(main())


def main() -> None:
    """Run all three and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    with running() as url:
        print(f"pages, {PAGES} of {LATENCY * 1000:.0f} ms, 8 at a time: {pages(url):.0%} of the ideal (goal 90 %)")
    with tempfile.TemporaryDirectory() as folder:
        made = certificates.make(Path(folder))
        with running((str(made.server.certificate_file), str(made.server.private_key_file))) as url:
            for _ in range(options.rounds):
                ours = sweep(url, str(made.ca_file), options.rows)
                theirs = with_aiohttp(url, str(made.ca_file), options.rows)
                print(
                    f"sweep, {options.rows:,} rows over TLS, {CONCURRENCY} at a time: {ours:.0%} of ideal (goal 85 %), "
                    f"aiohttp {theirs:.0%}, ratio {ours / theirs:.2f} (goal 0.95)"
                )


if __name__ == "__main__":
    main()
