"""A table made of an answer: the frame, where its rows were, what to know about it, and all that did not fit in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from apiconn_nb.frames.raw import Raw
from apiconn_nb.frames.rows import Found


@dataclass(slots=True)
class Table:
    """An answer as a table.

    `frame`: the rows. `found`: where they were (`found.explain()` is the status line's text). `tables`: child tables
    by the path of their list, made when asked for; ``$`` is what the answer holds beside its rows. `notes`: one line
    for each thing to know. `raw`: the bytes, page by page. `reshape(records=, explode=, wide=)` makes another table of
    the same bytes.
    """

    frame: pd.DataFrame
    found: Found
    tables: Mapping[str, pd.DataFrame]
    notes: list[str]
    raw: Raw
    reshape: Callable[..., Table] = field(repr=False)

    def without_frame(self) -> Table:
        """The same without the rows: what may be kept for as long as the frame lives, and not keep it alive."""
        return replace(self, frame=self.frame.iloc[:0].copy())
