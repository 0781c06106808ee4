"""A real IPython shell in the test's process: cells that fail raise, what they display is kept."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import IPython
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config


class NotebookShell(InteractiveShell):
    """IPython as a notebook sees it (every MIME type is active), with a `run` that raises what the cell raised."""

    display_pub_class = Type(CapturingDisplayPublisher)
    history_file: Path

    def run(self, cell: str, *, store_history: bool = True) -> Any:
        """Run `cell` as a notebook would and return its value; raise the error that the cell ended with."""
        result = self.run_cell(cell, store_history=store_history)
        result.raise_error()
        return result.result

    @property
    def displays(self) -> list[dict[str, Any]]:
        """What was displayed, oldest first: ``data`` (by MIME type), ``metadata``, ``transient``, ``update``."""
        return self.display_pub.outputs

    def screen(self) -> list[dict[str, Any]]:
        """What a frontend shows now: one MIME bundle per display, updates by ``display_id`` applied in place."""
        shown: dict[object, dict[str, Any]] = {}
        for number, output in enumerate(list(self.displays)):
            key = (output.get("transient") or {}).get("display_id", number)
            shown[key] = output["data"]
        return list(shown.values())

    def display_text(self) -> str:
        """Everything displayed so far, updates too, all MIME types, as one text to search in."""
        return "\n".join(str(value) for output in list(self.displays) for value in output["data"].values())

    def history(self) -> list[str]:
        """The cells of this session as the history database has them."""
        self.history_manager.writeout_cache()
        return [source for _, _, source in self.history_manager.get_range(raw=True)]


@contextmanager
def ipython(database: Path) -> Iterator[NotebookShell]:
    """The one IPython shell of this process, with its history in `database`; gone without a trace afterwards."""
    config = Config()
    config.HistoryManager.hist_file = str(database)
    config.HistoryManager.db_cache_size = 0
    config.InteractiveShell.colors = "nocolor" if IPython.version_info >= (9,) else "NoColor"
    path, hook, main = list(sys.path), sys.excepthook, sys.modules["__main__"]
    InteractiveShell.clear_instance()
    running = NotebookShell.instance(config=config)
    running.history_file = database
    try:
        yield running
    finally:
        atexit.unregister(running.atexit_operations)
        running.atexit_operations()
        _close_history(running)
        NotebookShell.clear_instance()
        sys.path[:], sys.excepthook, sys.modules["__main__"] = path, hook, main


@pytest.fixture
def shell(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[NotebookShell]:
    """IPython with its history in a database of the test (`shell.history_file`); no extension is loaded yet."""
    with ipython(tmp_path_factory.mktemp("history") / "history.sqlite") as running:
        yield running


@pytest.fixture
def magics(shell: NotebookShell) -> NotebookShell:
    """The same shell with ``%load_ext apiconn_nb`` done and the displays of loading forgotten."""
    shell.run("%load_ext apiconn_nb", store_history=False)
    shell.displays.clear()
    return shell


def _close_history(running: NotebookShell) -> None:
    manager = running.history_manager
    if manager is None:
        return
    thread = getattr(manager, "save_thread", None)
    if thread is not None and thread.is_alive():
        thread.stop()
    database = getattr(manager, "db", None)
    if hasattr(database, "close"):
        database.close()
