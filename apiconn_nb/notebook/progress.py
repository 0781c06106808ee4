"""A progress bar where somebody looks (tqdm, if it is installed); quiet under nbclient, papermill and the like."""

from __future__ import annotations

import importlib
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from IPython import get_ipython

if TYPE_CHECKING:
    from apiconn_nb.progress import Progress

_SHORTEST = 20  # calls; fewer are over before a bar is read


class Bar:
    """Calls made, rows received, failures; called with each `Progress`."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._bar: Any = None

    def __enter__(self) -> Self:
        if self._total >= _SHORTEST and somebody_looks():
            try:
                tqdm = importlib.import_module("tqdm.auto").tqdm  # optional
            except ImportError:
                return self
            self._bar = tqdm(total=self._total, unit="call", leave=False)
        return self

    def __call__(self, progress: Progress) -> None:
        """Show how far it is."""
        if self._bar is None:
            return
        self._bar.update(progress.calls - self._bar.n)
        self._bar.set_postfix(rows=progress.rows, failed=progress.failures, refresh=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def somebody_looks() -> bool:
    """Whether a person can see a bar move: a terminal, or a frontend that could also be asked."""
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is not None:
        # nbclient and papermill run cells with stdin off; a frontend runs them with it on.
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stderr is not None and sys.stderr.isatty()
