"""One limiter for one collection: pages, sweeps and cells wait for the same quota, learnt from the answers.

Nothing is limited until an answer says so; then calls go as fast as the API allows, and wait where it says wait. No
library fits: pyrate-limiter and aiolimiter enforce a rate that is known beforehand, and read no answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any

import httpx

from apiconn_nb.errors import CallTimeout
from apiconn_nb.forks import renew_in_child
from apiconn_nb.pace import Pace
from apiconn_nb.quota import LONGEST, Said, Window, said_by

TOO_MANY = 429
SLICE = 0.25  # seconds: an interrupt is noticed within it, on Windows too
PATIENCE = 600.0  # seconds that a call without a deadline waits
GUARD = 1.0  # seconds for which a renewed quota of unknown period is taken to last, until an answer says better


@dataclass
class _Quota:
    """What is left of one quota; `reset_at` is a time of this limiter's clock."""

    name: str
    limit: int | None
    remaining: int | None
    reset_at: float | None
    period: float | None
    calls: bool
    resource: str


class Limiter:
    """Waits before a call where the API wants it, and learns from every answer. Safe to share between threads.

    Parameters:
        rate: calls a second at most, whatever the API allows; None for no limit of our own.
        share: the part of the API's quota that is ours, see `split`.
        patience: seconds that `acquire` waits when it is given no deadline.
        on_wait: called with the seconds and the reason when a call begins to wait for a second or more.

    `notes` holds what was silly in the answers, each once.
    """

    def __init__(
        self,
        *,
        rate: float | None = None,
        share: float = 1.0,
        patience: float = PATIENCE,
        on_wait: Callable[[float, str], None] | None = None,
    ) -> None:
        self.share = share
        self.patience = patience
        self.on_wait = on_wait
        self.notes: list[str] = []
        self._quotas: dict[str, _Quota] = {}
        self._resources: dict[str, str] = {}  # the first segment of a path → the resource it counts against
        self._blocked_until = 0.0
        self._why = ""
        self._pace = Pace(rate)
        self._in_flight = 0
        self._lock = threading.Lock()
        self._clock = time.monotonic
        renew_in_child(self, lambda limiter: vars(limiter).update(_lock=threading.Lock(), _in_flight=0))

    def acquire(
        self,
        deadline: float | None = None,
        *,
        request: httpx.Request | None = None,
        stop: threading.Event | None = None,
    ) -> float:
        """Wait until a call may be sent; seconds waited. Follow it by `learn` or, where no answer came, by `release`.

        `deadline` is a time of `time.monotonic`. Raises CallTimeout at once when the wait would go beyond it, and
        CancelledError when `stop` is set meanwhile. An interrupt ends the wait and takes nothing.
        """
        began = self._clock()
        last = began + self.patience if deadline is None else deadline
        told = False
        while True:
            with self._lock:
                now = self._clock()
                until, why = self._until(now, request)
                if until <= now:
                    self._take(now, request)
                    return now - began
            if until > last:
                raise CallTimeout(_too_long(until - now, why, last - now), request=request, sent=False)
            if not told and self.on_wait is not None and until - now >= 1:
                told = True
                self.on_wait(until - now, why)
            self._sleep(min(until - now, SLICE), stop)

    def release(self) -> None:
        """A call that was acquired got no answer."""
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)

    def learn(self, response: httpx.Response) -> float:
        """Take note of an answer; the seconds until another call may be sent (0.0: at once)."""
        said, request = said_by(response), _request_of(response)
        with self._lock:
            now = self._clock()
            self._in_flight = max(0, self._in_flight - 1)
            if said is not None:
                self._note(said, request, now)
            said_wait = said.retry_after if said is not None else None
            if said_wait is not None:
                self._block(now + said_wait, "Retry-After")
            elif response.status_code == TOO_MANY:
                self._refuse(said, now)
            elif response.status_code < 500:
                self._pace.accepted(now)
            return min(max(0.0, self._until(now, request)[0] - now), LONGEST)  # a sum of seconds is rounded

    def split(self, workers: int) -> Limiter:
        """The limiter of each of `workers` processes, so that together they keep what this one would."""
        part = Limiter(share=self.share / workers, patience=self.patience)
        with self._lock:
            part._pace = self._pace.split(workers)
            part._blocked_until, part._why, part._resources = self._blocked_until, self._why, dict(self._resources)
            for name, quota in self._quotas.items():
                part._quotas[name] = _Quota(**{**vars(quota), "remaining": _part(quota.remaining, 1 / workers)})
        return part

    def quota(self) -> str:
        """What is left, in words: ``4,970 of 5,000 calls left, renewed in 43 min``; "" where nothing is known."""
        with self._lock:
            now = self._clock()
            tight = self._tightest(now)
        if tight is None or tight.remaining is None:
            return ""
        total = f" of {tight.limit:,}" if tight.limit is not None else ""
        unit = "calls" if tight.calls else tight.name or "units"
        renewed = f", renewed in {duration(tight.reset_at - now)}" if tight.reset_at and tight.reset_at > now else ""
        return f"{max(0, tight.remaining):,}{total} {unit} left{renewed}"

    def forecast(self, calls: int) -> float:
        """Seconds that `calls` calls will spend waiting for the quotas known now, at least."""
        with self._lock:
            now = self._clock()
            waits = [self._blocked_until - now]
            rate = self._pace.limit
            if rate:
                waits.append(calls / rate)
            for quota in self._quotas.values():
                if quota.remaining is None or not quota.calls or quota.reset_at is None or calls <= quota.remaining:
                    continue
                limit = _part(quota.limit, self.share) or 0
                renewals = -(-(calls - max(0, quota.remaining)) // limit) - 1 if limit else 0
                waits.append(quota.reset_at - now + renewals * (quota.period or quota.reset_at - now))
        return max(0.0, *waits)

    # Under the lock.

    def _until(self, now: float, request: httpx.Request | None) -> tuple[float, str]:
        """When the next call may be sent, and what it waits for."""
        until, why = self._blocked_until, self._why
        if self._pace.ready_at > until:
            until, why = self._pace.ready_at, "its pace"
        for quota in self._quotas.values():
            if quota.reset_at is not None and quota.reset_at <= now:
                quota.reset_at = now + min(quota.period or GUARD, LONGEST)
                quota.remaining = _part(quota.limit, self.share)
            spent = quota.remaining is not None and quota.remaining <= 0
            if spent and quota.reset_at is not None and quota.reset_at > until and self._concerns(quota, request):
                until, why = quota.reset_at, "its quota is used up"
        return until, why

    def _take(self, now: float, request: httpx.Request | None) -> None:
        self._in_flight += 1
        self._pace.take(now)
        for quota in self._quotas.values():
            if quota.remaining is not None and quota.calls and self._concerns(quota, request):
                quota.remaining -= 1

    def _concerns(self, quota: _Quota, request: httpx.Request | None) -> bool:
        if not quota.resource or request is None:
            return True
        return self._resources.get(_segment(request)) == quota.resource

    def _note(self, said: Said, request: httpx.Request | None, now: float) -> None:
        for note in said.notes:
            if note not in self.notes and len(self.notes) < 20:
                self.notes.append(note)
        for window in said.windows:
            self._keep(window, now)
            if window.resource and request is not None and len(self._resources) < 1000:
                self._resources[_segment(request)] = window.resource

    def _keep(self, window: Window, now: float) -> None:
        """Believe the answer, less what is under way and may not be in it."""
        if window.name not in self._quotas and len(self._quotas) >= 50:
            return
        remaining = _part(window.remaining, self.share)
        if remaining is not None and window.calls:
            remaining -= self._in_flight
        self._quotas[window.name] = _Quota(
            window.name,
            window.limit,
            remaining,
            None if window.reset is None else now + window.reset,
            window.period,
            window.calls,
            window.resource,
        )

    def _refuse(self, said: Said | None, now: float) -> None:
        """Too many requests, and no Retry-After: until the quota is renewed, else by trying."""
        resets = [w.reset for w in said.windows if w.reset is not None and not w.remaining] if said else []
        if resets:
            self._block(now + max(resets), "its quota is used up")
        else:
            self._block(now + self._pace.refused(now), "it answered 429")

    def _block(self, until: float, why: str) -> None:
        if until > self._blocked_until:
            self._blocked_until, self._why = until, why

    def _tightest(self, now: float) -> _Quota | None:
        known = [
            q for q in self._quotas.values() if q.remaining is not None and (q.reset_at is None or q.reset_at > now)
        ]
        return min(known, key=lambda q: (not q.calls, (q.remaining or 0) / (q.limit or 1e9)), default=None)

    # Not under the lock.

    def _sleep(self, seconds: float, stop: threading.Event | None) -> None:
        if stop is None:
            time.sleep(max(0.0, seconds))
        elif stop.wait(max(0.0, seconds)):
            raise CancelledError("stopped while waiting for the API's limit")

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            now = self._clock()
            state = {name: value for name, value in vars(self).items() if name not in _UNPICKLED}
            quotas = [vars(q) | {"reset_at": q.reset_at and q.reset_at - now} for q in self._quotas.values()]
            state["_pace"] = self._pace.split(1)  # its times are this machine's
            return state | {"_quotas": quotas, "_blocked_until": self._blocked_until - now, "_pickled": time.time()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        passed = max(0.0, time.time() - state.pop("_pickled"))  # clocks start anew on another machine
        self.__init__()  # type: ignore[misc]
        quotas, blocked = state.pop("_quotas"), state.pop("_blocked_until")
        self.__dict__.update(state)
        now = self._clock()
        self._blocked_until = now + blocked - passed
        for quota in quotas:
            reset = quota["reset_at"]
            self._quotas[quota["name"]] = _Quota(**{**quota, "reset_at": reset and now + reset - passed})


_UNPICKLED = frozenset(("_lock", "_clock", "on_wait", "_in_flight", "_pace"))


def _part(number: int | None, share: float) -> int | None:
    """The share of `number` that is ours: at least one of what there is."""
    if number is None or share == 1:
        return number
    return max(1, int(number * share)) if number > 0 else number


def _request_of(response: httpx.Response) -> httpx.Request | None:
    try:
        return response.request
    except RuntimeError:  # a response that was built without one
        return None


def _segment(request: httpx.Request) -> str:
    return request.url.path.split("/", 2)[1] if "/" in request.url.path else ""


def _too_long(seconds: float, why: str, allowed: float) -> str:
    return (
        f"The API allows the next call in {duration(min(seconds, LONGEST))} ({why}), and this one may wait "
        f"{duration(max(0.0, allowed))}: call again later, or allow more with --timeout."
    )


def duration(seconds: float) -> str:
    """`seconds` as a person says it: ``0.4 s``, ``12 s``, ``43 min``, ``2 h 5 min``."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
