"""Signing calls with a token, and renewing it: before it expires, once on a 401, by one caller at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl, urlencode

import httpx

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.client import Flow
from apiconn_nb.auth.header import one_line
from apiconn_nb.auth.revocation import Ending
from apiconn_nb.auth.token import Token
from apiconn_nb.errors import AuthError, LoginRequired, TokenError
from apiconn_nb.secrets import MASK, Secret

if TYPE_CHECKING:
    from apiconn_nb.auth.slot import TokenSlot

# Codes that say nothing of the refresh token (RFC 6749 §5.2), whatever words stand beside them.
_NOT_THE_TOKEN = ("invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_target")
_OVER = r"(?:expired|invalid|incorrect|bad|revoked|not found|unknown)"
_DEAD = re.compile(rf"(?i)\btoken\b.*\b{_OVER}\b|\b{_OVER}\b.*\btoken\b|\b(?:login|consent|interaction) required\b")

_FORM = "application/x-www-form-urlencoded"
Signing = Generator[httpx.Request, httpx.Response, None]
Refused = Generator[httpx.Request, httpx.Response, Token | None]


@dataclass(frozen=True)
class Placement:
    """Where the token goes in a call: a header (RFC 6750 §2.1), or the parameter ``access_token`` (§2.2, §2.3)."""

    in_header: bool = True
    header_name: str = "Authorization"
    header_prefix: str = "Bearer "

    def sign(self, request: httpx.Request, token: Token) -> httpx.Request:
        """A copy of `request` with the token in it."""
        value = token.access_token.reveal()
        headers = httpx.Headers(request.headers)
        if self.in_header:
            headers[self.header_name] = one_line(self.header_prefix + value, "access token")
            return _copy(request, headers=headers)
        if headers.get("Content-Type", "").lower().startswith(_FORM) and request.method not in ("GET", "HEAD"):
            body = request.read()
            _refuse_second(body.decode("utf-8", "replace"))
            body += (b"&" if body else b"") + urlencode({"access_token": value}).encode()
            del headers["Content-Length"]
            return httpx.Request(
                request.method, request.url, headers=headers, content=body, extensions=request.extensions
            )
        query = request.url.query.decode("ascii")
        _refuse_second(query)
        url = request.url.copy_with(query=f"{query}&{urlencode({'access_token': value})}".lstrip("&").encode())
        headers.setdefault("Cache-Control", "no-store")  # RFC 6750 §2.3: no cache on the way keeps the URL
        return _copy(request, url=url, headers=headers)


def _refuse_second(parameters: str) -> None:
    """RFC 6750 §2: a client must not send the token in more than one way."""
    if any(name == "access_token" for name, _ in parse_qsl(parameters, keep_blank_values=True)):
        raise AuthError("The call has a parameter access_token already, and the token would be a second one.")


def _copy(request: httpx.Request, *, headers: httpx.Headers, url: httpx.URL | None = None) -> httpx.Request:
    return httpx.Request(
        request.method, url or request.url, headers=headers, stream=request.stream, extensions=request.extensions
    )


@dataclass(frozen=True)
class TokenMethod(AuthMethod):
    """A method whose calls carry a token.

    A subclass says how a token is first had (`grant`) and how it is renewed (`refresh`); both are flows.
    """

    # Whether `grant` needs a person: then a call waits for the login, and nothing is granted silently.
    interactive: ClassVar[bool] = False

    def grant(self) -> Flow:
        """The flow that gets a token from the settings alone."""
        raise NotImplementedError

    def refresh(self, token: Token) -> Flow:
        """The flow that renews `token`; the base repeats the grant, as a method without refresh tokens does."""
        return (yield from self.grant())

    def revoke(self, token: Token) -> Ending:
        """The flow that ends `token` at the provider, and what came of it in words; the base knows no such endpoint."""
        return ""
        yield  # makes it a flow

    def placement(self) -> Placement:
        """Where the token goes in a call."""
        return Placement()

    def preview(self, request: httpx.Request, slot: TokenSlot) -> httpx.Request:
        """`request` signed with a mask in the token's place."""
        return self.placement().sign(request, Token(Secret(MASK)))

    def auth(self, slot: TokenSlot) -> httpx.Auth:
        """The flow that signs with the token of `slot` and renews it there."""
        return TokenAuth(self, slot)

    def query_names(self) -> frozenset[str]:
        """``access_token`` where the token goes in the query."""
        return frozenset() if self.placement().in_header else frozenset({"access_token"})


