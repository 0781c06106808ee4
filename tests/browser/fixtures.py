"""Pytest fixtures of the browser (README.md beside this file); each server starts when a test first asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.jupyter import Jupyter, start_hub, start_single
from tests.needs import need
from tests.servers.launch import ThirdParty

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.driver import Workbench

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"  # of tests that failed; not in git
_failed = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium; a test that reaches it is marked ``browser``."""
    sync_api = need("playwright.sync_api", "pip install playwright")
    from tests.browser.driver import launch  # needs Playwright, which quick tests do without

    with sync_api.sync_playwright() as playwright:
        browser = launch(playwright, tmp_path_factory.mktemp("chromium"))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _jupyters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThirdParty]:
    running = ThirdParty(tmp_path_factory.mktemp("jupyter"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def _lab(_jupyters: ThirdParty) -> Jupyter:
    return start_single(_jupyters, "lab")


@pytest.fixture(scope="session")
def _notebook7(_jupyters: ThirdParty) -> Jupyter:
    return start_single(_jupyters, "notebook")


@pytest.fixture(scope="session")
def _hub(_jupyters: ThirdParty) -> Jupyter:
    return start_hub(_jupyters)


@pytest.fixture
def lab(_lab: Jupyter, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Workbench]:
    """JupyterLab in Chromium: ``lab.open("a.ipynb", "1 + 1", …)``."""
    with _workbench(_lab, chromium, request) as bench:
        yield bench


@pytest.fixture
def notebook7(_notebook7: Jupyter, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Workbench]:
    """Notebook 7 in Chromium."""
    with _workbench(_notebook7, chromium, request) as bench:
        yield bench


@pytest.fixture
def hub(_hub: Jupyter, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Workbench]:
    """JupyterLab of the user ``ada`` on a JupyterHub, in Chromium."""
    with _workbench(_hub, chromium, request) as bench:
        yield bench


@contextmanager
def _workbench(server: Jupyter, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Workbench]:
    from tests.browser.driver import Workbench  # needs Playwright, which quick tests do without

    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    bench = Workbench(server, browser, name)
    try:
        yield bench
    finally:
        if request.node.stash.get(_failed, False):
            SCREENSHOTS.mkdir(exist_ok=True)
            for number, page in enumerate(bench.context.pages):
                page.screenshot(path=SCREENSHOTS / f"{name}-{number}.png")
        bench.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember for the fixtures whether the test failed."""
    report = yield
    if report.failed:
        item.stash[_failed] = True
    return report
