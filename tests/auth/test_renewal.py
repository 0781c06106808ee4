"""Renewal under parallel use: 32 threads, two objects; one token request, nothing lost, nothing repeated."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from apiconn_nb.auth.slot import TokenStoreWarning
from apiconn_nb.auth.store import FileStore, MemoryStore
from apiconn_nb.auth.token import Token
from apiconn_nb.errors import ApiConnError, LoginRequired, NetworkError, TokenError
from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import NO_SECRET, Secret
from tests.echo import Answer, Arrived, Echo
from tests.opened import Open

MACHINE, PERSON = "oauth2-client-credentials", "oauth2-user-agent"


class Provider:
    """Rotates refresh tokens and kills the grant when one comes twice; knows which access token is the live one."""

    def __init__(self, echo: Echo, delay: float = 0.05) -> None:
        self.echo = echo
        self.delay = delay
        self.number = 0
        self.reused = 0
        self.refusal: Answer | None = None
        self.lifetime: float | None = 3600
        self.lock = threading.Lock()
        echo.answer("/token", self.token)
        echo.answer("/items", self.items)

    def token(self, arrived: Arrived) -> Answer:
        time.sleep(self.delay)
        if self.refusal is not None:
            return self.refusal
        with self.lock:
            spent = arrived.form.get("refresh_token")
            if spent is not None and spent != f"CANARY-refresh-{self.number}":
                self.reused += 1
                return Answer(400, {"error": "invalid_grant", "error_description": "used twice: the grant is dead"})
            self.number += 1
            return Answer(body={"access_token": f"CANARY-access-{self.number}", "expires_in": self.lifetime,
                                "refresh_token": f"CANARY-refresh-{self.number}"})  # fmt: skip

    def items(self, arrived: Arrived) -> Answer:
        good = arrived.headers.get("Authorization") == f"Bearer CANARY-access-{self.number}"
        return Answer() if good else Answer(401, {"error": "invalid_token"})

    @property
    def asked(self) -> int:
        return self.echo.count("/token")


@pytest.fixture
def provider(echo: Echo) -> Iterator[Provider]:
    return Provider(echo)


Make = Callable[..., Collection]


@pytest.fixture
def make(opened: Open, provider: Provider) -> Make:
    def build(method: str = MACHINE, **options: Any) -> Collection:
        url = provider.echo.url
        auth = {"client_id": "app", "client_secret": Secret("CANARY-app"), "token_endpoint": f"{url}/token"}
        if method == PERSON:
            auth["authorization_endpoint"] = f"{url}/authorize"
        return opened(url, method, auth, **options)

    return build


def held(provider: Provider, *, left: float = -1.0, refresh: bool = True) -> Token:
    """The provider's current token, with `left` seconds to live of an hour."""
    provider.number += 1
    now = time.time()
    return Token(
        Secret(f"CANARY-access-{provider.number}"),
        expires_at=now + left,
        obtained_at=now + left - 3600,
        refresh_token=Secret(f"CANARY-refresh-{provider.number}") if refresh else NO_SECRET,
    )


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    """Every call at the same moment, each in its thread; the results, an exception as itself."""
    barrier = threading.Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        barrier.wait(10)
        try:
            return call()
        except ApiConnError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def statuses(collections: list[Collection]) -> list[Any]:
    found = together([lambda each=each: each.send("GET /items") for each in collections])  # type: ignore[misc]
    return [each.status_code if isinstance(each, httpx.Response) else each for each in found]


@pytest.mark.parametrize("left", [-1.0, 30.0], ids=["dead", "old"])
def test_32_threads_at_the_moment_of_expiry_make_one_refresh(make: Make, provider: Provider, left: float) -> None:
    collection = make(PERSON)
    collection.slot.keep(held(provider, left=left))
    assert statuses([collection] * 32) == [200] * 32
    assert (provider.asked, provider.reused) == (1, 0)


def test_32_threads_that_begin_without_a_token_ask_once(make: Make, provider: Provider) -> None:
    assert statuses([make()] * 32) == [200] * 32
    assert provider.asked == 1


def test_32_simultaneous_401s_make_one_refresh(make: Make, provider: Provider) -> None:
    collection = make(PERSON)
    collection.slot.keep(held(provider, left=3000))
    provider.number += 1  # the server has forgotten the access token, and has another refresh token for us
    collection.slot.keep(
        Token(Secret("CANARY-forgotten"), expires_at=time.time() + 3000, obtained_at=time.time() - 600,
              refresh_token=Secret(f"CANARY-refresh-{provider.number}"))
    )  # fmt: skip
    assert statuses([collection] * 32) == [200] * 32
    assert (provider.asked, provider.reused) == (1, 0)


