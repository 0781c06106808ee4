"""What an answer says of its API's limits: ``Retry-After``, ``X-RateLimit-*``, ``RateLimit`` and ``RateLimit-Policy``.

Every value is a stranger's: what makes no sense is dropped or bounded, and said in `Said.notes`.

Sources: RFC 9110 §10.2.3 (Retry-After); draft-ietf-httpapi-ratelimit-headers, its current form (``"name";r=50;t=30``),
-07 (``limit=100, remaining=50, reset=5``) and -06 (three fields); and the headers of GitHub, GitLab, X, Reddit,
Discord, Kong, OpenAI, Anthropic, HubSpot, Jira, Discogs and Sentry, whose ``reset`` is a time or a delay, in seconds,
milliseconds, ``6m0s`` or a date.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpx

LONGEST = 86_400.0  # seconds: no promise beyond a day is believed
WITH_RETRY_AFTER = frozenset((403, 429, 503))  # 403: GitHub's secondary limit

_FIELD = re.compile(r"(?:^|-)(reset-after|interval-milliseconds|limit|max|remaining|reset|used|resource)(?:-|$)")
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?\Z")
_PERIODS = {"second": 1.0, "secondly": 1.0, "minute": 60.0, "hour": 3600.0, "hourly": 3600.0, "day": 86_400.0}
_PERIODS["daily"] = _PERIODS["day"]


@dataclass(frozen=True)
class Window:
    """One quota: `limit` calls in `period` seconds, `remaining` of them left, all of them again in `reset` seconds.

    None is unknown. `calls` is False for a quota of something else (tokens, bytes): how much of it a call uses up is
    not ours to know. `resource` says that the quota is for a part of the API (GitHub: ``search``).
    """

    name: str = ""
    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None
    period: float | None = None
    calls: bool = True
    resource: str = ""


@dataclass(frozen=True)
class Said:
    """All that one answer says: its quotas, the seconds to wait before the next call, and what was silly."""

    windows: tuple[Window, ...] = ()
    retry_after: float | None = None
    notes: tuple[str, ...] = ()


def said_by(response: httpx.Response) -> Said | None:
    """What `response` says of its API's limits, None where it says nothing (the usual case: it costs microseconds)."""
    fields: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name = raw_name.lower()
        if b"limit" in name or name in (b"retry-after", b"date", b"age"):
            key = name.decode("ascii", "replace").replace("rate-limit", "ratelimit")
            value = raw_value.decode("latin-1")
            fields[key] = f"{fields[key]}, {value}" if key in fields and key != "date" else value
    date, age = fields.pop("date", ""), fields.pop("age", "")
    if not fields:
        return None
    notes: list[str] = []
    sent = _timestamp(date)
    now = time.time() if sent is None else sent + (_whole(age) or 0)  # by the server's own clock, where it shows one
    retry = (
        _retry_after(fields.pop("retry-after", ""), now, notes) if response.status_code in WITH_RETRY_AFTER else None
    )
    windows = (*_structured(fields), *_families(fields, now, notes))
    if not windows and retry is None and not notes:
        return None
    return Said(windows, retry, tuple(notes))


def _retry_after(text: str, now: float, notes: list[str]) -> float | None:
    if not text:
        return None
    seconds = _number(text)
    if seconds is None:
        moment = _timestamp(text)
        seconds = None if moment is None else moment - now
    if seconds is None:
        notes.append(f"Retry-After {text[:40]!r} is neither seconds nor a date: not heeded")
        return None
    return _bounded("Retry-After", text, seconds, notes)


def _bounded(name: str, text: str, seconds: float, notes: list[str]) -> float:
    if seconds > LONGEST:
        notes.append(f"{name} {text[:40]} is more than a day: taken as a day")
    return min(max(seconds, 0.0), LONGEST)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(text: str) -> int | None:
    """The whole number that `text` begins with: ``100``, ``598.0``, ``100, 100;w=60``."""
    found = re.match(r"\s*(\d{1,15})(?:\.\d+)?(?=\s*(?:[,;/]|$))", text)
    return int(found.group(1)) if found else None


