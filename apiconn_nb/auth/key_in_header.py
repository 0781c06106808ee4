"""Private key in header: an API key as a request header (OpenAPI: apiKey in header)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar

import httpx

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.header import check_name, one_line
from apiconn_nb.auth.slot import TokenSlot
from apiconn_nb.fields import secret, setting
from apiconn_nb.secrets import Secret


@dataclass(frozen=True)
class KeyInHeader(AuthMethod):
    """Sends ``key_name: key`` literally; a prefix is part of the key, or stands in `key_prefix`."""

    slug: ClassVar[str] = "key-in-header"
    label: ClassVar[str] = "Private key in header"
    order: ClassVar[int] = 30
    standard: ClassVar[str] = "OpenAPI apiKey in header"

    key_name: str = setting("Key name", default="Authorization", required=True, help="The header's name.")
    key: Secret = secret(
        "Private key", required=True, dev="Development key value", help="Sent as it is, with a prefix such as Bearer."
    )
    key_prefix: str = setting(
        "Prefix", placeholder="Bearer ", advanced=True, help="Put before the key as it stands, space included."
    )

    def check(self) -> None:
        """Raise ConfigError for a name that no header can have (RFC 9110 §5.1)."""
        check_name(self.key_name, "Key name")

    def auth(self, slot: TokenSlot) -> httpx.Auth:
        """The flow that adds the header."""
        return HeaderKey(self.key_name, self.key_prefix, self.key)


class HeaderKey(httpx.Auth):
    """Sets one header, whatever the call had there."""

    def __init__(self, name: str, prefix: str, key: Secret) -> None:
        self._name = name
        self._prefix = prefix
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Raises ConfigError for a key with a line break, which would begin another header."""
        request.headers[self._name] = one_line(self._prefix + self._key.reveal(), "Private key")
        yield request
