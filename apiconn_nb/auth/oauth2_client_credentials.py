"""OAuth2 Client Credentials (RFC 6749 §4.4): the program itself signs in, no person."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar

import httpx

from apiconn_nb.auth.client import Client, ClientAuth, Flow, exchange
from apiconn_nb.auth.discovery import endpoints
from apiconn_nb.auth.header import check_name
from apiconn_nb.auth.revocation import Ending, revoke
from apiconn_nb.auth.token import ResponseShape, Token
from apiconn_nb.auth.tokens import Placement, TokenMethod
from apiconn_nb.errors import ConfigError
from apiconn_nb.fields import Rows, rows, secret, setting
from apiconn_nb.secrets import Secret


@dataclass(frozen=True)
class ClientCredentials(TokenMethod):
    """Exchanges client id and secret for a token, then signs every call with it."""

    slug: ClassVar[str] = "oauth2-client-credentials"
    label: ClassVar[str] = "OAuth2 Client Credentials"
    order: ClassVar[int] = 100
    standard: ClassVar[str] = "RFC 6749 §4.4"

    client_id: str = setting("Client ID", required=True, dev="Dev. client ID")
    client_secret: Secret = secret(
        "Client secret", dev="Dev. client secret", help="A client known by its certificate has none."
    )
    token_endpoint: str = setting(
        "Token endpoint (POST)", format="url", placeholder="https://example.org/oauth/token",
        help="Required, unless the issuer is given.",
    )  # fmt: skip
    scope: str = setting("Scope", help="Sent as typed; empty: not sent.")
    client_auth_basic: bool = setting(
        "Requesting an access token uses Basic Auth", default=False,
        help="On: client id and secret go in Authorization: Basic. Off: in the form body.",
    )  # fmt: skip
    token_field: str = setting(
        "Token name",
        default="access_token",
        advanced=True,
        help="The response member that holds the token; dotted path.",
    )
    token_response_is_query: bool = setting(
        "Token is returned as querystring", default=False, advanced=True, help="The token response is form-encoded."
    )
    token_in_header: bool = setting(
        "Authentication goes in the header",
        default=True,
        advanced=True,
        help="Off: parameter access_token (RFC 6750 §2.2, §2.3).",
    )
    header_name: str = setting("Token header", default="Authorization", advanced=True)
    header_prefix: str = setting("Token prefix", default="Bearer ", advanced=True)
    extra_token_params: Rows = rows(
        "Extra token parameters", advanced=True, help="Sent with the token request: audience, resource, …"
    )
    token_body_format: str = setting(
        "Body format", default="form", choices=("form", "json"), advanced=True,
        help="How the token request is written: a form, as RFC 6749 has it, or JSON, which some providers want.",
    )  # fmt: skip
    token_lifetime: int = setting(
        "Token lifetime", default=0, advanced=True, help="Seconds, where the response has no expires_in."
    )
    revocation_endpoint: str = setting("Revocation endpoint", format="url", advanced=True, help="RFC 7009.")
    issuer: str = setting("Issuer", format="url", advanced=True, help="Fills the endpoints by discovery.")

    def check(self) -> None:
        """Raise ConfigError where neither token endpoint nor issuer is known, or a header's name cannot be one."""
        check_name(self.header_name, "Token header")
        if not (self.token_endpoint or self.issuer):
            raise ConfigError(
                "Token endpoint (POST) is missing: set it with --token-endpoint, or give the issuer (--issuer)."
            )

    def grant(self) -> Flow:
        """A token for the client itself."""
        form = {"grant_type": "client_credentials"}
        if self.scope:
            form["scope"] = self.scope
        client = self.client()
        extra = self.extra_token_params
        found = yield from self._endpoints("token_endpoint")
        return (yield from exchange(found["token_endpoint"], form, client, self._shape(), extra=extra))

    def refresh(self, token: Token) -> Flow:
        """The grant again: RFC 6749 §4.4.3 says that no refresh token belongs here."""
        return (yield from self.grant())

    def revoke(self, token: Token) -> Ending:
        """End the token at the provider (RFC 7009)."""
        found = yield from self._endpoints()
        return (yield from revoke(found["revocation_endpoint"], self.client(), token))

    def _endpoints(self, *needed: str) -> Generator[httpx.Request, httpx.Response, dict[str, str]]:
        wanted = {name: name for name in ("token_endpoint", "revocation_endpoint")}
        given = {name: str(getattr(self, name)) for name in wanted}
        if needed and all(given[name] for name in needed):
            return given
        return {**given, **(yield from endpoints(self.issuer, wanted, given, needed))}

    def placement(self) -> Placement:
        """Where the token goes in a call."""
        return Placement(self.token_in_header, self.header_name, self.header_prefix)

    def client(self) -> Client:
        """The client, and how it proves itself."""
        way: ClientAuth = "basic" if self.client_auth_basic else "body"
        return Client(self.client_id, self.client_secret, way, writes_json=self.token_body_format == "json")

    def _shape(self) -> ResponseShape:
        return ResponseShape(self.token_field, self.token_response_is_query, self.token_lifetime)
