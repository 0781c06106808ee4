"""What every test gets: a home of its own, loopback only, canaries, a real IPython shell.

For tests:

- fixtures: `home`, `canary` (tests/canary.py), `shell` and `magics` (tests/shell.py), third-party servers
  (tests/servers/README.md), JupyterLab, Notebook 7 and JupyterHub in Chromium (tests/browser/README.md);
- functions: ``from tests.conftest import need, require_tool`` for what may be missing on a machine.
"""

from __future__ import annotations

import gc

import pytest

from tests.needs import need, require_tool

__all__ = ["need", "require_tool"]

pytest_plugins = [
    "tests.isolation",
    "tests.canary",
    "tests.shell",
    "tests.echo",
    "tests.opened",
    "tests.raw",
    "tests.servers.fixtures",
    "tests.browser.fixtures",
]

FIRST_START = 300  # seconds; the first test that needs a server may also install it

# Minutes together: `run.py test --all` and CI run them, the quick run leaves them out.
THOROUGH = (
    "tests/hardening/",
    "tests/form/test_as_magic.py::test_any_collection",
    "tests/test_notebooks.py",
    "tests/importers/test_fuzz",
    "tests/importers/test_untrusted_text.py",
    "tests/auth/test_renewal_processes.py",
    "tests/login/test_refresh.py::test_two_processes",
    "tests/login/test_refresh.py::test_a_kernel_killed",
    "tests/test_cache.py::test_a_killed",
    "tests/test_config_writing.py::test_a_writer_killed",
    "tests/test_config_writing.py::test_two_processes",
    "tests/test_demo_server.py::test_the_command_opens",
    "tests/test_demo_server.py::test_check",
    "tests/calling/test_sweep.py::test_ten_thousand",
    "tests/notebook/test_errors_shown.py::test_an_interrupt",
    "tests/test_canary.py::test_by",
)

# A test that asks for one of these fixtures gets the marker, so nobody can forget it.
MARKED_BY_FIXTURE = {"third_party": "servers", "chromium": "browser"}


@pytest.hookimpl(tryfirst=True)  # before `-m` deselects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(THOROUGH):
            item.add_marker("thorough")
        for fixture, marker in MARKED_BY_FIXTURE.items():
            if fixture not in getattr(item, "fixturenames", ()):
                continue
            item.add_marker(marker)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(FIRST_START))
    # Quick tests first. Browser tests last: Playwright keeps an event loop running, beside which no other can start.
    items.sort(key=lambda item: [bool(item.get_closest_marker(name)) for name in ("browser", "servers")])


def pytest_collection_finish() -> None:
    """Thousands of tests and the modules they import are no garbage, see `_set_aside`."""
    _set_aside()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Nor is what a file's tests have left alive."""
    if nextitem is not None and nextitem.path != item.path:
        _set_aside()


def _set_aside() -> None:
    """Collect what is garbage; a later collection, and each IPython shell makes one as it ends, need not walk the rest
    again (0.8 s a time).
    """
    gc.collect()
    gc.freeze()
