"""What a recording must not hold: known secrets in every form, credentials by their name, what changes every time."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

import httpx

from apiconn_nb import redaction
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.redaction import MASK, redact

_LONG = 8  # characters from which on a secret is cut out wherever it stands; a shorter one only as a whole word
_JSON_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][-+.0-9eE]*', re.DOTALL)
# Members that hold a credential whatever its value. Not any name with "token" in it: a page token leads on.
_NAMED = re.compile(
    rb'("(?:access_?token|refresh_?token|id_?token|session_?token|client_?secret|api_?key|api_?secret|secret_?key|'
    rb'private_?key|password|passwd|secret|authorization|assertion|device_code)"\s*:\s*)"(?:[^"\\]|\\.)*"',
    re.IGNORECASE | re.DOTALL,
)
# Without meaning once the connection is gone, or different in every answer, which would make every diff long.
_DROPPED = re.compile(
    r"(set-cookie2?|date|age|via|server|connection|keep-alive|transfer-encoding|content-encoding|content-length|"
    r"strict-transport-security|content-security-policy.*|report-to|reporting-endpoints|nel|expect-ct|alt-svc|cf-.*|"
    r"x-served-by|x-timer|x-cache.*|x-runtime|x-.*request-id|x-amz.*|x-amzn.*|x-envoy.*|x-trace.*|traceparent|"
    r"tracestate|server-timing|.*ratelimit.*|.*rate-limit.*|retry-after)",
    re.IGNORECASE,
)


def masked_json(content: bytes) -> bytes:
    """A JSON text with each secret in it masked; it stays JSON."""
    pattern = _pattern(redaction.known())
    if pattern is not None and pattern.search(content):
        content = _JSON_TOKEN.sub(lambda token: _masked_token(token[0], pattern), content)
    return _NAMED.sub(rb'\1"' + MASK.encode() + b'"', content)


def _masked_token(token: bytes, pattern: re.Pattern[bytes]) -> bytes:
    if token.startswith(b'"'):
        return pattern.sub(MASK.encode(), token)
    return b'"' + MASK.encode() + b'"' if pattern.fullmatch(token) else token


def masked_bytes(content: bytes) -> bytes:
    """Any other content with each known secret in it masked."""
    known = redaction.known()
    pattern = _pattern(known)
    content = pattern.sub(MASK.encode(), content) if pattern is not None else content
    cut = redaction.begun_at_the_end(known, content, _LONG)
    return content[:-cut] + MASK.encode() if cut else content


def response_headers(headers: httpx.Headers) -> dict[str, str]:
    """An answer's headers as a recording keeps them."""
    kept = {name: value for name, value in headers.items() if not _DROPPED.fullmatch(name)}
    return {name: MASK if looks_like_credential(name) else redact(value) for name, value in kept.items()}


@functools.lru_cache(maxsize=4)
def _pattern(known: tuple[str, ...]) -> re.Pattern[bytes] | None:
    """What finds the known secrets, in each encoding."""
    forms = {form for value in known for form in redaction.encoded_forms(value)}
    long = [form for form in forms if len(form) >= _LONG]
    words = [value for value in known if len(value) < _LONG]
    parts = [*_escaped(long), *(rb"(?<![0-9A-Za-z_])" + each + rb"(?![0-9A-Za-z_])" for each in _escaped(words))]
    return re.compile(b"|".join(parts)) if parts else None


def _escaped(forms: Iterable[str]) -> list[bytes]:
    # Longest first, so that a form is never cut in half by another one inside it.
    return [re.escape(form.encode("utf-8", "surrogatepass")) for form in sorted(forms, key=len, reverse=True)]
