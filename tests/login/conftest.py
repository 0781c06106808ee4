"""What the tests of the login share: the demo as a provider, a collection on it, a browser that keeps what it saw."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from apiconn_nb import demo, redaction
from apiconn_nb.auth import discovery
from apiconn_nb.auth.store import FileStore, MemoryStore, Store
from apiconn_nb.demo.server import Demo
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login, engine, jupyter, receiver
from apiconn_nb.login.engine import start_login
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.servers.launch import free_port

Make = Callable[..., Collection]


@pytest.fixture(scope="session")
def _demo() -> Iterator[Demo]:
    with demo.serve(device_interval=0.2) as running:
        yield running


@pytest.fixture
def provider(_demo: Demo) -> Demo:
    """The demo's provider, nothing counted yet."""
    _demo.counters.reset()
    return _demo


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Each test begins knowing no secret, and ends with no login under way, no receiver listening and no thread."""
    jupyter._learnt.clear()
    redaction._known.clear()  # another test's secret may be a word of our messages
    yield
    for login in engine._logins.values():
        login.cancel()
    for login in engine._logins.values():
        assert login.wait(5), f"{login} did not end"
    engine._logins.clear()
    discovery.forget()
    assert not receiver._open, f"still listening: {list(receiver._open)}"
    assert not ours(), f"threads left: {ours()}"


def ours(within: float = 3.0) -> list[str]:
    """The names of the login's threads that are alive, once those that are about to end had their time."""
    deadline = time.monotonic() + within
    while True:
        alive = [each.name for each in threading.enumerate() if each.name in ("apiconn-login", "apiconn-receiver")]
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.02)


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes a collection with the login method: ``make(base_url, client_id=…, …)``; closed after the test."""
    made: list[Collection] = []

    def new(
        base_url: str,
        *,
        name: str = "shop",
        environment: str = "live",
        store: Store | Path | None = None,
        **settings: Any,
    ) -> Collection:
        kept = FileStore(store) if isinstance(store, Path) else store or MemoryStore()
        collection = Collection(
            CollectionSettings(name, "oauth2-user-agent", {"base_url": base_url}, settings),
            environment=environment,
            store=kept,
        )
        made.append(collection)
        return collection

    yield new
    for collection in made:
        collection.close()


@pytest.fixture
def shop(provider: Demo, make: Make) -> Callable[..., Collection]:
    """Makes a collection on the demo, with its first app unless told otherwise."""

    def new(**settings: Any) -> Collection:
        live = provider.credentials.live
        whole = {
            "client_id": live.client_id,
            "client_secret": Secret(live.client_secret),
            "authorization_endpoint": f"{provider.url}/oauth/authorize",
            "token_endpoint": f"{provider.url}/oauth/token",
            "profile_endpoint": f"{provider.url}/profile",
            **settings,
        }
        return make(f"{provider.url}/oauth2-user-agent", **whole)

    return new


@pytest.fixture
def own_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """The port that logins prefer: one of this test run's own, so that a run beside it has another."""
    port = free_port()
    monkeypatch.setattr("apiconn_nb.login.redirect.PORT", port)
    return port


@pytest.fixture
def begin(own_port: int) -> Callable[..., Login]:
    """Begins a login as a person in a notebook would; ``via="loopback"`` unless told otherwise."""

    def start(collection: Collection, *, via: str = "loopback", **options: Any) -> Login:
        return start_login(collection, via=via, **options)

    return start


class Browser:
    """A browser that follows nothing by itself: what a test sends is what arrives."""

    def __init__(self) -> None:
        self.http = httpx.Client(trust_env=False, verify=False, timeout=10)  # loopback alone

    def get(self, url: str, **headers: str) -> httpx.Response:
        return self.http.get(url, headers=headers)

    def open(self, link: str, **headers: str) -> dict[str, str]:
        """Open a login's link; the query of the provider's URL that it redirects to."""
        answer = self.get(link, **headers)
        assert answer.status_code == 302, f"{answer.status_code}: {answer.text}"
        return query(answer.headers["location"])


def query(url: str) -> dict[str, str]:
    """The query of a URL; a parameter that stands twice fails."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), f"twice in {url}"
    return {name: values[0] for name, values in found.items()}


@pytest.fixture
def browser() -> Iterator[Browser]:
    running = Browser()
    yield running
    running.http.close()


def until(condition: Callable[[], object], within: float = 10.0) -> None:
    """Wait for `condition`; fail when it does not hold in time (seconds)."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def person_at_the_demo(provider: Demo) -> Callable[[str], str]:
    """Signs in behind a login's link and keeps the code to itself instead of delivering it."""

    def sign_in(link: str) -> str:
        with httpx.Client(trust_env=False, verify=False, timeout=10) as client:
            page = client.get(link).headers["location"]
            live = provider.credentials.live
            form = {"username": live.username, "password": live.password, "decision": "allow"}
            answer = client.post(page, data=form)
            assert answer.status_code == 302, answer.text
            return query(answer.headers["location"])["code"]

    return sign_in
