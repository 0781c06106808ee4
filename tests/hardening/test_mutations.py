"""The search is tested itself: builds that leak, each in another way, are all found; the one that does not is not."""

from __future__ import annotations

import base64
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb import answer, config, layout, limiter, redaction, sending, workspace
from apiconn_nb.auth.store import MemoryStore, write_private
from apiconn_nb.calling import Outcome
from apiconn_nb.echoes import mask_echoes
from apiconn_nb.notebook import display
from apiconn_nb.recording import entry
from apiconn_nb.secrets import Secret
from tests.hardening import evidence
from tests.hardening.artefacts import all_logs, of_error, of_frame, of_living, of_object, of_process, of_shell
from tests.hardening.methods import set_up
from tests.hardening.notebook import Notebook
from tests.hardening.world import World
from tests.shell import NotebookShell

Patch = pytest.MonkeyPatch
LEAKS: dict[str, Callable[[Patch, str], Any]] = {}


def leak(plant: Callable[[Patch, str], Any]) -> Callable[[Patch, str], Any]:
    LEAKS[plant.__name__] = plant
    return plant


@leak
def a_secret_shows_itself(patch: Patch, secret: str) -> None:
    patch.setattr(Secret, "__repr__", lambda self: f"Secret({self._value or secret!r})")


@leak
def a_secret_travels_in_a_pickle(patch: Patch, secret: str) -> None:
    patch.setattr(Secret, "__reduce__", lambda self: (Secret, (self.reveal(),)))


@leak
def the_store_travels_in_a_pickle(patch: Patch, secret: str) -> None:
    patch.setattr(MemoryStore, "__reduce__", lambda self: (dict, ([("k", secret)],)), raising=False)


@leak
def provenance_holds_it_in_base64(patch: Patch, secret: str) -> None:
    made = Outcome.provenance.fget
    told = base64.b64encode(b"k:" + secret.encode()).decode()
    patch.setattr(Outcome, "provenance", property(lambda self: {**made(self), "etag": told}))  # type: ignore[misc]


@leak
def loggers_are_not_filtered(patch: Patch, secret: str) -> None:
    patch.setattr(redaction.RedactingFilter, "filter", lambda self, record: True)


@leak
def echoes_are_not_masked(patch: Patch, secret: str) -> None:
    patch.setattr(sending, "mask_echoes", lambda response, secrets: False)


@leak
def echoes_are_masked_in_the_body_alone(patch: Patch, secret: str) -> None:
    def careless(response: Any, secrets: Any) -> bool:
        headers = response.headers
        masked = mask_echoes(response, secrets)
        response.headers = headers
        return masked

    patch.setattr(sending, "mask_echoes", careless)


@leak
def the_file_gets_the_value_in_hex(patch: Patch, secret: str) -> None:
    def table(settings: Any) -> dict[str, Any]:
        made = layout.to_table(settings)
        return {**made, "headers": {**made.get("headers", {}), "X-Id": secret.encode().hex()}}

    patch.setattr(config, "to_table", table)


@leak
def recordings_are_not_masked(patch: Patch, secret: str) -> None:
    patch.setattr(entry.masking, "masked_json", lambda content: content)


@leak
def an_error_quotes_its_end(patch: Patch, secret: str) -> None:
    core = secret[secret.rindex("-") + 1 :][8:16]
    patch.setattr(answer, "_advice", lambda response, collection: f"Check the key that ends with …{core}.")


@leak
def a_child_has_it_on_its_command_line(patch: Patch, secret: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()", secret], stdin=subprocess.PIPE)


@leak
def a_warning_says_it(patch: Patch, secret: str) -> None:
    def note(response: Any) -> str:
        warnings.warn(f"sent with {secret[:20]}…", stacklevel=2)
        return ""

    patch.setattr("apiconn_nb.recording.note", note)


@leak
def a_cache_keeps_it(patch: Patch, secret: str) -> None:
    write_private(Path.home() / ".cache" / "apiconn_nb" / "answers" / "x", secret.encode("utf-16"))


@leak
def html_holds_what_the_text_does_not(patch: Patch, secret: str) -> None:
    shown = display.Line._repr_html_
    patch.setattr(display.Line, "_repr_html_", lambda self: f"{shown(self)}<!-- {secret} -->")


@leak
def an_object_that_nobody_shows_holds_it(patch: Patch, secret: str) -> None:
    patch.setattr(limiter.Limiter, "__reduce__", lambda self: (str, (secret[::-1],)), raising=False)


def leave_all(shell: NotebookShell, world: World, notebook: Notebook, folder: Path) -> dict[str, Any]:
    """What a call that succeeds, one that is refused and one that breaks off leave behind."""
    left: dict[str, Any] = {}
    with all_logs() as log, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        notebook(set_up("key-in-header", world), world.hunter("private"))
        for situation in ("success", "401", "reset"):
            result = shell.run_cell(f"%%apicall key_in_header -p who=env:PRIVATE\nGET /{situation}?who=[who]")
            error = result.error_in_exec
            left[situation] = of_error(error, shell, ("Verbose",)) if error else of_frame(result.result, folder)
    collection = workspace.current().collection("key_in_header")
    left |= of_object("collection", collection) | of_object("method", collection.method)
    left |= of_object("store", workspace.current().store) | of_object("memory", MemoryStore())
    left |= of_shell(shell) | of_process() | {"logs": log.lines, "warnings": [str(each.message) for each in warned]}
    return left | of_living() | {"home": Path.home(), "folder": folder}


def test_a_build_that_does_not_leak_passes(magics: Any, world: World, notebook: Notebook, tmp_path: Path) -> None:
    world.hunter.assert_absent(leave_all(magics, world, notebook, tmp_path))


@pytest.mark.parametrize("plant", LEAKS.values(), ids=LEAKS)
def test_a_build_that_leaks_is_found(
    magics: Any, world: World, notebook: Notebook, tmp_path: Path, monkeypatch: Patch, plant: Any
) -> None:
    child = plant(monkeypatch, world.hunter("planted"))
    try:
        found = world.hunter.found_in(leave_all(magics, world, notebook, tmp_path))
    finally:
        if child is not None:
            child.communicate(b"\n", timeout=10)
    assert found, f"{plant.__name__} was not found"
    evidence.count("mutations", planted=1, found=bool(found))
