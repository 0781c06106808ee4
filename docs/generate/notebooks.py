"""The notebooks as a reader sees them: run against the demo, outputs kept."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from apiconn_nb import demo

FOLDER = Path(__file__).parents[2] / "notebooks"
_SECONDS = 120


def write(folder: Path) -> None:
    """Run every notebook and write it with its outputs into `folder`."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as work, demo.running():
        beside = Path(work) / FOLDER.name
        shutil.copytree(FOLDER, beside, ignore=shutil.ignore_patterns("*.toml", ".*"))
        for path in sorted(FOLDER.glob("*.ipynb")):
            document = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
            resources = {"metadata": {"path": str(beside)}}
            NotebookClient(document, timeout=_SECONDS, resources=resources).execute()
            nbformat.write(document, folder / path.name)  # type: ignore[no-untyped-call]
