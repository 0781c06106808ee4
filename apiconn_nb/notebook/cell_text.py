"""What stands below ``%%apiconn_auth NAME``: tables of the collection file, for what a line cannot hold."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from apiconn_nb import config
from apiconn_nb.errors import SecretError, UsageError
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.notebook.history import scrub
from apiconn_nb.secrets import is_reference
from apiconn_nb.settings import CollectionSettings

_CELL = Path("the cell")


def read(shell: Any, name: str, cell: str) -> CollectionSettings:
    """The collection `name` as the cell's text has it.

    Raises ConfigError and its kin with the line of the text; a secret that stands there as a value is refused before
    anything is stored, and cut from IPython's history.
    """
    try:
        found = config.loads(cell, _CELL)
    except SecretError:
        scrub(shell, list(_literals(cell)))
        raise
    if set(found) != {name}:
        other = next((each for each in found if each != name), "nothing")
        raise UsageError(f"Below %%apiconn_auth {name} stands [{name}] and its tables, as in the file, not {other!r}.")
    return found[name]


def _literals(cell: str) -> Iterator[str]:
    """Every text under a name that says credential, or that could: better one too many than one left in the history."""
    with contextlib.suppress(tomllib.TOMLDecodeError):
        yield from _walk(tomllib.loads(cell), suspicious=False)


def _walk(value: Any, *, suspicious: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _walk(each, suspicious="key" in name.lower() or looks_like_credential(name))
    elif suspicious and isinstance(value, str) and not is_reference(value):
        yield value
