"""A method set up in the shell by its magic, signed in; and Ctrl-C while the server takes its time."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import apiconn_nb as api
from apiconn_nb.login import login_of
from tests.hardening.methods import SetUp
from tests.hardening.world import World
from tests.shell import NotebookShell

Notebook = Callable[[SetUp, str], None]


@pytest.fixture
def notebook(magics: NotebookShell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Notebook:
    """Sets a method up by its magic, signed in; its secrets are in the environment of this process."""

    def make(chosen: SetUp, private: str) -> None:
        for name, value in {**chosen.secrets, "PRIVATE": private}.items():
            monkeypatch.setenv(name, value)
        magics.run(f"%config ApiConn.token_file = '{tmp_path / 'tokens.json'}'")
        magics.run(f"%config ApiConn.record = '{tmp_path / 'recordings'}'")
        magics.run(f"%apiconn_auth {chosen.name} {chosen.words}")
        if chosen.has_login:
            magics.run(f"%apiconn_auth {chosen.name} --login --via loopback")
            login = login_of(api.collection(chosen.name))
            assert login is not None
            with urllib.request.urlopen(login.link, timeout=5) as page:  # no httpx: a browser's logs are not ours
                assert page.status == 200
            assert login.wait(10)

    return make


@contextlib.contextmanager
def interrupted(world: World, situation: str) -> Iterator[None]:
    """Ctrl-C while the server takes its time."""
    if situation != "interrupt":
        yield
        return

    def press() -> None:
        world.busy.wait(5)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    world.busy.clear()
    thread.start()
    try:
        yield
    finally:
        thread.join()
