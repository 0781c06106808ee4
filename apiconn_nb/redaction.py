"""The second net: known secret values, in every form they may be written, are cut from text before it is shown.

The first net is that secrets enter a request last (transport.py); this one is for what others write: a provider's error
that echoes a token, a library's log line.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import html
import json
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote

MASK = "•••"
# Shorter texts stand in ordinary words, and cutting them would garble every message.
_SHORTEST = 4
_MOST = 4096  # values; a kernel that renews hourly for a year stays below

_known: OrderedDict[str, None] = OrderedDict()  # the one used last at the end
_lock = threading.Lock()
_collecting = threading.local()


def register(value: str) -> None:
    """Have `value` cut from what is shown from now on."""
    if len(value) < _SHORTEST:
        return
    for seen in getattr(_collecting, "sets", ()):
        seen.add(value)
    if value in _known and len(_known) < _MOST // 2:
        return
    with _lock:
        _known[value] = None
        _known.move_to_end(value)
        while len(_known) > _MOST:
            _known.popitem(last=False)


def known() -> tuple[str, ...]:
    """The values that are cut. The values themselves: for what masks more carefully than `redact`."""
    with _lock:
        return tuple(_known)


class Collected:
    """Values that were registered meanwhile. No `repr` shows them: it stands in frames that a traceback prints."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, value: str) -> None:
        """One more."""
        self._values.add(value)

    def forms(self, shortest: int = _SHORTEST) -> list[str]:
        """The values in every form that `encoded_forms` knows, from `shortest` characters on, longest first."""
        found = {form for value in self._values for form in encoded_forms(value) if len(form) >= shortest}
        return sorted(found, key=len, reverse=True)

    def stand_in(self, text: str) -> bool:
        """Whether one stands in `text`, percent-encoded however often."""
        forms = self.forms()
        for _ in range(4):
            if any(form in text for form in forms):
                return True
            decoded = unquote(text)
            if decoded == text:
                return False
            text = decoded
        return False


@contextlib.contextmanager
def collecting() -> Iterator[Collected]:
    """The values that this thread registers meanwhile: the secrets of one call, which its answer may repeat."""
    seen = Collected()
    sets = getattr(_collecting, "sets", ())
    _collecting.sets = (*sets, seen)
    try:
        yield seen
    finally:
        _collecting.sets = sets


def redact(text: str) -> str:
    """`text` with every known secret, plain or encoded, replaced by a mask."""
    found = [form for value in known() for form in encoded_forms(value) if form in text]
    # Longest first, so that a form is never cut in half by another one inside it.
    for form in sorted(found, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


@functools.lru_cache(maxsize=_MOST)
def encoded_forms(value: str) -> frozenset[str]:
    """`value` as it may stand in text: plain, in a URL, a form, JSON, HTML, base64 at each shift, and hex."""
    raw = value.encode("utf-8", "surrogatepass")
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe="~()*!'")}
    forms = {value, raw.hex(), raw.hex().upper(), *quoted, *_in_json(value), *_in_html(value)}
    forms |= {re.sub("%..", lambda escape: escape[0].lower(), form) for form in quoted}
    if not value.isascii():
        mistaken = raw.decode("latin-1")  # what a server makes of a header's bytes that takes them for Latin-1
        forms |= {mistaken, *_in_json(mistaken)}
    for shift in range(3):
        # Inside a longer base64 text (`user:secret`) the value starts at any of three bit offsets; the characters
        # it shares with its neighbours are left off.
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        skip = (0, 2, 3)[shift]
        whole = (len(raw) + shift) // 3 * 4
        core = encoded[skip:whole]
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return frozenset(form for form in forms if len(form) >= _SHORTEST)


def _in_json(value: str) -> set[str]:
    forms = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    forms |= {form.replace("/", "\\/") for form in forms}  # PHP
    careful = re.sub(r"[&+<>'`]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value)[1:-1])  # .NET, Go, Rails
    careful = careful.replace('\\"', "\\u0022")
    some = re.sub(r"[&<>]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False)[1:-1])
    upper = [re.sub(r"\\u....", lambda found: "\\u" + found[0][2:].upper(), form) for form in (careful, some)]
    return {*forms, careful, some, *upper, careful.replace("\\u0022", '\\"'), upper[0].replace("\\u0022", '\\"')}


def _in_html(value: str) -> set[str]:
    escaped = html.escape(value)
    return {escaped, escaped.replace("&quot;", "&#34;").replace("&#x27;", "&#39;"), html.escape(value, quote=False)}


class RedactingFilter(logging.Filter):
    """Cuts known secrets from the records of a logger that is not ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


def guard_loggers() -> None:
    """Put the filter on the loggers that print URLs and headers (httpx INFO; httpcore and asyncio at DEBUG)."""
    # A logger's filters are not asked for its children's records, so each child that logs is named.
    names = [
        "httpx",
        *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
        "apiconn_nb",
    ]
    for name in names:
        logger = logging.getLogger(name)
        if not any(isinstance(each, RedactingFilter) for each in logger.filters):
            logger.addFilter(RedactingFilter())
