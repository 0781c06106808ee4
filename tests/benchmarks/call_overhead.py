"""Our call against the same one with a bare pooled ``httpx.Client``: what a call costs here, on loopback.

    python -m tests.benchmarks.call_overhead                3000 calls each, half a minute
    python -m tests.benchmarks.call_overhead --calls 300

Goal: under 1.25 times. Calls alternate, so that whatever else the machine does meets both alike; of five rounds of
medians the one in the middle counts. The server has a process of its own, keep-alive and TCP_NODELAY. Both sides send
the same credential, read the whole answer and parse its JSON; a real API answers in 20 to 500 ms, beside which either
is nothing.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import httpx

from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.benchmarks.quick_server import serving

GOAL = 1.25
ROUNDS = 5
KEY = "k" * 40


def methods(url: str) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By method: our settings, and what a person would give httpx for the same call."""
    bearer = {"headers": {"Authorization": "Bearer " + "t" * 40}}
    return {
        "none": ({}, {}),
        "key-in-header": ({"key_name": "X-Key", "key": Secret(KEY)}, {"headers": {"X-Key": KEY}}),
        "key-in-url": ({"key_name": "key", "key": Secret(KEY)}, {"params": {"key": KEY}}),
        "basic": ({"username": "ada", "password": Secret(KEY)}, {"auth": ("ada", KEY)}),
        "oauth2-client-credentials": (
            {"client_id": "app", "client_secret": Secret(KEY), "token_endpoint": f"{url}/token"}, bearer,
        ),
    }  # fmt: skip


def measure(url: str, slug: str, calls: int) -> tuple[float, float]:
    """Median seconds of a bare call and of ours."""
    auth, options = methods(url)[slug]
    collection = Collection(CollectionSettings("bench", slug, {"base_url": url}, auth))
    with httpx.Client(trust_env=False) as client, collection:

        def bare() -> Any:
            return client.get(f"{url}/items", **options).json()

        def ours() -> Any:
            return collection.send("GET /items").json()

        assert bare() == ours()
        for _ in range(100):
            bare(), ours()
        rounds = sorted((alternately(bare, ours, calls // ROUNDS) for _ in range(ROUNDS)), key=lambda r: r[1] / r[0])
        return rounds[ROUNDS // 2]


def alternately(one: Callable[[], Any], other: Callable[[], Any], times: int) -> tuple[float, float]:
    """Median seconds of each."""
    taken: dict[Callable[[], Any], list[float]] = {one: [], other: []}
    for _ in range(times):
        for call, seconds in taken.items():
            begun = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - begun)
    return statistics.median(taken[one]), statistics.median(taken[other])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=3000)
    calls = parser.parse_args().calls
    print(f"Python {platform.python_version()}, httpx {httpx.__version__}, {calls} calls each")
    print(f"{'method':<28}{'httpx':>10}{'ours':>10}{'ratio':>8}   goal < {GOAL}")
    with serving() as url:
        for slug in methods(url):
            bare, ours = measure(url, slug, calls)
            verdict = "" if ours / bare < GOAL else "   missed"
            print(f"{slug:<28}{bare * 1e6:>7.0f} µs{ours * 1e6:>7.0f} µs{ours / bare:>8.2f}{verdict}")


if __name__ == "__main__":
    main()
