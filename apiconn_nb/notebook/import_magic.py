"""``%apiconn_import``: a file, a folder or pasted text becomes collections, and a report says what came of it."""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
from pathlib import Path
from typing import Any

from IPython.core.error import TryNext

from apiconn_nb import fence, importers, workspace
from apiconn_nb.errors import ConfigError, UsageError
from apiconn_nb.importers import Imported, Source
from apiconn_nb.importers.names import unique
from apiconn_nb.notebook.arguments import Parser, split
from apiconn_nb.notebook.display import Block
from apiconn_nb.notebook.history import scrub
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings, SavedCall, check_collection_name
from apiconn_nb.workspace import Workspace

_PASTED = "the pasted text"


def run(shell: Any, line: str, cell: str | None) -> Block:
    """Run the magic; returns the report that the cell shows."""
    given, words = parser().read(split(line))
    if given.get("help"):
        return Block(shell.magics_manager.registry["ApiConnMagics"].apiconn_import.__doc__ or "")
    name, source = _what(shell, words, cell, given.get("name", ""))
    if name:
        check_collection_name(name)
    imported = importers.read(source, name=name, kind=given.get("kind", ""))
    if not imported.report.calls:
        why = [*imported.report.refused, *imported.report.lost] or ["there is no request in it"]
        raise ConfigError(f"{source.name}: nothing was imported: {'; '.join(why)[:400]}.")
    secrets = _values(imported)
    if cell is not None:
        scrub(shell, secrets)
    kept = _keep(workspace.current(), imported, replaces=bool(given.get("replace")))
    text = imported.report.text()
    if kept:
        text += f"\nsaved in {workspace.current().path.name}: {', '.join(kept)}"
    if cell is not None and secrets:
        text += "\nThe cell above still holds the secrets that were found: empty it before the notebook is saved."
    return Block(text)


def parser() -> Parser:
    """The options of the magic."""
    made = Parser("%apiconn_import")
    made.add_argument("--name", metavar="NAME")
    made.add_argument("--kind", choices=[each.slug for each in importers.importers()])
    made.add_argument("--replace", action="store_true")
    made.add_argument("--help", action="store_true")
    return made


def _what(shell: Any, words: list[str], cell: str | None, name: str) -> tuple[str, Source]:
    """The name that is wanted, and the text."""
    if cell is not None:
        if len(words) > 1:
            raise UsageError("%%apiconn_import NAME takes the name of the collection alone; the text stands below.")
        return name or (words[0] if words else ""), Source("the cell", cell)
    if not words:
        raise UsageError("What should be imported? %apiconn_import FILE, or - for what was copied, or a cell below it.")
    if len(words) > 1:
        raise UsageError(f"{words[1]!r}: one file at a time; a name with spaces is quoted.")
    if words[0] == "-":
        return name, Source(_PASTED, _pasted(shell))
    path = Path(words[0]).expanduser()
    if not path.exists():
        raise ConfigError(f"There is no file {words[0]}: give its path from the notebook's folder, {Path.cwd().name}/.")
    return name, importers.read_path(path)


def _pasted(shell: Any) -> str:
    """What was copied: asked for in a hidden field of the frontend, in a terminal from the clipboard.

    A field's text reaches the kernel alone: it stands neither in the notebook nor in the history.
    """
    has_frontend = getpass.getpass.__module__ != "getpass"
    if has_frontend:
        with contextlib.suppress(NotImplementedError, EOFError, OSError):
            return getpass.getpass("Paste what you copied here (hidden): ")
    else:
        with contextlib.suppress(TryNext, OSError, ImportError, AttributeError):
            return str(shell.hooks.clipboard_get())
    raise ConfigError("Nothing can be pasted here: save it to a file and run %apiconn_import FILE.")


def _values(imported: Imported) -> list[str]:
    """The secrets that were found, to be cut from the history."""
    found: list[str] = []
    for settings in imported.settings:
        rows = [settings.auth, settings.connection, *(call.params for call in settings.calls.values())]
        rows += [each for each in settings.connection.values() if isinstance(each, dict)]
        found += [value.reveal() for row in rows for value in row.values() if isinstance(value, Secret)]
    return [value for value in found if value]


def _keep(current: Workspace, imported: Imported, *, replaces: bool) -> list[str]:
    """Save the collections; all are looked at before the first is saved."""
    known = current.all()
    wanted = []
    for settings in imported.settings:
        before = known.get(settings.name)
        if before is not None and not replaces:
            settings = _joined(before, settings, imported)
        if settings.calls or before is None:
            wanted.append(settings)
    for settings in wanted:
        current.save(settings)
    return [settings.name for settings in wanted]


def _joined(before: CollectionSettings, new: CollectionSettings, imported: Imported) -> CollectionSettings:
    """The collection that is there with the new calls; its own authentication, and what it trusts, stay.

    Raises UsageError where the new calls go elsewhere.
    """
    here, there = before.value("base_url"), new.value("base_url")
    if not here or not there or fence.origin_of(here) != fence.origin_of(there) or here.rstrip("/") != there:
        raise UsageError(
            f"There is a collection {before.name} already, at {here or 'no base URL'}, and this goes to "
            f"{there or 'no base URL'}: take another name (--name), or put it in its place (--replace)."
        )
    calls: dict[str, SavedCall] = dict(before.calls)
    for name, call in new.calls.items():
        if calls.get(name) != call:
            calls[unique(name, calls)] = call
    imported.report.lost = [each for each in imported.report.lost if not each.startswith(f"{new.name}: ")]
    imported.report.secrets = [each for each in imported.report.secrets if not each.setting.startswith("--")]
    imported.report.next = [f"{before.name} was there already: its authentication stays as it is"]
    return dataclasses.replace(before, calls=calls)
