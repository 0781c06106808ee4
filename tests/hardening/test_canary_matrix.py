"""Every method in every situation, by magic and by Python: no part of a secret in anything that is left behind."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

import apiconn_nb as api
from apiconn_nb import workspace
from apiconn_nb.answer import refuse_status
from apiconn_nb.auth.oauth2_password import LegacyGrantWarning
from apiconn_nb.secrets import Secret
from tests.hardening import evidence
from tests.hardening.artefacts import (
    XMODES,
    all_logs,
    of_error,
    of_frame,
    of_http,
    of_living,
    of_object,
    of_process,
    of_shell,
)
from tests.hardening.methods import SLUGS, set_up
from tests.hardening.notebook import Notebook, interrupted
from tests.hardening.world import SITUATIONS, World
from tests.shell import NotebookShell

FAILS = {"401", "403", "slow", "reset", "bad-json", "away", "interrupt"}
CACHED = 'who=env:PRIVATE --cache 1h "GET /success?who=[who]"'
EXPORTS = ("%history -n -o -f history.txt", "%save -f saved.py 1-99", "%notebook exported.ipynb")


@pytest.mark.parametrize("slug", SLUGS)
def test_by_magic(
    notebook: Notebook,
    magics: NotebookShell,
    world: World,
    slug: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen, private = set_up(slug, world), world.hunter("private")
    left: dict[str, Any] = {}
    with all_logs() as log, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        notebook(chosen, private)
        for situation in SITUATIONS:
            line = f"%%apicall {chosen.name} -p who=env:PRIVATE --timeout {0.3 if situation == 'slow' else 5} --debug"
            method = "GET" if situation == "away" else "POST"
            cell = f'{line}\n{method} /{situation}?who=[who]\nX-Trace: [who]\n\n{{"pin": <who>}}'
            with interrupted(world, situation):
                left |= _ran(magics, cell, situation, tmp_path)
            if situation == "success":
                for more in (f"%apiconn_auth {chosen.name} --status", f"%apiconn_auth {chosen.name}", "%apiconn_auth",
                             cell.replace("--debug", "--dry-run"), f"%apiconn_auth {chosen.name} --test",
                             f"%apicall {chosen.name} -p {CACHED}", f"%apicall {chosen.name} -p {CACHED}"):  # fmt: skip
                    left[f"value of {more[:40]}"] = repr(magics.run_cell(more, store_history=True).result)
        for export in EXPORTS:
            assert magics.run_cell(export, store_history=True).success, export
        left |= of_living()
    _assert_sent(world, private, chosen.secrets["SHARED_HEADER"], chosen.secrets["SHARED_QUERY"])
    out, err = capsys.readouterr()
    left |= {"stdout": out, "stderr": err, "logs": log.lines, "warnings": [str(each.message) for each in warned]}
    left |= of_shell(magics) | of_process() | _on_disk(tmp_path)
    assert list(Path.home().rglob("apiconn_nb/*/*")), "no answer was cached"
    assert {"history.txt", "saved.py", "exported.ipynb"} <= {each.name for each in tmp_path.iterdir()}
    world.hunter.assert_absent(left)
    evidence.count("canary", scenarios=len(SITUATIONS))


def _ran(shell: NotebookShell, cell: str, situation: str, folder: Path) -> dict[str, Any]:
    """A cell run, and what it leaves: a frame, or an error as each `%xmode` draws it."""
    result = shell.run_cell(cell, store_history=True)
    error = result.error_in_exec or result.error_before_exec
    if situation in FAILS:
        assert error is not None, f"{situation} gave {result.result!r}"
        # Verbose has all that the others show; each of them is drawn for an error of ours and for one that is not.
        xmodes = XMODES if situation in ("401", "interrupt") else ("Verbose",)
        return {f"{situation}: {name}": each for name, each in of_error(error, shell, xmodes).items()}
    assert error is None, error
    return {f"{situation}: {name}": each for name, each in of_frame(result.result, folder).items()}


def _assert_sent(world: World, *values: str) -> None:
    """What was never sent can have leaked nowhere, and nothing would be proved."""
    wire = "".join(world.arrived)
    for value in values:
        assert value[: value.rindex("-") + 17] in wire


def _on_disk(folder: Path) -> dict[str, Any]:
    """All files but the token file, whose purpose it is to hold tokens; of that, what is no token."""
    files = [each for each in folder.rglob("*") if each.is_file() and each.name != "tokens.json"]
    return {"files": {str(each.relative_to(folder)): each for each in files}, "home": Path.home()}


@pytest.mark.parametrize("slug", SLUGS)
def test_by_python(
    notebook: Notebook,
    magics: NotebookShell,
    world: World,
    slug: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen, private = set_up(slug, world), world.hunter("private")
    left: dict[str, Any] = {}
    with all_logs() as log, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        notebook(chosen, private)
        collection = api.collection(chosen.name)
        for situation in SITUATIONS:
            timeout = 0.3 if situation == "slow" else 5.0
            with interrupted(world, situation):
                left |= _called(collection, situation, Secret(private), timeout, magics)
        left |= _python_objects(collection, tmp_path)
        left |= of_object("module", api) | of_object("a secret", Secret(private)) | of_living()
    _assert_sent(world, private, chosen.secrets["SHARED_HEADER"], chosen.secrets["SHARED_QUERY"])
    out, err = capsys.readouterr()
    left |= {"stdout": out, "stderr": err, "logs": log.lines, "warnings": [str(each.message) for each in warned]}
    left |= of_process() | _on_disk(tmp_path)
    world.hunter.assert_absent(left)
    evidence.count("canary", scenarios=len(SITUATIONS))


def _called(
    collection: api.Collection, situation: str, private: Secret, timeout: float, shell: NotebookShell
) -> dict[str, Any]:
    method = "GET" if situation == "away" else "POST"
    request = collection.request(f"{method} /{situation}?who=[who]\nX-T: [who]\n\n[<who>]", {"who": private})
    left = of_http(f"{situation}: request", request)
    try:
        sent = collection.deliver(request, timeout=timeout)
        left |= of_http(f"{situation}: response", sent.response) | of_object(f"{situation}: sent", sent)
        refuse_status(sent.response, collection.name)
    except (api.ApiConnError, KeyboardInterrupt) as error:
        left |= {f"{situation}: {name}": each for name, each in of_error(error, shell, ("Verbose",)).items()}
    return left


def _python_objects(collection: api.Collection, folder: Path) -> dict[str, Any]:
    frame = collection.get("/success", params={"who": "x"})
    space = workspace.current()
    return {
        **of_frame(frame, folder),
        **of_object("collection", collection),
        **of_object("settings", collection.settings),
        **of_object("method", collection.method),
        **of_object("slot", collection.slot),
        **of_object("token", collection.slot.token),
        **of_object("store", space.store),
        **of_object("workspace", space),
        **of_object("limiter", collection.limiter),
        **of_object("door", collection.door),
        **of_object("client", collection._client),
        **of_object("policy", collection.policy("GET")),
    }


def test_the_token_file_holds_tokens_and_no_other_secret(notebook: Notebook, world: World, tmp_path: Path) -> None:
    chosen = set_up("oauth2-password", world)
    notebook(chosen, world.hunter("private"))
    with pytest.warns(LegacyGrantWarning):
        api.collection(chosen.name).send("GET /success")
    written = (tmp_path / "tokens.json").read_text()
    others = [label for label, value in world.hunter.values.items() if "token-" not in label and value[:25] in written]
    assert not others
    assert "access-token-1" in written
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600
