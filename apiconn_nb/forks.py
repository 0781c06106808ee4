"""What a child process must have anew after a fork: locks that a thread of its parent may hold for ever, connections.

``multiprocessing`` forks by default on Linux up to Python 3.13, and a kernel has threads. A child that used its
parent's connection would read the other's answers, and break its cipher.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
_owners: weakref.WeakKeyDictionary[Any, Callable[[Any], None]] = weakref.WeakKeyDictionary()


def renew_in_child(owner: T, renew: Callable[[T], None]) -> None:
    """Have `renew(owner)` called in every child of this process while `owner` lives; `renew` must not hold it."""
    _owners[owner] = renew


def in_child(renew: Callable[[], None]) -> Callable[[], None]:
    """Have `renew` called in every child of this process: for what a module holds. Returns it."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)
    return renew


@in_child
def _renew_all() -> None:
    for owner, renew in list(_owners.items()):
        renew(owner)