def test_two_objects_of_one_collection_make_one_refresh(make: Make, provider: Provider) -> None:
    """Its settings changed (a header, say), and somebody still holds the object from before."""
    store = MemoryStore()
    before, after = make(PERSON, store=store), make(PERSON, store=store, headers={"X-New": "1"})
    before.slot.keep(held(provider))
    assert statuses([before, after] * 8) == [200] * 16
    assert (provider.asked, provider.reused) == (1, 0)
    assert before.slot.token == after.slot.token


def test_another_client_of_that_name_has_another_token(opened: Open, provider: Provider) -> None:
    store, url = MemoryStore(), provider.echo.url
    auth = {"client_id": "app", "client_secret": Secret("CANARY-app"), "token_endpoint": f"{url}/token"}
    opened(url, MACHINE, auth, store=store).send("GET /items")
    for changed in ({"client_id": "other"}, {"extra_token_params": {"audience": "x"}}, {"scope": "y"}):
        assert opened(url, MACHINE, {**auth, **changed}, store=store).slot.token is None
    assert opened(url, MACHINE, auth, store=store).slot.token is not None
    assert opened(url, MACHINE, auth, store=store, environment="development").slot.token is None


# ── renewals that fail ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "refusal", [Answer(401, {"error": "invalid_client"}), Answer(400, {"error": "invalid_grant"}), Answer(500, {})]
)
def test_a_renewal_that_fails_is_tried_once_for_all_who_wait(make: Make, provider: Provider, refusal: Answer) -> None:
    """32 threads that each try a wrong password lock an account."""
    provider.refusal, provider.delay = refusal, 0.3
    results = statuses([make()] * 32)
    assert all(isinstance(each, TokenError) for each in results)
    assert len({id(each) for each in results}) == 32, "each thread raises an exception of its own"
    assert provider.asked == 1


def test_a_failure_is_not_kept_for_those_who_come_later(make: Make, provider: Provider) -> None:
    collection = make()
    provider.refusal = Answer(401, {"error": "invalid_client"})
    with pytest.raises(TokenError, match="invalid_client"):
        collection.send("GET /items")
    provider.refusal = None
    assert collection.send("GET /items").status_code == 200


def test_a_refresh_that_fails_early_harms_nothing_and_is_not_repeated_at_each_call(
    make: Make, provider: Provider
) -> None:
    collection = make(PERSON)
    collection.slot.keep(held(provider, left=30))
    provider.refusal, provider.delay = Answer(503, {}), 0.2
    assert statuses([collection] * 16) == [200] * 16
    assert [collection.send("GET /items").status_code for _ in range(5)] == [200] * 5
    assert provider.asked == 1
    token = collection.slot.token
    assert token is not None
    assert token.refresh_token.reveal() == f"CANARY-refresh-{provider.number}"


def test_a_provider_that_is_away_is_named_and_the_token_kept(make: Make, provider: Provider, opened: Open) -> None:
    closed = Echo()
    closed.close()
    auth = {"client_id": "app", "client_secret": Secret("CANARY-app"), "token_endpoint": f"{closed.url}/token"}
    collection = opened(provider.echo.url, MACHINE, auth, retries=0)
    collection.slot.keep(held(provider))
    with pytest.raises(NetworkError, match=f"POST {closed.url}/token .*for GET"):
        collection.send("GET /items")
    assert collection.slot.token is not None


def test_a_dead_refresh_token_keeps_the_entry_and_names_the_command(make: Make, provider: Provider) -> None:
    collection = make(PERSON)
    collection.slot.keep(held(provider))
    provider.refusal = Answer(400, {"error": "invalid_grant", "error_description": "revoked"})
    results = statuses([collection] * 8)
    assert all(isinstance(each, LoginRequired) and "--login" in str(each) for each in results)
    assert provider.asked == 1


# ── a store that cannot be written ─────────────────────────────────────────────────────────────────────────────────


def test_a_rotated_token_that_cannot_be_stored_stays_in_memory(
    make: Make, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path / "tokens.json")
    collection = make(PERSON, store=store)
    collection.slot.keep(held(provider))

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("apiconn_nb.auth.store.write_private", full)
        with pytest.warns(TokenStoreWarning, match="No space left"):
            collection.send("GET /items").raise_for_status()
    assert "memory" in collection.slot.where()
    assert collection.send("GET /items").status_code == 200
    assert provider.asked == 1, "the spent refresh token on the disk is not used again"
    collection.slot.keep(held(provider, left=-1))
    assert collection.send("GET /items").status_code == 200
    assert provider.reused == 0
    assert "memory" not in collection.slot.where()
    assert f"CANARY-refresh-{provider.number}" in (tmp_path / "tokens.json").read_text()
