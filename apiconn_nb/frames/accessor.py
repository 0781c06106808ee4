"""``df.api``: where a frame came from, and all of the answer that is not in its cells.

The frame knows nothing of it: what belongs to a frame is kept beside it, by a weak reference, and goes when it goes. A
frame made from it (a slice, a sorted copy) carries only the provenance in ``df.attrs``: words for a reader, JSON-safe
and without secrets.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from apiconn_nb.errors import FrameError
from apiconn_nb.frames.table import Table

ATTRS = "apiconn"  # the key in df.attrs


class Origin(Protocol):
    """What a collection knows of a frame it made."""

    @property
    def request(self) -> Any:
        """The request, without secrets; its text is the request line."""

    @property
    def table(self) -> Table:
        """The answer as a table."""

    @property
    def failures(self) -> pd.DataFrame:
        """The calls of a sweep that failed: their parameters, status and reason (empty where there is none)."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What goes into ``df.attrs["apiconn"]``: JSON values, redacted."""

    @property
    def again(self) -> Callable[[], Any] | None:
        """Makes the same call again, and returns what has the new frame as ``.frame()``; None where that cannot be.

        It must not hold the frame, which would then never be gone.
        """


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept for as long as the frame lives: the origin less the frame itself."""

    request: Any
    table: Table
    failures: pd.DataFrame
    again: Callable[[], Any] | None


_answers: dict[int, tuple[weakref.ref[pd.DataFrame], Answer]] = {}


def attach(frame: pd.DataFrame, origin: Origin) -> pd.DataFrame:
    """Tell where a frame came from; returns the frame. Raises TypeError when the provenance is not JSON-safe."""
    provenance = json.loads(json.dumps(dict(origin.provenance), allow_nan=False))
    number = id(frame)

    def gone(_: weakref.ref[pd.DataFrame]) -> None:
        _answers.pop(number, None)

    answer = Answer(origin.request, origin.table.without_frame(), origin.failures, origin.again)
    _answers[number] = (weakref.ref(frame, gone), answer)
    frame.attrs[ATTRS] = provenance
    return frame


def answer_of(frame: pd.DataFrame) -> Answer | None:
    """What was attached to this very frame; None for any other, also for one made from it."""
    reference, answer = _answers.get(id(frame), (None, None))
    return answer if reference is not None and reference() is frame else None


class ApiAccessor:
    """``df.api``, on frames that came from a call."""

    def __init__(self, frame: pd.DataFrame) -> None:
        # Weak: older pandas keeps the accessor on the frame, and a circle would keep the answer until a collection.
        self._frame = weakref.ref(frame)
        # `github.get("/user").api.raw`, `df.head().api.raw`: the frame is gone before its accessor is asked.
        self._kept = answer_of(frame)
        self._is_derived = ATTRS in frame.attrs

    @property
    def request(self) -> Any:
        """The request that brought this frame, without secrets."""
        return self._answer().request

    @property
    def raw(self) -> bytes | list[bytes]:
        """The answer's bytes; a list of them where it came in several pages."""
        return self._answer().table.raw.content

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """The child tables by the path of their list; ``$`` is what the answer holds beside the rows."""
        return self._answer().table.tables

    @property
    def notes(self) -> list[str]:
        """What there is to know about this frame, one line each."""
        return list(self._answer().table.notes)

    @property
    def failures(self) -> pd.DataFrame:
        """The calls of a sweep that failed: their parameters, status and reason."""
        return self._answer().failures

    def table(self, records: str | None = None, explode: str | None = None, wide: int | None = None) -> pd.DataFrame:
        """Another frame of the same answer, without a call.

        `records`: a JMESPath to the rows. `explode`: the path of a list whose elements become rows. `wide`: lists as
        numbered columns, at most this many.
        """
        made: pd.DataFrame = self._answer().table.reshape(records=records, explode=explode, wide=wide).frame
        return made

    def refresh(self) -> pd.DataFrame:
        """The same call again, as a new frame."""
        again = self._answer().again
        if again is None:
            raise FrameError("This frame's call cannot be made again from here: run its cell.")
        made: pd.DataFrame = again().frame()
        return made

    def __repr__(self) -> str:
        frame = self._frame()
        answer = None if frame is None else answer_of(frame)
        if frame is None or answer is None:
            return "<no answer of a call>"
        line = frame.attrs.get(ATTRS, {}).get("request") or answer.request
        return f"<{line} · {answer.table.found.explain()}>"

    def _answer(self) -> Answer:
        frame = self._frame()
        answer = self._kept if frame is None else answer_of(frame)
        if answer is not None:
            return answer
        if self._is_derived or (frame is not None and ATTRS in frame.attrs):
            raise FrameError(
                "This frame was made from another; the answer is kept with the one that the call returned."
            )
        raise FrameError(
            "This frame did not come from a call: df.api is for what %apicall and a collection's calls return."
        )


_before = getattr(pd.DataFrame, "api", None)
if _before is not ApiAccessor:
    if getattr(_before, "__module__", "") == __name__:  # this module is loaded again
        delattr(pd.DataFrame, "api")
    pd.api.extensions.register_dataframe_accessor("api")(ApiAccessor)
