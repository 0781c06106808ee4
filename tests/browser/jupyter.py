"""A real JupyterLab, Notebook 7 or JupyterHub on 127.0.0.1, everything it writes under one temporary folder."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from tests.isolation import MACHINE_ENVIRON
from tests.needs import need
from tests.servers.install import node, node_modules_with
from tests.servers.launch import ThirdParty, answers, free_port

HUB_USER = "ada"
STOP_WITHIN = 20.0  # seconds: kernels and single-user servers are ended in order

# What Lab would ask the network for, and the pop-up that would cover the page.
QUIET = [
    "--LabApp.extension_manager=readonly",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
]
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}


class Jupyter:
    """A running server: `url` ends with a slash, `root` is the folder it shows."""

    def __init__(
        self, url: str, root: Path, *, notebook_path: str, sign_in: Callable[[object], None], log: Callable[[], str]
    ) -> None:
        self.url = url
        self.root = root
        self.notebook_path = notebook_path  # of the page that shows a notebook, under `url`
        self.sign_in = sign_in  # puts the login cookie into a browser context
        self.log = log


def start_single(third_party: ThirdParty, app: str, *, base_url: str = "/") -> Jupyter:
    """Start ``app``: ``lab`` (JupyterLab) or ``notebook`` (Notebook 7)."""
    module, trait = {"lab": ("jupyterlab", "LabApp"), "notebook": ("notebook", "JupyterNotebookApp")}[app]
    need(module)
    need("jupyter_server_proxy", "pip install jupyter-server-proxy")
    process = third_party.process(module)
    root = process.folder / "work"
    root.mkdir()
    _write_settings(process.folder / "settings")
    token, port = secrets.token_hex(16), free_port()
    url = f"http://127.0.0.1:{port}{base_url}"
    process.start(
        *(sys.executable, "-m", module, "--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.base_url={base_url}"),
        *(f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"),
        "--ServerApp.terminals_enabled=False",
        # The page's application object, so that a test can await its commands. For Notebook 7 this must be the only
        # JupyterNotebookApp option: one that it does not know would silently switch the others off.
        f"--{trait}.expose_app_in_browser=True",
        *QUIET,
        environ={
            **_environ(process.folder),
            "JUPYTERLAB_SETTINGS_DIR": str(process.folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(process.folder / "workspaces"),
        },
        ready=answers(f"{url}api/status", headers={"Authorization": f"token {token}"}),
        stop_within=STOP_WITHIN,
    )

    def sign_in(context: object) -> None:
        answer = context.request.get(f"{url}tree?token={token}")  # type: ignore[attr-defined]
        assert answer.ok, f"{answer.status} from {url}tree"

    path = "lab/workspaces/{workspace}/tree/{path}?reset" if app == "lab" else "notebooks/{path}"
    return Jupyter(url, root, notebook_path=path, sign_in=sign_in, log=process.log)


def start_hub(third_party: ThirdParty, *, base_url: str = "/") -> Jupyter:
    """Start JupyterHub behind configurable-http-proxy; `HUB_USER` gets a single-user JupyterLab at ``/user/ada/``."""
    need("jupyterhub")
    need("jupyter_server_proxy", "pip install jupyter-server-proxy")
    proxy = node_modules_with("configurable_http_proxy") / ".bin/configurable-http-proxy"
    process = third_party.process("jupyterhub")
    home = process.folder / "users" / HUB_USER
    _write_settings(home / ".jupyter/lab/user-settings")
    hub = f"http://127.0.0.1:{free_port()}{base_url}"
    config = process.folder / "jupyterhub_config.py"
    config.write_text(_hub_config(hub, proxy, process.folder / "users"))
    environ = _environ(process.folder)
    environ["PATH"] += f":{node().parent}"
    process.start(
        *(sys.executable, "-m", "jupyterhub", "-f", config),
        environ=environ,
        ready=answers(f"{hub}hub/api"),
        stop_within=STOP_WITHIN,
    )
    url = f"{hub}user/{HUB_USER}/"

    def sign_in(context: object) -> None:
        page = context.new_page()  # type: ignore[attr-defined]
        page.goto(f"{hub}hub/login")
        page.fill("#username_input", HUB_USER)
        page.fill("#password_input", "any")
        page.click("#login_submit")
        page.wait_for_url(f"{url}**", timeout=90_000)  # milliseconds: the first login starts the user's server
        page.close()

    path = "lab/workspaces/{workspace}/tree/{path}?reset"
    return Jupyter(url, home, notebook_path=path, sign_in=sign_in, log=process.log)


def _environ(home: Path) -> dict[str, str]:
    """Nothing of the machine's Jupyter, and no keyring of the developer's."""
    python = Path(sys.executable).parent
    return {
        "PATH": f"{python}:{MACHINE_ENVIRON['PATH']}",
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def _write_settings(folder: Path) -> None:
    plugin = folder / "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(json.dumps(NO_NEWS))


def _hub_config(hub: str, proxy: Path, users: Path) -> str:
    spawner_args = ["--allow-root", "--LabApp.expose_app_in_browser=True", *QUIET]
    return f"""
c.JupyterHub.bind_url = {hub!r}
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{free_port()}"
c.JupyterHub.db_url = "sqlite:///:memory:"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{free_port()}"
c.ConfigurableHTTPProxy.command = [{str(proxy)!r}]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{users}/{{username}}"
c.Spawner.args = {spawner_args!r}
c.Spawner.default_url = "/lab"
c.Spawner.ip = "127.0.0.1"
c.Spawner.env_keep = ["PATH", "LANG", "PYTHON_KEYRING_BACKEND"]
"""
