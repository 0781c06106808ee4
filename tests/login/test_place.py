"""Where the kernel runs and which way back `auto` takes: the table of environments, row by row."""

from __future__ import annotations

import getpass
from typing import Any

import pytest

from apiconn_nb.login import place
from apiconn_nb.login.place import Offers, Via, choose

PAGE = Offers()
PAGE_AND_DEVICE = Offers(device=True)
DEVICE_ALONE = Offers(login_page=False, device=True)
DEMO = Offers(local_provider=True)
FIXED_LOOPBACK = Offers(redirect="loopback")
FIXED_ON_THE_HUB = Offers(redirect="jupyter")
FIXED_PAGE = Offers(redirect="page")

HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/", "JPY_PARENT_PID": "7", "JUPYTERHUB_USER": "ada"}
BINDER = {**HUB, "BINDER_SERVICE_HOST": "10.0.0.1", "BINDER_LAUNCH_HOST": "https://mybinder.org/"}
LAB = {"JPY_PARENT_PID": "7", "JPY_SESSION_NAME": "x.ipynb"}
VSCODE = {"VSCODE_PID": "7", "VSCODE_CWD": "."}
SSH = {"SSH_CONNECTION": "10.0.0.2 50000 10.0.0.1 22"}
CODESPACES = {"CODESPACES": "true", "CODESPACE_NAME": "fluffy-broccoli", "VSCODE_PID": "7"}
COLAB = {"COLAB_RELEASE_TAG": "release-colab_20260101", "JPY_PARENT_PID": "7"}

ROWS: list[tuple[str, dict[str, str], Offers, Via | None]] = [
    ("a terminal", {}, PAGE, "loopback"),
    ("a terminal, provider with devices", {}, PAGE_AND_DEVICE, "loopback"),
    ("local JupyterLab or Notebook", LAB, PAGE, "loopback"),
    ("local JupyterLab, provider with devices", LAB, PAGE_AND_DEVICE, "loopback"),
    ("local VS Code", VSCODE, PAGE, "loopback"),
    ("VS Code in WSL", {**VSCODE, "WSL_DISTRO_NAME": "Debian", "VSCODE_AGENT_FOLDER": "/x"}, PAGE, "loopback"),
    ("local, fixed loopback URL", LAB, FIXED_LOOPBACK, "loopback"),
    ("local, fixed URL on the notebook's address", LAB, FIXED_ON_THE_HUB, "jupyter"),
    ("local, fixed page elsewhere", LAB, FIXED_PAGE, "paste"),
    ("local, no login page", LAB, DEVICE_ALONE, "device"),
    ("JupyterHub", HUB, PAGE, "jupyter"),
    ("JupyterHub, provider with devices", HUB, PAGE_AND_DEVICE, "jupyter"),
    ("JupyterHub over SSH", {**HUB, **SSH}, PAGE, "jupyter"),
    ("JupyterHub, fixed loopback URL", HUB, FIXED_LOOPBACK, "paste"),
    ("JupyterHub, fixed URL on the hub", HUB, FIXED_ON_THE_HUB, "jupyter"),
    ("JupyterHub, fixed page elsewhere", HUB, FIXED_PAGE, "paste"),
    ("JupyterHub, no login page", HUB, DEVICE_ALONE, "device"),
    ("Binder with the demo", BINDER, DEMO, "jupyter"),
    ("Binder with a real provider", BINDER, PAGE, "paste"),
    ("Binder with a real provider and devices", BINDER, PAGE_AND_DEVICE, "device"),
    ("Binder, fixed URL on the notebook's address", BINDER, FIXED_ON_THE_HUB, "jupyter"),
    ("SSH", SSH, PAGE, "paste"),
    ("SSH, provider with devices", SSH, PAGE_AND_DEVICE, "device"),
    ("JupyterLab over SSH", {**SSH, **LAB}, PAGE_AND_DEVICE, "device"),
    ("VS Code over SSH", {**SSH, **VSCODE}, PAGE, "paste"),
    ("VS Code's server without SSH", {**VSCODE, "VSCODE_AGENT_FOLDER": "/x"}, PAGE_AND_DEVICE, "device"),
    ("a development container", {"REMOTE_CONTAINERS": "true"}, PAGE, "paste"),
    ("Codespaces", CODESPACES, PAGE, "paste"),
    ("Codespaces, provider with devices", CODESPACES, PAGE_AND_DEVICE, "device"),
    ("CODESPACES=false is none", {"CODESPACES": "false"}, PAGE, "loopback"),
    ("Colab", COLAB, PAGE, "paste"),
    ("Colab, provider with devices", COLAB, PAGE_AND_DEVICE, "device"),
    ("Kaggle", {"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, PAGE, "paste"),
    ("Databricks", {"DATABRICKS_RUNTIME_VERSION": "15.4"}, PAGE_AND_DEVICE, "device"),
    ("no way at all", LAB, Offers(login_page=False), None),
]


@pytest.mark.parametrize(("environ", "offers", "via"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_row_of_the_table(environ: dict[str, str], offers: Offers, via: Via | None) -> None:
    assert choose(environ, offers).via == via


@pytest.mark.parametrize("environ", [{}, LAB, HUB, BINDER, SSH, CODESPACES, COLAB])
def test_without_a_person_there_is_no_way(environ: dict[str, str]) -> None:
    for offers in (PAGE, PAGE_AND_DEVICE, DEVICE_ALONE, DEMO):
        assert choose(environ, offers, attended=False).via is None


def test_without_jupyter_server_proxy_a_hub_is_a_place_like_ssh() -> None:
    assert choose(HUB, PAGE, has_proxy=False).via == "paste"
    assert choose(HUB, PAGE_AND_DEVICE, has_proxy=False).via == "device"
    assert choose(BINDER, DEMO, has_proxy=False).via == "paste"
    assert choose(LAB, PAGE, has_proxy=False).via == "loopback"


def test_the_place_has_a_name() -> None:
    names = {choose(environ, PAGE).place for environ in ({}, LAB, HUB, BINDER, SSH, CODESPACES, COLAB, VSCODE)}
    assert names == {"a terminal", "Jupyter", "JupyterHub", "Binder", "SSH", "Codespaces", "Colab", "VS Code"}


def test_a_kernel_says_itself_whether_it_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kernel:
        _allow_stdin = True

        def getpass(self, prompt: str = "") -> str:
            return ""

    kernel: Any = Kernel()
    monkeypatch.setattr(getpass, "getpass", kernel.getpass)
    assert place.is_attended()
    kernel._allow_stdin = False  # nbclient, papermill, nbconvert
    assert not place.is_attended()
