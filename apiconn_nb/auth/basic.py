"""HTTP Basic Auth (RFC 7617)."""

from __future__ import annotations

import base64
from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar

import httpx

from apiconn_nb import redaction
from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.slot import TokenSlot
from apiconn_nb.errors import ConfigError
from apiconn_nb.fields import secret, setting
from apiconn_nb.secrets import Secret

_COLON = "Username: a colon cannot stand in it (RFC 7617): the server would cut the name there."


@dataclass(frozen=True)
class Basic(AuthMethod):
    """Sends ``Authorization: Basic base64(utf8(username ":" password))``."""

    slug: ClassVar[str] = "basic"
    label: ClassVar[str] = "HTTP Basic Auth"
    order: ClassVar[int] = 40
    standard: ClassVar[str] = "RFC 7617"

    username: str | Secret = setting(
        "Username", required=True, help="Where a provider puts its API key here: a reference, such as env:NAME."
    )
    password: Secret = secret("Password", help="May stay empty.")

    def check(self) -> None:
        """Raise ConfigError for a username with a colon (RFC 7617 §2: it would end there)."""
        if isinstance(self.username, str) and ":" in self.username:
            raise ConfigError(_COLON)

    def auth(self, slot: TokenSlot) -> httpx.Auth:
        """The flow that adds the header."""
        return BasicCredentials(self.username, self.password)


class BasicCredentials(httpx.Auth):
    """httpx.BasicAuth takes the password as text and keeps it; this one reveals it for the request alone."""

    def __init__(self, username: str | Secret, password: Secret) -> None:
        self._username = username
        self._password = password

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sets the header once: a refusal is the answer."""
        name = self._username.reveal() if isinstance(self._username, Secret) else self._username
        if ":" in name:
            raise ConfigError(_COLON)
        pair = base64.b64encode(f"{name}:{self._password.reveal()}".encode()).decode("ascii")
        redaction.register(pair)
        request.headers["Authorization"] = f"Basic {pair}"
        yield request
