"""Request → response → rows → DataFrame: one call with its pages, and what there is to say about it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import httpx
import msgspec
import pandas as pd

from apiconn_nb import recording
from apiconn_nb.answer import refuse_status, shown_url
from apiconn_nb.crew import Crew
from apiconn_nb.errors import FrameError, UsageError
from apiconn_nb.frames import FrameBuilder, FrameOptions, Table, attach, kind_of, text_of
from apiconn_nb.paging import Answer, Pages, paginator_named
from apiconn_nb.request import Template, without_optional
from apiconn_nb.secrets import Secret, is_reference
from apiconn_nb.sending import Sent

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection
    from apiconn_nb.settings import SavedCall

As = Literal["auto", "frame", "json", "text", "bytes", "response"]
AS: tuple[As, ...] = ("auto", "frame", "json", "text", "bytes", "response")
_TABULAR = ("json", "ndjson", "csv", "tsv", "xml", "excel", "parquet", "arrow", "events", "empty")


@dataclass(frozen=True)
class Options:
    """How a call is made and what becomes of its answer; the options of ``%%apicall``.

    `pages` is a number or ``all``; `timeout` and the others override the collection's; `use_as` is ``data`` or
    ``action`` (empty: by the method).
    """

    returned: As = "auto"
    records: str | None = None
    pages: int | None = 1  # None: all
    paginate: str = ""
    timeout: float | None = None
    retries: int | None = None
    use_as: str = ""
    concurrency: int = 8
    dates: bool = True
    explode: str | None = None
    wide: int | None = None
    columns: Mapping[str, str] | None = None
    strict: bool = False

    @property
    def is_action(self) -> bool | None:
        """Whether the call is an action; None: its method decides."""
        return None if not self.use_as else self.use_as == "action"

    def frames(self) -> FrameOptions:
        """The options for the frame."""
        return FrameOptions(self.dates, self.explode, self.wide, self.columns, self.strict)


@dataclass
class Outcome:
    """What a call gave.

    `value` is what the cell returns; `request` and `response` are the last page's, without secrets; `made` is
    the table where the value is a frame; `notes` are lines worth knowing.
    """

    collection: Collection
    request: httpx.Request
    response: httpx.Response
    value: Any = None
    kind: str = "frame"
    made: Table | None = None
    pages: int = 1
    calls: int = 1
    title: str = ""
    failed: pd.DataFrame | None = None
    has_more: bool = False
    seconds: float = 0.0
    retries: int = 0
    paging: str = ""
    total_pages: int | None = None
    notes: list[str] = field(default_factory=list)
    again: Callable[[], Outcome] | None = field(default=None, repr=False)

    def frame(self) -> pd.DataFrame:
        """The value as a DataFrame. Raises FrameError where the answer is something else."""
        if not isinstance(self.value, pd.DataFrame):
            raise FrameError(f"The answer is {self.kind}, not a table: use send() for the response itself.")
        return self.value

    # What `df.api` asks (frames.accessor.Origin).

    @property
    def table(self) -> Table:
        """The answer as a table. Raises FrameError where it is something else."""
        if self.made is None:
            raise FrameError(f"The answer is {self.kind}, not a table.")
        return self.made

    @property
    def failures(self) -> pd.DataFrame:
        """The calls of a sweep that failed: their parameters, status and reason."""
        return self.failed if self.failed is not None else pd.DataFrame()

    @property
    def provenance(self) -> dict[str, Any]:
        """JSON-safe and without secrets: what goes into ``df.attrs``."""
        return {
            "collection": self.collection.name,
            "environment": self.collection.environment,
            "request": f"{self.request.method} {shown_url(self.request.url)}",
            "status": self.response.status_code,
            "pages": self.pages,
            "records": self.made.found.path if self.made else "",
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def refresh(self) -> pd.DataFrame:
        """The same call again."""
        if self.again is None:
            raise UsageError("This frame's call cannot be made again from here: run its cell.")
        return self.again().frame()

    def status(self) -> str:
        """The status line: request, status, rows and where they were, time, environment, pages."""
        parts = [f"{self.request.method} {shown_url(self.request.url)}", str(self.response.status_code)]
        if self.calls > 1:
            failed = f" ({len(self.failures):,} failed)" if len(self.failures) else ""
            parts = [self.title, f"{self.calls:,} calls{failed}"]
        if self.made is not None:
            rows, columns = self.made.frame.shape
            row_word, column_word = "row" if rows == 1 else "rows", "column" if columns == 1 else "columns"
            parts.append(f"{rows:,} {row_word} × {columns:,} {column_word} {self._from()}")
        else:
            parts.append(f"{self.kind}, {len(self.response.content):,} bytes")
        parts.append(f"{self.seconds * 1000:.0f} ms" if self.seconds < 10 else f"{self.seconds:.1f} s")
        parts.append(self.collection.environment + self._twins())
        if self.retries:
            parts.append(f"{self.retries + 1} attempts")
        if pages := self._pages():
            parts.append(pages)
        if recorded := recording.note(self.response):
            parts.append(recorded)
        return " · ".join(parts)

    def _from(self) -> str:
        words = self.table.found.explain()
        return words.replace(f" ({self.table.found.count})", "", 1)

    def _twins(self) -> str:
        """In the development environment: which fields had no twin, so that the live value was taken."""
        if self.collection.environment != "development" or not self.collection.taken:
            return ""
        live = [name for name, place in self.collection.taken.items() if place == "live"]
        return f" ({', '.join(live)} from live)" if live else ""

    def _pages(self) -> str:
        of = f" of {self.total_pages}" if self.total_pages and self.total_pages >= self.pages else ""
        if self.has_more:
            return f"page {self.pages}{of}, --pages all for the rest"
        return f"{self.pages}{of} pages ({self.paging})" if self.pages > 1 else ""


def run(
    collection: Collection,
    template: Template,
    *,
    saved: SavedCall | None = None,
    values: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    options: Options | None = None,
    **overrides: Any,
) -> Outcome:
    """Make a call and turn its answer into what was asked for.

    Parameters: `saved`, the saved call behind `template`, whose settings hold where `options` are silent; `values`, the
    dynamic values given; `variables`, those of the notebook (unsaved calls alone); `overrides`, members of `Options`.
    Raises PlaceholderError, CallError and its kin, FrameError.
    """
    chosen = settle(options or Options(), saved, overrides)
    named = {name: variables[name] for name in template.names() if name in variables} if variables else {}
    given = settle_values(saved, values or {}, named, collection.name)
    private = frozenset(saved.private) if saved else frozenset()
    asked = without_optional(template, saved.optional, given) if saved else template
    request = collection.request(asked, given, private)
    walk = _Walk(collection, chosen)
    outcome = walk.go(request)
    outcome.again = lambda: run(collection, template, saved=saved, values=values, variables=variables, options=chosen)
    return outcome


def settle(options: Options, saved: SavedCall | None, overrides: Mapping[str, Any]) -> Options:
    """The options that hold: given ones, else the saved call's, else the defaults."""
    if saved is not None:
        kept: dict[str, Any] = {"records": saved.records or None, "paginate": saved.paginate, "use_as": saved.use_as}
        options = replace(
            options, **{name: value for name, value in kept.items() if value and not getattr(options, name)}
        )
        if saved.pages and options.pages == 1:
            options = replace(options, pages=pages_of(saved.pages))
        options = replace(options, columns=saved.columns or None, strict=saved.strict)
    changed = {name: value for name, value in overrides.items() if value is not None}
    if "pages" in changed:
        changed["pages"] = pages_of(changed["pages"])
    unknown = [name for name in changed if name not in Options.__dataclass_fields__]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no option of a call; there is {', '.join(Options.__dataclass_fields__)}.")
    return replace(options, **changed)


