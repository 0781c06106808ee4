"""Who a call is made as: what tells one account's answers from another's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx

from apiconn_nb.auth.tokens import TokenMethod
from apiconn_nb.cache import fingerprint
from apiconn_nb.fields import fields_of
from apiconn_nb.private_values import PRIVATE
from apiconn_nb.secrets import Secret, public_text

if TYPE_CHECKING:
    from apiconn_nb.auth.token import Token
    from apiconn_nb.live_collection import Collection

_CERTIFICATE = ("certificate", "certificate_key", "certificate_key_password")


def account_of(collection: Collection, request: httpx.Request) -> str | None:
    """A fingerprint of all that proves who makes `request`: equal for one account, different for two.

    It is made of the method's settings, its secrets among them, of who signed in, of a client certificate, and of the
    private values of the call. None where nobody is signed in yet. Raises SecretError where a secret cannot be had.
    """
    try:
        return _account(collection, request)
    except BaseException as error:
        # The frames below hold secrets, and a traceback in `%xmode Verbose` prints their locals.
        error.__traceback__ = error.__context__ = None
        raise


def _account(collection: Collection, request: httpx.Request) -> str | None:
    method = collection.method
    parts: list[Any] = [collection.settings.method, *_settings(method)]
    if isinstance(method, TokenMethod) and method.interactive:
        token = collection.slot.token
        if token is None:
            return None
        parts += [_person(token), token.scope]
    parts += [_text(collection.settings.value(name)) for name in _CERTIFICATE]
    private: dict[str, Secret] = request.extensions.get(PRIVATE, {})
    parts += [(mask, secret.reveal()) for mask, secret in sorted(private.items())]
    return fingerprint(json.dumps(parts))


def _settings(method: Any) -> Iterator[tuple[str, Any]]:
    for field in fields_of(type(method)):
        if field.dev_of:
            continue
        value = getattr(method, field.name)
        rows = isinstance(value, dict)
        yield field.name, {name: _text(each) for name, each in value.items()} if rows else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal() if value else ""
    return public_text(value) if isinstance(value, str) else str(value)


def _person(token: Token) -> tuple[str, ...]:
    """Who signed in: as the profile says, else as the ID token does, else whoever has this refresh token."""
    if token.identity:
        return ("identity", json.dumps(dict(token.identity), sort_keys=True))
    if subject := _subject(_text(token.extra.get("id_token", ""))):
        return ("subject", *subject)
    return ("token", (token.refresh_token or token.access_token).reveal())


def _subject(id_token: str) -> tuple[str, str] | None:
    """Issuer and subject of an ID token. It came from the token endpoint itself (OpenID Connect Core §3.1.3.7, 6)."""
    if id_token.count(".") != 2:
        return None
    payload = id_token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return (str(claims.get("iss", "")), subject) if isinstance(subject, str) and subject else None
