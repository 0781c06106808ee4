"""Ctrl-C at any line of ours: the kernel goes on, nothing stays locked or open, and the traceback shows no secret."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

import apiconn_nb as api
from apiconn_nb.calling import run
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from tests.hardening import evidence
from tests.hardening.artefacts import of_error
from tests.hardening.methods import set_up
from tests.hardening.notebook import Notebook
from tests.hardening.world import World

Call = Callable[[], Any]


class Interrupter:
    """Raises KeyboardInterrupt at the line of ours that is run as number `at`; counts them all."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.lines = 0
        self.place = ""

    def __enter__(self) -> Interrupter:
        # What earlier tests left is closed before, not at some line in here, where Python itself would swallow it.
        gc.collect()
        gc.disable()
        self._before = sys.gettrace()
        sys.settrace(self._enter_frame)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)
        gc.enable()

    def _enter_frame(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if "/apiconn_nb/" in frame.f_code.co_filename else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.lines += 1
            if self.lines == self.at:
                self.place = f"{frame.f_code.co_filename.rpartition('/apiconn_nb/')[2]}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return self._line


def calls(collection: api.Collection, private: Secret) -> dict[str, Call]:
    """A call with a private value in each place; and one that needs a new token first."""

    def without_token() -> None:
        collection.slot.drop()
        collection.send("GET /success")

    return {
        "a frame": lambda: run(
            collection, parse("POST /success?who=[who]\nX-T: [who]\n\n[<who>]"), values={"who": private}
        ),
        "a new token": without_token,
    }


def numbers(total: int) -> Iterator[int]:
    """Lines spread over the whole call: about sixty, in the long run about four hundred."""
    return iter(range(1, total + 1, max(1, total // (400 if evidence.LONG else 60))))


def interrupted(call: Call, number: int) -> list[tuple[str, dict[str, Any]]]:
    """What an interrupt at line `number` leaves, and where that was."""
    with Interrupter(number) as interrupter:
        try:
            call()
        except KeyboardInterrupt as error:
            return [(interrupter.place, of_error(error))]
    return [(f"{interrupter.place}: it ended all the same", {"place": interrupter.place})]


# Python itself skips the end of a `with` that is interrupted before its first step: a file is closed by the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("slug", ["key-in-url", "oauth2-custom-token"])
@pytest.mark.timeout(600 if evidence.LONG else 120)
def test_interrupted_at_any_line(notebook: Notebook, world: World, slug: str) -> None:
    chosen = set_up(slug, world)
    notebook(chosen, world.hunter("private"))
    collection = api.collection(chosen.name)
    private = Secret.from_reference("env:PRIVATE")
    threads = threading.active_count()
    for name, call in calls(collection, private).items():
        if name == "a new token" and not hasattr(collection.method, "grant"):
            continue
        with Interrupter(None) as count:
            call()
        for number in numbers(count.lines):
            leaks = world.hunter.found_in({f"{name}, {place}": left for place, left in interrupted(call, number)})
            assert not leaks, "\n".join(leaks[:3])
            evidence.count("interrupts", places=1)
        call()  # nothing is locked, nothing counted as under way
        # Between two lines nothing can be undone: a call may stay counted, which makes the limiter careful by one, and
        # a connection may stay taken (the server has a thread for each). A few of the long run's eight hundred do.
        assert collection.limiter._in_flight <= 4
    assert threading.active_count() <= threads + (4 if evidence.LONG else 1), threading.enumerate()
