"""Calls a second: a rate that the person sets, or one found by trying where an API refuses and names no number."""

from __future__ import annotations

import random
from collections import deque

SLOWEST = 0.2  # calls a second
BACKOFF = 60.0  # seconds at most between tries
MEMORY = 30.0  # seconds of answers that tell how many were accepted
SLOWER = 0.9
FASTER = 0.05  # of the rate, each second in which calls are accepted
FREE = 4.0  # times the rate at which it was refused (after half a minute): there is no limit again


class Pace:
    """Not limited until a `rate` is given or an answer was `refused`. Times are seconds of the caller's clock.

    Additive increase, multiplicative decrease (RFC 5681 §3.1 in spirit): after a refusal, nine tenths of the rate that
    was accepted; a little faster with every second of accepted calls. Not for several threads: the limiter locks.
    """

    def __init__(self, rate: float | None = None) -> None:
        self.rate = rate
        self.ready_at = 0.0
        self._found: float | None = None
        self._cut = 0.0
        self._storm_until = 0.0
        self._grown = 0.0
        self._refused = 0  # times in a row
        self._accepted: deque[float] = deque(maxlen=64)

    @property
    def limit(self) -> float | None:
        """Calls a second at most now; None for no limit."""
        return min((rate for rate in (self.rate, self._found) if rate), default=None)

    def take(self, now: float) -> None:
        """A call is sent now."""
        limit = self.limit
        if limit:
            self.ready_at = max(now, self.ready_at) + 1 / limit

    def accepted(self, now: float) -> None:
        """A call was answered, and not by a refusal."""
        self._accepted.append(now)
        self._refused = 0
        if self._found is not None:
            self._found *= 1 + FASTER * min(1.0, max(0.0, now - self._grown))
            self._grown = now
            if self._found > FREE * self._cut:
                self._found = None
                self.ready_at = 0.0 if self.rate is None else self.ready_at

    def refused(self, now: float) -> float:
        """A call was refused with no word for how long; the seconds to back off."""
        if now < self._storm_until:
            return self._storm_until - now  # sent before we knew: the same refusal
        rate = self._accepted_rate(now)
        self._found = self._cut = max(SLOWEST, SLOWER * (rate if self._found is None else min(rate, self._found)))
        wait = min(BACKOFF, 0.5 * 2.0 ** min(self._refused, 10))
        wait *= random.uniform(0.75, 1.25)  # noqa: S311 - spreads processes that were refused together
        self._refused += 1
        self._storm_until = self._grown = now + wait
        return wait

    def _accepted_rate(self, now: float) -> float:
        times = [moment for moment in self._accepted if now - moment < MEMORY]
        return len(times) / max(now - times[0], 0.05) if len(times) > 2 else 1.0

    def split(self, workers: int) -> Pace:
        """The pace of each of `workers`, so that together they keep this one."""
        part = Pace(None if self.rate is None else self.rate / workers)
        part._found = None if self._found is None else self._found / workers
        part._cut = self._cut / workers
        return part