def pages_of(text: str | int) -> int | None:
    """``--pages``: a number from 1, or ``all`` (None). Raises UsageError."""
    if str(text) == "all":
        return None
    if not str(text).isdigit() or int(text) < 1:
        raise UsageError(f"--pages takes a number from 1 or all, not {text!r}.")
    return int(text)


def settle_values(
    saved: SavedCall | None, given: Mapping[str, Any], variables: Mapping[str, Any], collection: str
) -> dict[str, Any]:
    """The dynamic values: given ones, else the call's defaults, else (unsaved calls) the notebook's variables."""
    if saved is None:
        return {**variables, **given}
    return {**{name: _default(name, value, collection) for name, value in saved.params.items()}, **given}


def _default(name: str, value: Any, collection: str) -> Any:
    """A default written as a reference is private."""
    if isinstance(value, str) and is_reference(value):
        return Secret.from_reference(value, label=name, owner=f"{collection}/params/{name}")
    return value


class _Walk:
    """One call and its pages."""

    def __init__(self, collection: Collection, options: Options) -> None:
        self._collection = collection
        self._options = options

    def go(self, request: httpx.Request) -> Outcome:
        sent = self._send(request)
        outcome = Outcome(self._collection, request, sent.response, seconds=sent.seconds, retries=sent.retries)
        if sent.masked:
            outcome.notes.append("The answer repeated a secret of this call; it is masked (•••) in the result.")
        if not self._wants_frame(sent.response):
            _plain_value(outcome, self._options.returned)
            return outcome
        builder = FrameBuilder(records=self._options.records, options=self._options.frames())
        self._pages(builder, outcome)
        outcome.made = builder.finish()
        outcome.notes += outcome.made.notes
        outcome.value = attach(outcome.made.frame, outcome)
        return outcome

    def _send(self, request: httpx.Request) -> Sent:
        options = self._options
        sent = self._collection.deliver(
            request, is_action=options.is_action, timeout=options.timeout, retries=options.retries
        )
        refuse_status(sent.response, self._collection.name, sent.retries)
        return sent

    def _wants_frame(self, response: httpx.Response) -> bool:
        if self._options.returned == "frame":
            return True
        kind = kind_of(response.content, response.headers.get("Content-Type", ""))
        return self._options.returned == "auto" and kind in _TABULAR

    def _pages(self, builder: FrameBuilder, outcome: Outcome) -> None:
        first = outcome.request
        started = time.monotonic() - outcome.seconds
        with Crew(self._collection, self._options.concurrency) as crew:

            def fetch(request: httpx.Request) -> Answer:
                response = outcome.response if request is first else self._fetch(crew, first, request)
                return Answer(response, document_of(response.content))

            pages = Pages(
                first,
                fetch,
                limit=self._options.pages,
                paginator=paginator_named(self._options.paginate) if self._options.paginate else None,
                strip_query=self._collection.method.query_names(),
                concurrency=self._options.concurrency,
                executor=crew,
            )
            for page in pages:
                builder.add(page.response.content, page.response.headers.get("Content-Type", ""))
                outcome.request, outcome.response, outcome.pages = page.request, page.response, page.number
        outcome.total_pages = pages.total_pages
        outcome.has_more = pages.more is not False and pages.paginator is not None
        outcome.paging = pages.stopped or (pages.paginator.describe() if pages.paginator else "")
        outcome.seconds = time.monotonic() - started

    def _fetch(self, crew: Crew, first: httpx.Request, request: httpx.Request) -> httpx.Response:
        # A paginator builds its requests from what it sees; the private values of the call go on with them.
        request.extensions = {**first.extensions, **request.extensions}
        options = self._options
        sent = crew.send(request, is_action=options.is_action, timeout=options.timeout, retries=options.retries)
        refuse_status(sent.response, self._collection.name, sent.retries)
        return sent.response


def document_of(content: bytes) -> Any:
    """The parsed body that a paginator reads; None for what is no JSON."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _plain_value(outcome: Outcome, returned: As) -> None:
    """The value where no frame is wanted: the response, parsed JSON, text, or bytes."""
    response = outcome.response
    kind = kind_of(response.content, response.headers.get("Content-Type", ""))
    outcome.kind = kind
    if returned == "response":
        outcome.value = response
    elif returned == "json":
        try:
            outcome.value = json.loads(response.content) if response.content.strip() else None
        except (ValueError, RecursionError) as error:
            raise FrameError(f"The answer is not JSON ({error}): use --as text to see it.") from None
    elif returned == "bytes" or (returned == "auto" and kind in ("image", "binary")):
        outcome.value = response.content
    else:
        outcome.value = text_of(response.content, response.headers.get("Content-Type", ""))
