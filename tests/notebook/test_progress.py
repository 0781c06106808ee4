"""The bar of a call: drawn while there is something to wait for, gone after it, left where something is missing."""

from __future__ import annotations

from typing import Any

import pytest

from apiconn_nb.notebook import progress
from apiconn_nb.notebook.progress import Watching
from apiconn_nb.progress import Progress
from tests.needs import need

PAGES = 30
pytestmark = [  # ipywidgets 7 warns of what it uses itself, as in tests/form
    pytest.mark.filterwarnings("ignore:The .ipykernel.comm.Comm. class:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Deprecated in traitlets 4.1:DeprecationWarning"),
]


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The bars that are drawn, as a notebook's frontend has them (tqdm's own widgets)."""
    notebook = need("tqdm.notebook")
    drawn: list[Any] = []

    class Bar(notebook.tqdm):  # type: ignore[misc, name-defined]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            drawn.append(self)

    monkeypatch.setattr(progress, "somebody_looks", lambda: True)
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    monkeypatch.setattr(need("tqdm.auto"), "tqdm", Bar)
    return drawn


def style_of(bar: Any) -> str:
    return str(bar.container.children[1].bar_style)


def is_gone(bar: Any) -> bool:
    return bar.container.comm is None


def test_all_that_was_wanted_leaves_no_bar(bars: list[Any]) -> None:
    with Watching() as watching:
        for page in range(1, PAGES + 1):
            watching(Progress(PAGES, page, unit="page"))
    assert [bar.n for bar in bars] == [PAGES]
    assert is_gone(bars[0])


def test_fewer_than_the_api_had_said_leave_no_red_bar(bars: list[Any]) -> None:
    with Watching() as watching:
        watching(Progress(PAGES, 1, unit="page"))
        watching(Progress(PAGES, 2, unit="page"))
    assert is_gone(bars[0])
    assert style_of(bars[0]) != "danger"


def test_an_error_leaves_the_bar_where_it_stopped(bars: list[Any]) -> None:
    watching = Watching()
    watching(Progress(PAGES, 2, unit="page"))
    watching.__exit__(RuntimeError, RuntimeError(), None)
    assert not is_gone(bars[0])
    assert (style_of(bars[0]), bars[0].n, bars[0].total) == ("danger", 2, PAGES)


def test_one_page_that_was_waited_for_has_no_bar(bars: list[Any]) -> None:
    """A call that waits for its sign-in takes a minute, and is over with its page."""
    with Watching() as watching:
        watching(Progress(1, 1, rows=20, seconds=60, unit="page"))
    assert bars == []
