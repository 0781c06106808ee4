"""The second net: known secret values, in every form they may be written, are cut from text before it is shown.

The first net is that secrets enter a request last (transport.py); this one is for what others write: a provider's error
that echoes a token, a library's log line.
"""

from __future__ import annotations

import base64
import functools
import html
import json
import logging
import re
import threading
import traceback
from collections import OrderedDict
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote

from apiconn_nb.forks import in_child

MASK = "•••"
# Shorter texts stand in ordinary words, and cutting them would garble every message.
_SHORTEST = 4
_LONGEST_TAIL = 8192  # bytes at the end of an answer in which a secret that was cut off is looked for
_CREDENTIAL = 8
_MOST = 4096  # values; a kernel that renews hourly for a year stays below

_known: OrderedDict[str, None] = OrderedDict()  # the one used last at the end
_lock = threading.Lock()
_collecting = threading.local()


@in_child
def _new_lock() -> None:
    global _lock
    _lock = threading.Lock()


def register(value: str) -> None:
    """Have `value` cut from what is shown from now on."""
    if len(value) < _SHORTEST:
        return
    scheme, _, credential = value.partition(" ")
    if scheme.isalpha() and len(credential) >= _CREDENTIAL:
        register(credential)  # of a header, which a server may repeat without its scheme
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
    """The values that a thread registers while it is inside (``with``): the secrets of one call, which its answer may
    repeat. No `repr` shows them: it stands in frames that a traceback prints.
    """

    __slots__ = ("_before", "_values")

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._before: tuple[Collected, ...] = ()

    def __enter__(self) -> Collected:
        self._before = getattr(_collecting, "sets", ())
        _collecting.sets = (*self._before, self)
        return self

    def __exit__(self, *about: object) -> None:
        _collecting.sets = self._before

    def add(self, value: str) -> None:
        """One more."""
        self._values.add(value)

    def forms(self, shortest: int = _SHORTEST) -> list[str]:
        """The values in every form that `encoded_forms` knows, from `shortest` characters on, longest first."""
        found = {form for value in self._values for form in encoded_forms(value) if len(form) >= shortest}
        return sorted(found, key=len, reverse=True)

    def found_in(self, *texts: bytes, shortest: int = _SHORTEST) -> list[tuple[str, bytes]]:
        """The forms that stand in one of `texts`, each with its bytes, longest first."""
        found = [
            (form, raw)
            for value in self._values
            if any(sign in text for sign in _as_bytes(signs(value)) for text in texts)
            for form, raw in zip(encoded_forms(value), _as_bytes(encoded_forms(value)), strict=True)
            if len(form) >= shortest and any(raw in text for text in texts)
        ]
        return sorted(found, key=lambda each: len(each[0]), reverse=True)

    def begun_at_the_end(self, text: bytes, shortest: int = _SHORTEST) -> int:
        """How many bytes at the end of `text` are the beginning of a form, at least `shortest`; 0 for none."""
        return begun_at_the_end(self._values, text, shortest)

    def beginnings(self, shortest: int = _SHORTEST) -> frozenset[bytes]:
        """What the forms begin with: their first bytes, one to `shortest` less one of them."""
        forms = [raw for value in self._values for raw in _as_bytes(encoded_forms(value)) if len(raw) >= shortest]
        return frozenset(raw[:length] for raw in forms for length in range(1, shortest))

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


def begun_at_the_end(values: Iterable[str], text: bytes, shortest: int = _SHORTEST) -> int:
    """How many bytes at the end of `text` are the beginning of a form of one of `values`; 0 for none.

    An answer that broke off may hold the half of a secret. Shorter beginnings than `shortest` are chance.
    """
    tail = text[-_LONGEST_TAIL:]
    longest = 0
    for value in values:
        for raw in _as_bytes(encoded_forms(value)):
            at = tail.rfind(raw[:shortest]) if len(raw) >= shortest else -1
            if at >= 0 and raw.startswith(tail[at:]):
                longest = max(longest, len(tail) - at)
    return longest


def redact(text: str) -> str:
    """`text` with every known secret, plain or encoded, replaced by a mask."""
    try:
        return _redacted(text)
    except BaseException as error:  # Ctrl-C: the frames below hold a secret, and a traceback prints their locals
        traceback.clear_frames(error.__traceback__)
        raise


def _redacted(text: str) -> str:
    found = [
        form
        for value in known()
        if any(sign in text for sign in signs(value))
        for form in encoded_forms(value)
        if form in text
    ]
    # Longest first, so that a form is never cut in half by another one inside it.
    for form in sorted(found, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


# Asked for all known values in turn: a cache of their number, or a smaller one, would forget each before its turn.
@functools.lru_cache(maxsize=2 * _MOST)
def encoded_forms(value: str) -> frozenset[str]:
    """`value` as it may stand in text: plain, in a URL, a form, JSON, HTML, each of them in another; base64 and hex."""
    raw = value.encode("utf-8", "surrogatepass")
    once = {value, *_in_url(value), *_in_json(value), *_in_html(value)}
    if not value.isascii():
        mistaken = raw.decode("latin-1")  # what a server makes of a header's bytes that takes them for Latin-1
        once |= {mistaken, *_in_url(mistaken), *_in_json(mistaken)}
    # A URL in a parameter, a JSON body that a debug route gives back in JSON, JSON in an HTML attribute.
    forms = once | {again for form in once for again in _once_more(form)}
    forms |= {raw.hex(), raw.hex().upper()}
    for shift in range(3):
        # Inside a longer base64 text (`user:secret`) the value starts at any of three bit offsets; the characters
        # it shares with its neighbours are left off.
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        skip = (0, 2, 3)[shift]
        whole = (len(raw) + shift) // 3 * 4
        core = encoded[skip:whole]
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return frozenset(form for form in forms if len(form) >= _SHORTEST)


@functools.lru_cache(maxsize=2 * _MOST)
def signs(value: str) -> tuple[str, ...]:
    """A few texts, one of which stands wherever one of `encoded_forms` does: all that has to be looked for at first."""
    # No encoding of text changes a letter or a digit.
    kept = max(re.findall(r"[A-Za-z0-9]+", value), key=len, default="")
    forms = encoded_forms(value)
    return (kept, *(form for form in forms if kept not in form)) if len(kept) >= _SHORTEST else tuple(forms)


@functools.lru_cache(maxsize=2 * _MOST)
def _as_bytes(forms: tuple[str, ...] | frozenset[str]) -> tuple[bytes, ...]:
    return tuple(form.encode("utf-8", "surrogatepass") for form in forms)


def _in_url(value: str) -> set[str]:
    raw = value.encode("utf-8", "surrogatepass")
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe="~()*!'")}
    return quoted | {re.sub("%..", lambda escape: escape[0].lower(), form) for form in quoted}


def _once_more(form: str) -> set[str]:
    raw = form.encode("utf-8", "surrogatepass")
    in_json = {json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1]}
    return {quote(raw, safe=""), quote(raw), quote_plus(raw), html.escape(form), *in_json}


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
