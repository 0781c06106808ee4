"""A secret typed as a literal: IPython has recorded the line before we see it, so it is cut out there too."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any

from apiconn_nb.redaction import MASK, register


def scrub(shell: Any, values: list[str]) -> None:
    """Cut `values` from the newest inputs that `shell` remembers: ``In``, ``_i``, and the history database.

    They are known from here on, so that no message and no traceback shows them either.
    """
    for value in values:
        register(value)
    manager = getattr(shell, "history_manager", None)
    values = sorted((value for value in values if len(value) >= 4), key=len, reverse=True)
    if manager is None or not values:
        return

    def clean(text: Any) -> Any:
        for value in values:
            if isinstance(text, str) and value in text:
                text = text.replace(value, MASK)
        return text

    for inputs in (manager.input_hist_raw, manager.input_hist_parsed):
        if inputs:
            inputs[-1] = clean(inputs[-1])
    with getattr(manager, "db_input_cache_lock", contextlib.nullcontext()):
        manager.db_input_cache[:] = [tuple(clean(part) for part in entry) for entry in manager.db_input_cache]
    for name in ("_i", "_ii", "_iii", f"_i{len(manager.input_hist_raw) - 1}"):
        if name in shell.user_ns:
            shell.user_ns[name] = clean(shell.user_ns[name])
    for attribute in ("_i00", "_i", "_ii", "_iii"):
        if hasattr(manager, attribute):
            setattr(manager, attribute, clean(getattr(manager, attribute)))
    _scrub_database(manager, clean)


def _scrub_database(manager: Any, clean: Callable[[Any], Any]) -> None:
    """The row of the running cell: IPython's own thread may have written it already."""
    database = getattr(manager, "db", None)
    if not isinstance(database, sqlite3.Connection):
        return  # history is switched off, or kept elsewhere
    line = len(manager.input_hist_raw) - 1
    with contextlib.suppress(sqlite3.Error), database:
        # Without this the old text stays on the disk, in the part of a page that is free.
        database.execute("PRAGMA secure_delete = ON")
        rows = database.execute(
            "SELECT source, source_raw FROM history WHERE session = ? AND line = ?", (manager.session_number, line)
        ).fetchall()
        for row in rows:
            database.execute(
                "UPDATE history SET source = ?, source_raw = ? WHERE session = ? AND line = ?",
                (*map(clean, row), manager.session_number, line),
            )
