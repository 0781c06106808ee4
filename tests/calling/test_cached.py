"""``--cache`` and ``--fresh``: answers of data calls kept for one account, pages of one answer kept together."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb import recording
from apiconn_nb.account import account_of
from apiconn_nb.auth.store import MemoryStore
from apiconn_nb.auth.token import Token
from apiconn_nb.cache import Cache, account, cache_folder, fingerprint
from apiconn_nb.calling import run
from apiconn_nb.errors import UsageError
from apiconn_nb.outcome import Outcome
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import SavedCall
from tests.calling.listing import listing, rows
from tests.calling.test_sweep import sweep, table
from tests.canary import Canary
from tests.echo import Answer, Arrived, Echo
from tests.opened import Open


def get(collection: Any, text: str = "GET /x", **options: Any) -> Outcome:
    return run(collection, parse(text), **options)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The cache's clock, to be moved."""

    class Clock:
        ahead = 0.0

        def __call__(self) -> float:
            return time.time() + self.ahead

    made = Clock()
    original = Cache.__init__
    monkeypatch.setattr(
        Cache, "__init__", lambda self, *args, **options: original(self, *args, **{"clock": made, **options})
    )
    return made


def test_an_answer_is_asked_for_once_in_its_time(echo: Echo, opened: Open, clock: Any) -> None:
    collection = opened(echo.url)
    first = get(collection, cache="1h")
    assert "as of" not in first.status()
    second = get(opened(echo.url), cache="1h")  # another kernel
    assert echo.count("/x") == 1
    assert second.frame().equals(first.frame())
    assert f"as of {time.strftime('%H:%M')} (cached; --fresh)" in second.status()
    assert second.frame().attrs["apiconn"]["as_of"].startswith("20")
    clock.ahead = 3601
    assert "as of" not in get(collection, cache="1h").status()
    assert echo.count("/x") == 2


def test_fresh_asks_and_keeps_the_new_answer(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(body=[{"id": 1}]), Answer(body=[{"id": 2}]))
    collection = opened(echo.url)
    get(collection, cache="1h")
    assert list(get(collection, cache="1h", fresh=True).frame()["id"]) == [2]
    assert list(get(collection, cache="1h").frame()["id"]) == [2]
    assert echo.count("/x") == 2


def test_refreshing_a_cached_frame_asks(echo: Echo, opened: Open) -> None:
    collection = opened(echo.url)
    get(collection, cache="1h")
    frame = get(collection, cache="1h").frame()
    frame.api.refresh()
    assert echo.count("/x") == 2


def test_without_the_option_nothing_is_kept(echo: Echo, opened: Open) -> None:
    get(opened(echo.url))
    get(opened(echo.url), cache="0")
    assert echo.count("/x") == 2
    assert not cache_folder().exists()


def test_an_answer_past_its_time_is_asked_for_conditionally(echo: Echo, opened: Open, clock: Any) -> None:
    def answer(arrived: Arrived) -> Answer:
        if arrived.headers.get("If-None-Match") == '"v1"':
            return Answer(304, b"", {"ETag": '"v1"'})
        return Answer(headers={"ETag": '"v1"'})

    echo.answer("/x", answer)
    get(opened(echo.url), cache="1m")
    clock.ahead = 90
    outcome = get(opened(echo.url), cache="1m")
    assert echo.count("/x") == 2
    assert len(outcome.frame()) == 2
    assert "(unchanged on the server)" in outcome.status()
    clock.ahead = 120  # 30 seconds after it was confirmed
    assert "(cached; --fresh)" in get(opened(echo.url), cache="1m").status()
    assert echo.count("/x") == 2


def test_an_action_is_refused(echo: Echo, opened: Open) -> None:
    with pytest.raises(UsageError, match="--cache is for data calls, and POST acts"):
        get(opened(echo.url), "POST /x\n\n{}", cache="1h")
    with pytest.raises(UsageError, match="--cache"):
        sweep(opened(echo.url), table(2), "DELETE /items/[n]", cache="1h")
    assert not echo.arrived
    assert len(get(opened(echo.url), "POST /x\n\n{}", cache="1h", use_as="data").frame()) == 2


