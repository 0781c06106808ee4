"""A machine as Binder makes it from ``binder/``, without Docker: repo2docker's own base, then what the folder says.

repo2docker's lock file names what its image has. Those releases are installed from PyPI into a fresh environment,
``binder/requirements.txt`` and ``binder/postBuild`` do the rest in a copy of the checkout, and the server is started
as BinderHub starts it: the Notebook's command, a token, and a random prefix.
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.browser.jupyter import Jupyter
from tests.isolation import MACHINE_ENVIRON
from tests.servers.install import python_with
from tests.servers.launch import ThirdParty, answers, free_port

ROOT = Path(__file__).parents[2]
# Of conda's packages, those that a person meets; what they need comes with them.
BASE = (
    *("ipykernel", "ipython", "ipywidgets", "jupyter-offlinenotebook", "jupyter-resource-usage", "jupyter_server"),
    *("jupyterhub-base", "jupyterlab", "notebook", "tornado", "traitlets"),
)


class BuildError(RuntimeError):
    """A step of the build failed; holds the end of what it printed."""


def repo2docker() -> Path:
    """The Python that has repo2docker."""
    return python_with("repo2docker")


def run(*command: str | Path, cwd: Path, path: Path | None = None) -> str:
    """Run a step and return what it printed; `path` is looked into for programs first."""
    environ = {**MACHINE_ENVIRON, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if path is not None:
        environ["PATH"] = f"{path}:{environ['PATH']}"
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(f"{' '.join(words)}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    return done.stdout + done.stderr


def checkout(folder: Path) -> Path:
    """The project's files as git would bring them, in `folder`."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # one that is deleted and not committed yet is listed too
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def base_releases() -> list[str]:
    """What repo2docker's image has for the Python of ``binder/runtime.txt``, as pip writes it."""
    python = (ROOT / "binder/runtime.txt").read_text().strip().removeprefix("python-")
    where = "import repo2docker; print(repo2docker.__path__[0])"
    package = Path(run(repo2docker(), "-c", where, cwd=ROOT).strip().splitlines()[-1])
    lock = (package / f"buildpacks/conda/environment.py-{python}-linux-64.lock").read_text()
    found = dict(re.findall(r"/([A-Za-z0-9_-]+?)-(\d[^-/]*)-[^/]*\.(?:conda|tar\.bz2)", lock))
    return [f"{name.removesuffix('-base')}=={found[name]}" for name in BASE]


def build(folder: Path) -> tuple[Path, Path]:
    """Build in `folder`; the checkout, and the Python of the machine."""
    place = checkout(folder / "checkout")
    environment = folder / "srv"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin/python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "pip", *base_releases(), cwd=folder)
    run(python, "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt", cwd=place)
    run("./binder/postBuild", cwd=place, path=python.parent)
    return place, python


def start(third_party: ThirdParty, place: Path, python: Path) -> Jupyter:
    """Start the server under a random prefix, and say in its environment what BinderHub says."""
    process = third_party.process("binder")
    user = f"owner-repository-{secrets.token_hex(4)}"
    token, port = secrets.token_hex(16), free_port()
    prefix = f"/user/{user}/"
    url = f"http://127.0.0.1:{port}{prefix}"
    process.start(
        *(python.parent / "jupyter-notebook", "--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.base_url={prefix}"),
        *(f"--IdentityProvider.token={token}", "--ServerApp.trust_xheaders=True", f"--ServerApp.root_dir={place}"),
        "--LabApp.expose_app_in_browser=True",  # for the driver
        environ={
            "PATH": f"{python.parent}:{MACHINE_ENVIRON['PATH']}",
            "JUPYTERHUB_SERVICE_PREFIX": prefix,
            "JUPYTERHUB_USER": user,
            "BINDER_LAUNCH_HOST": "https://mybinder.org/",
            "BINDER_REPO_URL": "https://example.org/owner/repository",
            "BINDER_SERVICE_HOST": "10.0.0.1",
        },
        ready=answers(f"{url}api/status", headers={"Authorization": f"token {token}"}),
        stop_within=20.0,
    )

    def sign_in(context: object) -> None:
        answer = context.request.get(f"{url}tree?token={token}")  # type: ignore[attr-defined]
        assert answer.ok, f"{answer.status} from {url}tree"

    path = "lab/workspaces/{workspace}/tree/{path}?reset"
    return Jupyter(url, place, notebook_path=path, sign_in=sign_in, log=process.log)