@lru_cache(64)  # one date after the other is the same
def _timestamp(text: str) -> float | None:
    """Seconds since 1970 of an HTTP date (RFC 9110 §5.6.7) or an ISO 8601 date-time."""
    if not text or len(text) > 60:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _delay(text: str, now: float) -> float | None:
    """Seconds from now of a ``reset``: a delay, a time in seconds or milliseconds, ``6m0s``, or a date."""
    text = text.strip()
    number = _number(text)
    if number is not None:
        if number >= 1e12:
            return number / 1000 - now
        return number - now if number >= 1e9 else number
    parts = _DURATION.match(text)
    if text and parts and any(parts.groups()):
        days, hours, minutes, seconds, millis = (float(part or 0) for part in parts.groups())
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds + millis / 1000
    moment = _timestamp(text)
    return None if moment is None else moment - now


def _structured(fields: dict[str, str]) -> Iterator[Window]:
    """``RateLimit`` and ``RateLimit-Policy``; both are taken out of `fields`."""
    policies = dict(_items(fields.pop("ratelimit-policy", "")))
    service = fields.pop("ratelimit", "")
    if "remaining=" in service:  # draft -07: one dictionary
        values = dict(re.findall(r"(limit|remaining|reset)=(\d{1,15})", service))
        yield _window(
            "", {}, {"r": values.get("remaining", ""), "t": values.get("reset", ""), "q": values.get("limit", "")}
        )
        return
    for name, values in _items(service):
        yield _window(name, policies.get(name, {}), values)


def _window(name: str, policy: dict[str, str], values: dict[str, str]) -> Window:
    reset, period = _whole(values.get("t", "")), _whole(policy.get("w", ""))
    unit = (policy.get("qu") or values.get("qu") or "requests").strip('"')
    return Window(
        name=name.strip('"'),
        limit=_whole(policy.get("q", "") or values.get("q", "")),
        remaining=_whole(values.get("r", "")),
        reset=None if reset is None else min(float(reset), LONGEST),
        period=None if period is None else float(period),
        calls=unit == "requests",
    )


def _items(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The items of a structured list (RFC 9651 §3.1): a name, and its parameters."""
    for item in _cut(text[:4_000], ","):
        name, *parameters = _cut(item, ";")
        pairs = (part.partition("=") for part in parameters)
        if name.strip():
            yield name.strip(), {key.strip(): value.strip() for key, _, value in pairs}


def _cut(text: str, separator: str) -> list[str]:
    """`text` cut at each `separator` outside quotes."""
    pieces, start, quoted, escaped = [], 0, False, False
    for at, character in enumerate(text):
        if character == '"' and not escaped:
            quoted = not quoted
        elif character == separator and not quoted:
            pieces.append(text[start:at])
            start = at + 1
        escaped = character == "\\" and quoted and not escaped
    return [*pieces, text[start:]]


def _families(fields: dict[str, str], now: float, notes: list[str]) -> Iterable[Window]:
    """``…RateLimit-Remaining`` and its relatives, gathered by what else their names say (``minute``, ``tokens``)."""
    windows: dict[str, Window] = {}
    resource = fields.get("x-ratelimit-resource", "")[:60]
    for name, text in fields.items():
        _, found, rest = name.partition("ratelimit")
        rest = rest.strip("-")
        field = _FIELD.search(rest)
        if not found or (rest and not field):
            continue
        kind = field.group(1) if field else "limit"
        group = _FIELD.sub("-", rest).strip("-") if field else ""
        before = windows.get(group, Window(resource or group, calls="token" not in group, resource=resource))
        windows[group] = _with(before, kind, text, now, notes)
    for group, window in windows.items():
        period = window.period or _PERIODS.get(group)
        if window.limit != 0 and (window.limit is not None or window.remaining is not None):  # 0 of 0: no limit
            reset = window.reset
            if reset is None and period is not None:
                reset = _bounded("a rate limit's period", f"{period:.0f}", period, notes)
            yield replace(window, period=period, reset=reset)


def _with(window: Window, kind: str, text: str, now: float, notes: list[str]) -> Window:
    if kind in ("limit", "max"):
        return replace(window, limit=_whole(text))
    if kind == "remaining":
        return replace(window, remaining=_whole(text))
    if kind == "interval-milliseconds":
        millis = _whole(text)
        return replace(window, period=None if millis is None else millis / 1000)
    if kind in ("reset", "reset-after"):
        seconds = _delay(text, now)
        if seconds is None:
            notes.append(f"a rate limit's reset {text[:40]!r} is no time: not heeded")
            return window
        if kind == "reset" and window.reset is not None and seconds > window.reset:
            return window  # Discord sends both; the delay is the finer one
        return replace(window, reset=_bounded("a rate limit's reset", text, seconds, notes))
    return window
