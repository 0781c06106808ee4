"""One call and its pages → a table: kept as far as it has come, so that an interrupt or an error loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pandas as pd

from apiconn_nb.answer import refuse_status
from apiconn_nb.changes import Changes, compare
from apiconn_nb.crew import Crew
from apiconn_nb.errors import FrameError, UsageError
from apiconn_nb.frames import attach, kind_of
from apiconn_nb.gathering import Gathering
from apiconn_nb.keeping import Deliver, Kept
from apiconn_nb.options import Options
from apiconn_nb.outcome import Outcome, plain_value
from apiconn_nb.paging import Answer, Page, Pages, paginator_named
from apiconn_nb.paging.document import document_of
from apiconn_nb.progress import Progress, Watch
from apiconn_nb.receiving import ENDED, Taker
from apiconn_nb.sending import Sent
from apiconn_nb.streams import Arrival, arrives_in_pieces, is_event_stream

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection

TABULAR = ("json", "ndjson", "csv", "tsv", "xml", "excel", "parquet", "arrow", "events", "empty")
_WAY = "apiconn_way"
_CUT_OFF = "an answer that was cut off"
_MOST_KEPT = 1 << 28  # bytes of pages held for `--since last`; the cache takes no more


class _Way(NamedTuple):
    """What the status line says of how an answer came, kept with the response."""

    retries: int
    masked: bool
    stored_at: float | None
    confirmed: bool
    note: str


class Walk:
    """One call and its pages.

    `run` makes it, and `is_whole` is true then; after an error or an interrupt `partial` gives what has come, and
    another `run` goes on with the page that failed, so that each row is there once. Parameters: `first`, the request;
    `again`, makes the same call anew (for ``df.api.refresh``).
    """

    def __init__(
        self,
        collection: Collection,
        first: httpx.Request,
        options: Options,
        again: Callable[[], Outcome] | None = None,
    ) -> None:
        self._collection = collection
        self._first = first
        self._options = options
        self._again = again
        self._kept = Kept(collection, options)
        self._kept.check(first.method, options)
        self._gathering = Gathering(options)
        self._pages: Pages | None = None
        self._outcome: Outcome | None = None
        self._arriving: httpx.Response | None = None
        self._responses: list[httpx.Response] = []
        self.is_whole = False
        self._may_have_acted = False
        self._seconds = 0.0
        self._began = 0.0
        self._watch: Watch | None = None

    # ── what can be done with it (and with a sweep) ────────────────────────────────────────────────────────────────

    def run(self, watch: Watch | None = None) -> Outcome:
        """Make the call, or go on with it. An error leaves with `unfinished` set to this walk, if anything has come."""
        if self._outcome is not None and self.is_whole:
            return self._outcome
        if self._may_have_acted:
            raise UsageError(
                "This call acts and may have arrived: it is not sent again. If it only reads: --use-as data."
            )
        self._watch, self._began = watch, time.monotonic()
        try:
            with Crew(self._collection, self._options.concurrency) as crew:
                outcome = self._run(crew)
            self.is_whole = True
            return outcome
        except BaseException as error:
            if self._gathering.rows or self._gathering.counts:
                error.unfinished = self  # type: ignore[attr-defined]
                self._may_have_acted = self._is_action()
            raise
        finally:
            self._seconds += time.monotonic() - self._began

    def partial(self) -> Outcome:
        """What has come so far. Raises FrameError where nothing has."""
        if self._outcome is None:
            raise FrameError("Nothing of this call has arrived yet.")
        if self.is_whole:
            return self._outcome
        outcome = replace(
            self._outcome, made=self._gathering.table(), seconds=self._seconds, partial=self._pages_so_far()
        )
        return self._finished(outcome)

    def so_far(self) -> str:
        """How much has come, in words: ``3 of 12 pages, 300 rows``."""
        rows = f"{self._gathering.rows:,} row{'' if self._gathering.rows == 1 else 's'}"
        return f"{self._pages_so_far()}, {rows}" if self._gathering.counts else f"{rows} of {_CUT_OFF}"

    def _pages_so_far(self) -> str:
        pages = len(self._gathering.counts)
        if not pages:
            return _CUT_OFF
        total = self._pages.total_pages if self._pages is not None else None
        of = f" of {total:,}" if total and total >= pages else ""
        return f"{pages:,}{of} page{'' if pages == 1 and not of else 's'}"

    # ── the call ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, crew: Crew) -> Outcome:
        if self._pages is None:
            if self._options.pages != 1 and crew.size > 1:
                crew.get_ready()
            deliver, how = self._collection.deliver, self._options.sending()
            sent = self._send(self._first, lambda each: deliver(each, reader=self._reader, **how))
            outcome = self._outcome = self._begun(sent)
            if not self._wants_frame(sent.response):
                plain_value(outcome, self._options.returned, self._options.pages)
                return outcome
            arrived: httpx.Response | None = sent.response
        else:
            assert self._outcome is not None
            outcome, arrived = self._outcome, None
        self._walk(outcome, arrived, crew)
        outcome.made = self._gathering.table()
        outcome.seconds = self._seconds + time.monotonic() - self._began
        if self._options.since:
            self._compare(outcome)
        return self._finished(outcome)

    def _begun(self, sent: Sent) -> Outcome:
        outcome = Outcome(self._collection, self._first, sent.response, seconds=sent.seconds, again=self._again)
        outcome.ended = str(sent.response.extensions.get(ENDED, ""))
        self._note_way(outcome, sent.response)
        return outcome

    def _walk(self, outcome: Outcome, arrived: httpx.Response | None, crew: Crew) -> None:
        def fetch(request: httpx.Request) -> Answer:
            if request is self._first and arrived is not None:
                return self._answer(arrived)
            # A paginator builds its requests from what it sees; the private values of the call go on with them.
            request.extensions = {**self._first.extensions, **request.extensions}
            sent = self._send(request, lambda each: crew.send(each, **self._options.sending()), is_first=False)
            return self._answer(sent.response)

        pages = self._pages = self._new_pages(fetch, crew)
        try:
            for page in pages:
                self._take(page, outcome)
        except BaseException:
            if len(self._gathering.counts) < pages.number:
                pages.give_back()
            raise
        outcome.pages, outcome.total_pages = len(self._gathering.counts), pages.total_pages
        outcome.has_more = pages.more is not False and pages.paginator is not None
        outcome.paged_by = pages.paginator.spec if pages.paginator and self._options.pages != 1 else ""
        outcome.paging = pages.stopped or (pages.paginator.describe() if pages.paginator else "")

    def _new_pages(self, fetch: Callable[[httpx.Request], Answer], crew: Crew) -> Pages:
        before, options = self._pages, self._options
        named = paginator_named(options.paginate) if options.paginate else None
        pages = Pages(
            self._first if before is None else before.pending or self._first,
            fetch,
            limit=options.pages,
            paginator=named if before is None else before.paginator,
            strip_query=self._collection.method.query_names(),
            concurrency=options.concurrency,
            number=0 if before is None else before.number,
            executor=crew,
        )
        if before is not None:
            pages.pending = before.pending
        return pages

    def _take(self, page: Page, outcome: Outcome) -> None:
        response = page.response
        if page.number > len(self._gathering.counts):  # else it went in while it arrived
            self._gathering.add(response.content, response.headers.get("Content-Type", ""))
        outcome.request, outcome.response, outcome.pages = page.request, response, page.number
        if page.request is not self._first:
            self._note_way(outcome, response)
        if self._options.since:
            self._hold(response)
        total = self._pages.total_pages if self._pages is not None else None
        wanted = min(total or 0, self._options.pages or total or 0)
        self._tell(Progress(wanted, page.number, self._gathering.rows, unit="page"))

    def _answer(self, response: httpx.Response) -> Answer:
        if response is self._arriving:  # it has become rows already
            return Answer(response, None, self._gathering.counts[-1])
        return Answer(response, document_of(response.content))

    def _send(self, request: httpx.Request, deliver: Deliver, *, is_first: bool = True) -> Sent:
        sent = self._kept.through(request, deliver, is_first=is_first)
        refuse_status(sent.response, self._collection.name, sent.retries, signs_in=self._collection.signs_in)
        way = _Way(sent.retries, sent.masked, sent.stored_at, sent.confirmed, sent.note)
        sent.response.extensions[_WAY] = way
        return sent

    def _is_action(self) -> bool:
        return self._collection.policy(self._first.method, is_action=self._options.is_action).is_action

    # ── an answer that becomes rows while it arrives ───────────────────────────────────────────────────────────────

    def _reader(self, response: httpx.Response) -> Taker | None:
        if self._options.returned not in ("auto", "frame") or not arrives_in_pieces(response):
            return None
        if self._is_wanted_whole(response) and not is_event_stream(response):
            return None
        self._arriving = response
        self._outcome = Outcome(self._collection, self._first, response, again=self._again)  # for what is cut off
        return Arrival(response.headers.get("Content-Type", ""), self._gathering, self._arrived)

    def _is_wanted_whole(self, response: httpx.Response) -> bool:
        options = self._options
        has_next = options.pages != 1 and "next" in response.links
        return bool(options.ttl or options.since or options.records or has_next)

    def _arrived(self, arrival: Arrival) -> None:
        latest = arrival.latest if arrival.endless else None
        self._tell(Progress(rows=arrival.rows, size=arrival.size, latest=latest, unit="page"))

    # ── what there is to say ───────────────────────────────────────────────────────────────────────────────────────

    def _wants_frame(self, response: httpx.Response) -> bool:
        if self._options.returned == "frame" or response is self._arriving:
            return True
        kind = kind_of(response.content, response.headers.get("Content-Type", ""))
        return self._options.returned == "auto" and kind in TABULAR

    def _tell(self, progress: Progress) -> None:
        if self._watch is not None:
            progress.seconds = time.monotonic() - self._began
            self._watch(progress)

    def _note_way(self, outcome: Outcome, response: httpx.Response) -> None:
        way: _Way = response.extensions[_WAY]
        outcome.retries += way.retries
        if way.stored_at is not None:
            outcome.cached += 1
            outcome.stored_at = min(way.stored_at, outcome.stored_at or way.stored_at)
            outcome.confirmed = way.confirmed and (outcome.confirmed or outcome.cached == 1)
        notes = ["The answer repeated a secret of this call; it is masked (•••) in the result."] if way.masked else []
        outcome.notes += [each for each in (*notes, way.note) if each and each not in outcome.notes]

    def _finished(self, outcome: Outcome) -> Outcome:
        table = outcome.table
        outcome.notes = list(dict.fromkeys([*outcome.notes, *table.notes]))
        outcome.value = attach(table.frame if outcome.changes is None else outcome.changes.frame, outcome)
        return outcome

    # ── compared with the previous answer ──────────────────────────────────────────────────────────────────────────

    def _hold(self, response: httpx.Response) -> None:
        if sum(len(each.content) for each in self._responses) <= _MOST_KEPT:
            self._responses.append(response)  # one that is left out is missed by `_keep`

    def _compare(self, outcome: Outcome) -> None:
        now = outcome.table.frame
        previous = self._kept.previous(self._first, self._options)
        outcome.changes = self._changes(pd.DataFrame() if previous is None else previous[0], now)
        if previous is None:
            outcome.notes.append("There is no previous answer of this call yet: every row is new.")
        else:
            outcome.since = previous[1]
        if refused := self._keep():
            outcome.notes.append(f"For the next time: {refused}.")
        self._responses.clear()

    def _keep(self) -> str:
        if len(self._responses) < len(self._gathering.counts):
            return "not kept: it is too large, or came in two parts"
        return self._kept.keep_last(self._first, self._responses, self._options)

    def _changes(self, before: pd.DataFrame, now: pd.DataFrame) -> Changes:
        try:
            return compare(before, now, self._options.key or None)
        except FrameError as error:
            raise FrameError(f"--since last: {error} (--key COLUMN,…)") from None
