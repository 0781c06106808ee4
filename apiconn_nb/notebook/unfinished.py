"""What was begun and is not whole: the last sweep of a notebook, for ``%apicall --resume`` and ``--partial``."""

from __future__ import annotations

from typing import Any, Protocol

from apiconn_nb.errors import UsageError
from apiconn_nb.notebook.display import Line, show
from apiconn_nb.notebook.progress import Bar
from apiconn_nb.outcome import Outcome

_ATTRIBUTE = "_apiconn_nb_unfinished"
_LARGE = 200  # calls; what takes longer is announced


class Resumable(Protocol):
    """What can be gone on with."""

    def run(self, progress: Any = None) -> Outcome:
        """Do what is not done yet."""

    def partial(self) -> Outcome:
        """What is done so far."""

    def pending(self) -> list[int]:
        """What is not."""

    def forecast(self) -> str:
        """What is ahead, in words."""


def start(shell: Any, work: Resumable) -> Outcome:
    """Run `work`, and keep it for ``--resume``, whether it ends well or not."""
    setattr(shell, _ATTRIBUTE, work)
    if len(work.pending()) >= _LARGE:
        show(Line(work.forecast()))
    with Bar(len(work.pending())) as bar:
        return work.run(bar)


def go_on(shell: Any, *, only_look: bool) -> Outcome:
    """Go on with the last one, or only give what it has. Raises UsageError where there is none."""
    work: Resumable | None = getattr(shell, _ATTRIBUTE, None)
    if work is None:
        raise UsageError("There is nothing to resume: --each FRAME starts a sweep that can be.")
    return work.partial() if only_look else start(shell, work)
