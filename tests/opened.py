"""Collections made in a test without a file, closed when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from apiconn_nb.auth.store import Store
from apiconn_nb.live_collection import Collection
from apiconn_nb.settings import CollectionSettings, SavedCall

Open = Callable[..., Collection]


@pytest.fixture
def opened() -> Iterator[Open]:
    """``opened(base_url, method, {field: value}, retries=0, …)``: a `Collection`.

    Keywords: connection fields, and `environment`, `store`, `calls`, `name`. A `Secret` may stand for a reference.
    """
    made: list[Collection] = []

    def make(
        base_url: str,
        method: str = "none",
        auth: Mapping[str, Any] | None = None,
        *,
        name: str = "demo",
        environment: str | None = None,
        store: Store | None = None,
        calls: Mapping[str, SavedCall] | None = None,
        **connection: Any,
    ) -> Collection:
        settings = CollectionSettings(name, method, {"base_url": base_url, **connection}, auth or {}, calls or {})
        settings.check()
        collection = Collection(settings, environment=environment, store=store)
        made.append(collection)
        return collection

    yield make
    for collection in made:
        collection.close()