def test_what_is_no_time_is_said_before_anything_is_sent(echo: Echo, opened: Open) -> None:
    with pytest.raises(UsageError, match="'soon' is no time"):
        get(opened(echo.url), cache="soon")
    assert not echo.arrived


def test_a_saved_call_brings_its_time(echo: Echo, opened: Open) -> None:
    collection = opened(echo.url, calls={"list": SavedCall("GET /x", cache="1h")})
    for _ in range(2):
        assert len(collection.call("list")) == 2
    assert echo.count("/x") == 1


def test_no_store_is_respected_and_said(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(headers={"Cache-Control": "no-store"}))
    outcome = get(opened(echo.url), cache="1h")
    assert "cache: not kept: the server forbids it (Cache-Control: no-store)" in outcome.notes
    get(opened(echo.url), cache="1h")
    assert echo.count("/x") == 2


def test_an_error_is_not_kept(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(500), Answer())
    with pytest.raises(Exception, match="500"):
        get(opened(echo.url), cache="1h")
    assert "as of" not in get(opened(echo.url), cache="1h").status()


# ── pages belong together ──────────────────────────────────────────────────────────────────────────────────────────


def test_pages_come_from_the_cache_together(echo: Echo, opened: Open, clock: Any) -> None:
    listing(echo, "/list", 4)
    for _ in range(2):
        outcome = get(opened(echo.url), "GET /list", pages="all", cache="1h")
        assert list(outcome.frame()["id"]) == rows(4)
    assert echo.count("/list") == 4
    assert "as of" in outcome.status()
    assert "of 4 as of" not in outcome.status()


def test_a_first_page_that_is_asked_for_anew_takes_the_others_with_it(echo: Echo, opened: Open, clock: Any) -> None:
    """Page 2 was stored a minute after page 1: when page 1 is too old, page 2 must not be of another day."""
    listing(echo, "/list", 3)
    collection = opened(echo.url)
    get(collection, "GET /list", cache="1h")
    clock.ahead = 60
    get(collection, "GET /list", pages="all", cache="1h")
    assert echo.count("/list") == 3
    clock.ahead = 3601
    get(collection, "GET /list", pages="all", cache="1h")
    assert echo.count("/list") == 6


def test_a_sweep_is_cached_row_by_row(echo: Echo, opened: Open) -> None:
    frame = sweep(opened(echo.url), table(6), cache="1h").run().frame()
    outcome = sweep(opened(echo.url), table(9), cache="1h").run()
    assert len(echo.arrived) == 9
    assert outcome.frame()[: len(frame)].equals(frame)
    assert "6 of 9 as of" in outcome.status()


# ── accounts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def key(value: str) -> dict[str, Any]:
    return {"key_name": "X-Key", "key": Secret(value)}


def test_two_keys_never_share_an_answer(echo: Echo, opened: Open, canary: Canary) -> None:
    echo.answer("/x", lambda arrived: Answer(body=[{"me": arrived.headers["X-Key"][-1]}]))
    ada, bob = canary("a"), canary("b")
    for who in (ada, bob, ada, bob):
        frame = get(opened(echo.url, "key-in-header", key(who)), cache="1h").frame()
        assert list(frame["me"]) == [who[-1]]
    assert echo.count("/x") == 2
    canary.assert_absent(cache_folder())


def test_threads_that_begin_together_are_one_account(canary: Canary) -> None:
    """Before there is any cache: each of them finds no salt, and one is made."""
    secret, start = canary("together"), threading.Barrier(8)

    def made() -> str:
        start.wait(5)
        return fingerprint(secret)

    with ThreadPoolExecutor(8) as pool:
        found = {future.result() for future in [pool.submit(made) for _ in range(8)]}
    assert len(found) == 1
    account._made.clear()  # another kernel
    assert {fingerprint(secret)} == found


