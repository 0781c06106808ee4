"""The OS keyring, asked with a time-out: a locked one asks the person, and nobody may be there to answer."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

from apiconn_nb.errors import SecretError

WAIT = 15.0
"""Seconds that the keyring is given, so that a person can answer its question."""

_unanswered: list[threading.Thread] = []  # questions that were left behind


def find_keyring() -> Any | None:
    """The OS keyring's backend, or None where there is no real one.

    The null and fail backends keep nothing, `keyrings.alt` keeps it in plain text. Raises SecretError where looking for
    one takes too long.
    """
    try:
        keyring = importlib.import_module("keyring")  # optional, and slow to start
    except ImportError:
        return None
    backend = in_time(keyring.get_keyring)  # the first look asks the desktop
    if type(backend).__module__.startswith("keyring.backends.chainer"):
        return next((each for each in backend.backends if _keeps(each)), None)
    return backend if _keeps(backend) else None


def _keeps(backend: Any) -> bool:
    module = type(backend).__module__
    return not module.startswith(("keyring.backends.null", "keyring.backends.fail", "keyrings.alt"))


def in_time(ask: Callable[[], Any], instead: str = "") -> Any:
    """What the keyring answers. Raises SecretError where it does not within `WAIT`, or refuses.

    `instead` is what else the person may do, as the end of a sentence. As long as an earlier question is open, the next
    ones are not asked: a form has a dozen, and each would wait.
    """
    answer: list[Any] = []
    failure: list[BaseException] = []
    for each in _unanswered:
        each.join(0.1)  # the person may just have answered
    _unanswered[:] = [each for each in _unanswered if each.is_alive()]
    if _unanswered:
        raise SecretError(_said(failure, instead))

    def run() -> None:
        try:
            answer.append(ask())
        except Exception as error:  # each backend has exceptions of its own
            failure.append(error)

    # A keyring hears no Ctrl-C and knows no time-out; on a thread of its own it can be left behind.
    thread = threading.Thread(target=run, name="apiconn-keyring", daemon=True)
    thread.start()
    thread.join(WAIT)
    if answer:
        return answer[0]
    if not failure:
        _unanswered.append(thread)
    raise SecretError(_said(failure, instead))


def _said(failure: list[BaseException], instead: str) -> str:
    what = f"refused ({type(failure[0]).__name__})" if failure else f"did not answer in {WAIT:.0f} s"
    return f"The OS keyring {what}: unlock it and try again{instead and f', or {instead}'}."
