"""``%load_ext``, twice and back; docstrings; what ``%config`` changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from apiconn_nb import workspace
from apiconn_nb.errors import ApiConnError
from tests.echo import Echo
from tests.shell import NotebookShell

MAGICS = {"line": {"apiconn_auth", "apicall"}, "cell": {"apiconn_auth", "apicall"}}


def registered(shell: NotebookShell, kind: str) -> set[str]:
    return {name for name in shell.magics_manager.magics[kind] if name.startswith("api")}


def test_loading_twice_changes_nothing(shell: NotebookShell) -> None:
    shell.run("%load_ext apiconn_nb")
    callbacks, configurables = len(shell.events.callbacks["post_run_cell"]), len(shell.configurables)
    shell.run("import apiconn_nb\napiconn_nb.load_ipython_extension(get_ipython())")
    assert len(shell.events.callbacks["post_run_cell"]) == callbacks
    assert len(shell.configurables) == configurables
    for kind, names in MAGICS.items():
        assert names <= registered(shell, kind)


def test_unloading_leaves_the_shell_as_it_was(shell: NotebookShell) -> None:
    shell.run("%config")  # IPython itself adds to the list when it is first asked
    before = (len(shell.events.callbacks["post_run_cell"]), len(shell.configurables))
    for _ in range(2):
        shell.run("%load_ext apiconn_nb")
        shell.run("%config ApiConn.short_errors = False")
        shell.run("%unload_ext apiconn_nb")
    assert (len(shell.events.callbacks["post_run_cell"]), len(shell.configurables)) == before
    assert not registered(shell, "line")
    assert not registered(shell, "cell")
    assert ApiConnError.short
    shell.run("import apiconn_nb\napiconn_nb.unload_ipython_extension(get_ipython())")


def test_reloading_works(shell: NotebookShell, echo: Echo) -> None:
    shell.run("%load_ext apiconn_nb")
    shell.run("%reload_ext apiconn_nb")
    shell.run(f"%apiconn_auth a none --base-url {echo.url}")
    shell.displays.clear()
    shell.run("%apicall a GET /x")
    assert len([each for each in shell.displays if "· 200 ·" in str(each["data"])]) == 1, "one status line, not two"


def test_the_docstrings_are_help_pages(magics: NotebookShell) -> None:
    for name, words in (("apiconn_auth", "--login"), ("apicall", "--dry-run")):
        for kind in ("line", "cell"):
            page = magics.magics_manager.magics[kind][name].__doc__
            assert page
            assert words in page
        info = magics.object_inspect(f"%{name}")
        assert info["found"]
        assert words in info["docstring"]


def test_the_docstring_names_every_method(magics: NotebookShell) -> None:
    from apiconn_nb import auth

    page = magics.magics_manager.magics["line"]["apiconn_auth"].__doc__
    assert all(each.slug in page for each in auth.methods())


def test_config_shows_and_changes_settings(magics: NotebookShell, capsys: pytest.CaptureFixture[str]) -> None:
    magics.run("%config ApiConn")
    page = capsys.readouterr().out
    for name in ("file", "token_file", "short_errors", "public_url"):
        assert f"ApiConn.{name}" in page
    magics.run("%config ApiConn.file = 'apis/mine.toml'")
    assert workspace.current().path == Path("apis/mine.toml").absolute()


@pytest.mark.parametrize("code", ["import apiconn_nb", "import apiconn_nb.notebook"])
def test_what_is_not_loaded_before_it_is_used(code: str) -> None:
    """`%load_ext` is cheap: the benchmark measures it, this names what must stay away."""
    program = (
        "import sys, IPython, pandas\nbefore = set(sys.modules)\n" + code + "\n"
        "heavy = {'httpx', 'httpcore', 'authlib', 'cryptography', 'ipywidgets', 'anywidget', 'tomlkit', 'filelock',"
        " 'jmespath', 'msgspec', 'keyring'}\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} & heavy))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_ipython_the_package_is_a_library(echo: Echo) -> None:
    program = (
        "import sys, apiconn_nb as api\n"
        "frame = api.collection('a').get('/x', params={'q': ['1', '2'], 'n': None})\n"
        "assert list(frame['id']) == [1, 2]\n"
        "assert not {'IPython', 'ipywidgets'} & set(sys.modules)\n"
    )
    Path("apiconn.toml").write_text(f'[a]\nbase_url = "{echo.url}"\n')
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert echo.last.target == "/x?q=1&q=2"
