"""One call from request to answer: what is sent again and what never, how long it may take, how large it may be."""

from __future__ import annotations

import email.utils
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apiconn_nb import sending
from apiconn_nb.errors import CallTimeout, NetworkError, TooLargeError
from apiconn_nb.limiter import Limiter
from apiconn_nb.sending import retry_after
from tests.echo import Answer, Echo
from tests.opened import Open
from tests.raw import Connection, RawServer


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between attempts are asked for all the same, and take a hundredth of their time."""
    monkeypatch.setattr(sending, "_backoff", lambda attempt: 0.01 * 2**attempt)


def no_answer(each: Connection) -> None:
    each.read_request()
    each.reset()


def half_head(each: Connection) -> None:
    each.read_request()
    each.send(b"HTTP/1.1 200 OK\r\nContent-")
    each.reset()


def half_body(each: Connection) -> None:
    each.read_request()
    each.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n[{"id": 1},')


def good(each: Connection) -> None:
    each.read_request()
    each.answer()


@pytest.mark.parametrize("fault", [no_answer, half_head, half_body])
def test_a_data_call_is_sent_again_after_a_broken_connection(
    raw: RawServer, opened: Open, fault: Callable[[Connection], None]
) -> None:
    raw.script(fault, fault, good)
    assert opened(raw.url).send("GET /x").json() == [{"id": 1}]
    assert len(raw.arrived) == 3
    assert len(set(raw.arrived)) == 1


@pytest.mark.parametrize("fault", [no_answer, half_head, half_body])
def test_an_action_that_may_have_arrived_is_never_sent_again(
    raw: RawServer, opened: Open, fault: Callable[[Connection], None]
) -> None:
    raw.script(fault, good)
    with pytest.raises(NetworkError, match=r"POST .*/x: .*It may have arrived"):
        opened(raw.url).send('POST /x\n\n{"a": 1}')
    assert len(raw.arrived) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_action_is_not_sent_again_for_a_status_either(echo: Echo, opened: Open, method: str, status: int) -> None:
    echo.answer("/x", Answer(status, headers={"Retry-After": "0"}))
    assert opened(echo.url).send(f"{method} /x").status_code == status
    assert echo.count("/x") == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_data_call_is_sent_again_for_a_passing_status(echo: Echo, opened: Open, method: str, status: int) -> None:
    passing = Answer(status, headers={"Retry-After": "0"})
    echo.answer("/x", passing, passing, Answer())
    assert opened(echo.url).send(f"{method} /x").status_code == 200
    assert echo.count("/x") == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500, 501])
def test_a_lasting_status_stands(echo: Echo, opened: Open, status: int) -> None:
    echo.answer("/x", Answer(status))
    assert opened(echo.url).send("GET /x").status_code == status
    assert echo.count("/x") == 1


def test_the_number_of_retries_is_the_collections(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(503))
    assert opened(echo.url, retries=1).send("GET /x").status_code == 503
    assert echo.count("/x") == 2
    assert opened(echo.url, retries=0).send("GET /x").status_code == 503
    assert echo.count("/x") == 3


def test_an_action_declared_data_is_sent_again(echo: Echo, opened: Open) -> None:
    echo.answer("/search", Answer(503), Answer())
    collection = opened(echo.url)
    sent = collection.deliver(collection.request('POST /search\n\n{"q": 1}', {}), is_action=False)
    assert (sent.response.status_code, sent.retries) == (200, 1)


def test_where_nothing_listens_even_an_action_is_tried_again_and_then_said(opened: Open, echo: Echo) -> None:
    echo.close()
    with pytest.raises(NetworkError, match=r"no connection \(3 attempts\)"):
        opened(echo.url, retries=2).send("POST /x")


def test_an_action_that_was_redirected_is_not_sent_again_when_its_result_cannot_be_had(
    raw: RawServer, echo: Echo, opened: Open
) -> None:
    """The first hop has arrived: the server acted, and only the page about it is missing."""
    closed = Echo()
    closed.close()
    echo.answer("/x", Answer(303, headers={"Location": f"{closed.url}/result"}))
    with pytest.raises(NetworkError, match="no connection"):
        opened(echo.url, allowed_origins=closed.url).send("POST /x")
    assert echo.count("/x") == 1


# ── Retry-After (RFC 9110 §10.2.3) ─────────────────────────────────────────────────────────────────────────────────


class TimelessLimiter(Limiter):
    """Notes what it would wait, and lets its own clock run on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0
        self._clock = lambda: time.monotonic() + self.waited

    def _sleep(self, seconds: float, stop: Any) -> None:
        self.waited += seconds


