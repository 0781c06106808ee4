"""Tab, asked of IPython's own completer: collections, methods, options, choices, saved calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core import completer
from IPython.core.completer import provisionalcompleter, rectify_completions

from apiconn_nb import auth
from tests.shell import NotebookShell

FILE = """
[github]
base_url = "https://api.github.com"
[github.auth]
method = "key-in-header"
key = "env:TOKEN"
[github.calls.issues]
request = "GET /issues"
[github.calls.list_users]
request = "GET /users"

[gitlab]
base_url = "https://gitlab.com"
"""


@pytest.fixture
def tab(magics: NotebookShell) -> NotebookShell:
    Path("apiconn.toml").write_text(FILE)
    return magics


def after(shell: NotebookShell, line: str) -> list[str]:
    """What Tab offers at the end of `line` in a notebook, as whole words."""
    word = line.rpartition(" ")[2]
    with provisionalcompleter():
        found = list(rectify_completions(line, shell.Completer.completions(line, len(line))))
    return [line[len(line) - len(word) : each.start] + each.text for each in found]


@pytest.mark.parametrize(
    "magic", ["%apiconn_auth", "%apicall", "%%apicall", "apicall", "df = %apicall", "a, b = %apicall"]
)
def test_collections(tab: NotebookShell, magic: str) -> None:
    assert {"github", "gitlab"} <= set(after(tab, f"{magic} "))
    assert "gitlab" in after(tab, f"{magic} gitl")


@pytest.mark.parametrize("magic", ["%apicall", "%%apicall", "df = %apicall"])
def test_saved_calls(tab: NotebookShell, magic: str) -> None:
    assert {"github.issues", "github.list_users"} <= set(after(tab, f"{magic} github."))
    assert "github.list_users" in after(tab, f"{magic} github.li")


def test_methods_and_options_of_the_collection(tab: NotebookShell) -> None:
    offered = after(tab, "%apiconn_auth new ")
    assert {each.slug for each in auth.methods()} <= set(offered)
    assert "--base-url" in offered
    assert {"oauth2-custom-token", "oauth2-client-credentials"} <= set(after(tab, "%apiconn_auth new oauth2-c"))
    assert "oauth2-password" not in after(tab, "%apiconn_auth new oauth2-c")
    assert "--key-prefix" in after(tab, "%apiconn_auth github --k"), "of the method it has"
    assert "--token-body" in after(tab, "%apiconn_auth new oauth2-custom-token --token-")
    assert "--no-pkce" in after(tab, "%apiconn_auth new oauth2-user-agent --no-")
    assert "--key" not in after(tab, "%apiconn_auth new none --")


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("%apicall github --as ", {"auto", "frame", "json", "text", "bytes", "response"}),
        ("%apicall github --use-as ", {"data", "action"}),
        ("%apiconn_auth github --env ", {"live", "development"}),
        ("%apiconn_auth github --via ", {"auto", "loopback", "jupyter", "device", "paste"}),
        ("%apiconn_auth new oauth2-password --client-auth ", {"body", "basic", "none"}),
    ],
)
def test_choices_of_an_option(tab: NotebookShell, line: str, choices: set[str]) -> None:
    offered = set(after(tab, line))  # IPython adds names of its own
    assert choices <= offered
    assert not {"github", "--base-url", "--param"} & offered


def test_options_of_a_call(tab: NotebookShell) -> None:
    assert {"--param", "--pages", "--dry-run", "--save", "--use-as"} <= set(after(tab, "%apicall github --"))
    assert "--dry-run" in after(tab, "%apicall github --dry")


def test_a_broken_file_offers_nothing_and_raises_nothing(tab: NotebookShell) -> None:
    Path("apiconn.toml").write_text("[broken")
    assert "github" not in after(tab, "%apicall gith")


def test_other_lines_are_left_alone(tab: NotebookShell) -> None:
    tab.user_ns["github_local"] = 1
    assert "github" not in after(tab, "print(gith")
    assert "github_local" in after(tab, "print(github_l")[0]


def test_after_unload_tab_is_as_it_was(tab: NotebookShell) -> None:
    tab.run("%unload_ext apiconn_nb")
    assert "github" not in after(tab, "%apicall gith")
    tab.run("%load_ext apiconn_nb")
    assert "github" in after(tab, "%apicall gith")


@pytest.mark.skipif(not hasattr(completer, "context_matcher"), reason="IPython before 8.6 mixes Python in")
@pytest.mark.parametrize(
    "line", ["%apiconn_auth ", "%apiconn_auth github --", "%apicall github --as ", "%apicall github -"]
)
def test_nothing_of_python_stands_between(tab: NotebookShell, line: str) -> None:
    found = after(tab, line)
    assert found
    assert not {"and", "abs", "if", "not"} & set(found)


def test_the_values_of_a_saved_call(tab: NotebookShell) -> None:
    with Path("apiconn.toml").open("a") as file:
        file.write('\n[gitlab.calls.one]\nrequest = "GET /x/[owner]?s=[state]"\n')
    assert {"owner=", "state="} <= set(after(tab, "%apicall gitlab.one -p "))
    assert "state=" in after(tab, "%apicall gitlab.one -p st")


def test_after_an_option_that_takes_a_text_no_option_is_offered(tab: NotebookShell) -> None:
    assert not [each for each in after(tab, "%apicall github --records ") if each.startswith("-")]
