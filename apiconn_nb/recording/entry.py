"""One recording: a request and its answer as a JSON file that reads well in a diff."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from apiconn_nb.errors import ConfigError
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.recording import masking
from apiconn_nb.redaction import MASK, redact

FORMAT = "recording 1"
_LINE = 76  # characters of base64 in a line
# Request headers that say nothing about which answer is wanted.
_NOISE = re.compile(
    r"host|user-agent|accept-encoding|connection|content-length|if-none-match|if-modified-since|date|traceparent|"
    r"tracestate|idempotency-key|x-.*(request|correlation|trace).*",
    re.IGNORECASE,
)


class RecordedRequest(msgspec.Struct, omit_defaults=True):
    """The public request: no secret has been in it."""

    method: str
    url: str
    headers: dict[str, str] = {}
    json: msgspec.Raw = msgspec.Raw()
    text: list[str] = []
    base64: list[str] = []


class RecordedResponse(msgspec.Struct, omit_defaults=True):
    """The answer; its body is JSON as it came (every digit), lines of text, or base64."""

    status: int
    headers: dict[str, str] = {}
    json: msgspec.Raw = msgspec.Raw()
    text: list[str] = []
    base64: list[str] = []


class Entry(msgspec.Struct):
    """A recording. `keys` say which requests it answers."""

    apiconn_nb: str
    collection: str
    environment: str
    recorded: str
    keys: list[str]
    request: RecordedRequest
    response: RecordedResponse

    @property
    def file_name(self) -> str:
        """Readable, and unique for the key."""
        words = re.sub(r"[^A-Za-z0-9]+", "-", urlsplit(self.request.url).path).strip("-")[:60]
        return f"{self.request.method}-{words or 'root'}-{self.keys[0][:10]}.json"

    def to_bytes(self) -> bytes:
        """The file's content."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @classmethod
    def from_bytes(cls, content: bytes, name: str) -> Entry:
        """The recording in a file. Raises ConfigError for what is none."""
        try:
            entry = msgspec.json.decode(content, type=cls)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ConfigError(f"{name} is no recording: {error}. Record it again, or delete it.") from None
        if entry.apiconn_nb != FORMAT:
            raise ConfigError(f"{name}: format {entry.apiconn_nb!r} is not {FORMAT!r}: record it again.")
        return entry

    def answer(self, request: httpx.Request, label: str, extension: str) -> httpx.Response:
        """The recorded answer to `request`."""
        return httpx.Response(
            self.response.status,
            headers=httpx.Headers(self.response.headers, encoding="utf-8"),  # httpx takes text for ASCII
            content=_content(self.response),
            request=request,
            extensions={extension: f"{label} (recorded {self.recorded[:10]})"},
        )


def _content(kept: RecordedResponse) -> bytes:
    if kept.text:
        return "".join(kept.text).encode("utf-8")
    return base64.b64decode("".join(kept.base64)) if kept.base64 else bytes(kept.json)


def request_of(request: httpx.Request) -> RecordedRequest:
    """A public request as it is kept."""
    headers = {
        name: MASK if looks_like_credential(name) else redact(value)
        for name, value in sorted(request.headers.items())
        if not _NOISE.fullmatch(name)
    }
    return RecordedRequest(request.method, redact(_readable(request.url)), headers, **_body(request.read()))


def response_of(status: int, headers: httpx.Headers, content: bytes) -> RecordedResponse:
    """An answer as it is kept."""
    return RecordedResponse(status, masking.response_headers(headers), **_body(content))


def _body(content: bytes) -> dict[str, Any]:
    """JSON as it came, else text by lines, else base64; secrets masked in each."""
    if not content:
        return {}
    if content.lstrip()[:1] in (b"{", b"[") and _is_json(content):
        return {"json": msgspec.Raw(masking.masked_json(content))}
    content = masking.masked_bytes(content)
    try:
        return {"text": content.decode("utf-8").splitlines(keepends=True)}
    except UnicodeDecodeError:
        encoded = base64.b64encode(content).decode("ascii")
        return {"base64": [encoded[at : at + _LINE] for at in range(0, len(encoded), _LINE)]}


def _is_json(content: bytes) -> bool:
    try:
        msgspec.json.format(content)
        content.decode("utf-8")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _readable(url: httpx.URL) -> str:
    return str(url).replace("%E2%80%A2", "•")


# ── which request a recording answers ──────────────────────────────────────────────────────────────────────────────


def keys_of(request: httpx.Request, collection: str, environment: str, base_url: str) -> list[str]:
    """What tells this request from all others: first by its place below the base URL, then by its whole URL.

    The first holds where the same API is at another address (a port of its own each time); the second for a next-page
    link that was recorded at the old one.
    """
    url = str(request.url)
    whole = [url]
    if base_url and url.startswith(base_url.rstrip("/")):
        whole.insert(0, "{base}" + url.removeprefix(base_url.rstrip("/")))
    headers = [
        [name, MASK if looks_like_credential(name) else value]
        for name, value in sorted(request.headers.items())
        if not _NOISE.fullmatch(name)
    ]
    told = [collection, environment, request.method, headers, _canonical(request.read())]
    return [hashlib.sha256(json.dumps([*told, place]).encode()).hexdigest()[:32] for place in whole]


def _canonical(content: bytes) -> str:
    """A JSON body without the freedom of its spaces and order; anything else as it is."""
    try:
        return json.dumps(json.loads(content), sort_keys=True)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "backslashreplace")
