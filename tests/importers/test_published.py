"""What others publish as examples, from npm: each document that says what it is becomes calls, each loss is said."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from apiconn_nb.importers import Source, read
from apiconn_nb.importers.openapi_document import Document
from apiconn_nb.importers.source import parse_document
from tests.importers.published import files_in, import_one, measure
from tests.servers import install

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


@pytest.fixture(scope="module")
def packages() -> Path:
    """``node_modules`` with the published examples."""
    wanted = Path(__file__).with_name("requirements.json")

    def fill(folder: Path) -> None:
        folder.mkdir(parents=True)
        shutil.copy(wanted, folder / "package.json")
        options = ("--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier", "--ignore-scripts")
        install._run(install._npm(), "install", *options, cwd=folder, path=install.node().parent)

    return install._once("published", wanted.read_text(), fill) / "node_modules"


def test_openapi_examples(packages: Path, tmp_path: Path) -> None:
    """Each operation of a document is a call; none is missing without a word."""
    pytest.importorskip("yaml", reason="PyYAML is an extra")
    counts: Counter[str] = Counter()
    for path in files_in(packages / "@readme/oas-examples"):
        document = parse_document(path.read_text()) if path.suffix in (".json", ".yaml") else None
        if not isinstance(document, dict) or not {"openapi", "swagger"} & document.keys():
            continue
        report, reason = import_one(path, tmp_path)
        assert report is not None, f"{path}: {reason}"
        assert len(report.calls) + len(report.refused) == _operations(document), path
        assert report.calls or not _operations(document), "one without operations has webhooks, or nothing"
        counts[report.outcome] += 1
    assert sum(counts.values()) > 100
    assert counts["imported"] > 60


def _operations(root: dict[str, object]) -> int:
    document = Document(root)
    items = document.named(root.get("paths"))
    return sum(isinstance(item.get(method), dict) for _, item in items for method in METHODS)


def test_postman_curl_and_insomnia_examples(packages: Path, tmp_path: Path) -> None:
    fixtures = packages / "insomnia-importers/src/importers/fixtures"
    chosen = tmp_path / "chosen"
    for kind in ("curl", "postman", "insomnia-4", "openapi3", "swagger2"):
        for file in sorted((fixtures / kind).glob("*-input.*")):
            target = chosen / kind / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    counts = measure(chosen, tmp_path)
    assert sum(counts.files.values()) > 50
    assert counts.files["refused"] <= 2, counts.text()  # a command without a URL, a workspace without a request
    assert counts.calls > 250


def test_what_is_read_is_what_the_others_read(packages: Path) -> None:
    """One of Insomnia's own: its reading of a curl command is published beside it."""
    folder = packages / "insomnia-importers/src/importers/fixtures/curl"
    theirs = parse_document((folder / "complex-output.json").read_text())["resources"][0]
    (settings,) = read(Source("it", (folder / "complex-input.sh").read_text())).settings
    (call,) = settings.calls.values()
    assert call.request.startswith(f"{theirs['method']} ")
    assert theirs["url"].startswith(settings.connection["base_url"])
