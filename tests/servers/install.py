"""What the third-party servers need, installed once per machine and kept outside the repository.

``python -m tests.servers.install`` installs everything at once (CI does, so that no test waits for a download).
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tests.isolation import CACHE, MACHINE_ENVIRON
from tests.needs import require_tool

REQUIREMENTS = Path(__file__).parent / "requirements"
NODE_LINE = "apt-get install -y --no-install-recommends nodejs npm"


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


def node_modules_with(name: str) -> Path:
    """A ``node_modules`` folder that has the dependencies of ``requirements/{name}.json``."""
    wanted = REQUIREMENTS / f"{name}.json"
    npm = require_tool("npm", NODE_LINE)

    def install(folder: Path) -> None:
        folder.mkdir(parents=True)
        shutil.copy(wanted, folder / "package.json")
        _run(npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier", cwd=folder)

    return _once(name, wanted.read_text(), install) / "node_modules"


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


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=MACHINE_ENVIRON,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InstallError(f"{' '.join(str(word) for word in command)}\n{done.stdout[-3000:]}")


def main() -> None:
    """Install everything that any server needs."""
    for wanted in sorted(REQUIREMENTS.iterdir()):
        folder = node_modules_with(wanted.stem) if wanted.suffix == ".json" else python_with(wanted.stem)
        print(f"{wanted.stem}: {folder}", flush=True)


if __name__ == "__main__":
    main()
