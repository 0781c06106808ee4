"""What was begun and is not whole, pages or a sweep: for ``%apicall --resume`` and ``--partial``."""

from __future__ import annotations

from typing import Any, Protocol

from apiconn_nb.errors import ApiConnError, UsageError
from apiconn_nb.notebook.progress import Watching
from apiconn_nb.outcome import Outcome
from apiconn_nb.progress import Watch

_ATTRIBUTE = "_apiconn_nb_unfinished"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after something had come: one line says what is kept. It is no Exception that a loop might swallow."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for this before it draws a traceback (InteractiveShell.showtraceback).
        return [f"\x1b[31mInterrupted\x1b[0m: {self}"]


class Resumable(Protocol):
    """What can be gone on with."""

    def run(self, watch: Watch | None = None) -> Outcome:
        """Do what is not done yet."""

    def partial(self) -> Outcome:
        """What is done so far."""

    def so_far(self) -> str:
        """How much that is, in words."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to do."""


def start(shell: Any, work: Resumable, out: str = "") -> Outcome:
    """Run `work`. Where it ends early, what has come is kept for ``--partial`` and ``--resume``, and in `out` if named.

    The error says so. Raises what `work` raises, and Interrupted for a KeyboardInterrupt.
    """
    try:
        with Watching() as watch:
            outcome = work.run(watch)
    except (ApiConnError, KeyboardInterrupt) as error:
        kept = getattr(error, "unfinished", None)
        if kept is None:
            raise
        said = _keep(shell, kept, out)
        if isinstance(error, ApiConnError):
            error.args = (f"{error} {said}",)
            raise
    else:
        _remember(shell, work)
        return outcome
    raise Interrupted(said)  # outside of the handler: the one before it is not its context


def go_on(shell: Any, *, only_look: bool, out: str = "") -> Outcome:
    """Go on with the last one, or only give what it has. Raises UsageError where there is none."""
    work: Resumable | None = getattr(shell, _ATTRIBUTE, None)
    if work is None:
        raise UsageError(
            "Nothing is unfinished: --pages and --each can be gone on with after an interrupt or an error."
        )
    return work.partial() if only_look else start(shell, work, out)


def _remember(shell: Any, work: Resumable) -> None:
    """Keep `work` for later; forget it where nothing is left to do, and leave an older one where it is."""
    if not work.is_whole:
        setattr(shell, _ATTRIBUTE, work)
    elif getattr(shell, _ATTRIBUTE, None) is work:
        setattr(shell, _ATTRIBUTE, None)


def _keep(shell: Any, work: Resumable, out: str) -> str:
    """Keep what has come; says what and where."""
    setattr(shell, _ATTRIBUTE, work)
    where = ""
    if out:
        try:
            shell.user_ns[out] = work.partial().value
            where = f", in {out}"
        except ApiConnError as error:
            where = f", not in {out} ({error})"
    return f"Kept: {work.so_far()}{where}. %apicall --partial shows them, %apicall --resume goes on."
