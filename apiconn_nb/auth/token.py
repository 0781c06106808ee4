"""What a token is, and the one place that turns a token response into one (RFC 6749 §5)."""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from apiconn_nb.errors import TokenError
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.redaction import redact
from apiconn_nb.secrets import NO_SECRET, Secret

_MARGIN = 60.0  # seconds before expiry at which a token counts as old …
_MARGIN_SHARE = 0.1  # … but never more than this share of its lifetime
# Members that some providers send in the place of expires_in, each the moment itself.
_MOMENTS = ("expires_at", "expires_on", "expires", "expiration", "expiresAt")
_A_MOMENT = 1e9  # seconds since the epoch; a smaller number is a lifetime
_MILLISECONDS = 1e11
_QUOTED = 300  # characters of a provider's text that a message repeats


@dataclasses.dataclass(frozen=True)
class Token:
    """An access token and what came with it.

    `expires_at` and `obtained_at` are seconds since the epoch (`expires_at` None: the provider did not say); `extra`
    are the response's members that have no field here; `identity` is who signed in (``id``, ``email``), where known.
    """

    access_token: Secret
    token_type: str = "Bearer"
    expires_at: float | None = None
    refresh_token: Secret = NO_SECRET
    scope: str = ""
    obtained_at: float = 0.0
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    identity: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def is_fresh(self, now: float) -> bool:
        """Whether it can be sent at `now`, with the margin that a call on its way needs."""
        if self.expires_at is None:
            return True
        margin = min(_MARGIN, _MARGIN_SHARE * max(0.0, self.expires_at - self.obtained_at))
        return now < self.expires_at - margin

    def is_alive(self, now: float) -> bool:
        """Whether it has not expired at `now`."""
        return self.expires_at is None or now < self.expires_at

    def to_record(self) -> dict[str, Any]:
        """The token as the store keeps it. The values themselves: for `auth.store` alone."""
        return {
            "access_token": self.access_token.reveal(),
            "token_type": self.token_type,
            "expires_at": self.expires_at,
            "refresh_token": self.refresh_token.reveal(),
            "scope": self.scope,
            "obtained_at": self.obtained_at,
            "extra": _told(self.extra),
            "identity": dict(self.identity),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Token:
        """The token that `to_record` wrote."""
        expires_at = record.get("expires_at")
        return cls(
            access_token=Secret(str(record.get("access_token", "")), label="access token"),
            token_type=str(record.get("token_type", "Bearer")),
            expires_at=float(expires_at) if expires_at is not None else None,
            refresh_token=Secret(str(record.get("refresh_token", "")), label="refresh token"),
            scope=str(record.get("scope", "")),
            obtained_at=float(record.get("obtained_at", 0.0)),
            extra=_kept_apart(record.get("extra", {})),
            identity=dict(record.get("identity", {})),
        )


@dataclasses.dataclass(frozen=True)
class ResponseShape:
    """How one provider's token response is read.

    `token_field`: the member that holds the token, a dotted path allowed; `is_query`: the body is form-encoded whatever
    its content type; `lifetime`: seconds a token lives where the response has no ``expires_in`` (0: unknown).
    """

    token_field: str = "access_token"
    is_query: bool = False
    lifetime: int = 0
    is_fixed: bool = False  # the method has no field for the name


def read_token(
    status: int, content_type: str, body: bytes, shape: ResponseShape, *, before: Token | None = None
) -> Token:
    """The token in a response.

    Parameters: HTTP `status`, `content_type` and `body`; `before`, the token that is being renewed: its refresh token,
    scope and identity hold on where the response has none (RFC 6749 §6). Raises TokenError with the provider's own
    ``error`` and ``error_description`` for a 4xx or 5xx, a 200 with ``error``, and a body without the token.
    """
    members = read_members(content_type, body, shape)
    refuse_error(status, members, body)
    value = member(members, shape.token_field)
    if not isinstance(value, str) or not value:
        raise TokenError(_no_token(value, members, body, shape), status=status)
    return _token(members, value, shape, before)


def _no_token(value: Any, members: Mapping[str, Any], body: bytes, shape: ResponseShape) -> str:
    """What a successful response without a token is, in words."""
    if not members and _is_page(body):
        return "The token endpoint answered with a web page, not with a token: check the endpoint."
    names = ", ".join(sorted(map(str, members)))[:_QUOTED] or "nothing that can be read"
    said = _words(members, None)[1]
    what = f"is not text but {type(value).__name__}" if value else f"is missing; it has {names}"
    elsewhere = "" if shape.is_fixed else " If the token is under another name, set Token name (--token-field)."
    return f"The token response's {shape.token_field!r} {what}{f', and says: {said}' if said else ''}.{elsewhere}"


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def _token(members: Mapping[str, Any], value: str, shape: ResponseShape, before: Token | None) -> Token:
    now = time.time()
    nested = _around(members, shape.token_field)
    lifetime = _seconds(nested.get("expires_in", members.get("expires_in")))
    if lifetime is None:
        lifetime = _seconds_until({**members, **nested}, now) or float(shape.lifetime) or None
    refresh = nested.get("refresh_token") or members.get("refresh_token")
    scope = nested.get("scope", members.get("scope"))
    standard = {"access_token", "refresh_token", "expires_in", "token_type", "scope", shape.token_field}
    return Token(
        access_token=Secret(value, label="access token"),
        token_type=str(nested.get("token_type") or members.get("token_type") or "Bearer"),
        expires_at=now + lifetime if lifetime is not None else None,
        refresh_token=Secret(str(refresh), label="refresh token") if refresh else _kept(before),
        scope=_scope(scope) if scope else (before.scope if before else ""),
        obtained_at=now,
        extra=_kept_apart({name: each for name, each in members.items() if name not in standard}),
        identity=before.identity if before else {},
    )


def _kept(before: Token | None) -> Secret:
    return before.refresh_token if before else NO_SECRET


def _scope(scope: Any) -> str:
    return " ".join(map(str, scope)) if isinstance(scope, list) else str(scope)


def _kept_apart(member: Any, name: str = "") -> Any:
    """Unknown members as they are, at any depth; a text whose name says that it may be a credential is a Secret."""
    if isinstance(member, Mapping):
        return {key: _kept_apart(each, str(key)) for key, each in member.items()}
    if isinstance(member, list):
        return [_kept_apart(each, name) for each in member]
    words = ("token", "secret", "assertion", "jwt")
    may_be = looks_like_credential(name) or any(word in name.lower() for word in words)
    return Secret(member) if isinstance(member, str) and may_be else member


def _told(member: Any) -> Any:
    """What `_kept_apart` made, as the store keeps it."""
    if isinstance(member, Mapping):
        return {key: _told(each) for key, each in member.items()}
    if isinstance(member, list):
        return [_told(each) for each in member]
    return member.reveal() if isinstance(member, Secret) else member


def _around(members: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The object that the token stands in: its neighbours are the token's own."""
    parent = member(members, path.rpartition(".")[0]) if "." in path and path not in members else members
    return parent if isinstance(parent, Mapping) else members


def member(members: Any, path: str) -> Any:
    """The member at a dotted `path`; the whole path as one name is tried first. None where there is none."""
    if not isinstance(members, Mapping):
        return None
    if path in members:
        return members[path]
    found: Any = members
    for name in path.split("."):
        if isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, Mapping) and name in found:
            found = found[name]
        else:
            return None
    return found


def _seconds(value: Any) -> float | None:
    """``expires_in`` as a number, a numeric string or a fraction; None for what says nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except ValueError:
        return None
    # Some providers send 0 or -1 for "does not expire"; infinity and NaN fail both comparisons.
    return seconds if 0 < seconds < 1e11 else None


def _seconds_until(members: Mapping[str, Any], now: float) -> float | None:
    """Seconds to the moment that a response names instead of ``expires_in``: Square says it so, and Strava, and Azure.

    One that is over already is a clock or a time zone that differs, and says nothing.
    """
    for name in _MOMENTS:
        moment = _moment(members.get(name))
        if moment is not None and moment > now:
            return moment - now
    return None


def _moment(value: Any) -> float | None:
    """Seconds since the epoch, from seconds, milliseconds, or a date and time of RFC 3339 (without a zone: UTC)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return _of_date(str(value).strip())
    seconds = number / 1000 if number > _MILLISECONDS else number
    return seconds if _A_MOMENT < seconds < _MILLISECONDS else None


def _of_date(text: str) -> float | None:
    try:
        found = datetime.datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or datetime.UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def read_members(content_type: str, body: bytes, shape: ResponseShape) -> Mapping[str, Any]:
    """The response's members, from JSON or a form-encoded body; empty where it is neither."""
    text = body.decode("utf-8-sig", "replace").strip()
    if (shape.is_query or "x-www-form-urlencoded" in content_type.lower()) and not text.startswith("{"):
        return dict(parse_qsl(text.removeprefix("?")))
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        # GitHub's default answer is form-encoded; some providers send it as text/plain or text/html.
        pairs = parse_qsl(text) if "=" in text and "<" not in text and len(text) < 65536 else []
        return dict(pairs)
    return found if isinstance(found, Mapping) else {}


def refuse_error(status: int, members: Mapping[str, Any], body: bytes, asked: str = "token endpoint") -> None:
    """Raise TokenError where the response is an error: a 4xx or 5xx, or an ``error`` member with HTTP 200."""
    error = members.get("error")
    failed = members.get("ok") is False or bool(error)
    if status < 400 and not failed and 200 <= status < 300:
        return
    code, description = _words(members, error)
    if 300 <= status < 400:
        raise TokenError(
            f"The {asked} answered with a redirect ({status}): no redirect is followed there.", status=status
        )
    said = f"{code}: {description}" if code and description else code or description
    if not said and _is_page(body):
        said = "it answered with a web page: check the endpoint"
    if not said:
        said = _line(body[: _QUOTED * 4].decode("utf-8", "replace")) or "it said nothing"
    raise TokenError(f"The {asked} refused ({status}): {said}", error=code, description=description, status=status)


def _words(members: Mapping[str, Any], error: Any) -> tuple[str, str]:
    """The provider's own ``error`` and ``error_description``, also in the nested form some use."""
    description = members.get("error_description") or members.get("message") or members.get("error_message") or ""
    listed = members.get("errors")  # Square, and whatever follows JSON:API
    if not error and not description and isinstance(listed, list) and listed and isinstance(listed[0], Mapping):
        error, description = listed[0].get("code"), listed[0].get("detail") or listed[0].get("message") or ""
    if isinstance(error, Mapping):
        code = str(error.get("code") or error.get("type") or error.get("status") or "")
        description = error.get("message") or error.get("error_description") or description
    else:
        code = "" if not error or error is True else str(error)
    return _line(code), _line(str(description))


def _line(text: str) -> str:
    """A provider's text as one redacted line."""
    return redact(" ".join(text.split()))[:_QUOTED]
