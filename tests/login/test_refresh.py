"""Renewal: exactly one, whoever calls; rotated tokens are stored first; a failure loses nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb.auth.store import FileStore, MemoryStore
from apiconn_nb.auth.token import Token
from apiconn_nb.demo.server import Demo
from apiconn_nb.errors import LoginRequired, StatusError, TokenError
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login, logout
from apiconn_nb.secrets import Secret
from tests.echo import Answer, Echo
from tests.login.conftest import Make, until
from tests.login.kernel import Kernel

Shop = Callable[..., Collection]
Begin = Callable[..., Login]


def at_once(number: int, act: Callable[[int], Any]) -> list[Any]:
    """Run `act` in so many threads, all beginning at one moment."""
    start = threading.Barrier(number)

    def one(index: int) -> Any:
        start.wait()
        return act(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


@pytest.fixture
def signed_in(shop: Shop, begin: Begin, provider: Demo, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Makes a collection on the demo that somebody has signed in to; its secret is a reference, so it travels."""
    monkeypatch.setenv("SHOP_SECRET", provider.credentials.live.client_secret)

    def new(**settings: Any) -> Collection:
        collection = shop(client_secret="env:SHOP_SECRET", **settings)
        if collection.slot.token is None:
            login = begin(collection)
            provider.sign_in(login.link)
            assert login.wait(10)
            assert login.state == "done", login.message
        provider.counters.reset()
        return collection

    return new


def status(collection: Collection) -> int:
    return collection.send("GET /customers").status_code


# ── exactly one ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_threads_that_find_an_old_token_make_one_refresh(signed_in: Shop, provider: Demo) -> None:
    collection = signed_in(token_endpoint=f"{provider.url}/oauth/token?quirks=slow")
    age(collection)
    assert set(at_once(32, lambda _: status(collection))) == {200}
    assert provider.counters["token:refresh_token"] == 1
    assert provider.counters["reuse:refresh_token"] == 0


def test_threads_that_are_refused_make_one_refresh(signed_in: Shop, provider: Demo) -> None:
    collection = signed_in(token_endpoint=f"{provider.url}/oauth/token?quirks=slow")
    provider.expire_tokens()
    assert set(at_once(16, lambda _: status(collection))) == {200}
    assert provider.counters["token:refresh_token"] == 1


def test_two_slots_on_one_file_make_one_refresh(signed_in: Shop, provider: Demo, tmp_path: Path) -> None:
    """Two kernels, as far as one process can be two."""
    store = tmp_path / "tokens.json"
    both = [signed_in(store=store), signed_in(store=store)]
    age(both[0])
    assert set(at_once(16, lambda index: status(both[index % 2]))) == {200}
    assert provider.counters["token:refresh_token"] == 1
    assert both[0].slot.token == both[1].slot.token


def test_two_processes_on_one_file_make_one_refresh(signed_in: Shop, provider: Demo, tmp_path: Path) -> None:
    store = tmp_path / "tokens.json"
    collection = signed_in(store=store, token_endpoint=f"{provider.url}/oauth/token?quirks=slow")
    kernels = [Kernel(collection, store) for _ in range(2)]
    for _ in range(3):
        provider.expire_tokens()
        provider.counters.reset()
        for kernel in kernels:
            kernel.ask("/customers")
        assert status(collection) == 200
        assert [kernel.answer() for kernel in kernels] == ["200", "200"]
        assert provider.counters["token:refresh_token"] == 1
    assert provider.counters["reuse:refresh_token"] == 0
    assert [kernel.end() for kernel in kernels] == [0, 0]


def age(collection: Collection, seconds_left: float = 1.0) -> None:
    """Make the token one that is about to expire, as if it had been used for an hour."""
    token = collection.slot.token
    assert token is not None
    now = time.time()
    record = {**token.to_record(), "obtained_at": now - 3600 + seconds_left, "expires_at": now + seconds_left}
    collection.slot.keep(Token.from_record(record))


# ── stored first, lost never ───────────────────────────────────────────────────────────────────────────────────────


