"""The same setup in a real terminal IPython, question by question; nothing secret is seen."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.canary import Canary
from tests.needs import need

WITHIN = 60  # seconds: IPython starts slowly on a busy machine


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Any]:
    """IPython at a pseudo terminal, with the extension loaded; what stood on it is in `terminal.seen`."""
    if sys.platform == "win32":
        pytest.skip("a pseudo terminal is a thing of Unix")
    pexpect = need("pexpect", "pip install pexpect")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor"],
        cwd=tmp_path, env={**os.environ, "TERM": "dumb", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
        encoding="utf-8", timeout=WITHIN, dimensions=(50, 200),
    )  # fmt: skip
    log = tmp_path / "terminal.log"
    with log.open("w", encoding="utf-8") as seen:
        child.logfile_read = seen
        child.expect(r"In \[1\]: ")
        child.sendline("%load_ext apiconn_nb")
        child.expect(r"In \[2\]: ")
        yield child
        child.close(force=True)


def answer(terminal: Any, question: str, text: str) -> None:
    terminal.expect_exact(question)
    terminal.sendline(text)


def test_a_collection_is_set_up_by_prompts(terminal: Any, tmp_path: Path, canary: Canary) -> None:
    key = canary("key")
    terminal.sendline("%apiconn_auth shop")
    answer(terminal, "Base URL: ", "api.example.org")
    terminal.expect_exact("begin with https://")
    answer(terminal, "Base URL: ", "https://api.example.org")
    answer(terminal, "Number or name [1]: ", "key-in-hedaer")
    terminal.expect_exact("did you mean key-in-header")
    answer(terminal, "Number or name [1]: ", "3")
    answer(terminal, "Key name [Authorization]: ", "")
    answer(terminal, "Private key (hidden; or env:NAME, file:PATH): ", "")
    terminal.expect_exact("This is needed.")
    answer(terminal, "Private key (hidden; or env:NAME, file:PATH): ", key)
    answer(terminal, "Settings for the development environment too? [y/N]: ", "perhaps")
    terminal.expect_exact("Type y or n.")
    answer(terminal, "Settings for the development environment too? [y/N]: ", "y")
    answer(terminal, "Development key value (hidden; or env:NAME, file:PATH): ", "env:SHOP_DEV_KEY")
    answer(terminal, "Development base URL: ", "")
    answer(terminal, "Advanced settings? [y/N]: ", "")
    answer(terminal, "Shared headers, name (Enter: no more): ", "Accept")
    answer(terminal, "Shared headers, Accept: ", "application/json")
    answer(terminal, "Shared headers, name (Enter: no more): ", "")
    answer(terminal, "Shared parameters, name (Enter: no more): ", "")
    terminal.expect_exact("saved in apiconn.toml")
    assert tomllib.loads((tmp_path / "apiconn.toml").read_text())["shop"] == {
        "base_url": "https://api.example.org",
        "auth": {"method": "key-in-header", "key": "prompt", "dev_key": "env:SHOP_DEV_KEY"},
        "headers": {"Accept": "application/json"},
    }
    terminal.expect(r"In \[3\]: ")
    terminal.sendline("import apiconn_nb as api")
    terminal.sendline(f"api.collection('shop').method.key.reveal() == {key[::-1]!r}[::-1]")
    terminal.expect_exact("True")
    canary.assert_absent(tmp_path)


def test_ctrl_c_ends_without_saving(terminal: Any, tmp_path: Path) -> None:
    terminal.sendline("%apiconn_auth shop")
    terminal.expect_exact("Base URL: ")
    terminal.sendintr()
    terminal.expect_exact("Nothing was saved of shop.")
    assert not (tmp_path / "apiconn.toml").exists()


def test_a_collection_that_exists_shows_its_status(terminal: Any) -> None:
    terminal.sendline("%apiconn_auth shop none --base-url https://api.example.org")
    terminal.expect_exact("saved in apiconn.toml")
    terminal.sendline("%apiconn_auth shop")
    terminal.expect_exact("not tested")
