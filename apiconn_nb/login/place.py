"""Where the kernel runs, and so how the answer of a login can come back: one function over environment variables."""

from __future__ import annotations

import getpass
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Via = Literal["loopback", "jupyter", "device", "paste"]
VIAS: tuple[Via, ...] = ("loopback", "jupyter", "device", "paste")

Place = Literal["headless", "Binder", "remote", "JupyterHub", "local"]
RedirectKind = Literal["any", "loopback", "jupyter", "page"]

# Hosted notebooks, and kernels on a machine that the browser is not on.
_REMOTE: tuple[tuple[str, str], ...] = (
    ("Colab", "COLAB_RELEASE_TAG"),
    ("Colab", "COLAB_BACKEND_VERSION"),
    ("Colab", "COLAB_GPU"),
    ("Kaggle", "KAGGLE_KERNEL_RUN_TYPE"),
    ("Databricks", "DATABRICKS_RUNTIME_VERSION"),
    ("Deepnote", "DEEPNOTE_PROJECT_ID"),
    ("Codespaces", "CODESPACES"),
    ("Codespaces", "CODESPACE_NAME"),
    ("Gitpod", "GITPOD_WORKSPACE_ID"),
)
_BINDER = ("BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "BINDER_REPO_URL")
# Looked at after JupyterHub: a hub's own server may have been started over SSH.
_ELSEWHERE: tuple[tuple[str, str], ...] = (
    ("SSH", "SSH_CONNECTION"),
    ("SSH", "SSH_CLIENT"),
    ("SSH", "SSH_TTY"),
    ("a development container", "REMOTE_CONTAINERS"),
    ("VS Code's server", "VSCODE_AGENT_FOLDER"),
)


@dataclass(frozen=True)
class Offers:
    """What a method and its provider offer.

    `login_page` and `device`: whether it has such an endpoint; `redirect`: the kind of redirect URL that is registered
    (``any``: the one of this place); `local_provider`: whether the provider itself runs beside the kernel.
    """

    login_page: bool = True
    device: bool = False
    redirect: RedirectKind = "any"
    local_provider: bool = False


@dataclass(frozen=True)
class Choice:
    """The way back (None: nobody could sign in here) and the place in words."""

    via: Via | None
    place: str


def choose(environ: Mapping[str, str], offers: Offers, *, attended: bool = True, has_proxy: bool = True) -> Choice:
    """The way back that ``auto`` takes.

    Parameters: `environ`, the environment variables; `attended`, whether somebody is there to click; `has_proxy`,
    whether jupyter-server-proxy is there.
    """
    place, name = where(environ, attended=attended)
    if place == "headless":
        return Choice(None, name)
    if not offers.login_page:
        return Choice("device" if offers.device else None, name)
    elsewhere: Via = "device" if offers.device else "paste"
    if place == "remote":
        return Choice(elsewhere, name)
    if place == "local":
        return Choice(_local(offers), name)
    # A random user path cannot be registered, so on Binder only a provider that asks for no registration can send back.
    registrable = place == "JupyterHub" or offers.local_provider or offers.redirect == "jupyter"
    reachable = offers.redirect in ("any", "jupyter") and has_proxy
    return Choice("jupyter" if registrable and reachable else elsewhere, name)


def _local(offers: Offers) -> Via:
    ways: dict[RedirectKind, Via] = {"any": "loopback", "loopback": "loopback", "jupyter": "jupyter", "page": "paste"}
    return ways[offers.redirect]


def where(environ: Mapping[str, str], *, attended: bool = True) -> tuple[Place, str]:
    """The kind of place, and its name for a person."""
    if not attended:
        return "headless", "a run without a person"
    if any(environ.get(name) for name in _BINDER):
        return "Binder", "Binder"
    for words, name in _REMOTE:
        if _is_set(environ, name):
            return "remote", words
    if environ.get("JUPYTERHUB_SERVICE_PREFIX"):
        return "JupyterHub", "JupyterHub"
    for words, name in _ELSEWHERE:
        # Windows reaches the loopback of its Linux (WSL), whatever VS Code says.
        if _is_set(environ, name) and not environ.get("WSL_DISTRO_NAME"):
            return "remote", words
    if _is_set(environ, "VSCODE_PID"):
        return "local", "VS Code"
    return "local", "Jupyter" if environ.get("JPY_PARENT_PID") else "a terminal"


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() not in ("", "0", "false")


def is_attended() -> bool:
    """Whether somebody can be asked here: a terminal, or a kernel whose frontend takes input.

    nbclient, papermill and nbconvert tell the kernel that it may not ask.
    """
    kernel = getattr(getpass.getpass, "__self__", None)  # ipykernel puts a method of its own there
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", True))
    return sys.stdin is not None and sys.stdin.isatty()


def has_server_proxy() -> bool:
    """Whether jupyter-server-proxy is there, as far as the kernel can see.

    The server may live in an environment of its own; only where it is the kernel's too does a missing one show.
    """
    if importlib.util.find_spec("jupyter_server_proxy") is not None:
        return True
    return importlib.util.find_spec("jupyter_server") is None
