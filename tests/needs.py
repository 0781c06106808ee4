"""What a test needs from the machine: found, or skipped with the line that installs it.

With ``CI=true`` a missing tool is a failure: a suite that skips what it was meant to prove is green for no reason.
"""

from __future__ import annotations

import importlib
import os
import shutil
from typing import Any, NoReturn

import pytest


def require_tool(name: str, install_line: str, *, folders: tuple[str, ...] = ("/usr/sbin", "/sbin")) -> str:
    """The path of the program `name`, from PATH or `folders`; else the test is skipped (fails in CI).

    `install_line` is the command that brings it on Debian, shown in the reason.
    """
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))
    return found or missing(f"{name} is not installed", install_line)


def need(module: str, install_line: str = "") -> Any:
    """The imported Python module `module`; else the test is skipped (fails in CI)."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        return missing(f"cannot import {module}: {error}", install_line or f"pip install {module.partition('.')[0]}")


def missing(reason: str, install_line: str) -> NoReturn:
    """Skip the running test with its reason; fail it where ``CI=true``."""
    message = f"{reason}; install it with: {install_line}"
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
