"""The call that each row of a table makes: its request, its answers, and what its failure means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from apiconn_nb import recording
from apiconn_nb.answer import provider_message, refuse_status
from apiconn_nb.errors import ApiConnError, CallError, PlaceholderError, StatusError
from apiconn_nb.keeping import Caches, Kept
from apiconn_nb.options import Options
from apiconn_nb.paging import Answer, Pages, paginator_named
from apiconn_nb.paging.document import document_of
from apiconn_nb.sending import Sent

if TYPE_CHECKING:
    import httpx

    from apiconn_nb.live_collection import Collection
    from apiconn_nb.request import Template


_WHERE = re.compile(r"\A[A-Z]+ https?://\S+?: ")


class Answered(NamedTuple):
    """One page of a row's answer; it pickles, and holds no secret."""

    content: bytes
    content_type: str
    status: int
    has_more: bool
    retries: int
    masked: bool
    stored_at: float | None
    confirmed: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """A row whose call failed: `status` of the answer (0: none), `reason`, and whether it may have acted.

    `message` is the whole error; of it the reason leaves out where the call went, which the other columns say.
    `hopeless`: what a wrong credential or a dead server gives for every row.
    """

    row: int
    status: int
    reason: str
    message: str
    may_have_acted: bool = False
    hopeless: bool = False


Result = tuple[Answered, ...]


def weight_of(result: Result) -> int:
    """Bytes of an answer, and something for what is around them."""
    return 512 + sum(len(page.content) for page in result)


class Sender(Protocol):
    """What sends: a `Crew`."""

    def send(self, request: httpx.Request, **overrides: Any) -> Sent:
        """Send a call."""


@dataclass
class RowCall:
    """The call of each row.

    Parameters: `columns`, the dynamic values by name, one of each for a row; `constant`, those that are the same for
    all; `private`, the names that are shown nowhere. `started` are the rows whose call began.
    """

    collection: Collection
    template: Template
    columns: Mapping[str, Sequence[Any]]
    constant: Mapping[str, Any]
    private: frozenset[str]
    options: Options
    started: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._caches: Caches = {}
        self._how = self.options.sending()
        self._has_looked = False

    @property
    def is_action(self) -> bool:
        """Whether the calls act, and so are sent once."""
        return self.collection.policy(self.template.method, is_action=self.options.is_action).is_action

    def request(self, row: int) -> httpx.Request:
        """The public request of a row. Raises PlaceholderError."""
        values = {**self.constant, **{name: column[row] for name, column in self.columns.items()}}
        return self.collection.request(self.template, values, self.private)

    def make(self, sender: Sender, row: int) -> Result:
        """The pages of a row's answer. Raises CallError and its kin, AuthError, PlaceholderError."""
        request = self.request(row)
        kept = Kept(self.collection, self.options, self._caches) if self.options.ttl else None
        self.started.add(row)
        first = self._send(sender, kept, request, is_first=True)
        if self.options.pages == 1:
            return (_answered(first)._replace(has_more=self._has_more(request, first)),)
        sents = {id(first.response): first}

        def fetch(following: httpx.Request) -> Answer:
            sent = first
            if following is not request:
                following.extensions = {**request.extensions, **following.extensions}
                sent = self._send(sender, kept, following, is_first=False)
                sents[id(sent.response)] = sent
            return Answer(sent.response, document_of(sent.response.content))

        pages = Pages(
            request,
            fetch,
            limit=self.options.pages,
            paginator=paginator_named(self.options.paginate) if self.options.paginate else None,
            strip_query=self.collection.method.query_names(),
            concurrency=1,
        )
        answered = [_answered(sents[id(page.response)]) for page in pages]
        return (*answered[:-1], answered[-1]._replace(has_more=bool(pages.more)))

    def _has_more(self, request: httpx.Request, sent: Sent) -> bool:
        """Whether the answer has pages that were not asked for; one answer is looked at, the others are like it."""
        if self._has_looked:
            return False
        self._has_looked = True
        pages = Pages(request, lambda _: Answer(sent.response, document_of(sent.response.content)), concurrency=1)
        return next(pages, None) is not None and pages.more is True

    def _send(self, sender: Sender, kept: Kept | None, request: httpx.Request, *, is_first: bool) -> Sent:
        if kept is None:
            sent = sender.send(request, **self._how)
        else:
            sent = kept.through(request, lambda each: sender.send(each, **self._how), is_first=is_first)
        refuse_status(sent.response, self.collection.name, sent.retries, signs_in=self.collection.signs_in)
        return sent

    def failure(self, row: int, error: BaseException) -> Failure:
        """What an error means for a row."""
        status, sent, reason = 0, True, str(error)
        if isinstance(error, CallError):
            sent = error.sent
            status = error.response.status_code if error.response is not None else 0
        elif isinstance(error, CancelledError):  # it was still waiting for its turn
            sent, reason = False, "Interrupted before it was sent."
        elif not isinstance(error, ApiConnError):
            reason = "Interrupted: it may have been sent."
        # A refusal (4xx) says that the server did not act; a broken connection, a 5xx or an unread answer does not.
        acted = sent and row in self.started and not isinstance(error, PlaceholderError) and not 400 <= status < 500
        hopeless = status in (401, 403) or (isinstance(error, CallError) and not sent)
        return Failure(row, status, _short(error, reason), reason, self.is_action and acted, hopeless)


def _short(error: BaseException, reason: str) -> str:
    """The provider's own words first: a column is cut after some fifty characters where it is shown."""
    if isinstance(error, StatusError) and error.response is not None:
        said = provider_message(error.response)
        return f"{error.response.reason_phrase}{f': {said}' if said else ''}"
    return _WHERE.sub("", reason)


def _answered(sent: Sent) -> Answered:
    response = sent.response
    notes = (sent.note, recording.note(response))
    return Answered(
        response.content,
        response.headers.get("Content-Type", ""),
        response.status_code,
        False,
        sent.retries,
        sent.masked,
        sent.stored_at,
        sent.confirmed,
        tuple(note for note in notes if note),
    )