def test_a_kernel_killed_between_storing_and_using_a_rotated_token_loses_nothing(
    signed_in: Shop, provider: Demo, tmp_path: Path
) -> None:
    store = tmp_path / "tokens.json"
    collection = signed_in(store=store)
    before = collection.slot.token
    kernel = Kernel(collection, store, die=True)
    provider.expire_tokens()
    kernel.ask("/customers")
    assert kernel.answer() == ""
    assert kernel.end() == -signal.SIGKILL
    assert provider.counters["issued:refresh_token"] == 1, "the provider has rotated"
    assert provider.counters["requests:oauth2-user-agent"] == 1, "and the new token was not used: only the 401"
    assert status(collection) == 200
    after = collection.slot.token
    assert before is not None
    assert after is not None
    assert after.refresh_token != before.refresh_token
    assert (provider.counters["token:refresh_token"], provider.counters["reuse:refresh_token"]) == (1, 0)


def test_a_rotated_token_is_on_disk_before_it_is_sent(signed_in: Shop, tmp_path: Path, echo: Echo, make: Make) -> None:
    file = tmp_path / "tokens.json"
    echo.answer("/token", Answer(200, {"access_token": "CANARY-2", "refresh_token": "CANARY-r2", "expires_in": 60}))
    seen = []

    def call(arrived: Any) -> Answer:
        seen.append((arrived.headers["Authorization"], file.read_text()))
        return Answer(401) if "CANARY-1" in arrived.headers["Authorization"] else Answer(200)

    echo.answer("/x", call)
    collection = own(make, echo, store=file)
    collection.slot.keep(Token(Secret("CANARY-1"), refresh_token=Secret("CANARY-r1")))
    collection.send("GET /x")
    assert [authorization for authorization, _ in seen] == ["Bearer CANARY-1", "Bearer CANARY-2"]
    assert "CANARY-r1" in seen[0][1]
    assert "CANARY-r2" in seen[1][1], "the new refresh token is stored when the new access token goes out"


def own(make: Make, echo: Echo, **settings: Any) -> Collection:
    return make(
        echo.url,
        client_id="app",
        authorization_endpoint=f"{echo.url}/auth",
        token_endpoint=f"{echo.url}/token",
        **settings,
    )


def test_ctrl_c_during_a_renewal_loses_no_rotated_token(make: Make, echo: Echo) -> None:
    def slow(arrived: Any) -> Answer:
        time.sleep(0.6)
        return Answer(200, {"access_token": "CANARY-2", "refresh_token": "CANARY-r2", "expires_in": 60})

    echo.answer("/token", slow)
    collection = own(make, echo)
    kept(collection, lives=-1)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        collection.send("GET /x")
    assert echo.count("/x") == 0, "the call itself is given up"
    token = collection.slot.token
    assert token is not None
    assert token.refresh_token.reveal() == "CANARY-r2", "the provider has rotated, and it is stored"
    assert collection.send("GET /x").status_code == 200
    assert echo.count("/token") == 1


def test_a_second_ctrl_c_ends_it_at_once(make: Make, echo: Echo) -> None:
    release = threading.Event()

    def stuck(_: Any) -> Answer:
        release.wait(20)
        return Answer(503)

    echo.answer("/token", stuck)
    collection = own(make, echo)
    kept(collection, lives=-1)
    for seconds in (0.2, 0.5):
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        collection.send("GET /x")
    assert time.monotonic() - begun < 5
    release.set()
    until(lambda: "apiconn-token" not in [each.name for each in threading.enumerate()])


