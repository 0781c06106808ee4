"""The command ``apiconn-demo``.

::

    apiconn-demo                    start the demo and open JupyterLab at notebooks/quickstart.ipynb
    apiconn-demo serve [--port N]   start the demo and print its address; Ctrl-C ends it
    apiconn-demo --check            run the same notebook without a screen; rows received, method by method

``--notebook FILE`` takes another notebook, ``--jupyter=OPTION`` passes an option on to JupyterLab.
What a notebook must do to be checked is said in `check`.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import ApiConnError, UsageError
from . import PORT, serve

QUICKSTART = Path(__file__).resolve().parents[2] / "notebooks" / "quickstart.ipynb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status (0, 1: the check failed, 2: a mistake in use)."""
    options = _parser().parse_args(arguments)
    try:
        if options.check:
            return _check(options.notebook)
        if options.what == "serve":
            return _serve(options.port)
        return _lab(options.notebook, options.port, options.jupyter)
    except ApiConnError as error:
        print(f"apiconn-demo: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="apiconn-demo", description="The embedded demo of apiconn_nb.")
    parser.add_argument(
        "what",
        nargs="?",
        choices=("lab", "serve"),
        default="lab",
        help="lab (default): start the demo and open JupyterLab; serve: only the demo",
    )
    parser.add_argument("--check", action="store_true", help="run the notebook without a screen and count its rows")
    parser.add_argument("--port", type=int, default=PORT, help=f"the demo's port (default {PORT}; 0: a free one)")
    parser.add_argument("--notebook", type=Path, default=QUICKSTART, help="default: notebooks/quickstart.ipynb")
    parser.add_argument(
        "--jupyter", action="append", default=[], metavar="OPTION", help="passed on: --jupyter=--no-browser"
    )
    return parser


def _serve(port: int) -> int:
    with serve(port) as demo:
        print(f"{demo.url}\n{demo.tls_url} (client certificate optional)\n{demo.mtls_url} (required)\nCtrl-C ends it.")
        sys.stdout.flush()
        while True:
            time.sleep(3600)


def _lab(notebook: Path, port: int, options: list[str]) -> int:
    _must_exist(notebook)
    _must_have("jupyterlab", "lab")
    with serve(port) as demo:
        print(f"The demo runs at {demo.url}; JupyterLab opens at {notebook.name}. Ctrl-C twice ends both.")
        sys.stdout.flush()
        command = [sys.executable, "-m", "jupyterlab", str(notebook), *_as_who(), *options]
        # The kernels inherit these, so `demo.running()` in a notebook finds this demo.
        lab = subprocess.Popen(command, env={**os.environ, **demo.environ()})  # noqa: S603 - our own interpreter
        while True:
            try:
                return lab.wait()
            except KeyboardInterrupt:
                continue  # JupyterLab got it too, asks, and ends in its own time with its kernels


def _as_who() -> list[str]:
    """In a container one is often root, as whom JupyterLab does not start unless it is told to."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--allow-root"] if is_root else []


def _check(notebook: Path) -> int:
    _must_exist(notebook)
    _must_have("nbclient", "test")
    _must_have("ipykernel", "lab")
    # Loaded here: nbclient and nbformat are extras.
    from .check import report, rows_by_method

    text, good = report(rows_by_method(notebook))
    print(text)
    return 0 if good else 1


def _must_exist(notebook: Path) -> None:
    if not notebook.is_file():
        raise UsageError(f"There is no {notebook.name} here: run it from a clone, or name one with --notebook FILE.")


def _must_have(module: str, extra: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise UsageError(f'{module} is missing: pip install "apiconn_nb[demo,{extra}]"')


if __name__ == "__main__":
    sys.exit(main())
