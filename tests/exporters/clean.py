"""An environment that has what the scripts name in their heads, and not this package."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.servers import install

_ROWS = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("script", sys.argv[1])
script = sys.modules["script"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)
shape = list(script.table().shape) if hasattr(script, "table") and "table" in sys.argv else []
print(json.dumps({"rows": [] if shape else list(script.rows()), "shape": shape}, default=str))
"""


def python() -> Path:
    """Its Python; installed once for each content of requirements.txt."""
    wanted = Path(__file__).with_name("requirements.txt")

    def fill(folder: Path) -> None:
        import venv  # only where it is made

        venv.create(folder, with_pip=False, symlinks=True)
        install._run(
            install.sys.executable, "-m", "pip", "--python", install._python(folder), "install", "--quiet", "-r", wanted
        )

    return install._python(install._once("exported", wanted.read_text() + install.sys.version, fill))


def has_us(interpreter: Path) -> bool:
    """Whether our package can be imported there."""
    return not subprocess.run(
        [interpreter, "-I", "-c", "import apiconn_nb"], capture_output=True, check=False
    ).returncode


def run(command: list[Any], variables: dict[str, str], folder: Path) -> str:
    """What a command prints; fails with what it says. It sees `variables` and no more."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", **variables}
    done = subprocess.run(
        list(map(str, command)), env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def rows_of(interpreter: Path, script: str, variables: dict[str, str], folder: Path) -> list[Any]:
    """What the script's ``rows()`` gives."""
    file = folder / "script.py"
    file.write_text(script)
    rows: list[Any] = json.loads(run([interpreter, "-c", _ROWS, file], variables, folder))["rows"]
    return rows


def shape_of(interpreter: Path, script: str, variables: dict[str, str], folder: Path) -> list[int]:
    """The shape of what the script's ``table()`` gives."""
    file = folder / "script.py"
    file.write_text(script)
    shape: list[int] = json.loads(run([interpreter, "-c", _ROWS, file, "table"], variables, folder))["shape"]
    return shape


def bash_rows(script: str, variables: dict[str, str], folder: Path) -> list[Any]:
    """The JSON lines that a shell script prints."""
    file = folder / "script.sh"
    file.write_text(script)
    return [json.loads(line) for line in run(["bash", file], variables, folder).splitlines()]
