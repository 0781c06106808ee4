"""How far a call is, where somebody looks: a bar (tqdm, if it is installed), and the newest rows of an event stream."""

from __future__ import annotations

import importlib
import sys
import time
from types import TracebackType
from typing import Any, Self

import pandas as pd
from IPython import get_ipython
from IPython.display import display

from apiconn_nb.notebook.display import Line
from apiconn_nb.progress import Progress

_SHORTEST = 20  # calls or pages; fewer are over before a bar is read
_SOON = 1.0  # seconds after which a bar is worth it, however few there are
_EVERY = 0.2  # seconds between two looks: drawing must not cost what it measures
_ROWS = 8  # of an event stream


class Watching:
    """Called with each `Progress`, shows it; quiet under nbclient, papermill and the like."""

    def __init__(self) -> None:
        self._is_watched = somebody_looks()
        self._shown_at = 0.0
        self._last: Progress | None = None
        self._bar: Any = None
        self._announced: Any = None
        self._forecast = ""
        self._growing: Any = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, progress: Progress) -> None:
        """Show how far it is."""
        if progress.forecast and progress.forecast != self._forecast:
            self._forecast = progress.forecast
            self._announce(progress.forecast)
        if not self._is_watched:
            return
        self._last = progress
        now = time.monotonic()
        if now - self._shown_at >= _EVERY:
            self._shown_at = now
            self._show(progress)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            if self._last is not None:
                self._show(self._last)
            if kind is None:
                self._bar.total = (
                    self._bar.n
                )  # all that there was; tqdm leaves a red bar where it takes some to be missing
            self._bar.close()
        if self._growing is not None:
            self._growing.update(Line(""))

    def _announce(self, text: str) -> None:
        if self._announced is None:
            self._announced = display(Line(text), display_id=True)
        else:
            self._announced.update(Line(text))

    def _show(self, progress: Progress) -> None:
        if progress.latest is not None:
            self._grow(progress)
        elif self._bar is not None or (_is_under_way(progress) and _is_long(progress)):
            self._draw(progress)

    def _grow(self, progress: Progress) -> None:
        assert progress.latest is not None
        rows = f"{progress.rows:,} row{'' if progress.rows == 1 else 's'}"
        view = _Newest(progress.latest().tail(_ROWS), f"{rows} so far · {progress.seconds:.0f} s")
        if self._growing is None:
            self._growing = display(view, display_id=True)
        else:
            self._growing.update(view)

    def _draw(self, progress: Progress) -> None:
        done, unit = (progress.size, "B") if progress.size else (progress.calls, progress.unit)
        if self._bar is None:
            self._bar = _new_bar(progress.total, unit)
        bar = self._bar
        if bar is None:
            self._is_watched = False
            return
        if progress.total and bar.total != progress.total:
            bar.total = progress.total
        said = {"rows": f"{progress.rows:,}"}
        if progress.failures:
            said["failed"] = f"{progress.failures:,}"
        bar.set_postfix(said, refresh=False)
        bar.update(done - bar.n)
        bar.refresh()


def _is_under_way(progress: Progress) -> bool:
    return not progress.total or progress.calls < progress.total


def _is_long(progress: Progress) -> bool:
    return progress.total >= _SHORTEST or progress.seconds >= _SOON


def _new_bar(total: int, unit: str) -> Any:
    try:
        tqdm = importlib.import_module("tqdm.auto").tqdm  # optional
    except ImportError:
        return None
    return tqdm(total=total or None, unit=unit, unit_scale=unit == "B", leave=False, mininterval=_EVERY)


class _Newest:
    """The newest rows of a stream, and how many there are."""

    def __init__(self, rows: pd.DataFrame, said: str) -> None:
        self._rows = rows
        self._said = said

    def __repr__(self) -> str:
        return f"{self._rows}\n{self._said}"

    def _repr_html_(self) -> str:
        return f"{self._rows._repr_html_()}{Line(self._said)._repr_html_()}"  # type: ignore[operator]


def somebody_looks() -> bool:
    """Whether a person can see a bar move: a terminal, or a frontend that could also be asked."""
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is not None:
        # nbclient and papermill run cells with stdin off; a frontend runs them with it on.
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stderr is not None and sys.stderr.isatty()
