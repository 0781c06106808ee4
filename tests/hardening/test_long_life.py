"""One kernel for weeks: memory, threads, files, sockets and widgets stay level; it reloads, and ends without a word."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apiconn_nb import redaction
from apiconn_nb.frames import accessor
from tests.hardening import evidence
from tests.login.kernel import ROOT
from tests.needs import need
from tests.shell import NotebookShell

CALLS = 100_000 if evidence.LONG else 5_000
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}


def python(*arguments: str, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def server() -> Iterator[str]:
    """A fast server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hardening.fast_server"], cwd=ROOT, env=ENVIRON, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.mark.timeout(900 if evidence.LONG else 180)
def test_many_calls_in_one_process(server: str) -> None:
    need("psutil")
    need("ipywidgets")
    done = python("-m", "tests.hardening.long_life", server, str(CALLS), timeout=850)
    assert done.returncode == 0, done.stderr[-2000:]
    early, middle, late = json.loads(done.stdout.splitlines()[-1])
    assert late["calls"] == CALLS
    assert late["threads"] <= early["threads"]
    assert late["files"] <= early["files"] + 2
    assert late["sockets"] <= early["sockets"] + 1
    assert late["widgets"] <= early["widgets"]
    # Every private value is remembered, so that it can be cut from what is shown: at most 4,096 of them.
    remembered = 0.06 * min(4096, (CALLS // 50) * 3 // 4)
    assert late["megabytes"] - early["megabytes"] < 12 + remembered, (early, middle, late)
    evidence.most("life", calls=CALLS)
    evidence.most("life", megabytes=round(late["megabytes"] - middle["megabytes"]))


def test_what_is_remembered_of_secrets_is_bounded() -> None:
    for number in range(20_000):
        redaction.register(f"CANARY-{number}")
    assert len(redaction.known()) <= redaction._MOST
    assert redaction.redact("CANARY-19999 CANARY-1") == f"{redaction.MASK} CANARY-1"


def test_forms_opened_and_closed_leave_no_widget(magics: NotebookShell, monkeypatch: pytest.MonkeyPatch) -> None:
    widgets = need("ipywidgets")
    from apiconn_nb.notebook.form import opened

    registry = widgets.widgets.widget._instances
    monkeypatch.setattr(magics, "kernel", object(), raising=False)
    magics.run("%apiconn_auth shop none --base-url https://api.example.org")

    def open_and_close() -> int:
        magics.run_cell("%apiconn_auth shop")
        opened.close_all()
        gc.collect()
        return len(registry)

    before = open_and_close()
    after = [open_and_close() for _ in range(15)][-1]
    assert after <= before
    magics.run_cell("%apiconn_auth shop")
    once = len(registry)
    for _ in range(15):  # the same form shown again is the same widgets
        magics.run_cell("%apiconn_auth shop")
    assert len(registry) == once
    opened.close_all()
    evidence.most("life", forms=31)


def test_a_loop_in_one_cell_keeps_no_table(magics: NotebookShell, server: str) -> None:
    """What is shown under the cell waits for its end; the tables do not."""
    magics.run(f"%apiconn_auth demo none --base-url {server}")
    before = len(accessor._answers)
    magics.user_ns["living"] = lambda: (gc.collect(), len(accessor._answers))[1]
    looped = "for n in range(20):\n    get_ipython().run_line_magic('apicall', 'demo GET /rows')\nliving()"
    assert magics.run(looped) <= before + 1
    assert magics.display_text().count("2 rows") >= 20


AT_THE_END = """
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))

def cell(text):
    result = shell.run_cell(text)
    result.raise_error()
    return result.result

cell("%load_ext apiconn_nb")
cell("%apiconn_auth demo none --base-url URL")
"""
CALL = "cell('%apicall demo GET /rows')"
RELOAD = """
import importlib, sys
for name in [name for name in sys.modules if name.startswith("apiconn_nb")]:
    importlib.reload(sys.modules[name])
"""
AUTORELOAD = """
import os, apiconn_nb.answer, apiconn_nb.auth.basic
for module in (apiconn_nb.answer, apiconn_nb.auth.basic):
    os.utime(module.__file__)
cell("%apicall demo GET /rows")
cell("%apiconn_auth demo basic --username a --password env:HOME")
"""
FORK = """
import os
child = os.fork()
if child == 0:
    cell("%apicall demo GET /rows")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
SWEEP = """
shell.user_ns["rows"] = [{"n": n} for n in range(30)]
cell("%apicall demo GET /rows?n=[n] --each rows")
"""
CHANGE = """
for n in range(5):
    cell(f"%apiconn_auth demo none --query a={n}")
    cell("%apicall demo GET /rows")
"""
WORKS = {
    "one call": CALL,
    "pages ahead": "cell('%apicall demo GET /pages --pages all')",
    "a sweep": SWEEP,
    "an error": "shell.run_cell('%apicall demo GET /broken')",
    "settings that change": CHANGE,
    "loaded again": f"{CALL}\ncell('%reload_ext apiconn_nb')\n{CALL}",
    "unloaded": f"{CALL}\ncell('%unload_ext apiconn_nb')",
    "modules reloaded": f"{CALL}\n{RELOAD}\n{CALL}",
    "autoreload": f"cell('%load_ext autoreload')\ncell('%autoreload 2')\n{CALL}\n{AUTORELOAD}\n{CALL}",
    "a process that forked": f"{CALL}\n{FORK}\n{CALL}",
}


@pytest.mark.parametrize("what", WORKS)
def test_no_warning_at_the_end(server: str, tmp_path: Path, what: str) -> None:
    """Python's development mode says each socket, file and thread that was left; here each word is an error."""
    script = tmp_path / "work.py"
    ignored = "import warnings; warnings.filterwarnings('ignore', message='.*multi-threaded.*')"
    before = ignored if "fork" in what else ""  # Python 3.12 warns of any fork beside threads
    script.write_text(f"{before}\n{AT_THE_END.replace('URL', server)}\n{WORKS[what]}\n")
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr == ""
    evidence.count("life", quiet_ends=1)
