"""Every notebook runs top to bottom against the embedded demo, shows something, and holds no secret."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from apiconn_nb import demo
from apiconn_nb.demo.credentials import Account
from apiconn_nb.demo.handle import Handle
from tests.canary import Canary

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
LONGEST = 60.0  # seconds for a whole notebook
MEANT_TO_FAIL = "raises-exception"  # the tag of a cell that shows an error

PUBLIC = {"environment", "username", "client_id", "tenant", "app", "service_client_id", "issuer", "public_key"}
PICTURE, TABLE = "image/png", "text/html"


@pytest.fixture
def shop() -> Iterator[Handle]:
    """A demo of the test's own: the fixed port may be somebody else's."""
    with demo.serve(device_interval=1) as running:
        yield running


def read(name: str) -> Any:
    return nbformat.read(FOLDER / name, as_version=4)  # type: ignore[no-untyped-call]


def run(name: str, shop: Handle, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The notebook after a run in a folder of its own, its addresses those of `shop`."""
    for file in FOLDER.iterdir():  # a notebook may read what is kept beside it
        if file.is_dir():
            shutil.copytree(file, folder / file.name)
    monkeypatch.setenv("APICONN_DEMO_URL", shop.url)
    document = read(name)
    moved = {demo.PORT: shop.url, demo.PORT + 1: shop.tls_url, demo.PORT + 2: shop.mtls_url}
    for cell in document.cells:
        for port, url in moved.items():
            cell.source = cell.source.replace(f"127.0.0.1:{port}", url.rpartition("/")[2])
    (folder / name).write_text(json.dumps(document))
    NotebookClient(document, timeout=LONGEST, resources={"metadata": {"path": str(folder)}}).execute()
    return document


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_and_shows_something_and_no_secret(
    name: str, shop: Handle, canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = time.monotonic()
    document = run(name, shop, tmp_path, monkeypatch)
    seconds = time.monotonic() - begun

    assert seconds < LONGEST
    code = [cell for cell in document.cells if cell.cell_type == "code"]
    for cell in code:
        failed = [output.evalue for output in cell.outputs if output.output_type == "error"]
        is_meant = MEANT_TO_FAIL in cell.metadata.get("tags", [])
        assert bool(failed) == is_meant, f"{cell.source}\n{failed}"
        streams = [output.text for output in cell.outputs if output.output_type == "stream"]
        assert not any("Traceback" in text for text in streams), streams
    outputs = [output for cell in code for output in cell.outputs if "data" in output]
    assert sum("<table" in output.data.get(TABLE, "") for output in outputs) >= 1
    if any(".plot" in cell.source for cell in code):
        assert any(PICTURE in output.data for output in outputs)

    for account in (shop.credentials.live, shop.credentials.development):
        for field in fields(Account):
            value = getattr(account, field.name)
            if field.name in PUBLIC:
                continue
            # Of a key or a certificate, its lines: JSON writes the breaks between them in many ways.
            for line in value.replace("\\n", "\n").splitlines():
                if len(line) > 6 and not line.startswith("-----") and field.name != "certificate":
                    canary.watch(line)
    (tmp_path / name).write_text(json.dumps(document))
    canary.assert_absent(tmp_path)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_committed_without_outputs(name: str) -> None:
    document = read(name)
    nbformat.validate(document)  # type: ignore[no-untyped-call]

    assert document.cells[0].cell_type == "markdown"
    assert document.cells[0].source.startswith("# ")
    assert document.metadata.kernelspec.name == "python3"
    assert set(document.metadata) <= {"kernelspec", "language_info"}
    for cell in document.cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert set(cell.metadata) <= {"tags"}


def test_links_between_notebooks_lead_somewhere() -> None:
    for name in NOTEBOOKS:
        for cell in read(name).cells:
            for target in re.findall(r"\]\(([^)#]+\.ipynb)\)", cell.source):
                assert (FOLDER / target).is_file(), f"{name}: {target}"


def test_no_two_notebooks_name_a_collection_alike() -> None:
    """They share one apiconn.toml: a collection that two set up would be the later one's."""
    seen: dict[str, str] = {}
    for name in NOTEBOOKS:
        text = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "code")
        for collection in set(re.findall(r"^%apiconn_auth (\w+) [a-z]", text, re.MULTILINE)):
            assert seen.setdefault(collection, name) == name, collection
