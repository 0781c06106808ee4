"""Somebody clicks the Binder badge: the folder builds, and the whole quickstart runs with its login."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apiconn_nb.demo.doors import DOORS
from tests.browser import binder
from tests.browser.jupyter import Jupyter
from tests.servers.launch import ThirdParty

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.driver import NotebookPage, Workbench

QUICKSTART = "notebooks/quickstart.ipynb"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """The machine behind the badge."""
    running = ThirdParty(tmp_path_factory.mktemp("binder"))
    place, python = binder.build(running.folder)
    yield binder.start(running, place, python)
    running.stop()


@pytest.fixture
def bench(machine: Jupyter, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Workbench]:
    """A browser profile that followed the badge."""
    from tests.browser.driver import Workbench  # needs Playwright, which quick tests do without

    opened = Workbench(machine, chromium, request.node.name)
    yield opened
    opened.close()


def open_quickstart(bench: Workbench) -> NotebookPage:
    from tests.browser.driver import NotebookPage  # as above

    page = bench.context.new_page()
    page.goto(f"{bench.server.url}lab/tree/{QUICKSTART}")
    return NotebookPage(page, QUICKSTART, bench.server.root / QUICKSTART)


def number_of(page: NotebookPage, line: str) -> int:
    """The number of the cell that has `line`."""
    return int(page.js("return panel().content.widgets.findIndex(c => c.model.sharedModel.source.includes(arg))", line))


def wait_for(page: NotebookPage, number: int, text: str) -> None:
    """Wait until the output of a cell has `text`, scrolled away or not."""
    page.wait_js(
        "return JSON.stringify(panel().content.widgets[arg[0]].model.toJSON()).includes(arg[1])", [number, text]
    )


@pytest.mark.timeout(600)
def test_the_whole_quickstart_with_its_login(bench: Workbench, machine: Jupyter) -> None:
    page = open_quickstart(bench)
    login = number_of(page, "shop_login --login")
    page.js("app.commands.execute('notebook:run-all-cells');")
    wait_for(page, login, "waiting for the sign-in page")

    tab = page.click_link("Sign in")
    assert re.match(rf"{re.escape(machine.url)}proxy/8790/oauth/authorize", tab.url), tab.url
    tab.fill("[name=username]", "ada")
    tab.fill("[name=password]", "analytical-engine")
    tab.click("button[value=allow]")
    tab.get_by_text("The notebook goes on by itself").wait_for()
    assert tab.url.startswith(f"{machine.url}proxy/"), tab.url

    page.wait_idle()
    assert page.errors() == []
    wait_for(page, login, "signed in as ada@example.org")
    rows = page.kernel("rows_by_method")
    assert {door: count > 0 for door, count in rows.items()} == dict.fromkeys(DOORS, True)
    assert bench.blocked == []

    saved = json.dumps(page.save())
    secrets = page.kernel(
        "[shop.credentials.live.api_key, shop.credentials.live.password, shop.credentials.live.app_secret]"
    )
    token = page.kernel("__import__('apiconn_nb').collection('shop_login').slot.token.access_token.reveal()")
    assert not [secret for secret in [*secrets, token] if secret in saved]
    assert token not in machine.log()


def test_a_real_secret_is_refused_there(bench: Workbench) -> None:
    page = bench.open(
        "real.ipynb",
        "%load_ext apiconn_nb\nimport os; os.environ['REAL'] = 'CANARY-real'",
        "%apiconn_auth real key-in-header --base-url https://api.example.org --key env:REAL",
        "%apicall real GET /me",
    )
    page.run_all()

    page.see(2, "This is Binder, a public machine")
    page.see(2, "%config ApiConn.secrets_on_binder = True")


@pytest.mark.servers
def test_repo2docker_accepts_the_folder(tmp_path: Path) -> None:
    place = binder.checkout(tmp_path / "checkout")
    user = ("--user-id", "1000", "--user-name", "jovyan")  # root is refused
    made = binder.run(binder.repo2docker(), "-m", "repo2docker", "--no-build", "--debug", *user, place, cwd=tmp_path)

    assert 'install --no-cache-dir -r "binder/requirements.txt"' in made
    assert "RUN ./binder/postBuild" in made
    assert "Building conda environment for python=3.11" in made
