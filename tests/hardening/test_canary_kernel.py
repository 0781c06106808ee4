"""A real kernel: all methods and a form in one notebook, run, saved with its widgets, restarted and run again."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import textwrap
import threading
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from tests.hardening import evidence
from tests.hardening.methods import SLUGS, SetUp, set_up
from tests.hardening.world import World
from tests.login.kernel import ROOT

FAILS = ("401", "403", "slow", "reset", "bad-json", "away", "interrupt")
BEGIN = """
    import faulthandler, logging, os, sys, threading, urllib.request
    import apiconn_nb as api
    sys.path.insert(0, %(root)r)
    logging.basicConfig(level=logging.DEBUG, filename="kernel.log")
    faulthandler.enable(open("faults.txt", "w"))
    %%load_ext apiconn_nb
    %%config ApiConn.token_file = "tokens.json"
    %%config ApiConn.record = "recordings"
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)
"""
SIGN_IN = """
    from apiconn_nb.login import login_of
    login = login_of(api.collection({name!r}))
    if login.link:
        urllib.request.urlopen(login.link).status, login.wait(10)
"""
SUCCESS = """
    # By a thread of Python's: faulthandler's own timer reads the frames while they run, and may crash.
    dump = threading.Timer(0.01, faulthandler.dump_traceback, [open("dump.txt", "a")])
    dump.start()
    frame = get_ipython().run_cell_magic("apicall", "{name} -p who=env:PRIVATE", "POST /success?who=[who]\\n\\n[<who>]")
    dump.join()
    frame.to_pickle("{name}.pkl")
    frame
"""
PYTHON = """
    for path in ("success", "401", "403", "reset", "bad-json", "away"):
        try:
            secret = api.Secret.from_reference("env:PRIVATE")
            answer = api.collection({name!r}).send(f"POST /{{path}}?who=[who]", who=secret)
            print(answer, answer.headers, answer.text)
        except api.ApiConnError as error:
            print(error, error.__dict__)
"""
FORM = """
    from apiconn_nb.notebook.form import opened
    from tests.form.person import Person
    person = Person(opened._forms[-1])
    person.fill("Base URL", {url!r})
    person.choose("Authentication", "Private key in header")
    person.secret("Private key", open("typed.txt").read())
    person.press("Save")
    person.press("Test")
    person.see("Works")
"""


def notebook_of(methods: list[SetUp], world: World) -> Any:
    """The notebook: set up, call, fail, and a form that a key is typed into."""
    cells = [BEGIN % {"root": str(ROOT)}]
    for each in methods:
        cells.append(f"%apiconn_auth {each.name} {each.words}")
        if each.has_login:
            cells += [f"%apiconn_auth {each.name} --login --via loopback", SIGN_IN.format(name=each.name)]
        cells.append(SUCCESS.format(name=each.name))
        cells.append(PYTHON.format(name=each.name))
        cells += [f"%%apicall {each.name} -p who=env:PRIVATE {_time(fault)}\nGET /{fault}?who=[who]" for fault in FAILS]
    cells += ["%apiconn_auth typed", FORM.format(url=f"{world.url}/api"), "%apiconn_auth typed --status", "%history"]
    new = nbformat.v4
    made = [new.new_code_cell(textwrap.dedent(cell).strip()) for cell in cells]  # type: ignore[no-untyped-call]
    return new.new_notebook(cells=made)  # type: ignore[no-untyped-call]


def _time(fault: str) -> str:
    return "--timeout 0.5" if fault == "slow" else ""


class Run:
    """One run of a notebook, Ctrl-C at the cells that call for it, and a look at the kernel's processes after each."""

    def __init__(self, document: Any, folder: Path, world: World) -> None:
        self.processes: dict[str, list[str]] = {}
        self.world = world
        self.client = NotebookClient(
            document,
            timeout=60,
            allow_errors=True,
            on_cell_start=self.interrupt,
            on_cell_executed=self.look,
            resources={"metadata": {"path": str(folder)}},
        )
        self.client.execute()
        nbformat.write(document, folder / "notebook.ipynb")  # type: ignore[no-untyped-call]

    def interrupt(self, cell: Any, **_: Any) -> None:
        if "GET /interrupt" not in cell.source:
            return

        process = self.client.km.provisioner.pid  # type: ignore[union-attr]

        def press() -> None:
            if self.world.busy.wait(20):
                os.kill(process, signal.SIGINT)

        self.world.busy.clear()
        threading.Thread(target=press, daemon=True).start()

    def look(self, **_: Any) -> None:
        kernel = psutil.Process(self.client.km.provisioner.pid)  # type: ignore[union-attr]
        for each in [kernel, *kernel.children(recursive=True)]:
            environment = [f"{name}={value}" for name, value in each.environ().items()]
            self.processes[f"process {each.pid}"] = [*each.cmdline(), *environment]


@pytest.mark.timeout(400 if evidence.LONG else 180)
def test_a_notebook_run_saved_restarted_and_run_again(world: World, tmp_path: Path, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    chosen = SLUGS if evidence.LONG else ("basic", "oauth2-user-agent", "jwt")
    methods = [set_up(slug, world) for slug in chosen]
    secrets = {"PRIVATE": world.hunter("private")}
    for each in methods:
        secrets |= each.secrets
    (tmp_path / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in secrets.items()))
    (tmp_path / "typed.txt").write_text(world.hunter("typed"))
    document = notebook_of(methods, world)
    first = Run(document, tmp_path, world)
    as_it_should(document, len(methods))
    shutil.copytree(tmp_path, tmp_path / ".ipynb_checkpoints", ignore=shutil.ignore_patterns(".env", "*.txt", "*.json"))
    grants = sum(each.startswith("POST /token") for each in world.arrived)
    again = Run(document, tmp_path, world)
    as_it_should(document, len(methods))
    assert world.hunter.values["typed"][:30] in "".join(world.arrived), "what was typed was not sent"
    refused = sum(each.startswith("GET /api/401") for each in world.arrived)
    assert refused, "nobody was refused"
    # A 401 renews once; apart from that a new kernel goes on with the tokens of the old one.
    assert sum(each.startswith("POST /token") for each in world.arrived) - grants <= grants
    assert '"application/vnd.jupyter.widget-state+json"' in (tmp_path / "notebook.ipynb").read_text()
    allowed = {".env", "typed.txt", "tokens.json"}
    files = {str(each.relative_to(tmp_path)): each for each in tmp_path.rglob("*") if each.is_file()}
    world.hunter.assert_absent(
        {
            "files": {name: each for name, each in files.items() if each.name not in allowed},
            "home": Path.home(),
            "processes": {**first.processes, **again.processes},
            "stranger": world.to_stranger,
        }
    )
    evidence.count("canary", scenarios=2 * len(methods) * (7 + len(FAILS)) + 2)


def as_it_should(document: Any, methods: int) -> None:
    """Each method gave its rows, and failed where it was to fail: a notebook of errors alone would hold no secret."""
    outputs = [output for cell in document.cells for output in cell.get("outputs", ())]
    errors = [each for each in outputs if each.output_type == "error"]
    assert len(errors) == methods * len(FAILS), json.dumps([each.evalue for each in errors], indent=1)
    tables = [each for each in outputs if "text/html" in each.get("data", {}) and "<table" in each.data["text/html"]]
    assert len(tables) >= methods
