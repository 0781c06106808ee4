"""One limiter: learnt from answers, shared by threads, bounded against silly values, split between workers."""

from __future__ import annotations

import heapq
import itertools
import pickle
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from email.utils import formatdate

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apiconn_nb.errors import CallTimeout
from apiconn_nb.limiter import Limiter, duration
from apiconn_nb.quota import LONGEST, Said, Window, said_by
from tests.servers.nginx import Nginx

REQUEST = httpx.Request("GET", "https://api.example.org/items")


def answer(status: int = 200, request: httpx.Request = REQUEST, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, request=request)


class Clock:
    """A clock that sleeping moves on, put into a limiter."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        self.now += max(seconds, 1e-6)
        self.slept += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter_at(clock: Clock, **options: float) -> Limiter:
    limiter = Limiter(**options)  # type: ignore[arg-type]
    limiter._clock, limiter._sleep = clock, clock.sleep  # type: ignore[method-assign]
    return limiter


# What headers mean.


@pytest.mark.parametrize(
    ("headers", "windows"),
    [
        (  # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
            {
                "date": formatdate(1_700_000_000, usegmt=True),
                "x-ratelimit-limit": "5000",
                "x-ratelimit-remaining": "4999",
                "x-ratelimit-reset": "1700003600",
                "x-ratelimit-used": "1",
                "x-ratelimit-resource": "core",
            },
            [Window("core", 5000, 4999, 3600.0, resource="core")],
        ),
        (  # https://docs.x.com/x-api/fundamentals/rate-limits
            {
                "date": formatdate(1_700_000_000, usegmt=True),
                "x-rate-limit-limit": "15",
                "x-rate-limit-remaining": "0",
                "x-rate-limit-reset": "1700000900",
            },
            [Window("", 15, 0, 900.0)],
        ),
        (  # https://www.reddit.com/wiki/api: numbers with a point, a delay
            {"x-ratelimit-used": "2", "x-ratelimit-remaining": "598.0", "x-ratelimit-reset": "437"},
            [Window("", None, 598, 437.0)],
        ),
        (  # https://discord.com/developers/docs/topics/rate-limits
            {
                "date": formatdate(1_470_173_022, usegmt=True),
                "x-ratelimit-limit": "5",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "1470173023",
                "x-ratelimit-reset-after": "0.25",
                "x-ratelimit-bucket": "abcd1234",
            },
            [Window("", 5, 0, 0.25)],
        ),
        (  # https://docs.konghq.com/hub/kong-inc/rate-limiting/
            {
                "x-ratelimit-limit-minute": "10",
                "x-ratelimit-remaining-minute": "9",
                "x-ratelimit-limit-hour": "100",
                "x-ratelimit-remaining-hour": "99",
            },
            [Window("minute", 10, 9, 60.0, 60.0), Window("hour", 100, 99, 3600.0, 3600.0)],
        ),
        (  # https://platform.openai.com/docs/guides/rate-limits
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-limit-tokens": "150000",
                "x-ratelimit-remaining-tokens": "149984",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            [Window("requests", 60, 59, 1.0), Window("tokens", 150_000, 149_984, 360.0, calls=False)],
        ),
        (  # https://docs.anthropic.com/en/api/rate-limits
            {
                "date": formatdate(1_700_000_000, usegmt=True),
                "anthropic-ratelimit-requests-limit": "50",
                "anthropic-ratelimit-requests-remaining": "49",
                "anthropic-ratelimit-requests-reset": "2023-11-14T22:13:30Z",
            },
            [Window("requests", 50, 49, 10.0)],
        ),
        (  # https://developers.hubspot.com/docs/guides/apps/api-usage/usage-details
            {
                "x-hubspot-ratelimit-max": "100",
                "x-hubspot-ratelimit-remaining": "98",
                "x-hubspot-ratelimit-interval-milliseconds": "10000",
            },
            [Window("", 100, 98, 10.0, 10.0)],
        ),
        (  # https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
            {
                "date": formatdate(1_700_000_000, usegmt=True),
                "x-ratelimit-limit": "350",
                "x-ratelimit-remaining": "7",
                "x-ratelimit-reset": "2023-11-14T22:14Z",
            },
            [Window("", 350, 7, 40.0)],
        ),
        (  # https://www.discogs.com/developers
            {"x-discogs-ratelimit": "60", "x-discogs-ratelimit-used": "1", "x-discogs-ratelimit-remaining": "59"},
            [Window("", 60, 59, None)],
        ),
        (  # milliseconds since 1970
            {
                "date": formatdate(1_700_000_000, usegmt=True),
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "1700000005500",
            },
            [Window("", None, 0, 5.5)],
        ),
        (  # draft-ietf-httpapi-ratelimit-headers, current
            {"ratelimit": '"default";r=50;t=30', "ratelimit-policy": '"default";q=100;w=60, "daily";q=1000;w=86400'},
            [Window("default", 100, 50, 30.0, 60.0)],
        ),
        (
            {"ratelimit": '"a, b;c";r=0;t=7,"bytes";r=9;t=1', "ratelimit-policy": '"bytes";q=10;qu="content-bytes"'},
            [Window("a, b;c", None, 0, 7.0), Window("bytes", 10, 9, 1.0, calls=False)],
        ),
        ({"ratelimit": "limit=100, remaining=50, reset=5"}, [Window("", 100, 50, 5.0)]),  # -07
        (  # -06
            {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "50", "ratelimit-reset": "5"},
            [Window("", 100, 50, 5.0)],
        ),
        ({"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0"}, []),  # 0 of 0: no limit
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-limit": "-1"}, []),
        ({"x-shopify-shop-api-call-limit": "32/40"}, []),
        ({"content-length": "5", "x-limit": "5"}, []),
    ],
)
def test_the_headers_of_public_apis(headers: dict[str, str], windows: list[Window]) -> None:
    said = said_by(httpx.Response(200, headers=headers))
    assert list(said.windows if said else ()) == windows


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("2.0", 2.0),  # Shopify
        ("0", 0.0),
        (formatdate(1_700_000_060, usegmt=True), 60.0),
        (formatdate(1_600_000_000, usegmt=True), 0.0),
        ("-5", 0.0),
        ("Tue, 14-Nov-2023 22:14:20 GMT", 60.0),  # obsolete forms are still read (RFC 9110 §5.6.7)
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float) -> None:
    date = formatdate(1_700_000_000, usegmt=True)
    assert said_by(answer(429, date=date, retry_after=value)) == Said((), seconds)


@pytest.mark.parametrize("value", ["soon", "nan", "inf", "1e400", "Mon, 99 Foo 2024", "12 apples", "٣"])
def test_a_retry_after_that_is_neither_is_said_and_not_heeded(value: str) -> None:
    headers = httpx.Headers([(b"Retry-After", value.encode())])
    said = said_by(httpx.Response(429, headers=headers))
    assert said is not None
    assert said.retry_after is None
    assert "neither seconds nor a date" in said.notes[0]


@pytest.mark.parametrize("value", ["1000000000", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_silly_retry_after_is_bounded_and_said(value: str) -> None:
    said = said_by(answer(429, retry_after=value))
    assert said is not None
    assert said.retry_after == LONGEST
    assert "is more than a day: taken as a day" in said.notes[0]


def test_retry_after_of_a_success_is_not_about_limits() -> None:
    assert said_by(answer(202, retry_after="30")) is None
    assert said_by(answer(301, retry_after="30")) is None


header_text = st.text(
    alphabet=st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("retry-after", "date", "age", "ratelimit", "ratelimit-policy", "ratelimit-reset"),
                *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-rate-limit-reset-after"),
                *("x-ratelimit-resource", "x-ratelimit-remaining-tokens", "x-a-ratelimit-interval-milliseconds"),
            ]
        ),
        header_text | st.integers().map(str) | st.floats().map(str),
    ),
    st.sampled_from([200, 403, 429, 503]),
)
@example({"ratelimit": ";" * 4000, "ratelimit-policy": '"' * 4000}, 200)
@example({"x-ratelimit-remaining": "0", "x-a-ratelimit-interval-milliseconds": "9" * 15}, 200)
@example({"ratelimit": '"a";' * 900, "x-ratelimit-reset": "9" * 400}, 429)
def test_any_header_is_understood_bounded_or_dropped(headers: dict[str, str], status: int) -> None:
    response = httpx.Response(status, headers=[(n.encode(), v.encode("latin-1")) for n, v in headers.items()])
    began = time.perf_counter()
    said = said_by(response)
    limiter = Limiter()
    assert 0 <= limiter.learn(response) <= LONGEST
    assert time.perf_counter() - began < 0.2
    for window in said.windows if said else ():
        assert window.reset is None or 0 <= window.reset <= LONGEST
        assert window.remaining is None or window.remaining >= 0


# What the limiter does.


def test_a_quota_that_is_renewed_for_ever_is_asked_after_a_day(clock: Clock) -> None:
    limiter = limiter_at(clock, patience=2 * LONGEST)
    limiter.learn(answer(ratelimit='"x";r=0;t=1', ratelimit_policy='"x";q=1;w=999999999999999'))

    assert limiter.acquire() == pytest.approx(1, abs=0.1)
    assert limiter.acquire() == pytest.approx(LONGEST, abs=1)


def test_nothing_is_limited_until_an_answer_says_so(clock: Clock) -> None:
    limiter = limiter_at(clock)
    for _ in range(1000):
        assert limiter.acquire() == 0.0
        assert limiter.learn(answer()) == 0.0
    assert clock.slept == 0
    assert limiter.quota() == ""


def test_a_call_costs_microseconds_when_nothing_is_limited() -> None:
    limiter = Limiter()
    headers = [(f"X-Header-{n}", "value") for n in range(14)] + [("Content-Type", "application/json")]
    response = httpx.Response(200, headers=headers, request=REQUEST)

    def call() -> None:
        limiter.acquire()
        limiter.learn(response)

    # Beside what httpx takes for the objects alone, so that it holds on a slow machine and a busy one too.
    both = _seconds(lambda: httpx.Response(200, headers=headers, request=httpx.Request("GET", REQUEST.url)))
    assert _seconds(call) < both / 2


def _seconds(work: Callable[[], object]) -> float:
    return min(_cpu_seconds(work) for _ in range(7))


def _cpu_seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    for _ in range(500):
        work()
    return time.thread_time() - began


def test_retry_after_holds_every_call(clock: Clock) -> None:
    limiter = limiter_at(clock)
    limiter.acquire()
    assert limiter.learn(answer(429, retry_after="30")) == 30.0
    assert limiter.acquire() == pytest.approx(30.0, abs=0.01)
    assert limiter.acquire() == 0.0


def test_a_shorter_word_does_not_undo_a_longer_one(clock: Clock) -> None:
    limiter = limiter_at(clock)
    limiter.learn(answer(429, retry_after="30"))
    limiter.learn(answer(429, retry_after="2"))
    assert limiter.acquire() == pytest.approx(30.0, abs=0.01)


def test_a_used_up_quota_waits_for_its_renewal(clock: Clock) -> None:
    limiter = limiter_at(clock)
    limiter.acquire()
    limiter.learn(answer(x_ratelimit_limit="3", x_ratelimit_remaining="2", x_ratelimit_reset="20"))
    assert limiter.quota() == "2 of 3 calls left, renewed in 20 s"
    assert [limiter.acquire() for _ in range(2)] == [0.0, 0.0]
    assert limiter.acquire() == pytest.approx(20.0, abs=0.01)
    assert [limiter.acquire() for _ in range(2)] == [0.0, 0.0], "three of the renewed quota"
    assert limiter.acquire() > 0


def test_what_is_under_way_is_taken_from_what_is_left(clock: Clock) -> None:
    limiter = limiter_at(clock)
    for _ in range(8):
        limiter.acquire()
    limiter.learn(answer(x_ratelimit_remaining="7", x_ratelimit_reset="20"))
    assert limiter.acquire() == pytest.approx(20.0, abs=0.01)


def test_a_call_without_an_answer_is_given_back(clock: Clock) -> None:
    limiter = limiter_at(clock)
    for _ in range(8):
        limiter.acquire()
    for _ in range(7):
        limiter.release()
    limiter.learn(answer(x_ratelimit_remaining="7", x_ratelimit_reset="20"))
    assert limiter.acquire() == 0.0


def test_a_quota_of_tokens_is_not_counted_down(clock: Clock) -> None:
    limiter = limiter_at(clock)
    limiter.acquire()
    limiter.learn(answer(x_ratelimit_remaining_tokens="2", x_ratelimit_reset_tokens="30s"))
    assert [limiter.acquire() for _ in range(5)] == [0.0] * 5
    limiter.learn(answer(x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="30s"))
    assert limiter.acquire() == pytest.approx(30.0, abs=0.01)


def test_githubs_search_does_not_hold_the_rest(clock: Clock) -> None:
    limiter = limiter_at(clock)
    search = httpx.Request("GET", "https://api.github.com/search/issues?q=x")
    repos = httpx.Request("GET", "https://api.github.com/repos/a/b")
    limiter.acquire(request=search)
    spent = {"x_ratelimit_resource": "search", "x_ratelimit_remaining": "0", "x_ratelimit_reset": "40"}
    assert limiter.learn(answer(request=search, **spent)) == pytest.approx(40)
    assert limiter.acquire(request=repos) == 0.0
    assert limiter.acquire(request=search) == pytest.approx(40, abs=0.01)


def test_a_wait_beyond_the_deadline_is_an_error_at_once(clock: Clock) -> None:
    limiter = limiter_at(clock)
    limiter.learn(answer(429, retry_after="3600"))
    with pytest.raises(CallTimeout) as caught:
        limiter.acquire(clock.now + 30)
    assert str(caught.value) == (
        "The API allows the next call in 60 min (Retry-After), and this one may wait 30 s: "
        "call again later, or allow more with --timeout."
    )
    assert clock.slept == 0
    with pytest.raises(CallTimeout):
        limiter.acquire()
    assert clock.slept == 0


def test_a_wait_is_announced_once(clock: Clock) -> None:
    heard: list[tuple[float, str]] = []
    limiter = limiter_at(clock)
    limiter.on_wait = lambda seconds, why: heard.append((seconds, why))
    limiter.learn(answer(429, retry_after="12"))
    limiter.acquire()
    assert heard == [(12.0, "Retry-After")]


def test_notes_are_kept_once_and_few() -> None:
    limiter = Limiter()
    for _ in range(3):
        limiter.learn(answer(429, retry_after="soon"))
    assert len(limiter.notes) == 1
    for n in range(100):
        limiter.learn(answer(429, retry_after=f"soon {n}"))
        limiter.learn(httpx.Response(200, headers={f"x-ratelimit-remaining-{n}": "1"}, request=REQUEST))
    assert len(limiter.notes) == 20
    assert len(limiter._quotas) == 50


def test_one_busy_answer_of_a_server_does_not_hold_the_others(clock: Clock) -> None:
    limiter = limiter_at(clock)
    assert limiter.learn(answer(503)) == 0.0
    assert limiter.acquire() == 0.0
    assert limiter.learn(answer(503, retry_after="5")) == 5.0


def test_our_own_rate_is_kept(clock: Clock) -> None:
    limiter = limiter_at(clock, rate=10.0)
    began = clock.now
    for _ in range(50):
        limiter.acquire()
        limiter.learn(answer())
    assert clock.now - began == pytest.approx(4.9, abs=0.05)
    assert limiter.forecast(100) == pytest.approx(10.0)


# Against APIs of several kinds, 8 calls at a time, on a clock of our own.


def run(
    serve: Callable[[float], httpx.Response], calls: int, *, latency: float = 0.05, workers: int = 8
) -> tuple[float, int, Limiter]:
    """Get `calls` answers that are no refusals: the seconds that took, the refusals met, and the limiter.

    `serve` answers a call that arrives at a time. A simulation of `workers` threads, one event after the other.
    """
    clock = Clock()
    limiter = limiter_at(clock, patience=1e9)
    done, refused, order = 0, 0, itertools.count()
    events: list[tuple[float, int, httpx.Response | None]] = [(clock.now, next(order), None) for _ in range(workers)]
    heapq.heapify(events)
    began = clock.now
    while done < calls:
        moment, _, response = heapq.heappop(events)
        clock.now = max(clock.now, moment)
        if response is not None:
            limiter.learn(response)
            done += response.status_code == 200
            refused += response.status_code != 200
        until, _ = limiter._until(clock.now, REQUEST)
        if until > clock.now:
            heapq.heappush(events, (until, next(order), None))
            continue
        limiter._take(clock.now, REQUEST)
        heapq.heappush(events, (clock.now + latency, next(order), serve(clock.now)))
    return clock.now - began, refused, limiter


def fixed_window(limit: int, period: float, *, says: bool) -> Callable[[float], httpx.Response]:
    used: dict[int, int] = {}

    def serve(now: float) -> httpx.Response:
        window = int(now // period)
        used[window] = used.get(window, 0) + 1
        reset = (window + 1) * period - now
        headers = {"x_ratelimit_limit": str(limit), "x_ratelimit_reset": f"{reset:.3f}"} if says else {}
        if used[window] > limit:
            headers |= {"x_ratelimit_remaining": "0"} if says else {}
            return answer(429, **headers)
        headers |= {"x_ratelimit_remaining": str(limit - used[window])} if says else {}
        return answer(**headers)

    return serve


def token_bucket(rate: float, burst: int) -> Callable[[float], httpx.Response]:
    tokens, last = float(burst), 1000.0

    def serve(now: float) -> httpx.Response:
        nonlocal tokens, last
        tokens, last = min(burst, tokens + (now - last) * rate), now
        if tokens < 1:
            return answer(429)
        tokens -= 1
        return answer()

    return serve


def test_a_window_that_is_told_is_used_to_the_full_and_not_overrun() -> None:
    seconds, refused, _ = run(fixed_window(100, 60, says=True), 350)
    assert refused <= 8, "the calls that were under way when the first answer came"
    assert seconds <= 60 * 3 + 60, "three renewals, from anywhere in the first window"


def test_an_api_that_only_refuses_is_met_at_its_own_rate() -> None:
    seconds, refused, _ = run(token_bucket(rate=20, burst=20), 2000)
    assert seconds < 2000 / 20 * 1.25, "80 % of what it allows at least"
    assert refused < 200, "a tenth of the calls at most"


def test_a_storm_of_refusals_is_not_answered_by_a_storm_of_calls() -> None:
    sent = 0

    def serve(now: float) -> httpx.Response:
        nonlocal sent
        sent += 1
        return answer(429) if now < 1120 else answer()

    seconds, refused, _ = run(serve, 50, workers=32)
    assert refused < 130, "two minutes of refusals, 32 workers"
    assert seconds < 120 + 60 * 1.25 + 60


@settings(max_examples=25, deadline=None)
@given(limit=st.integers(1, 60), period=st.sampled_from([1.0, 10.0, 60.0]), workers=st.integers(1, 32))
def test_a_told_window_never_stalls_a_walk(limit: int, period: float, workers: int) -> None:
    calls = min(4 * limit, 120)
    seconds, _, _ = run(fixed_window(limit, period, says=True), calls, workers=workers)
    assert seconds <= (calls / limit + 2) * period + calls * 0.05


# Threads, interrupts, processes.


def test_threads_share_one_quota() -> None:
    limiter = Limiter()
    limiter.acquire()
    limiter.learn(answer(x_ratelimit_limit="40", x_ratelimit_remaining="40", ratelimit_reset="30"))
    limiter.learn(answer(x_ratelimit_limit="40", x_ratelimit_remaining="40", x_ratelimit_reset="0.5"))
    sent: list[float] = []

    def call(_: int) -> None:
        limiter.acquire()
        sent.append(time.monotonic())

    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(60)))
    at_once = sum(1 for moment in sent if moment - began < 0.4)
    assert at_once == 40
    assert 0.4 < time.monotonic() - began < 3


def test_an_interrupt_ends_a_wait_at_once() -> None:
    limiter = Limiter()
    limiter.learn(answer(429, retry_after="60"))
    timer = threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        limiter.acquire()
    timer.join()
    assert time.monotonic() - began < 2
    assert limiter._lock.acquire(timeout=1), "the lock is free"
    limiter._lock.release()


def test_workers_are_stopped() -> None:
    limiter, stop = Limiter(), threading.Event()
    limiter.learn(answer(429, retry_after="60"))
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(limiter.acquire, stop=stop) for _ in range(4)]
        time.sleep(0.05)
        stop.set()
        for future in waiting:
            with pytest.raises(CancelledError):
                future.result(timeout=5)


@pytest.fixture
def spent() -> Limiter:
    limiter = Limiter(rate=40.0)
    limiter.acquire()
    limiter.learn(answer(x_ratelimit_limit="100", x_ratelimit_remaining="80", x_ratelimit_reset="50"))
    limiter.learn(answer(429, retry_after="8"))
    return limiter


def test_it_is_split_between_workers(spent: Limiter) -> None:
    parts = [spent.split(4) for _ in range(4)]
    assert {part.quota() for part in parts} == {"20 of 100 calls left, renewed in 50 s"}
    assert {part._pace.rate for part in parts} == {10.0}
    part = parts[0]
    part.learn(answer(x_ratelimit_limit="100", x_ratelimit_remaining="40", x_ratelimit_reset="45"))
    assert part.quota().startswith("10 of 100 calls left")
    part.learn(answer(x_ratelimit_limit="100", x_ratelimit_remaining="2", x_ratelimit_reset="45"))
    assert part.quota().startswith("1 of 100"), "at least one, or nobody would ever call"
    part.learn(answer(x_ratelimit_limit="100", x_ratelimit_remaining="0", x_ratelimit_reset="45"))
    assert part.quota().startswith("0 of 100")
    assert part.split(2).share == 1 / 8


def test_it_travels_to_another_process(spent: Limiter, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(spent)
    later = time.time() + 3
    monkeypatch.setattr(time, "time", lambda: later)
    again = pickle.loads(data)
    assert again.quota() == "80 of 100 calls left, renewed in 47 s"
    assert again.forecast(1) == pytest.approx(5, abs=0.5)
    assert again._pace.rate == 40.0


def test_a_forecast_tells_how_long_a_sweep_will_take(clock: Clock) -> None:
    limiter = limiter_at(clock)
    assert limiter.forecast(5000) == 0.0
    limiter.acquire()
    limiter.learn(answer(ratelimit='"x";r=50;t=30', ratelimit_policy='"x";q=100;w=60'))
    assert limiter.forecast(50) == 0.0
    assert limiter.forecast(150) == 30.0
    assert limiter.forecast(151) == 90.0
    assert limiter.forecast(5000) == 30 + 60 * 49


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (0.44, "0.4 s"), (12.3, "12 s"), (119, "119 s"), (2600, "43 min"), (7500, "2 h 5 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_nginx_that_allows_one_call_a_second(nginx: Nginx) -> None:
    """`limit_req` of nginx: no header, just 429."""
    limiter, done, refused = Limiter(), 0, 0
    with httpx.Client(trust_env=False) as client:
        began = time.monotonic()
        while done < 6:
            limiter.acquire()
            response = client.get(f"{nginx.url}/limited")
            limiter.learn(response)
            done += response.status_code == 200
            refused += response.status_code == 429
        took = time.monotonic() - began
    assert refused <= 6
    assert 4.5 < took < 25
