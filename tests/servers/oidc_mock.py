"""oidc-provider-mock (PyPI): a quick login with a real form. It ignores PKCE: never the only proof of anything."""

from __future__ import annotations

from typing import Any

import httpx

from tests.servers.install import python_with
from tests.servers.launch import ThirdParty, answers, free_port
from tests.servers.oidc_provider import Client


class OidcMock:
    """Endpoints as attributes; `register` makes a client. Anybody may sign in as ``ada`` without a password.

    Its refresh answers hold no new refresh token, and an expired token is answered with HTTP 400.
    """

    def __init__(self, third_party: ThirdParty) -> None:
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        discovery = f"{self.issuer}/.well-known/openid-configuration"
        third_party.process("oidc-mock").start(
            *(python_with("oidc_mock"), "-m", "oidc_provider_mock", "-H", "127.0.0.1", "-p", str(port)),
            *("--user-claims", '{"sub": "ada", "email": "ada@example.test"}'),
            ready=answers(discovery),
        )
        self.http = httpx.Client(trust_env=False, timeout=30)
        metadata: dict[str, Any] = self.http.get(discovery).json()
        self.authorization_endpoint: str = metadata["authorization_endpoint"]
        self.token_endpoint: str = metadata["token_endpoint"]
        self.userinfo_endpoint: str = metadata["userinfo_endpoint"]
        self._registration_endpoint: str = metadata["registration_endpoint"]

    def register(self, redirect_uri: str, *, method: str = "client_secret_basic") -> Client:
        """A client (RFC 7591) with one redirect URL, which proves itself by `method`."""
        wanted = {"redirect_uris": [redirect_uri], "token_endpoint_auth_method": method}
        answer = self.http.post(self._registration_endpoint, json=wanted).raise_for_status().json()
        return Client(answer["client_id"], answer["client_secret"], answer)

    def close(self) -> None:
        """Close the connections of this object."""
        self.http.close()