def test_two_private_values_never_share_an_answer(
    echo: Echo, opened: Open, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo.answer("/x", lambda arrived: Answer(body=[{"len": len(arrived.target)}]))
    collection = opened(echo.url)
    one, other = canary("one"), canary("other")
    for value in (one, other, one):
        monkeypatch.setenv("WORD", value)
        secret = Secret.from_reference("env:WORD")
        get(collection, "GET /x?word=[word]", values={"word": secret}, cache="1h")
    assert echo.count("/x") == 2
    canary.assert_absent(cache_folder())


def test_environments_and_collections_have_answers_of_their_own(echo: Echo, opened: Open) -> None:
    for name, environment in (("one", "live"), ("one", "development"), ("two", "live")):
        get(opened(echo.url, name=name, environment=environment), cache="1h")
    assert echo.count("/x") == 3


OAUTH = {
    "client_id": "notebook",
    "authorization_endpoint": "https://id.example/authorize",
    "token_endpoint": "https://id.example/token",
}


def signed_in(opened: Open, url: str, token: Token | None) -> Any:
    collection = opened(url, "oauth2-user-agent", OAUTH, store=MemoryStore())
    if token is not None:
        collection.slot.keep(token)
    return collection


def token(access: str, **more: Any) -> Token:
    return Token(Secret(access), expires_at=time.time() + 600, obtained_at=time.time(), **more)


def account_with(opened: Open, url: str, given: Token | None) -> str | None:
    collection = signed_in(opened, url, given)
    return account_of(collection, collection.request("GET /x", {}))


def test_who_signed_in_is_the_account(echo: Echo, opened: Open, canary: Canary) -> None:
    ada = {"id": "7", "email": "ada@example.org"}
    first = account_with(opened, echo.url, token(canary("1"), identity=ada))
    assert first == account_with(opened, echo.url, token(canary("2"), identity=ada)), (
        "a renewed token is the same person's"
    )
    assert first != account_with(opened, echo.url, token(canary("3"), identity={"id": "8"}))
    assert first != account_with(opened, echo.url, token(canary("4"), identity=ada, scope="admin"))


def test_without_a_profile_the_id_token_says_who_it_is(echo: Echo, opened: Open, canary: Canary) -> None:
    ada = "e30.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgInN1YiI6ICJhZGEifQ.x"
    bob = "e30.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgInN1YiI6ICJib2IifQ.x"
    first = account_with(opened, echo.url, token(canary("1"), extra={"id_token": ada}))
    assert first == account_with(opened, echo.url, token(canary("2"), extra={"id_token": Secret(ada)}))
    assert first != account_with(opened, echo.url, token(canary("3"), extra={"id_token": bob}))
    assert account_with(opened, echo.url, token(canary("4"), extra={"id_token": "no.token.this"}))


def test_else_it_is_whoever_has_the_refresh_token(echo: Echo, opened: Open, canary: Canary) -> None:
    refresh = Secret(canary("refresh"))
    first = account_with(opened, echo.url, token(canary("1"), refresh_token=refresh))
    assert first == account_with(opened, echo.url, token(canary("2"), refresh_token=refresh))
    assert first != account_with(opened, echo.url, token(canary("3"), refresh_token=Secret(canary("other"))))
    assert account_with(opened, echo.url, None) is None


def test_who_signed_out_sees_nothing_of_the_cache(echo: Echo, opened: Open, canary: Canary) -> None:
    collection = signed_in(opened, echo.url, token(canary("1"), identity={"id": "7"}))
    get(collection, cache="1h")
    collection.slot.drop()
    with pytest.raises(Exception, match="Nobody is signed in"):
        get(collection, cache="1h")


def test_a_secret_that_an_answer_repeats_is_not_on_disk(echo: Echo, opened: Open, canary: Canary) -> None:
    echo.answer("/x", lambda arrived: Answer(body=[{"you_sent": arrived.headers["X-Key"]}]))
    outcome = get(opened(echo.url, "key-in-header", key(canary("key"))), cache="1h")
    assert list(outcome.frame()["you_sent"]) == ["•••"]
    canary.assert_absent(cache_folder(), *(outcome.notes))


# ── beside recordings ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_recording_records_what_is_cached(echo: Echo, opened: Open, tmp_path: Path) -> None:
    get(opened(echo.url), cache="1h")
    try:
        recording.use(record=str(tmp_path / "tape"))
        get(opened(echo.url), cache="1h")
        assert echo.count("/x") == 2
        recording.use(replay=str(tmp_path / "tape"))
        assert "replayed from" in get(opened(echo.url), cache="1h").status()
        assert echo.count("/x") == 2
    finally:
        recording.use()
