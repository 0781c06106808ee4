"""What the import tests share: the demo, collections that are closed, short reading of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apiconn_nb import redaction, workspace
from apiconn_nb.demo import serve
from apiconn_nb.importers import Imported, Source, read
from apiconn_nb.live_collection import Collection


@pytest.fixture(scope="session")
def shop() -> Iterator[Any]:
    """The embedded demo, one for all tests of this folder."""
    with serve() as api:
        yield api


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A workspace of the test's own; every collection that it opened is closed."""
    opened: list[Collection] = []
    begin = Collection.__init__

    def noted(self: Collection, *args: Any, **options: Any) -> None:
        opened.append(self)
        begin(self, *args, **options)

    monkeypatch.setattr(Collection, "__init__", noted)
    workspace.use("apiconn.toml")
    redaction._known.clear()
    yield
    redaction._known.clear()  # a text of these tests may be a word of another one's messages
    for each in opened:
        if hasattr(each, "_client"):
            each.close()


@pytest.fixture
def imported() -> Callable[..., Imported]:
    """Import a text: ``imported(text, name="…")``."""

    def read_text(text: str, source: str = "it", **options: Any) -> Imported:
        return read(Source(source, text, options.pop("beside", {})), **options)

    return read_text
