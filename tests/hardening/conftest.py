"""The world that secrets are sent into, and the figures of the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apiconn_nb import redaction, secrets, workspace
from tests.hardening import evidence
from tests.hardening.hostile import json_suite as json_suite
from tests.hardening.hostile import naughty as naughty
from tests.hardening.hunter import Hunter
from tests.hardening.notebook import notebook as notebook
from tests.hardening.world import World


def pytest_sessionfinish() -> None:
    evidence.write()


@pytest.fixture
def hunter() -> Hunter:
    """Makes secrets, and finds any part of one in any encoding."""
    return Hunter()


@pytest.fixture
def world(hunter: Hunter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A provider and an API that repeat all that arrives."""
    running = World(hunter, tmp_path_factory.mktemp("certificates"))
    yield running
    running.close()


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path) -> Iterator[None]:
    """No secret of another test is known: what is found is not hidden by what was redacted before."""
    redaction._known.clear()
    secrets._typed.clear()
    before = workspace._current
    workspace._current = None
    yield
    if workspace._current is not None:
        for collection in workspace._current._open.values():
            collection.close()
    workspace._current = before
