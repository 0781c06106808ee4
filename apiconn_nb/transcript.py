"""Each exchange of a call, redacted: what went out, what came back. Kept while it is asked for (``--debug``)."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import httpx

from apiconn_nb.answer import provider_message, shown_url
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.redaction import MASK, redact

if TYPE_CHECKING:
    from apiconn_nb.live_collection import Collection

_PRIVATE = ("client_secret", "password", "refresh_token", "code", "code_verifier", "assertion", "token", "access_token")
_SHOWN = 600  # characters of a body


class Transcript:
    """The exchanges of `collection` while it is open."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._steps: list[str] = []

    def __enter__(self) -> Transcript:
        self._collection.door.watch = self.token_exchange
        self._collection.door.watch_call = self.call
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._collection.door.watch = None
        self._collection.door.watch_call = None
        self._steps = [redact(step) for step in self._steps]  # a token is known once its answer has been read

    def _add(self, step: str) -> None:
        self._steps.append(redact(step))

    def token_exchange(self, request: httpx.Request, response: httpx.Response) -> None:
        """Note a token request and its answer."""
        self._add(f"→ {request.method} {shown_url(request.url)}\n{_sent(request)}")
        self._add(f"← {response.status_code} {response.reason_phrase}\n{_received(response)}")

    def call(self, request: httpx.Request, status: int) -> None:
        """Note a call, every secret masked where it was sent, and the status of its answer."""
        signed = self._collection.method.preview(request, self._collection.slot)
        self._add(f"→ {signed.method} {shown_url(signed.url)}\n{_headers(signed.headers)}")
        self._add(f"← {status}")

    def note(self, words: str) -> None:
        """Note what an exchange means."""
        if words:
            self._add(words)

    def __str__(self) -> str:
        return redact("\n".join(step.rstrip() for step in self._steps)) or "nothing was sent"


def _headers(headers: httpx.Headers) -> str:
    return "".join(f"    {name.title()}: {_masked(name, value)}\n" for name, value in headers.items())


def _masked(name: str, value: str) -> str:
    """A header's value; of a credential the scheme alone."""
    if not looks_like_credential(name) or MASK in value or "••" in value:
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme}{space}{MASK}" if space else MASK


def _sent(request: httpx.Request) -> str:
    body = request.read().decode("utf-8", "replace")
    if "urlencoded" in request.headers.get("Content-Type", ""):
        pairs = parse_qsl(body, keep_blank_values=True)
        body = "\n".join(f"    {name}={MASK if name in _PRIVATE else value}" for name, value in pairs)
    elif body:
        body = "    " + redact(body)[:_SHOWN]
    return _headers(request.headers) + body


def _received(response: httpx.Response) -> str:
    if response.status_code < 400:
        return f"    {response.headers.get('Content-Type', '')}, {len(response.content):,} bytes"
    said = provider_message(response)
    return f"    {said}" if said else ""
