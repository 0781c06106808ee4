"""How far a call, its pages or a sweep is: what those who watch are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


@dataclass
class Progress:
    """How far it is: `calls` made of `total` (0: unknown), rows received, failures so far, seconds since it began.

    `forecast` says in words what is ahead, where that is worth a line. `unit` is what is counted: ``call`` or ``page``.
    Of an answer that becomes rows while it arrives there are `size`, the bytes so far, and of an event stream `latest`,
    which makes a table of the last rows.
    """

    total: int = 0
    calls: int = 0
    rows: int = 0
    failures: int = 0
    seconds: float = 0.0
    unit: str = "call"
    size: int = 0
    forecast: str = ""
    latest: Callable[[], pd.DataFrame] | None = None


Watch = Callable[[Progress], None]
