"""What the demo counts, so that a test can say "exactly one refresh" and prove it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping


class Counters(Mapping[str, int]):
    """Counts by name, safe under threads; a name that was never counted is 0.

    Names: ``requests`` and ``requests:DOOR`` (API calls that arrived), ``refused:DOOR`` (answered 401 or 403),
    ``token`` and ``token:GRANT_TYPE`` (token calls that arrived), ``issued:GRANT_TYPE`` (tokens given out),
    ``reuse:refresh_token``, ``reuse:code`` (a spent one came again: the grant died), ``login`` (sign-ins that
    succeeded), ``profile``, ``revoked``, ``written`` (orders created, changed or deleted), ``tls_refused``.
    """

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter(counts or {})

    def add(self, *names: str) -> None:
        """Count one more of each name."""
        with self._lock:
            self._counts.update(names)

    def reset(self) -> None:
        """Start again at zero."""
        with self._lock:
            self._counts.clear()

    def snapshot(self) -> dict[str, int]:
        """All counts at one moment, sorted by name."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def __getitem__(self, name: str) -> int:
        with self._lock:
            return self._counts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.snapshot())

    def __len__(self) -> int:
        return len(self.snapshot())

    def __repr__(self) -> str:
        return f"Counters({self.snapshot()})"
