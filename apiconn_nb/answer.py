"""What an answer says about itself when it is a refusal: the provider's own words, and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from apiconn_nb.errors import StatusError
from apiconn_nb.redaction import redact
from apiconn_nb.sending import retry_after

_QUOTED = 300  # characters of the provider's text that a message repeats
_WORDS = (
    "message",
    "error_description",
    "detail",
    "error_message",
    "title",
    "msg",
    "errorMessage",
    "description",
    "reason",
)


def refuse_status(response: httpx.Response, collection: str, retries: int = 0, *, signs_in: bool = False) -> None:
    """Raise StatusError for a 4xx or 5xx: what was tried, status, the provider's message, what to do next.

    `signs_in`: whether a person signs in to the collection; a 401 then says that the sign-in may be over.
    """
    if response.status_code < 400:
        return
    said = provider_message(response)
    request = response.request
    line = f"{request.method} {shown_url(request.url)} · {response.status_code} {response.reason_phrase}"
    again = f" after {retries + 1} attempts" if retries else ""
    raise StatusError(
        f"{line}{again}{f': {said}'.rstrip('. ') if said else ''}. {_advice(response, collection, signs_in)}".rstrip(),
        request=request,
        response=response,
    )


def shown_url(url: httpx.URL) -> str:
    """A URL as people read it: masks unescaped, known secrets cut."""
    return redact(str(url).replace("%E2%80%A2", "•"))


def provider_message(response: httpx.Response) -> str:
    """The provider's own words in an error answer, one line, redacted; empty where there are none."""
    kind = response.headers.get("Content-Type", "")
    body = response.content[: 1 << 16]
    try:
        found = _words(json.loads(response.content)) if len(response.content) < 1 << 20 else ""
    except (ValueError, RecursionError):
        found = ""
    if not found and "html" not in kind and not body.lstrip().startswith((b"<", b"{", b"[")):
        found = body.decode("utf-8", "replace")
    return redact(" ".join(found.split()))[:_QUOTED]


def _words(document: Any, depth: int = 0) -> str:
    if isinstance(document, str):
        return document
    if depth > 4:
        return ""
    if isinstance(document, list):
        return next((words for each in document[:3] if (words := _words(each, depth + 1))), "")
    if not isinstance(document, Mapping):
        return ""
    code = document.get("error") if isinstance(document.get("error"), str) else ""
    for name in _WORDS:
        if isinstance(document.get(name), str) and document[name]:
            return f"{code}: {document[name]}" if code and code != document[name] else document[name]
    for name in ("error", "errors", "fault", "detail", "Error"):
        if words := _words(document.get(name), depth + 1):
            return words
    return str(code)


def _advice(response: httpx.Response, collection: str, signs_in: bool) -> str:
    status = response.status_code
    if status == 401 and signs_in:
        return f"Sign in again: %apiconn_auth {collection} --login (or look why: --test --debug)"
    if status == 401:
        return f"Check the credentials: %apiconn_auth {collection} --test --debug"
    if status == 403:
        return "The credentials are known and not allowed this: check scope and rights."
    if status == 404:
        return "Check the path, and whether it begins below the base URL."
    if status == 429:
        wait = retry_after(response)
        return f"Too many calls: wait {wait:.0f} s." if wait is not None else "Too many calls: wait a while."
    if status >= 500:
        return "The fault is the server's: try again later."
    return ""
