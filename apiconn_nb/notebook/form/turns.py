"""Who may touch the form: one thread at a time, and nobody waits for it while holding something else.

A button's press, the end of a test on its own thread, and a save in another form may come at once: ipykernel answers
widget messages on the main thread, on another, or on changing ones. A workspace tells its listeners while it holds its
own lock, so a listener that waited for the form could wait for ever: it leaves word instead.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator


class Turns:
    """One at a time. `catch_up` runs at the end of a turn when `leave_word` was called meanwhile."""

    def __init__(self, catch_up: Callable[[], None]) -> None:
        self._lock = threading.RLock()
        self._catch_up = catch_up
        self._has_word = False
        self._depth = 0

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Alone with the form; for the same thread again, at once."""
        with self._lock:
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._listen()
            finally:
                self._depth -= 1
        self._after()

    def leave_word(self) -> None:
        """Have the form catch up: now where nobody has a turn, else at the end of that turn."""
        self._has_word = True
        self._after()

    def _listen(self) -> None:
        while self._has_word:
            self._has_word = False
            self._catch_up()

    def _after(self) -> None:
        # Word may have come between the last look and the release of the lock.
        while self._has_word and self._lock.acquire(blocking=False):
            try:
                if self._depth:
                    return
                self._depth += 1
                try:
                    self._listen()
                finally:
                    self._depth -= 1
            finally:
                self._lock.release()


def in_background(name: str, work: Callable[[], None]) -> threading.Thread:
    """Run `work` on a thread of its own, in a copy of this thread's context.

    ipykernel finds the cell that a message belongs to in context variables, and ipykernel 7.0 fails without them.
    """
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name=f"apiconn-{name}", daemon=True)
    thread.start()
    return thread
