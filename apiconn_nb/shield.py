"""Ctrl-C does not break off a token request: a rotated refresh token that nobody has read is a sign-in lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PATIENCE = 10.0  # seconds that the request is given after Ctrl-C; a second Ctrl-C ends it at once
_TICK = 0.2  # seconds: on Windows a longer wait would not let Ctrl-C through


def to_its_end(act: Callable[[], T]) -> tuple[T, KeyboardInterrupt | None]:
    """What `act` returns, and the Ctrl-C that came meanwhile, which the caller raises when the result is stored.

    Raises what `act` raises, and KeyboardInterrupt where it takes too long after one. Ctrl-C reaches the main thread
    alone, so `act` runs on another one.
    """
    if threading.current_thread() is not threading.main_thread():
        return act(), None
    done: list[T] = []
    failed: list[BaseException] = []
    # An event, since an interrupted `Thread.join` marks a thread that runs as ended (CPython 3.11).
    ended = threading.Event()

    def run() -> None:
        try:
            done.append(act())
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="apiconn-token", daemon=True).start()
    interrupt = _wait(ended)
    if done:
        return done[0], interrupt
    raise interrupt or failed[0]


def _wait(ended: threading.Event) -> KeyboardInterrupt | None:
    interrupt: KeyboardInterrupt | None = None
    deadline = float("inf")
    while not ended.is_set() and time.monotonic() < deadline:
        try:
            ended.wait(_TICK)
        except KeyboardInterrupt as error:
            if interrupt is not None:
                raise
            interrupt, deadline = error, time.monotonic() + _PATIENCE
    return interrupt
