"""Lines that belong under a cell's value: kept while it runs, shown when it has been shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_ATTRIBUTE = "_apiconn_nb_pending"


class Pending:
    """The lines waiting for the end of the running cell of one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._shows: list[Callable[[], None]] = []

    @classmethod
    def of(cls, shell: Any) -> Pending:
        """The one of `shell`."""
        found: Pending | None = getattr(shell, _ATTRIBUTE, None)
        if found is None:
            found = cls(shell)
            setattr(shell, _ATTRIBUTE, found)
        return found

    def add(self, show: Callable[[], None]) -> None:
        """Show something after the cell's value."""
        self._shows.append(show)

    def show(self, result: Any = None) -> None:
        """Show what is waiting (the shell's ``post_run_cell`` event)."""
        shows, self._shows = self._shows, []
        for each in shows:
            each()
