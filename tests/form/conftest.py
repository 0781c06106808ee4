"""A form and somebody at it; every widget and every connection is closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb import secrets, workspace
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook.form.window import Form
from apiconn_nb.workspace import Workspace
from tests.form.person import Person, wait_for


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """ipywidgets 7 warns of what it uses of ipykernel and traitlets itself; nothing here can change that."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:The .ipykernel.comm.Comm. class:DeprecationWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore:Deprecated in traitlets 4.1:DeprecationWarning"))


@pytest.fixture(scope="module")
def demo() -> Iterator[Any]:
    """The embedded demo."""
    pytest.importorskip("flask")
    from apiconn_nb import demo as embedded

    with embedded.serve() as running:
        yield running


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The workspace of an empty folder."""
    made: list[Collection] = []

    def collection(*args: Any, **options: Any) -> Collection:
        made.append(Collection(*args, **options))
        return made[-1]

    # A collection whose settings change is made anew, and the old one's connections are closed when it is forgotten.
    monkeypatch.setattr(workspace, "Collection", collection)
    secrets.forget("")
    yield workspace.use("apiconn.toml")
    for each in made:
        each.close()


@pytest.fixture
def at_form(space: Workspace) -> Iterator[Callable[..., Person]]:
    """``at_form("shop")``: somebody at the form of a collection, in a workspace of the test."""
    forms: list[Form] = []

    def open_one(name: str = "shop", where: Workspace | None = None) -> Person:
        forms.append(Form(name, where or space))
        return Person(forms[-1])

    yield open_one
    for form in forms:
        wait_for(lambda form=form: not form.buttons.is_busy, lambda: "something is still under way")
        form.close()
