"""Private key in URL: an API key as a query parameter (OpenAPI: apiKey in query)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, quote

import httpx

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.slot import TokenSlot
from apiconn_nb.errors import ConfigError
from apiconn_nb.fields import secret, setting
from apiconn_nb.secrets import Secret


@dataclass(frozen=True)
class KeyInUrl(AuthMethod):
    """Adds ``key_name=key`` to the query of every call, behind the parameters that are there."""

    slug: ClassVar[str] = "key-in-url"
    label: ClassVar[str] = "Private key in URL"
    order: ClassVar[int] = 20
    standard: ClassVar[str] = "OpenAPI apiKey in query"

    key_name: str = setting(
        "Key name", required=True, placeholder="api_key", help="The query parameter's name: api_key, token, key, …"
    )
    key: Secret = secret(
        "Private key", required=True, dev="Development key value", help="The key the provider gave you."
    )

    def auth(self, slot: TokenSlot) -> httpx.Auth:
        """The flow that adds the parameter."""
        return QueryKey(self.key_name, self.key)

    def query_names(self) -> frozenset[str]:
        """The parameter that the method adds."""
        return frozenset({self.key_name})


class QueryKey(httpx.Auth):
    """Adds one parameter to the query; what is there already is neither lost nor re-ordered nor re-encoded."""

    def __init__(self, name: str, key: Secret) -> None:
        self._name = name
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Raises ConfigError where the call has a parameter of that name already."""
        query = request.url.query.decode("ascii")
        if any(name == self._name for name, _ in parse_qsl(query, keep_blank_values=True)):
            raise ConfigError(
                f"The call has a parameter {self._name!r} already, and the collection's Private key in URL adds one: "
                "take it out of the call, or choose another Key name."
            )
        added = f"{quote(self._name, safe='')}={quote(self._key.reveal(), safe='')}"
        request.url = request.url.copy_with(query=f"{query}&{added}".lstrip("&").encode("ascii"))
        yield request
