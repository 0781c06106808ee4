"""One call per row of a table: in order, many at once, resumable; every row is accounted for exactly once."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import httpx
import pandas as pd

from apiconn_nb.crew import Crew
from apiconn_nb.errors import ApiConnError, AuthError, CallError, FenceError, FrameError, StatusError, UsageError
from apiconn_nb.frames import attach
from apiconn_nb.joining import Answers, failed, join, merged, plain_column, whole_numbers
from apiconn_nb.keeping import Kept
from apiconn_nb.limiter import duration
from apiconn_nb.options import Options, settle, settle_values
from apiconn_nb.outcome import Outcome, not_again, of_no_calls
from apiconn_nb.progress import Progress, Watch
from apiconn_nb.row_call import Answered, Failure, Result, RowCall, weight_of

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection
    from apiconn_nb.request import Template
    from apiconn_nb.settings import SavedCall

_LARGE = 200  # calls; what takes longer is announced
_FIRST = 10  # answers; where none of them can succeed, the others are not tried


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
        self._table = self._read()
        self.options = settle(self.options, self.saved, {})
        constant = settle_values(self.saved, self.values, {}, self.collection.name)
        self._used = [name for name in self.template.names() if name in self._table.columns and name not in self.values]
        self._check(constant)
        for name in self._table.columns:
            self._table[name] = whole_numbers(self._table[name])
        columns = {name: plain_column(self._table[name]) for name in self._used}
        private = frozenset(self.saved.private) if self.saved else frozenset()
        self.call = RowCall(self.collection, self.template, columns, constant, private, self.options)
        self._runs: list[Answers] = []
        self._notes: dict[str, None] = {}
        self._seen: list[Answered] = []  # one page, for what the status line says
        self._cached: list[float] = []  # when the answers that came from the cache were stored
        self._has_more = False
        self._safe: set[int] = set()  # rows that were begun and have not acted
        self._warm_at = 0.0
        self.failures: dict[int, Failure] = {}
        self.seconds = 0.0

    def _read(self) -> pd.DataFrame:
        table = self.rows if isinstance(self.rows, pd.DataFrame) else pd.DataFrame(list(self.rows))
        return table.reset_index(drop=True)

    # ── what can be done with it (and with a walk) ─────────────────────────────────────────────────────────────────

    def run(self, watch: Watch | None = None) -> Outcome:
        """Make the pending calls. Returns the outcome of all calls so far.

        An interrupt or an error that every further row would meet (a sign-in that is missing, say) leaves what is done
        in place: `partial` gives it, another `run` goes on, and the error has this sweep as `unfinished`. Raises what
        the first rows raise when none succeeds.
        """
        pending = self.pending()
        state = Progress(len(pending), forecast=self.forecast() if len(pending) >= _LARGE else "")
        is_first_run = not self._runs and not self.failures
        self._runs.append(Answers(self.options))
        self.call.started.clear()
        self._safe.clear()
        began = time.monotonic()
        try:
            self._tell(watch, state, began)
            with closing(self._results(pending)) as results:
                for row, result in results:
                    state.rows += self._take(row, result)
                    state.calls += 1
                    state.failures = len(self.failures)
                    if is_first_run and state.calls == _FIRST:
                        self._refuse_to_go_on()
                    self._tell(watch, state, began)
        except BaseException as error:
            self._bar_unknown()
            error.unfinished = self  # type: ignore[attr-defined]
            raise
        finally:
            self.seconds += time.monotonic() - began
        self._raise_if_none_succeeded()
        return self.partial()

    def partial(self) -> Outcome:
        """The outcome of the calls made so far: the rows joined to their parameters, in the table's order."""
        if not len(self._table):
            return of_no_calls(self.collection, self.template, Answers(self.options).table())
        if not self._seen:
            raise FrameError("No call of this sweep has been answered yet.")
        whole = merged([run for run in self._runs if run.rows()], self.options)
        self._runs = [whole]
        outcome = self._outcome()
        made = whole.table()
        frame = join(whole, self._table[self._kept()])
        outcome.made = replace(made, frame=frame, found=replace(made.found, also=()))
        outcome.notes += [*self._notes, *made.notes, *self._what_is_missing(whole)]
        outcome.value = attach(frame, outcome)
        return outcome

    def pending(self) -> list[int]:
        """The rows whose call is to be made: never made, or failed and safe to repeat."""
        done = self._done()
        barred = {row for row, failure in self.failures.items() if failure.may_have_acted}
        return [row for row in range(len(self._table)) if row not in done and row not in barred]

    def first_request(self) -> httpx.Request | None:
        """The public request of the first row; None where the table has no rows."""
        return self.call.request(0) if len(self._table) else None

    def so_far(self) -> str:
        """How much is done, in words: ``812 of 5,000 calls, 12 of them failed``."""
        failed = f", {len(self.failures):,} of them failed" if self.failures else ""
        return f"{len(self._done() | set(self.failures)):,} of {len(self._table):,} calls{failed}"

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to call."""
        return not self.pending()

    def forecast(self, calls: int | None = None, seconds_each: float = 0.0) -> str:
        """What is ahead, in words: how many calls (None: the pending ones), how long, which quota is left."""
        calls = len(self.pending()) if calls is None else calls
        parts = [f"{calls:,} calls, {min(self.options.concurrency, max(calls, 1))} at a time"]
        wait = max(self.collection.limiter.forecast(calls), calls * seconds_each)
        if wait >= 1:
            parts.append(f"about {duration(wait)}" if seconds_each else f"at least {duration(wait)} for the quota")
        return " · ".join(part for part in (*parts, self.collection.limiter.quota()) if part)

    # ── the calls ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _results(self, pending: list[int]) -> Generator[tuple[int, Result | Failure | BaseException]]:
        """What each pending row gives, in order; what was under way at an interrupt is taken too."""
        with Crew(self.collection, min(self.options.concurrency, max(1, len(pending)))) as crew:
            ordered = crew.in_order(self.call.make, pending, weight_of)
            try:
                yield from ordered
            except BaseException:
                crew.shutdown()
                for row, result in ordered.finished():
                    self._take_late(row, result)
                raise

    def _tell(self, watch: Watch | None, state: Progress, began: float) -> None:
        state.seconds = time.monotonic() - began
        if state.forecast and state.calls == self.options.concurrency:
            self._warm_at = state.seconds  # connections stand; from here on time is that of the calls
        if state.forecast and state.calls == 4 * self.options.concurrency:
            seconds_each = (state.seconds - self._warm_at) / (3 * self.options.concurrency)
            state.forecast = self.forecast(state.total, seconds_each)
        if watch is not None:
            watch(state)

    def _take(self, row: int, result: Result | Failure | BaseException) -> int:
        if isinstance(result, tuple):
            return self._keep_answer(row, result)
        if isinstance(result, Failure):
            self.failures[row] = result
            return 0
        if isinstance(result, AuthError | FenceError | UsageError) or not isinstance(result, ApiConnError):
            raise result  # the next row would meet it too
        self.failures[row] = self.call.failure(row, result)
        return 0

    def _take_late(self, row: int, result: Result | BaseException) -> None:
        """What was under way when the sweep was stopped: an answer counts, and so does what may have been sent."""
        if isinstance(result, tuple):
            self._keep_answer(row, result)
        elif (failure := self.call.failure(row, result)).may_have_acted:
            self.failures[row] = failure
        else:
            self._safe.add(row)

    def _keep_answer(self, row: int, result: Result) -> int:
        try:
            rows = self._runs[-1].add(row, [(page.content, page.content_type) for page in result])
        except FrameError as error:
            self.failures[row] = self.call.failure(row, error)
            return 0
        self.failures.pop(row, None)
        self._seen = [result[0]._replace(content=b"")]
        for page in result:
            self._notes.update(dict.fromkeys(page.notes))
            self._has_more = self._has_more or page.has_more
            if page.masked:
                self._notes["Some answers repeated a secret of their call; it is masked (•••) in the result."] = None
        if result[0].stored_at is not None:
            self._cached.append(result[0].stored_at)
        return rows

    def _refuse_to_go_on(self) -> None:
        """The first answers were all refused, or nobody answers there: the others would be as well."""
        first = list(self.failures.values())
        left = len(self.pending()) - len(first)
        if left > 0 and len(first) >= _FIRST and all(failure.hopeless for failure in first):
            kind = StatusError if first[0].status else CallError
            raise kind(
                f"The first {len(first)} calls failed, and the {left:,} others would too: they are not made. "
                f"The first: {first[0].message}"
            )

    def _bar_unknown(self) -> None:
        """After an interrupt: calls of which nobody knows were sent perhaps. Data calls are simply made again."""
        if not self.call.is_action:
            return
        for row in self.call.started - self._done() - set(self.failures) - self._safe:
            self.failures[row] = self.call.failure(row, KeyboardInterrupt())

    def _raise_if_none_succeeded(self) -> None:
        if self._done() or not self.failures:
            return
        first = self.failures[min(self.failures)]
        kind = StatusError if first.status else CallError
        raise kind(f"All {len(self.failures):,} calls failed; the first: {first.message}")

    # ── the result ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _done(self) -> set[int]:
        return {row for run in self._runs for row in run.rows()}

    def _kept(self) -> list[str]:
        return list(self.keep) if self.keep is not None else self._used

    def _outcome(self) -> Outcome:
        request = self.call.request(self._runs[0].rows()[0])
        seen = self._seen[0]
        outcome = Outcome(self.collection, request, httpx.Response(seen.status, request=request), seconds=self.seconds)
        outcome.calls, outcome.title = len(self._table), self.template.title
        outcome.failed = failed(self.failures, self._table[self._kept()])
        outcome.cached, outcome.stored_at = len(self._cached), min(self._cached, default=None)
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        anew, kind = {**given, "options": replace(self.options, fresh=True)}, type(self)
        method, acts = self.template.method, self.call.is_action
        outcome.again = lambda: not_again(method) if acts else kind(**anew).run()  # of this one nothing is held
        if left := self._not_called():
            outcome.partial = f"{left:,} not called yet"
        return outcome

    def _not_called(self) -> int:
        return len(self.pending()) - sum(not each.may_have_acted for each in self.failures.values())

    def _what_is_missing(self, answers: Answers) -> list[str]:
        notes = []
        if self.failures:
            barred = sum(failure.may_have_acted for failure in self.failures.values())
            more = f"; {barred:,} of them may have acted and are not repeated" if barred else ""
            notes.append(
                f"{len(self.failures):,} failed: df.api.failures says why; %apicall --resume repeats them{more}."
            )
        if empty := answers.counts().count(0):
            notes.append(f"{empty:,} answered without a row.")
        if left := self._not_called():
            notes.append(f"partial: {left:,} not called yet; %apicall --resume goes on.")
        if self._has_more:
            notes.append("The answers have more pages than the one taken of each: --pages all.")
        return notes

    def _check(self, constant: Mapping[str, Any]) -> None:
        given = set(constant) | set(self._used)
        there = ", ".join(map(str, getattr(self.rows, "columns", self._table.columns)))
        for name in self.template.names():
            if name not in given:
                raise UsageError(
                    f"The table has no column {name!r} for [{name}]: it has {there}. "
                    f"Rename one, or give it to all rows with -p {name}=…"
                )
        for name in self.keep or ():
            if name not in self._table.columns:
                raise UsageError(f"--keep {name}: the table has {there}.")
        if self.options.since:
            raise UsageError("--since last compares one call's answers; a sweep has many.")
        Kept(self.collection, self.options).check(self.template.method, self.options)
