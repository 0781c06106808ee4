"""A login's exchanges, step by step and redacted: an allow-list decides what of a request or an answer is shown."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx

from apiconn_nb.auth.token import ResponseShape, read_members
from apiconn_nb.login.transaction import plain
from apiconn_nb.redaction import MASK, redact

Send = Callable[[httpx.Request], httpx.Response]
T = TypeVar("T")

# Values that say how a thing is asked for; every other value may be a secret.
_ASKED = ("grant_type", "response_type", "response_mode", "redirect_uri", "scope", "client_id", "code_challenge_method")
_ASKED_TOO = ("access_type", "prompt", "audience", "resource", "iss", "interval")
_SHOWN = frozenset([*_ASKED, *_ASKED_TOO, "token_type", "expires_in", "error", "error_description"])
_HEADERS = ("accept", "content-type")


@dataclass(frozen=True)
class Step:
    """One exchange, or a note: `title`, and `lines` below it."""

    title: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"    {line}" for line in self.lines)])


@dataclass(frozen=True)
class Answered:
    """What the last answer to a POST looked like, without its values: what faults are read from.

    `members` has the answer's names with a placeholder for each text; `skew` is how many seconds this machine's clock
    is ahead of the server's (None: its answer had no date).
    """

    content_type: str = ""
    is_json: bool = False
    members: Mapping[str, Any] = field(default_factory=dict)
    skew: float | None = None


@dataclass
class Steps:
    """What happened so far."""

    all: list[Step] = field(default_factory=list)
    answered: Answered = field(default_factory=Answered)

    def note(self, title: str, *lines: str) -> None:
        """Add a note."""
        self.all.append(Step(redact(title), tuple(redact(plain(line, 400)) for line in lines)))

    def exchange(self, title: str, request: httpx.Request, response: httpx.Response, *, again: bool = False) -> None:
        """Add a request and its answer; `again`: in the place of the last one, if that had the same title."""
        if request.method == "POST":
            self.answered = _outline(response)
        if again and self.all and self.all[-1].title == title:
            self.all.pop()
        self.note(title, *_sent(request), *_received(response))

    def no_answer(self, title: str, request: httpx.Request, error: Exception) -> None:
        """Add a request that nobody answered."""
        self.note(title, *_sent(request), f"← no answer: {type(error).__name__}: {error}")

    def __str__(self) -> str:
        return "\n".join(map(str, self.all))


def drive(flow: Generator[httpx.Request, httpx.Response, T], send: Send, steps: Steps, title: str) -> T:
    """Run a flow to its end and return what it returns; each of its exchanges is kept in `steps`."""
    try:
        request = next(flow)
        while True:
            try:
                response = send(request)
            except httpx.RequestError as error:
                steps.no_answer(title, request, error)
                request = flow.throw(error)
                continue
            steps.exchange(title, request, response)
            request = flow.send(response)
    except StopIteration as ended:
        result: T = ended.value
        return result


def _sent(request: httpx.Request) -> list[str]:
    lines = [f"→ {request.method} {shown(str(request.url))}"]
    for name, value in request.headers.items():
        if name == "authorization":
            lines.append(f"  Authorization: {value.partition(' ')[0]} {MASK}")
        elif name in _HEADERS:
            lines.append(f"  {name}: {value}")
    if "urlencoded" in request.headers.get("Content-Type", ""):
        pairs = parse_qsl(request.read().decode("utf-8", "replace"), keep_blank_values=True)
        lines += [f"  {name}={_value(name, value)}" for name, value in pairs]
    return lines


def _received(response: httpx.Response) -> list[str]:
    kind = response.headers.get("Content-Type", "no content type")
    lines = [f"← {response.status_code} {response.reason_phrase} · {kind} · {len(response.content):,} bytes"]
    if response.headers.get("Location"):
        lines.append(f"  Location: {shown(response.headers['Location'])}")
    members = read_members(kind, response.content, ResponseShape()) if "html" not in kind else {}
    lines += [f"  {name}: {_value(name, value)}" for name, value in list(members.items())[:30]]
    return lines


def _outline(response: httpx.Response) -> Answered:
    kind = response.headers.get("Content-Type", "")
    members = read_members(kind, response.content, ResponseShape())
    return Answered(kind, response.content.lstrip()[:1] == b"{", _blank(members), clock_skew(response))


def _blank(value: Any, depth: int = 4) -> Any:
    if isinstance(value, Mapping):
        return {str(name)[:80]: _blank(each, depth - 1) for name, each in list(value.items())[:50]} if depth else {}
    return "…" if isinstance(value, str) and value else None


def clock_skew(response: httpx.Response) -> float | None:
    """Seconds that this machine's clock is ahead of the server's ``Date`` (None: it has none)."""
    try:
        then = email.utils.parsedate_to_datetime(response.headers["Date"])
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return time.time() - then.timestamp()


def _value(name: str, value: Any) -> str:
    if name.endswith(("_endpoint", "_supported", "issuer", "verification_uri", "jwks_uri")):
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_value(str(key), each)}" for key, each in list(value.items())[:20]) + "}"
    if name in _SHOWN:
        return value if isinstance(value, str) else json.dumps(value)
    return MASK if value not in ("", None) else "(empty)"


def shown(url: str) -> str:
    """A URL whose query values are masked, those excepted that say how a thing is asked for."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = "&".join(f"{name}={_value(name, value)}" for name, value in pairs)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))
