"""What is typed into a secret field is in no saved notebook, checkpoint, workspace or second front end.

*Save Widget State* is on throughout: everything that is part of a widget's state is in the file.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.driver import TIMEOUT, NotebookPage
from tests.browser.form_page import FormPage, restart, save_widget_state
from tests.canary import Canary

pytestmark = pytest.mark.browser

ROUNDS = 12
LOAD, FORM, OTHER = range(3)


@pytest.fixture(params=["lab", "notebook7"])
def bench(request: pytest.FixtureRequest) -> Any:
    """JupyterLab, then Notebook 7."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def opened(bench: Any) -> Iterator[tuple[Any, FormPage]]:
    """A notebook with a form in it, HTTP Basic Auth chosen; widget state is saved with the notebook."""
    page = bench.open("secrets.ipynb", "%load_ext apiconn_nb", "%apiconn_auth shop", "import time; time.sleep(3)")
    save_widget_state(page, True)
    page.run_cell(LOAD)
    form = FormPage.opened(page, FORM)
    form.fill("Base URL", "https://api.example.org")
    form.choose("Authentication", "HTTP Basic Auth")
    form.fill("Username", "PUBLIC-NAME")
    form.secret("Password", "env:SHOP_PASSWORD")
    form.press("Save")
    form.see("Saved in apiconn.toml.")
    yield page, form
    save_widget_state(page, False)


def kernel_pid(page: Any) -> int:
    return int(page.kernel("__import__('os').getpid()"))


def wait_for_password(page: Any, secret: str) -> None:
    """Wait until the kernel's collection has the secret: what was typed is not lost."""
    revealed = "__import__('apiconn_nb').workspace.collection('shop').method.password.reveal()"
    digest = hashlib.sha256(secret.encode()).hexdigest()
    question = f"__import__('hashlib').sha256({revealed}.encode()).hexdigest()"
    end = time.monotonic() + TIMEOUT / 1000
    while page.kernel(question) != digest:  # the secret itself is not asked for: the answer would be in the page
        assert time.monotonic() < end, "the kernel did not get it"


def save_and_search(bench: Any, page: Any, canary: Canary) -> None:
    """Save as Ctrl+S does. The widgets' state is in the file, and no canary is in any file of the server."""
    saved = page.save()
    assert "PUBLIC-NAME" in repr(saved["metadata"]["widgets"]), "no widget state: searching it would prove nothing"
    canary.assert_absent(bench.server.root.parent, repr(bench.console), bench.server.log())


@pytest.mark.timeout(300)
def test_typed_and_saved_at_once_again_and_again(opened: Any, bench: Any, canary: Canary) -> None:
    """No pause between typing, pressing *Save* in the form and saving the notebook."""
    page, form = opened
    for round_ in range(ROUNDS):
        secret = canary(f"round-{round_}", awkward=True)
        form.control("Password").fill(secret)
        form.press("Save")
        saved = page.save()
        canary.assert_absent(repr(saved))
        wait_for_password(page, secret)
    save_and_search(bench, page, canary)


def test_typed_and_not_left(opened: Any, bench: Any, canary: Canary) -> None:
    """The cursor is still in the field."""
    page, form = opened
    form.control("Password").press_sequentially(canary("not-left"))
    save_and_search(bench, page, canary)


def test_a_second_front_end_and_a_reload_have_nothing(opened: Any, bench: Any, canary: Canary) -> None:
    page, form = opened
    form.secret("Password", canary("second"))
    page.save()  # a page that is opened reads the file, and asks the kernel for the widgets
    other = bench.open("secrets.ipynb")
    mirrored = FormPage(other, FORM)
    mirrored.root.wait_for(timeout=TIMEOUT)
    expect(mirrored.control("Password")).to_have_value("")
    mirrored.see("Typed.")
    canary.assert_absent(other.page.content())
    save_and_search(bench, other, canary)
    other.page.close()
    page.reload()
    page = NotebookPage(page.page, page.path, page.file)
    again = FormPage(page, FORM)
    again.root.wait_for(timeout=TIMEOUT)
    expect(again.control("Password")).to_have_value("")
    canary.assert_absent(page.page.content())
    save_and_search(bench, page, canary)


def test_a_busy_kernel_gets_it_when_it_is_free(opened: Any, bench: Any, canary: Canary) -> None:
    """Typed while a cell runs: the field is empty at once, the notebook is saved meanwhile, nothing is lost."""
    page, form = opened
    secret = canary("busy")
    page.run_cell(OTHER, wait=False)
    form.control("Password").fill(secret)
    form.press("Save")
    expect(form.control("Password")).to_have_value("")
    save_and_search(bench, page, canary)
    page.wait_idle()
    form.see("Kept: prompt (typed, in this kernel's memory).")
    wait_for_password(page, secret)
    save_and_search(bench, page, canary)


@pytest.mark.parametrize("is_killed", [True, False], ids=["dies", "restarts"])
def test_a_kernel_that_goes_between_typing_and_saving(opened: Any, bench: Any, canary: Canary, is_killed: bool) -> None:
    page, form = opened
    form.secret("Password", canary("gone"))
    page.run_cell(OTHER, wait=False)
    form.control("Password").fill(canary("under-way"))
    form.control("Password").blur()
    if is_killed:
        os.kill(kernel_process(bench), signal.SIGKILL)
        page.wait_js(
            "return /restarting|dead|starting|idle/.test(panel().sessionContext.session?.kernel?.status ?? '')"
        )
    else:
        restart(page)
    canary.assert_absent(repr(page.save()), page.page.content())
    canary.assert_absent(bench.server.root.parent, repr(bench.console), bench.server.log())


def kernel_process(bench: Any) -> int:
    """The process of the one kernel of this test, found by its connection file."""
    runtime = bench.server.root.parent / "runtime"
    newest = max(runtime.glob("kernel-*.json"), key=lambda file: file.stat().st_mtime)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(newest).encode() in (folder / "cmdline").read_bytes():
                return int(folder.name)
        except OSError:
            continue
    raise AssertionError("the kernel's process was not found")


def test_a_private_key_in_a_public_field_is_kept_out(opened: Any, bench: Any, canary: Canary) -> None:
    """Somebody pastes a file that has certificate and key into the field for the certificate."""
    page, form = opened
    form.choose("Authentication", "Client-side SSL certificate")
    certificate = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"
    key = f"-----BEGIN PRIVATE KEY-----\n{canary('pasted').replace('-', '')}\n-----END PRIVATE KEY-----\n"
    canary.watch(re.sub(r"\W", "", canary.values[0]))
    form.fill("Certificate file content", certificate + key)
    form.see("A private key was in it and was left out")
    expect(form.control("Certificate file content")).to_have_value(certificate)
    save_and_search(bench, page, canary)
