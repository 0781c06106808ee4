"""The forms that are open: one for each collection, closed when its workspace is another one, cheap until asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apiconn_nb import workspace
from apiconn_nb.notebook.form import opened
from apiconn_nb.settings import CollectionSettings
from apiconn_nb.workspace import Workspace
from tests.form.person import Person, living
from tests.shell import NotebookShell

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def _closed(space: Workspace) -> Iterator[None]:
    yield
    opened.close_all()


def test_a_form_opened_again_is_the_same_with_what_was_typed(shell: NotebookShell) -> None:
    first = opened.open_form(shell, "shop")
    Person(first._form).fill("Base URL", "https://api.example.org")
    count = len(living())
    for _ in range(20):
        again = opened.open_form(shell, "shop")
    assert len(living()) == count
    assert again._repr_mimebundle_()[VIEW]["model_id"] == first._repr_mimebundle_()[VIEW]["model_id"]
    assert Person(again._form).find("Base URL", object).value == "https://api.example.org"


def test_another_file_has_forms_of_its_own(shell: NotebookShell, tmp_path: Path) -> None:
    before = len(living())
    first = opened.open_form(shell, "shop")
    workspace.use(str(tmp_path / "other.toml"))
    second = opened.open_form(shell, "shop")
    assert first._form.is_closed
    assert not second._form.is_closed
    opened.close_all()
    assert len(living()) == before


def test_a_cell_that_changes_the_file_shows_in_the_form(shell: NotebookShell, space: Workspace) -> None:
    form = opened.open_form(shell, "shop")._form
    shell.user_ns["file"] = space.path
    shell.run("_ = file.write_text('[shop]\\nbase_url = \"https://api.example.org\"\\n')")
    assert Person(form).find("Base URL", object).value == "https://api.example.org"


def test_without_a_front_end_the_value_is_words(shell: NotebookShell, space: Workspace) -> None:
    assert "The form of shop" in repr(opened.open_form(shell, "shop"))
    space.save(CollectionSettings("shop", connection={"base_url": "https://api.example.org"}))
    assert "https://api.example.org" in repr(opened.open_form(shell, "shop"))


def test_a_new_name_can_be_typed_and_is_the_forms_own(shell: NotebookShell, space: Workspace) -> None:
    person = Person(opened.open_form(shell, "shop")._form)
    person.fill("Collection name", "store")
    person.press("Save")
    assert "store" in space.all()
    assert opened.open_form(shell, "store")._form is person.form


def test_an_imported_collection_is_not_signed_in_to_before_it_is_trusted(
    shell: NotebookShell, space: Workspace
) -> None:
    auth = {
        "client_id": "app",
        "authorization_endpoint": "https://login.example.org/authorize",
        "token_endpoint": "https://login.example.org/token",
    }
    space.save(
        CollectionSettings(
            "shop", "oauth2-user-agent", {"base_url": "https://api.example.org", "trusted_origins": "none"}, auth
        )
    )
    person = Person(opened.open_form(shell, "shop")._form)
    person.press("Sign in")
    assert "credentials have not been let through" in person.text()
    assert "Open the sign-in page" not in person.text()


def test_the_extension_is_loaded_without_the_form() -> None:
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.instance().run_line_magic('load_ext', 'apiconn_nb')\n"
        "assert not {'ipywidgets', 'anywidget', 'httpx', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


LOADED = """
import sys
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance().run_line_magic("load_ext", "apiconn_nb")
from apiconn_nb.notebook import auth_magic
from apiconn_nb.notebook.form import opened
opened.open_form(None, "shop")
print([each for each in ("pandas", "pyarrow", "numpy", "cryptography.x509", "joserfc") if each in sys.modules])
"""


def test_what_a_form_does_without_is_not_loaded_for_it(tmp_path: Path) -> None:
    """A form opens in a fresh kernel before anything was called: pandas alone would take a quarter of a second."""
    command = [sys.executable, "-W", "ignore", "-c", LOADED]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.strip().splitlines()[-1] == "[]"
