"""The ten doors of the demo API, one URL prefix each: ``/none/…``, ``/basic/…``, ``/oauth2-user-agent/…``

A door lets in what its method sends and nothing else: a token that came by the password grant does not open the door
of the authorization code. So a table behind a door proves that method from end to end.
"""
# Authlib ships no types, so its classes are Any to mypy.
# mypy: disable-error-code="misc"

from __future__ import annotations

import functools
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6750 import BearerTokenValidator
from flask import request

from .certificates import common_name
from .clients import CLIENT, CODE, CUSTOM, DEVICE, JWT_BEARER, PASSWORD
from .credentials import Account
from .problems import Refused, unauthorized
from .state import State
from .store import Token

REALM = "apiconn demo"
KEY_IN_URL, KEY_IN_HEADER = "api_key", "X-Api-Key"
CREDENTIAL_PARAMETERS = frozenset({KEY_IN_URL, "access_token"})

# door → the grants whose tokens open it
TOKEN_DOORS = {
    "oauth2-password": (PASSWORD,),
    "oauth2-user-agent": (CODE, DEVICE),
    "oauth2-custom-token": (CUSTOM,),
    "jwt": (JWT_BEARER,),
    "oauth2-client-credentials": (CLIENT,),
}
DOORS = (
    "none",
    "key-in-url",
    "key-in-header",
    "basic",
    "oauth2-password",
    "oauth2-user-agent",
    "oauth2-custom-token",
    "jwt",
    "client-certificate",
    "oauth2-client-credentials",
)


@dataclass(frozen=True)
class Visitor:
    """Who came in: `name`, in which `environment`, and with which scopes (None: the door knows no scopes)."""

    name: str
    environment: str
    scope: frozenset[str] | None = None


def open_door(state: State, door: str, *, development: bool) -> Visitor:
    """The visitor that the current request proves to be.

    Under ``/development/…` only credentials of the development environment open; elsewhere each credential opens its
    own environment, as test keys do at Stripe. Raises `Refused` (401 with a challenge, or 403).
    """
    if door == "none":
        return Visitor("anybody", "development" if development else "live")
    visitor = _token_door(state, door) if door in TOKEN_DOORS else _PLAIN_DOORS[door](state)
    if development and visitor.environment != "development":
        raise Refused(403, "This is a live credential; under /development/ only development credentials open.")
    return visitor


def _accounts(state: State) -> tuple[Account, Account]:
    return state.credentials.live, state.credentials.development


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def _by_key(state: State, given: list[str], place: str, name: str) -> Visitor:
    challenge = f'ApiKey realm="{REALM}", in="{place}", name="{name}"'
    if not given:
        raise unauthorized(f"No API key: send it in the {place} as {name}.", challenge)
    if len(given) > 1:
        raise Refused(400, f"{name} was sent {len(given)} times.")
    for account in _accounts(state):
        if _same(given[0], account.api_key):
            return Visitor("key holder", account.environment)
    raise unauthorized("The API key is not known.", challenge)


def _key_in_url(state: State) -> Visitor:
    return _by_key(state, request.args.getlist(KEY_IN_URL), "query", KEY_IN_URL)


def _key_in_header(state: State) -> Visitor:
    given = request.headers.getlist(KEY_IN_HEADER)
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        given.append(key)
    return _by_key(state, given, "header", KEY_IN_HEADER)


def _basic(state: State) -> Visitor:
    challenge = f'Basic realm="{REALM}", charset="UTF-8"'
    sent = request.authorization
    if sent is None or sent.type != "basic":
        raise unauthorized("No user name and password.", challenge)
    user = state.registry.sign_in(sent.username or "", sent.password or "")
    if user is None:
        raise unauthorized("The user name or the password is wrong.", challenge)
    return Visitor(user.name, user.environment)


def _client_certificate(state: State) -> Visitor:
    if not request.is_secure:
        raise Refused(403, f"This door needs TLS and a client certificate: use {state.credentials.tls_url}.")
    pem = request.environ.get("SSL_CLIENT_CERT")
    if not pem:
        raise unauthorized("No client certificate was sent.", f'ClientCertificate realm="{REALM}"')
    # The handshake has verified it against the demo's CA; what is left is whose it is.
    name = _common_name(pem)
    return Visitor(name, "development" if name.endswith("-dev") else "live")


_common_name = functools.lru_cache(maxsize=64)(common_name)
_PLAIN_DOORS: dict[str, Callable[[State], Visitor]] = {
    "key-in-url": _key_in_url,
    "key-in-header": _key_in_header,
    "basic": _basic,
    "client-certificate": _client_certificate,
}


class _Validator(BearerTokenValidator):
    def __init__(self, state: State) -> None:
        super().__init__(realm=REALM)
        self._state = state

    def authenticate_token(self, token_string: str) -> Token | None:
        return self._state.store.by_access_token(token_string)


@dataclass(frozen=True)
class _Headers:
    """The part of a request that Authlib's ResourceProtector reads."""

    headers: dict[str, str]


def bearer(state: State, door: str) -> Token:
    """The live token of the current request; Authlib judges it (RFC 6750). Raises `Refused`.

    Behind ``oauth2-user-agent`` it may also come in the form body (§2.2) or in the query (§2.3).
    """
    metadata = f"{state.url}/.well-known/oauth-protected-resource/{door}"
    challenge = f'Bearer realm="{REALM}", resource_metadata="{metadata}"'  # RFC 9728 §5.1
    given = [request.headers["Authorization"]] if "Authorization" in request.headers else []
    if door == "oauth2-user-agent":
        given += [f"Bearer {text}" for text in request.values.getlist("access_token")]
    if not given:
        raise unauthorized("No access token.", challenge)
    if len(given) > 1:
        raise Refused(400, "The access token was sent in more than one way (RFC 6750 §2).", error="invalid_request")
    protector = ResourceProtector()
    protector.register_token_validator(_Validator(state))
    try:
        token: Token = protector.validate_request(None, _Headers({"Authorization": given[0]}))
    except OAuth2Error as error:
        raise _invalid_token(challenge, error.description or "The access token is not valid.") from None
    return token


def _token_door(state: State, door: str) -> Visitor:
    token = bearer(state, door)
    if token.grant.via not in TOKEN_DOORS[door]:
        raise unauthorized(
            f"This token came by {token.grant.via}; the door {door} opens to {' or '.join(TOKEN_DOORS[door])}.",
            f'Bearer realm="{REALM}", error="invalid_token"',
            error="invalid_token",
        )
    user = token.get_user()
    name = user.name if user else token.get_client().client_id
    return Visitor(name, token.grant.environment, frozenset(token.scope.split()))


def _invalid_token(challenge: str, description: str) -> Refused:
    return unauthorized(
        description,
        f'{challenge}, error="invalid_token", error_description="{description}"',
        error="invalid_token",
        error_description=description,
    )


def require(visitor: Visitor, scope: str) -> None:
    """Raise `Refused` (403, RFC 6750 §3.1) where the visitor came with a token whose scopes do not hold `scope`."""
    if visitor.scope is not None and scope not in visitor.scope:
        challenge = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{scope}"'
        raise Refused(
            403, f"This needs the scope {scope}.", {"WWW-Authenticate": challenge}, error="insufficient_scope"
        )