# ── failures ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, {"error": "temporarily_unavailable"}),
        Answer(429, {"error": "slow_down"}),
        Answer(502, b"<html>", {"Content-Type": "text/html"}),
    ],
)
def test_an_early_renewal_that_fails_in_passing_goes_on_with_the_old_token(
    make: Make, echo: Echo, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo.answer("/token", answer, Answer(200, {"access_token": "CANARY-2", "expires_in": 60}))
    collection = own(make, echo)
    kept(collection, lives=30)
    assert collection.send("GET /x").status_code == 200
    assert echo.last.headers["Authorization"] == "Bearer CANARY-1"
    assert collection.slot.token is not None
    assert collection.slot.token.refresh_token.reveal() == "CANARY-r1"
    assert collection.send("GET /x").status_code == 200
    assert echo.count("/token") == 1, "the provider is left in peace for a moment"
    monkeypatch.setattr("apiconn_nb.auth.slot._PAUSE", 0.0)
    assert collection.send("GET /x").status_code == 200, "and then asked again"
    assert echo.last.headers["Authorization"] == "Bearer CANARY-2"


def kept(collection: Collection, *, lives: float) -> None:
    """Give it a token that was good for an hour and now lives so many seconds more."""
    now = time.time()
    collection.slot.keep(
        Token(
            Secret("CANARY-1"),
            refresh_token=Secret("CANARY-r1"),
            expires_at=now + lives,
            obtained_at=now - 3600 + lives,
        )
    )


def test_a_dead_refresh_token_is_one_sentence_with_the_command(make: Make, echo: Echo) -> None:
    refusal = Answer(400, {"error": "invalid_grant", "error_description": "Grant is expired."})
    echo.answer("/token", refusal)
    collection = own(make, echo)
    kept(collection, lives=-1)
    with pytest.raises(LoginRequired) as caught:
        collection.send("GET /x")
    assert str(caught.value) == "The sign-in is over (Grant is expired.): run %apiconn_auth shop --login"
    assert echo.count("/x") == 0
    record = collection.slot._store.read(collection.slot._key)
    assert record is not None
    assert record["refresh_token"] == "CANARY-r1", "what failed overwrote nothing"


def test_any_other_refusal_is_the_providers_and_overwrites_nothing(make: Make, echo: Echo) -> None:
    for answer in (
        Answer(400, {"error": "invalid_client"}),
        Answer(200, {"error": "oops"}),
        Answer(200, {"unexpected": 1}),
        Answer(200, b"<html>", {"Content-Type": "text/html"}),
    ):
        echo.answer("/token", answer)
        collection = own(make, echo)
        kept(collection, lives=-1)
        with pytest.raises(TokenError):
            collection.send("GET /x")
        token = collection.slot.token
        assert token is not None
        assert token.refresh_token.reveal() == "CANARY-r1"


def test_a_refused_call_without_a_refresh_token_is_not_sent_twice(make: Make, echo: Echo) -> None:
    echo.answer("/x", Answer(401))
    collection = own(make, echo)
    collection.slot.keep(Token(Secret("CANARY-1")))
    assert collection.send("GET /x").status_code == 401
    assert echo.count("/x") == 1
    assert echo.count("/token") == 0
    with pytest.raises(StatusError, match=r"401.*Sign in again: %apiconn_auth"):
        collection.get("/x")


def test_a_refresh_endpoint_of_its_own(make: Make, echo: Echo) -> None:
    echo.answer("/renew", Answer(200, {"access_token": "CANARY-2", "expires_in": 60}))
    collection = own(make, echo, refresh_endpoint=f"{echo.url}/renew")
    kept(collection, lives=-1)
    assert collection.send("GET /x").status_code == 200
    assert echo.count("/token") == 0


# ── other kernels ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_signing_in_and_out_is_seen_by_the_other_kernel(
    signed_in: Shop, provider: Demo, begin: Begin, tmp_path: Path
) -> None:
    store = tmp_path / "tokens.json"
    collection = signed_in(store=store)
    kernel = Kernel(collection, store)
    kernel.ask("/customers")
    assert kernel.answer() == "200"
    logout(collection)
    kernel.ask("/customers")
    assert kernel.answer().startswith("LoginRequired: Nobody is signed in")
    login = begin(collection)
    provider.sign_in(login.link)
    assert login.wait(10)
    kernel.ask("/customers")
    assert kernel.answer() == "200"
    assert kernel.end() == 0


def test_environments_and_apps_have_entries_of_their_own(signed_in: Shop, provider: Demo, tmp_path: Path) -> None:
    store = tmp_path / "tokens.json"
    collection = signed_in(store=store)
    assert collection.slot.token is not None
    settings = {**collection.settings.auth, "store": store}
    for other in (
        {**settings, "environment": "development"},
        {**settings, "name": "other"},
        {**settings, "client_id": "demo-native"},
    ):
        made = Collection(
            type(collection.settings)(
                other.pop("name", "shop"),
                "oauth2-user-agent",
                collection.settings.connection,
                {key: value for key, value in other.items() if key not in ("store", "environment")},
            ),
            environment=other.get("environment", "live"),
            store=FileStore(store),
        )
        assert made.slot.token is None
        made.close()


def test_a_store_of_this_kernel_alone_is_not_locked_on_disk(signed_in: Shop, home: Path) -> None:
    collection = signed_in(store=MemoryStore())
    assert status(collection) == 200
    assert not list((home / "run").rglob("*.lock"))
