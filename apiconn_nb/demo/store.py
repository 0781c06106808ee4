"""What the demo's provider remembers: grants, codes, tokens and device codes, in memory, under one lock."""
# Authlib ships no types, so its mixins are Any to mypy.
# mypy: disable-error-code="misc"

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, TokenMixin
from authlib.oauth2.rfc8628 import DeviceCredentialMixin

from .clients import Client, User
from .counters import Counters


@dataclass(eq=False)
class Grant:
    """What a person (or a service) has given a client, by the grant type `via`; its tokens live as long as it does."""

    client: Client
    user: User | None
    via: str
    alive: bool = True

    @property
    def environment(self) -> str:
        """``development`` where the client or the user belongs there, else ``live``."""
        owners = [self.client.environment, self.user.environment if self.user else "live"]
        return "development" if "development" in owners else "live"


@dataclass(eq=False)
class Token(TokenMixin):
    """One token answer: the access token and, where there is one, its refresh token. `lifetime` is in seconds."""

    access_token: str
    refresh_token: str
    scope: str
    lifetime: float
    grant: Grant
    issued_at: float = field(default_factory=time.time)
    spent: bool = False  # the refresh token was used and replaced
    revoked: bool = False  # the access token alone was revoked

    def check_client(self, client: Client) -> bool:
        return self.grant.client.client_id == client.client_id

    def get_scope(self) -> str:
        return self.scope

    def get_expires_in(self) -> float:
        return self.lifetime

    def is_expired(self) -> bool:
        return time.time() >= self.issued_at + self.lifetime

    def is_revoked(self) -> bool:
        return self.revoked or not self.grant.alive

    def get_user(self) -> User | None:
        return self.grant.user

    def get_client(self) -> Client:
        return self.grant.client


@dataclass(eq=False)
class Code(AuthorizationCodeMixin):
    """An authorization code: single use, bound to client, redirect URL and PKCE challenge."""

    code: str
    client_id: str
    user: User
    redirect_uri: str | None
    scope: str
    code_challenge: str | None
    code_challenge_method: str | None
    nonce: str | None
    offline: bool
    issued_at: float = field(default_factory=time.time)
    used: bool = False
    grant: Grant | None = None

    def get_redirect_uri(self) -> str | None:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.issued_at)

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> list[str]:
        return ["pwd"]


@dataclass(eq=False)
class DeviceCode(DeviceCredentialMixin):
    """A device code and the user code that belongs to it. `interval` grows with each ``slow_down`` (RFC 8628 §3.5)."""

    device_code: str
    user_code: str
    client_id: str
    scope: str | None
    expires_at: float
    interval: float
    polled_at: float = 0.0
    user: User | None = None
    decided: bool = False

    def get_client_id(self) -> str:
        return self.client_id

    def get_scope(self) -> str | None:
        return self.scope

    def get_user_code(self) -> str:
        return self.user_code

    def is_expired(self) -> bool:
        return time.time() >= self.expires_at


class Store:
    """All of it. `lock` is held for a whole token call, so that a refresh token can be rotated only once."""

    def __init__(self, counters: Counters) -> None:
        self.lock = threading.RLock()
        self._counters = counters
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self.codes: dict[str, Code] = {}
        self.devices: dict[str, DeviceCode] = {}

    def add(self, token: Token) -> None:
        with self.lock:
            self._access[token.access_token] = token
            if token.refresh_token:
                self._refresh[token.refresh_token] = token

    def by_access_token(self, text: str) -> Token | None:
        with self.lock:
            return self._access.get(text)

    def by_refresh_token(self, text: str) -> Token | None:
        with self.lock:
            return self._refresh.get(text)

    def refreshable(self, text: str) -> Token | None:
        """The token that `text` may renew. A spent one that comes again kills the whole grant (RFC 9700 §4.14.2)."""
        with self.lock:
            token = self._refresh.get(text)
            if token is None or not token.grant.alive:
                return None
            if token.spent:
                token.grant.alive = False
                self._counters.add("reuse:refresh_token")
                return None
            return token

    def redeemable(self, text: str, client: Client, lifetime: float) -> Code | None:
        """The code, if `client` may redeem it now. A second use kills what the first one got (RFC 6749 §4.1.2)."""
        with self.lock:
            code = self.codes.get(text)
            if code is None or code.client_id != client.client_id or time.time() >= code.issued_at + lifetime:
                return None
            if not code.used:
                return code
            self._counters.add("reuse:code")
            if code.grant:
                code.grant.alive = False
            return None

    def device_by_user_code(self, text: str) -> DeviceCode | None:
        """The pending device code of that user code, however the person typed it (RFC 8628 §6.1)."""
        wanted = "".join(letter for letter in text.upper() if letter.isalnum())
        with self.lock:
            for device in self.devices.values():
                if device.user_code.replace("-", "") == wanted and not device.is_expired() and not device.decided:
                    return device
        return None

    def expire_all(self) -> None:
        """Every access token is over its time from now on."""
        with self.lock:
            for token in self._access.values():
                token.lifetime = 0.0

    def revoke_all(self) -> None:
        """Every grant is dead, as after a person removed the app in the provider's settings."""
        with self.lock:
            for token in self._access.values():
                token.grant.alive = False