def waited(response: httpx.Response) -> float:
    """The seconds that a data call with one retry waits for."""
    limiter = TimelessLimiter()
    client = httpx.Client(transport=httpx.MockTransport(lambda request: response))
    sending.send(client, httpx.Request("GET", "https://x.example"), sending.Policy(retries=1), limiter)
    return limiter.waited


def after(value: str, status: int = 429) -> httpx.Response:
    return httpx.Response(status, headers={"Retry-After": value})


def test_seconds_and_date_are_waited_for() -> None:
    assert waited(after("7")) == pytest.approx(7, abs=0.1)
    assert waited(after("7", 503)) == pytest.approx(7, abs=0.1)
    assert waited(after("0", 503)) < 0.1
    assert 28 < waited(after(email.utils.formatdate(time.time() + 30, usegmt=True))) < 31
    assert waited(after(email.utils.formatdate(time.time() - 30, usegmt=True))) < 0.1


@pytest.mark.parametrize(
    "value", ["", "soon", "-5", "1e9999", "²", "Tue, 99 Foo 2026", "nan", "inf", "0x10", "1" * 400]
)
def test_what_says_nothing_is_no_wait_of_the_servers(value: str) -> None:
    found = retry_after(httpx.Response(429, headers=[(b"Retry-After", value.encode())]))
    assert found is None or 0 <= found <= 1e9


def test_a_long_wait_is_answered_at_once(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(429, headers={"Retry-After": "3600"}))
    assert opened(echo.url).send("GET /x").status_code == 429
    assert echo.count("/x") == 1


def test_a_wait_beyond_the_calls_time_is_answered_at_once(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(429, headers={"Retry-After": "60"}))
    begun = time.monotonic()
    assert opened(echo.url, call_timeout=5).send("GET /x").status_code == 429
    assert time.monotonic() - begun < 2


# ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def silent(each: Connection) -> None:
    each.read_request()
    each.hang()


def drip(each: Connection) -> None:
    each.read_request()
    each.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not each._server.stopped.is_set():
        each.send(b"x", pause=0.05)


@pytest.mark.parametrize("fault", [silent, drip])
def test_a_call_ends_with_its_time_whatever_the_server_does(raw: RawServer, opened: Open, fault: Any) -> None:
    raw.script(fault)
    collection = opened(raw.url)
    begun = time.monotonic()
    with pytest.raises(CallTimeout, match="--timeout") as caught:
        collection.deliver(collection.request("GET /x", {}), timeout=0.5)
    assert time.monotonic() - begun < 2
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.request is not None


def test_a_timeout_of_an_action_says_that_it_may_have_arrived(raw: RawServer, opened: Open) -> None:
    raw.script(silent)
    collection = opened(raw.url)
    with pytest.raises(CallTimeout, match="may have arrived"):
        collection.deliver(collection.request("POST /x", {}), timeout=0.3)
    assert len(raw.arrived) == 1


def test_an_interrupted_call_leaves_the_collection_usable(raw: RawServer, opened: Open) -> None:
    raw.script(silent, good)
    collection = opened(raw.url)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        collection.send("GET /x")
    assert collection.send("GET /x").json() == [{"id": 1}]


# ── size ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_larger_than_the_cap_is_refused(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(body=b"x" * 5000, headers={"Content-Type": "text/plain"}))
    with pytest.raises(TooLargeError, match="--max-bytes"):
        opened(echo.url, max_bytes=4999).send("GET /x")
    assert len(opened(echo.url, max_bytes=5000).send("GET /x").content) == 5000
