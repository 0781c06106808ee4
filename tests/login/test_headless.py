"""A notebook that runs without a person (nbclient): each way to a sign-in ends in one sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.echo import Echo

WITHOUT = "a key by reference (env:NAME) or the client credentials grant"


@pytest.mark.thorough
@pytest.mark.timeout(90)
def test_nobody_is_there(echo: Echo, tmp_path: Path) -> None:
    cells = [
        "%load_ext apiconn_nb",
        f"%apiconn_auth shop oauth2-user-agent --base-url {echo.url} --client-id app "
        f"--authorization-endpoint {echo.url}/authorize --token-endpoint {echo.url}/token",
        "%apicall shop GET /x",
        "%apiconn_auth shop --login",
        "%apiconn_auth shop --login --via paste --wait",
        "%apicall shop GET /x",  # waits for that sign-in
        "%apiconn_auth shop --login --via loopback --wait --timeout 0.5",
        "%apicall shop GET /x",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    run = NotebookClient(
        notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    )  # fmt: skip
    run.execute()
    said = [
        [(each.ename, each.evalue, len(each.traceback)) for each in cell.outputs if each.output_type == "error"]
        for cell in notebook.cells
    ]
    assert said[:2] == [[], []]
    for errors, kind, words in zip(
        said[2:],
        ["LoginRequired", *["LoginError"] * 4, "LoginRequired"],
        [
            "run %apiconn_auth shop --login",
            WITHOUT,
            WITHOUT,
            WITHOUT,
            "Nobody signed in in time",
            "Nobody is signed in",
        ],
        strict=True,
    ):
        ((name, message, lines),) = errors
        assert (name, lines) == (kind, 1), message
        assert words in message
    assert not echo.arrived
