"""A form and somebody at it; every widget is closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apiconn_nb import secrets, workspace
from apiconn_nb.notebook.form.window import Form
from apiconn_nb.workspace import Workspace
from tests.form.person import Person


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """The workspace of an empty folder."""
    secrets.forget("")
    return workspace.use("apiconn.toml")


@pytest.fixture
def at_form(space: Workspace) -> Iterator[Callable[..., Person]]:
    """``at_form("shop")``: somebody at the form of a collection, in a workspace of the test."""
    forms: list[Form] = []

    def open_one(name: str = "shop", where: Workspace | None = None) -> Person:
        forms.append(Form(name, where or space))
        return Person(forms[-1])

    yield open_one
    for form in forms:
        form.close()
