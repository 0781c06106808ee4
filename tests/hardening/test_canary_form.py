"""Every method in every situation by the form, its secrets typed there: none in a widget, a message, or what stays."""

from __future__ import annotations

import contextlib
import dataclasses
import html
import re
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb import workspace
from apiconn_nb.notebook.form.window import Form
from tests.form.person import Person, living, wait_for
from tests.hardening import evidence
from tests.hardening.artefacts import all_logs, of_living, of_process, of_shell
from tests.hardening.methods import SLUGS, SetUp, set_up
from tests.hardening.notebook import Notebook, interrupted
from tests.hardening.world import SITUATIONS, World
from tests.needs import need
from tests.shell import NotebookShell

# What ipywidgets 7 uses of ipykernel and traitlets itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The .ipykernel.comm.Comm. class:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Deprecated in traitlets 4.1:DeprecationWarning"),
]


SAYS = {
    "success": "2 rows", "401": "401", "403": "403", "slow": "no answer within", "reset": "the connection broke",
    "bad-json": "JSON", "away": "not followed", "interrupt": "no answer within",
}  # fmt: skip
"""What the form says at the end of each situation; Ctrl-C does not reach the thread of a form."""


@pytest.fixture
def to_browser(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every message to the browser: state at the opening, each change of it, and custom ones."""
    sent: list[str] = []
    channel = need("comm").DummyComm
    monkeypatch.setattr(channel, "publish_msg", lambda self, kind, *args, **more: sent.append(f"{kind} {args} {more}"))
    return sent


@pytest.mark.parametrize("slug", SLUGS)
def test_by_form(
    notebook: Notebook,
    magics: NotebookShell,
    world: World,
    to_browser: list[str],
    slug: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen, private = set_up(slug, world), world.hunter("private")
    chosen = dataclasses.replace(chosen, words=f"{chosen.words} --call-timeout 1")
    left: dict[str, Any] = {}
    with all_logs() as log, warnings.catch_warnings(record=True) as warned, opened(chosen, notebook, private) as person:
        warnings.simplefilter("always")
        type_the_secrets(person, chosen)
        if chosen.has_login:  # another client secret is another sign-in
            sign_in(person)
        person.press("Test")
        wait_for(lambda: not person.form.buttons.is_busy, person.text)
        person.unfold("Saved calls")
        for situation in SITUATIONS:
            with contextlib.suppress(KeyboardInterrupt), interrupted(world, situation):
                tried(person, situation)
            person.see(SAYS[situation])
            wait_for(lambda: not person.form.buttons.is_busy, person.text)
            left |= {f"{situation}: read": person.text(), f"{situation}: state": person.state()}
        person.press("Show as magic")
        left |= {"as magic": person.text(), "widgets": [repr(each.get_state()) for each in living().values()]}
        left |= of_living() | of_process()
    # A private key signs and is not sent; all else that was typed has to have met the server, or nothing is proved.
    typed = {label for label in world.hunter.values if "-token-" not in label} - {"jwt-key", "certificate-key"}
    assert typed <= world.hunter.labels_in("".join(world.arrived))
    out, err = capsys.readouterr()
    left |= {"stdout": out, "stderr": err, "logs": log.lines, "warnings": [str(each.message) for each in warned]}
    files = [each for each in tmp_path.rglob("*") if each.is_file() and each.name != "tokens.json"]
    left |= {"files": {each.name: each for each in files}, "home": Path.home()}
    assert to_browser, "nothing was sent to a browser: this would pass whatever leaks"
    world.hunter.assert_absent({**left, **of_shell(magics), "messages to the browser": to_browser})
    evidence.count("canary", scenarios=len(SITUATIONS) + 1)


@contextlib.contextmanager
def opened(chosen: SetUp, notebook: Notebook, private: str) -> Iterator[Person]:
    """Somebody at the form of a collection that is set up, and signed in where it needs that."""
    notebook(chosen, private)
    form = Form(chosen.name, workspace.current())
    try:
        yield Person(form)
    finally:
        form.close()


def type_the_secrets(person: Person, chosen: SetUp) -> None:
    """Each secret of the method itself, in place of its reference."""
    fields = {each.name: each for each in person.form.draft.auth.fields.values() if each.kind == "secret"}
    if any(each.advanced for each in fields.values()):
        person.unfold("Advanced")
    for name, reference in dict(person.form.draft.base.auth).items():
        if name in fields:
            person.secret(fields[name].label, chosen.secrets[str(reference).partition(":")[2]])
    person.press("Save")


def sign_in(person: Person) -> None:
    """By the form's own link, which a browser would open."""
    person.press("Sign in")
    person.see("Open the sign-in page")
    link = re.search(r'href="([^"]+)"', person.form.buttons.sign_in._line.value)
    assert link
    with urllib.request.urlopen(html.unescape(link[1]), timeout=5) as page:
        assert page.status == 200
    person.see("signed in")


def tried(person: Person, situation: str) -> None:
    """A new call, written and tried."""
    person.press("New call")
    method, body = ("GET", "") if situation == "away" else ("POST", '\n\n{"pin": <who>}')
    person.fill("Call name", "one")
    person.fill("Request", f"{method} /{situation}?who=[who]\nX-Trace: [who]{body}")
    person.form.calls._editor._fields.controls["params"].rows[0]._text.set_state({"value": "env:PRIVATE"})
    person.press("Try")
    wait_for(lambda: not person.form.buttons.is_busy, person.text)
