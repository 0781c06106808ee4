"""OAuth2 Password Flow (RFC 6749 §4.3).

Legacy: RFC 9700 §2.4 says it MUST NOT be used, since it hands the person's password to the client. Where a provider
offers nothing else it works here, and warns once.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import ClassVar

from apiconn_nb.auth.client import Client, ClientAuth, Flow, exchange
from apiconn_nb.auth.token import ResponseShape, Token
from apiconn_nb.auth.tokens import TokenMethod
from apiconn_nb.fields import secret, setting
from apiconn_nb.secrets import NO_SECRET, Secret

_SHAPE = ResponseShape(is_fixed=True)
_warned: set[str] = set()


class LegacyGrantWarning(UserWarning):
    """The password grant is in use (RFC 9700 §2.4)."""


@dataclass(frozen=True)
class PasswordGrant(TokenMethod):
    """Sends username and password to the token endpoint, then ``Authorization: Bearer`` on every call."""

    slug: ClassVar[str] = "oauth2-password"
    label: ClassVar[str] = "OAuth2 Password Flow"
    order: ClassVar[int] = 50
    standard: ClassVar[str] = "RFC 6749 §4.3"

    username: str = setting("Username", required=True)
    password: Secret = secret("Password", required=True)
    token_endpoint: str = setting(
        "Token endpoint (POST)", required=True, format="url", placeholder="https://example.org/oauth/token"
    )
    client_id: str = setting("Client ID", advanced=True, help="Where the provider registers clients.")
    client_secret: Secret = secret("Client secret", advanced=True, dev="Development client secret")
    scope: str = setting("Scope", advanced=True, help="Sent as typed; empty: not sent.")
    client_auth: str = setting(
        "Client authentication", default="body", choices=("body", "basic", "none"), advanced=True,
        help="Where client id and secret go: the form body, Authorization: Basic, or the id alone (a public client).",
    )  # fmt: skip

    def grant(self) -> Flow:
        """A fresh token by username and password."""
        if self.token_endpoint not in _warned:
            _warned.add(self.token_endpoint)
            # Explicit: a saved notebook needs no path of this machine.
            warnings.warn_explicit(
                "The OAuth2 password flow hands your password to this client; RFC 9700 says to use another method "
                "where the provider has one.",
                LegacyGrantWarning,
                "apiconn_nb",
                0,
            )
        form = {"grant_type": "password", "username": self.username, "password": self.password.reveal()}
        if self.scope:
            form["scope"] = self.scope
        return (yield from exchange(self.token_endpoint, form, self._client(), _SHAPE))

    def refresh(self, token: Token) -> Flow:
        """A new token by refresh token (RFC 6749 §6)."""
        form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token.reveal()}
        return (yield from exchange(self.token_endpoint, form, self._client(), _SHAPE, before=token))

    def _client(self) -> Client:
        ways: dict[str, ClientAuth] = {"body": "body", "basic": "basic", "none": "none"}
        way = ways[self.client_auth]
        return Client(self.client_id, NO_SECRET if way == "none" else self.client_secret, way)
