"""A collection whose settings change is made anew: the old one's connections close, and no call breaks by that."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest

from apiconn_nb.live_collection import Collection
from apiconn_nb.settings import CollectionSettings
from apiconn_nb.workspace import Workspace
from tests.raw import Connection, RawServer

WITHIN = 10.0  # seconds


class Kept:
    """A script that answers on one connection again and again, and notes when the other side closes it."""

    def __init__(self) -> None:
        self.closed = threading.Semaphore(0)
        self.arrived = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, each: Connection) -> None:
        while head := each.read_request():
            if b" /slow " in head:
                self.arrived.set()
                self.go_on.wait(WITHIN)
            if not head.startswith(b"GET "):
                break
            each.answer(Connection="keep-alive")
        self.closed.release()


@pytest.fixture
def kept(raw: RawServer) -> Kept:
    script = Kept()
    raw.script(script)
    return script


@pytest.fixture
def space(tmp_path: Path, raw: RawServer) -> Workspace:
    made = Workspace(tmp_path / "apiconn.toml")
    made.save(CollectionSettings("shop", "none", {"base_url": raw.url}))
    return made


def change(space: Workspace, retries: int) -> Collection:
    settings = space.settings("shop")
    space.save(dataclasses.replace(settings, connection={**settings.connection, "retries": retries}))
    return space.collection("shop")


def test_the_old_ones_idle_connection_is_closed_at_once(raw: RawServer, kept: Kept, space: Workspace) -> None:
    old = space.collection("shop")
    old.send("GET /")
    old.send("GET /")
    assert raw.connections == 1
    assert not kept.closed.acquire(blocking=False)
    new = change(space, retries=1)
    assert new is not old
    assert kept.closed.acquire(timeout=WITHIN), "the old collection is alive, and so was its connection"
    new.send("GET /")
    new.close()
    assert kept.closed.acquire(timeout=WITHIN)


def test_a_call_under_way_gets_its_answer_and_closes_behind_it(raw: RawServer, kept: Kept, space: Workspace) -> None:
    old = space.collection("shop")
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(old.send("GET /slow").status_code))
    thread.start()
    assert kept.arrived.wait(WITHIN)
    change(space, retries=1)
    assert not kept.closed.acquire(timeout=0.1), "its connection was closed under it"
    kept.go_on.set()
    thread.join(WITHIN)
    assert answers == [200]
    assert kept.closed.acquire(timeout=WITHIN)


def test_whoever_holds_the_old_one_can_still_call(raw: RawServer, kept: Kept, space: Workspace) -> None:
    old = space.collection("shop")
    change(space, retries=1)
    for number in (1, 2):
        assert old.send("GET /").status_code == 200
        assert raw.connections == number
        assert kept.closed.acquire(timeout=WITHIN), "a connection was kept for nobody"


def test_calls_from_many_threads_while_settings_change(raw: RawServer, kept: Kept, space: Workspace) -> None:
    """None of them fails, whatever moment its connection is closed at; an action is not tried again."""
    failures: list[BaseException] = []
    stop = threading.Event()

    def call(old: Collection) -> None:
        try:
            while not stop.is_set():
                assert old.deliver(old.request("GET /", {}), is_action=True).response.status_code == 200
        except BaseException as error:
            failures.append(error)

    threads = []
    for retries in range(5):
        current = change(space, retries)
        threads += [threading.Thread(target=call, args=(current,)) for _ in range(2)]
        for thread in threads[-2:]:
            thread.start()
    stop.wait(0.3)
    stop.set()
    for thread in threads:
        thread.join(WITHIN)
    assert failures == []
    space.collection("shop").close()
