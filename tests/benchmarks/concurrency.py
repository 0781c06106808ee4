"""Pages ahead of their turn and sweeps, against what the latency alone would allow, bare httpx and aiohttp.

    python -m tests.benchmarks.concurrency [--rows 5000] [--rounds 3] [--dask]

Prints shares of the ideal (pages × latency / 8, calls × latency / 32): the median of the rounds and each of them. All
take turns, and a ratio is taken within a round: on a machine that others use, only that means something. CPU is of this
process, for each call; memory is what it holds after a round.

Bare httpx is what the interface allows: a client for each thread, the answers parsed and, of pages, a table made by
`pandas.json_normalize`. Of pages the first one comes alone, since only it says how many there are: 25 rounds become 26,
and 96 % of the ideal is all that anybody can reach.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import httpx
import pandas as pd

from apiconn_nb.calling import run
from apiconn_nb.demo import certificates
from apiconn_nb.live_collection import Collection
from apiconn_nb.options import Options
from apiconn_nb.request import parse
from apiconn_nb.settings import CollectionSettings
from apiconn_nb.spread import SpreadSweep
from apiconn_nb.sweep import Sweep
from tests.benchmarks.slow_server import LATENCY, PAGES, running
from tests.benchmarks.streaming import memory

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


def bare_pages(url: str) -> float:
    """The same pages by bare httpx, the table made in the end: share of the ideal."""
    began = time.perf_counter()
    first = httpx.get(f"{url}/pages?page=1", trust_env=False).json()
    rest = by_threads([f"{url}/pages?page={page}" for page in range(2, first["total_pages"] + 1)], 8)
    table = pd.json_normalize([item for page in [first, *rest] for item in page["items"]])
    assert len(table) == first["total"]
    return PAGES * LATENCY / 8 / (time.perf_counter() - began)


def bare_sweep(url: str, ca: str, rows: int) -> float:
    """The same calls by bare httpx, a client for each thread: share of the ideal."""
    context = ssl.create_default_context(cafile=ca)
    began = time.perf_counter()
    by_threads([f"{url}/items/{number}" for number in range(rows)], CONCURRENCY, context)
    return rows * LATENCY / CONCURRENCY / (time.perf_counter() - began)


def by_threads(urls: Iterable[str], size: int, context: ssl.SSLContext | bool = True) -> list[Any]:
    """The parsed answers of `urls`, `size` at a time."""
    own, clients = threading.local(), []

    def call(url: str) -> Any:
        client: httpx.Client | None = getattr(own, "client", None)
        if client is None:
            client = own.client = httpx.Client(verify=context, trust_env=False)
            clients.append(client)
        return client.get(url).json()

    with ThreadPoolExecutor(size) as threads:
        answers = list(threads.map(call, urls))
    for client in clients:
        client.close()
    return answers


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


def with_dask(url: str, ca: str, rows: int) -> float:
    """The sweep on two worker processes: share of the ideal."""
    import dask.dataframe as dd  # the extra `dask`
    from distributed import Client, LocalCluster

    collection = Collection(CollectionSettings("bench", connection={"base_url": url, "ca_certificate": f"file:{ca}"}))
    template, table = parse("GET /items/[n]"), pd.DataFrame({"n": range(rows)})
    given = dd.from_pandas(table, npartitions=8)
    options = Options(concurrency=CONCURRENCY)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        SpreadSweep(collection, template, dd.from_pandas(table.head(64), npartitions=2), options=options).run()
        began = time.perf_counter()
        frame = SpreadSweep(collection, template, given, options=options).run().frame()
        seconds = time.perf_counter() - began
    assert list(frame["id"].astype(int)) == list(range(rows))
    return rows * LATENCY / CONCURRENCY / seconds


class Taken(NamedTuple):
    """A share of the ideal, microseconds of CPU for each call, and the MB that the process holds afterwards."""

    share: float
    cpu: float
    held: float


def taken(share: Callable[[], float], calls: int) -> Taken:
    """What one run takes."""
    began = time.process_time()
    found = share()
    return Taken(found, (time.process_time() - began) / calls * 1e6, memory("VmRSS"))


def told(rounds: Sequence[Taken], goal: str = "") -> str:
    """The median share and CPU, and each round's share."""
    each = ", ".join(f"{one.share:.0%}" for one in rounds)
    return (
        f"{median(one.share for one in rounds):.0%} of the ideal{goal} ({each}), "
        f"{median(one.cpu for one in rounds):,.0f} µs of CPU a call"
    )


def ratios(ours: Sequence[Taken], theirs: Sequence[Taken]) -> str:
    """The median of the rounds' ratios, and each."""
    found = [one.share / other.share for one, other in zip(ours, theirs, strict=True)]
    return f"{median(found):.2f} ({', '.join(f'{each:.2f}' for each in found)})"


def main() -> None:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dask", action="store_true")
    options = parser.parse_args()
    import aiohttp  # not one of ours: `pip install aiohttp`

    versions = f"httpx {httpx.__version__}, aiohttp {aiohttp.__version__}, pandas {pd.__version__}"
    print(f"Python {platform.python_version()}, {versions}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with running() as url:
        ours, bare = [], []
        for _ in range(options.rounds):
            ours.append(taken(lambda: pages(url), PAGES))
            bare.append(taken(lambda: bare_pages(url), PAGES))
        print(f"{PAGES} pages of {LATENCY * 1000:.0f} ms, 8 at a time: {told(ours, ' (goal 90 %)')}")
        print(f"  bare httpx, a client a thread, json_normalize: {told(bare)}; ours to it {ratios(ours, bare)}")
    with tempfile.TemporaryDirectory() as folder:
        made = certificates.make(Path(folder))
        with running((str(made.server.certificate_file), str(made.server.private_key_file))) as url:
            ours, bare, theirs, ca, rows = [], [], [], str(made.ca_file), options.rows
            for _ in range(options.rounds):
                ours.append(taken(lambda: sweep(url, ca, rows), rows))
                theirs.append(taken(lambda: with_aiohttp(url, ca, rows), rows))
                bare.append(taken(lambda: bare_sweep(url, ca, rows), rows))
            print(f"{rows:,} rows over TLS, {CONCURRENCY} at a time: {told(ours, ' (goal 85 %)')}")
            print(f"  held after each round: {', '.join(f'{one.held:.0f}' for one in ours)} MB")
            print(f"  bare httpx, a client a thread, no table: {told(bare)}; ours to it {ratios(ours, bare)}")
            print(f"  aiohttp, no table: {told(theirs)}; ours to it {ratios(ours, theirs)} (goal 0.95)")
            if options.dask:
                print(f"Dask, 2 processes: {with_dask(url, ca, rows):.0%} of the ideal")
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
