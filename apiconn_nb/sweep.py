"""One call per row of a table: in order, many at once, resumable; every row is accounted for exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from apiconn_nb.answer import refuse_status
from apiconn_nb.crew import Crew
from apiconn_nb.errors import (
    ApiConnError,
    AuthError,
    CallError,
    FenceError,
    FrameError,
    PlaceholderError,
    StatusError,
    UsageError,
)
from apiconn_nb.frames import attach
from apiconn_nb.joining import Part, join, plain_column, whole_numbers
from apiconn_nb.options import Options, settle, settle_values
from apiconn_nb.outcome import Outcome
from apiconn_nb.progress import Progress
from apiconn_nb.sending import Sent

if TYPE_CHECKING:
    import httpx

    from apiconn_nb.live_collection import Collection
    from apiconn_nb.request import Template
    from apiconn_nb.settings import SavedCall

Row = dict[str, Any]


@dataclass
class Failure:
    """A row whose call failed: `status` of the answer (0: none), `reason`, and whether it may have acted."""

    row: int
    status: int
    reason: str
    may_have_acted: bool = False


@dataclass
class Sweep:
    """The calls of one template over the rows of a table.

    Parameters: `rows`, a DataFrame or a list of dicts, whose columns are the dynamic values; `values`, those that are
    the same for every row; `keep`, the columns to join to the result (None: those that the call uses). `run` makes the
    calls that are not done yet, so a second `run` goes on after an interrupt and repeats what failed. A row whose
    action may have been sent is never sent again.
    """

    collection: Collection
    template: Template
    rows: pd.DataFrame | Sequence[Mapping[str, Any]]
    saved: SavedCall | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    keep: Sequence[str] | None = None

    def __post_init__(self) -> None:
        table = self.rows if isinstance(self.rows, pd.DataFrame) else pd.DataFrame(list(self.rows))
        self._table = table.reset_index(drop=True)
        self.options = settle(self.options, self.saved, {})
        self._constant = settle_values(self.saved, self.values, {}, self.collection.name)
        self._used = [name for name in self.template.names() if name in self._table.columns and name not in self.values]
        self._check_names()
        for name in self._table.columns:
            self._table[name] = whole_numbers(self._table[name])
        self._columns = {name: plain_column(self._table[name]) for name in self._used}
        self._private = frozenset(self.saved.private) if self.saved else frozenset()
        self._part = Part(self.options)  # what this run brought
        self._parts: list[Part] = []  # what earlier ones did
        self._started: set[int] = set()
        self._last: tuple[httpx.Request, httpx.Response] | None = None
        self.failures: dict[int, Failure] = {}
        self.seconds = 0.0

    @property
    def is_action(self) -> bool:
        """Whether the calls act, and so are sent once."""
        return self.collection.policy(self.template.method, is_action=self.options.is_action).is_action

    def pending(self) -> list[int]:
        """The rows whose call is to be made: never made, or failed and safe to repeat."""
        done = self._done()
        barred = {row for row, failure in self.failures.items() if failure.may_have_acted}
        return [row for row in range(len(self._table)) if row not in done and row not in barred]

    def forecast(self) -> str:
        """What is ahead, in words: how many calls, how long at least, which quota is left."""
        calls = len(self.pending())
        parts = [f"{calls:,} calls, {min(self.options.concurrency, max(calls, 1))} at a time"]
        wait = self.collection.limiter.forecast(calls)
        if wait >= 1:
            parts.append(f"at least {wait:,.0f} s for the quota")
        if quota := self.collection.limiter.quota():
            parts.append(quota)
        return " · ".join(parts)

    def run(self, progress: Callable[[Progress], None] | None = None) -> Outcome:
        """Make the pending calls. Returns the outcome of all calls so far.

        An interrupt or an error that every further row would meet (a sign-in that is missing, say) leaves what is done
        in place: `partial` gives it, another `run` goes on. Raises what the first rows raise when none succeeds.
        """
        numbers = self.pending()
        state = Progress(len(numbers))
        began = time.monotonic()
        try:
            with Crew(self.collection, min(self.options.concurrency, max(1, len(numbers)))) as crew:
                tasks: Iterator[Callable[[], Sent]] = (partial(self._call, crew, number) for number in numbers)
                for number, answer in zip(numbers, crew.in_order(tasks), strict=True):
                    state.rows += self._take(number, answer)
                    state.calls += 1
                    state.failures = len(self.failures)
                    state.seconds = time.monotonic() - began
                    if progress is not None:
                        progress(state)
        except BaseException:
            self._bar_unknown()
            raise
        finally:
            self.seconds += time.monotonic() - began
            self._close_part()
        self._raise_if_none_succeeded()
        return self.partial()

    def partial(self) -> Outcome:
        """The outcome of the calls made so far: the rows joined to their parameters, in the table's order."""
        if self._last is None:
            raise FrameError("No call of this sweep has been answered yet.")
        request, response = self._last
        outcome = Outcome(self.collection, request, response, seconds=self.seconds)
        made = self._parts[0].table
        outcome.made = replace(
            made, frame=join(self._parts, self._table[self._kept()]), found=replace(made.found, also=())
        )
        outcome.calls, outcome.title = len(self._table), self.template.title
        outcome.failed = self._failure_frame()
        outcome.notes += made.notes + self._notes()
        outcome.value = attach(outcome.made.frame, outcome)
        outcome.again = lambda: replace(self).run()
        return outcome

    # ── one row ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _call(self, crew: Crew, number: int) -> Sent:
        values = {**self._constant, **{name: column[number] for name, column in self._columns.items()}}
        request = self.collection.request(self.template, values, self._private)
        self._started.add(number)
        options = self.options
        sent = crew.send(request, is_action=options.is_action, timeout=options.timeout, retries=options.retries)
        refuse_status(sent.response, self.collection.name, sent.retries)
        return sent

    def _take(self, number: int, answer: Sent | BaseException) -> int:
        if isinstance(answer, Sent):
            response = answer.response
            try:
                rows = self._part.add(number, response)
            except FrameError as error:
                return self._fail(number, error)
            self.failures.pop(number, None)
            self._last = (response.request, response)
            return rows
        if isinstance(answer, AuthError | FenceError | UsageError) or not isinstance(answer, ApiConnError):
            raise answer  # the next row would meet it too
        return self._fail(number, answer)

    def _fail(self, number: int, error: ApiConnError) -> int:
        status = 0
        if isinstance(error, CallError) and error.response is not None:
            status = error.response.status_code
        # A refusal (4xx) says that the server did not act; a broken connection, a 5xx or an unread answer does not.
        acted = not isinstance(error, PlaceholderError) and not 400 <= status < 500 and number in self._started
        acted = acted and not (isinstance(error, CallError) and not error.sent)
        self.failures[number] = Failure(number, status, str(error), self.is_action and acted)
        return 0

    def _bar_unknown(self) -> None:
        """After an interrupt: calls under way were sent perhaps. Data calls are simply made again."""
        if not self.is_action:
            return
        for number in self._started - self._done() - set(self.failures):
            self.failures[number] = Failure(
                number, 0, "Interrupted: it may have been sent, so it is not repeated.", True
            )

    def _raise_if_none_succeeded(self) -> None:
        if self._done() or not self.failures:
            return
        first = self.failures[min(self.failures)]
        kind = StatusError if first.status else CallError
        raise kind(f"All {len(self.failures):,} calls failed; the first: {first.reason}")

    # ── the result ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _done(self) -> set[int]:
        return {number for part in (*self._parts, self._part) for number in part.numbers}

    def _close_part(self) -> None:
        if self._part.numbers:
            self._part.close()
            self._parts.append(self._part)
        self._part = Part(self.options)

    def _kept(self) -> list[str]:
        return list(self.keep) if self.keep is not None else self._used

    def _failure_frame(self) -> pd.DataFrame:
        failed = [self.failures[number] for number in sorted(self.failures)]
        kept = self._table[self._kept()].iloc[[each.row for each in failed]].reset_index(drop=True)
        return kept.assign(
            row=pd.array([each.row for each in failed], dtype="int64"),
            status=pd.array([each.status or None for each in failed], dtype="Int64"),
            reason=pd.array([each.reason for each in failed], dtype="object"),
            may_have_acted=pd.array([each.may_have_acted for each in failed], dtype="bool"),
        )

    def _notes(self) -> list[str]:
        notes = []
        if self.failures:
            barred = sum(failure.may_have_acted for failure in self.failures.values())
            more = f"; {barred:,} of them may have acted and are not repeated" if barred else ""
            notes.append(
                f"{len(self.failures):,} failed: df.api.failures says why; %apicall --resume repeats them{more}."
            )
        if empty := sum(count == 0 for part in self._parts for count in part.counts):
            notes.append(f"{empty:,} answered without a row.")
        if left := len(self.pending()) - sum(not each.may_have_acted for each in self.failures.values()):
            notes.append(f"partial: {left:,} not called yet; %apicall --resume goes on.")
        return notes

    def _check_names(self) -> None:
        given = set(self._constant) | set(self._used)
        for name in self.template.names():
            if name not in given:
                raise UsageError(
                    f"The table has no column {name!r} for [{name}]: it has {', '.join(map(str, self._table.columns))}."
                    f" Rename one, or give it to all rows with -p {name}=…"
                )
        for name in self.keep or ():
            if name not in self._table.columns:
                raise UsageError(f"--keep {name}: the table has {', '.join(map(str, self._table.columns))}.")