class TokenAuth(httpx.Auth):
    """Signs a call with the slot's token. Parallel callers who find it old make exactly one renewal between them."""

    def __init__(self, method: TokenMethod, slot: TokenSlot) -> None:
        self._method = method
        self._slot = slot
        self._placement = method.placement()

    def auth_flow(self, request: httpx.Request) -> Signing:
        """Yields token requests where they are needed, then the signed call; once more after a 401."""
        token = yield from self._current()
        response = yield self._placement.sign(request, token)
        if response.status_code != 401:
            return
        # A 401 says that the server did not act, so even an action may be sent again (interface.md, Use as).
        renewed = yield from self._after_refusal(token)
        if renewed is not None:
            yield self._placement.sign(request, renewed)

    def _current(self) -> Flow:
        self._slot.await_login()
        token = self._slot.token
        if token is not None and token.is_fresh(time.time()):
            return token
        try:
            return (yield from self._renewed())
        except LoginRequired:
            # The old sign-in is over; a new one may be under way. It is waited for outside the lock that it needs.
            token = self._slot.after_login()
            if token is None:
                raise
            return token

    def _renewed(self) -> Flow:
        renewals = self._slot.renewals
        with self._slot.renewing():
            token = self._slot.reload()
            if token is not None and token.is_fresh(time.time()):
                return token  # another caller renewed it meanwhile
            lives = token is not None and token.is_alive(time.time())
            if token is not None and lives and self._slot.rests:
                return token
            if (failure := self._slot.failure_since(renewals)) is not None:
                raise failure
            try:
                return (yield from self._renewal(token))
            except (TokenError, httpx.RequestError) as error:
                # A renewal that failed early harms nothing while the old token lives.
                if token is not None and lives and _is_passing(error):
                    return token
                raise

    def _after_refusal(self, refused: Token) -> Refused:
        try:
            renewed = yield from self._refused(refused)
        except LoginRequired:
            renewed = self._slot.after_login()
            if renewed is None:
                raise
            return renewed
        return renewed or self._slot.after_login()

    def _refused(self, refused: Token) -> Refused:
        """The token to try once more with; None where nothing but a person can get one."""
        renewals = self._slot.renewals
        with self._slot.renewing():
            token = self._slot.reload()
            if token is not None and token.access_token != refused.access_token:
                return token  # another caller renewed it meanwhile
            if self._method.interactive and not (token and token.refresh_token):
                return None
            if (failure := self._slot.failure_since(renewals)) is not None:
                raise failure
            # The server refused what looked alive: what it says to the renewal is the answer, not the old token.
            return (yield from self._renewal(token or refused))

    def _renewal(self, token: Token | None) -> Flow:
        """A new token, stored. Called alone, by whoever has the slot."""
        try:
            renewed = yield from self._ask(token)
        except Exception as error:
            self._slot.ended(error)
            raise
        self._slot.keep(renewed)
        self._slot.ended(None)
        return renewed

    def _ask(self, token: Token | None) -> Flow:
        if token is not None and token.refresh_token:
            try:
                return (yield from self._method.refresh(token))
            except TokenError as error:
                if self._method.interactive or not _is_over(error):
                    raise self._said(error) from None
        if self._method.interactive:
            raise LoginRequired(f"Nobody is signed in: run {self._slot.login_command}")
        return (yield from self._method.grant())

    def _said(self, error: TokenError) -> AuthError:
        if self._method.interactive and _is_over(error):
            why = error.description or error.error
            return LoginRequired(f"The sign-in is over ({why}): run {self._slot.login_command}")
        return error


def _is_over(error: TokenError) -> bool:
    """Whether a refusal says that the refresh token is dead.

    RFC 6749 §5.2 has ``invalid_grant`` for it; GitHub says bad_refresh_token, Slack invalid_refresh_token, others
    token_expired, or nothing but words.
    """
    if error.error == "invalid_grant":
        return True
    if error.error in _NOT_THE_TOKEN or error.status is None or error.status >= 500 or error.status == 429:
        return False
    return _DEAD.search(f"{error.error} {error.description}".replace("_", " ")) is not None


def _is_passing(error: TokenError | httpx.RequestError) -> bool:
    """Whether a failed renewal says nothing about the token: no answer, or the provider's own trouble."""
    return isinstance(error, httpx.RequestError) or (error.status or 500) >= 500 or error.status == 429
