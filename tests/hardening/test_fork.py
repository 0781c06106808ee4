"""Fork and multiprocessing: a child calls on its own connections, and waits for no lock of its parent's threads."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from apiconn_nb import demo, redaction
from apiconn_nb.demo.server import Demo
from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.hardening import evidence
from tests.opened import Open

CHILDREN = 60 if evidence.LONG else 20
WITHIN = 20.0  # seconds for a child on a loaded machine; one that waits for a lost lock never ends

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    # Python 3.12 warns of each fork beside threads: that it works all the same is what is shown.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def shop() -> Iterator[Demo]:
    with demo.serve() as running:
        yield running


@pytest.fixture
def collection(shop: Demo, opened: Open) -> Collection:
    """Over TLS: two processes on one connection would break its cipher at once."""
    settings = {"key_name": "X-Api-Key", "key": Secret(shop.credentials.live.api_key)}
    return opened(f"{shop.tls_url}/key-in-header", "key-in-header", settings, ca_certificate=shop.credentials.certificates.ca)  # fmt: skip # noqa: E501


def row(collection: Collection, number: int) -> int:
    """The number of the row that came for `number`."""
    answer = collection.send("GET /customers/[number]", number=number)
    return int(answer.json()["id"])


def in_child(work: Any) -> int:
    """The exit status of a child that does `work`: 0 where it returns True."""
    child = os.fork()
    if child == 0:
        status = 9
        try:
            signal.alarm(int(WITHIN))
            status = 0 if work() else 8
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_children_of_a_busy_process(collection: Collection) -> None:
    stop = threading.Event()
    wrong: list[Any] = []
    calls = 0

    def busy(first: int) -> None:
        nonlocal calls
        number = first
        while not stop.is_set():
            number = number % 100 + 1
            redaction.register(f"value-{number}-{time.time()}")
            try:
                if row(collection, number) != number:
                    wrong.append(number)
            except Exception as error:
                wrong.append(error)
            calls += 1

    threads = [threading.Thread(target=busy, args=(first,)) for first in range(6)]
    for thread in threads:
        thread.start()
    try:
        row(collection, 1)
        statuses = [in_child(lambda n=n: row(collection, n) == n) for n in range(1, CHILDREN + 1)]
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert statuses == [0] * CHILDREN
    assert not wrong, wrong[:3]
    assert calls > CHILDREN
    evidence.count("fork", children=CHILDREN)


def test_locks_that_are_held_while_it_forks(collection: Collection) -> None:
    """The worst moment, made certain: another thread has every lock of ours."""
    row(collection, 1)
    entry = collection.slot._entry
    locks = [redaction._lock, collection.limiter._lock, collection._lock, entry.lock]
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        held.set()
        done.wait(WITHIN)
        for lock in locks:
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    try:
        status = in_child(lambda: row(collection, 2) == 2 and collection.slot.token is None)
    finally:
        done.set()
        thread.join()
    assert status == 0
    assert row(collection, 3) == 3
    evidence.count("fork", children=1)


_inherited: Collection | None = None


def _call_inherited(number: int) -> int:
    assert _inherited is not None
    return row(_inherited, number)


def test_multiprocessing_by_fork(collection: Collection) -> None:
    global _inherited
    _inherited = collection
    row(collection, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with multiprocessing.get_context("fork").Pool(4) as pool:
            assert pool.map_async(_call_inherited, range(1, 41)).get(60) == list(range(1, 41))
    assert row(collection, 2) == 2
    evidence.count("fork", children=4)


def _call_pickled(content: bytes, number: int) -> int:
    collection: Collection = pickle.loads(content)
    try:
        return row(collection, number)
    finally:
        collection.close()


def test_multiprocessing_by_spawn(shop: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", shop.credentials.live.api_key)
    connection = {"base_url": f"{shop.url}/key-in-header"}
    settings = CollectionSettings("shop", "key-in-header", connection, {"key_name": "X-Api-Key", "key": "env:SHOP_KEY"})
    collection = Collection(settings)
    content = pickle.dumps(collection)
    assert shop.credentials.live.api_key.encode() not in content
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(_call_pickled, [content] * 4, range(1, 5))) == [1, 2, 3, 4]
    collection.close()
    evidence.count("fork", children=2)
