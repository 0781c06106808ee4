"""OAuth2 User-Agent Flow: the **authorization code** grant with PKCE (RFC 6749 §4.1, RFC 7636).

The label is the reference system's own. Despite it this is not the implicit grant, which RFC 9700 §2.1.2 retires: the
browser brings back a code, and the token is exchanged for it by the kernel.

This room knows the protocol alone: it neither prints, waits nor stores. `login/` opens the link and receives the code.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from apiconn_nb.auth import device
from apiconn_nb.auth.base import Action
from apiconn_nb.auth.client import Client, ClientAuth, Flow, exchange, revealed
from apiconn_nb.auth.discovery import endpoints, known
from apiconn_nb.auth.header import check_name
from apiconn_nb.auth.revocation import Ending, revoke
from apiconn_nb.auth.token import ResponseShape, Token, member
from apiconn_nb.auth.tokens import Placement, TokenMethod
from apiconn_nb.errors import ConfigError
from apiconn_nb.fields import Rows, rows, secret, setting
from apiconn_nb.placeholders import Needed, fill_url, names_in_url
from apiconn_nb.secrets import Secret

# What a login fills in by itself, where a person wrote the URL out as a template.
_MADE = ("redirect_uri", "state", "code_challenge", "code_challenge_method")  # anew for each login
_OWN = ("client_id", "scope", "response_type", *_MADE)

_DYNAMIC = re.compile(r"\[\w+\]")

# What the metadata of an issuer calls each endpoint (RFC 8414 §2, OpenID Connect Discovery §3).
_METADATA = {
    "authorization_endpoint": "authorization_endpoint",
    "token_endpoint": "token_endpoint",
    "profile_endpoint": "userinfo_endpoint",
    "device_authorization_endpoint": "device_authorization_endpoint",
    "revocation_endpoint": "revocation_endpoint",
}


@dataclass(frozen=True)
class AuthorizationCode(TokenMethod):
    """A person signs in at the provider's page; every call then carries their token."""

    slug: ClassVar[str] = "oauth2-user-agent"
    label: ClassVar[str] = "OAuth2 User-Agent Flow"
    order: ClassVar[int] = 60
    standard: ClassVar[str] = "RFC 6749 §4.1 authorization code, RFC 7636 PKCE"
    interactive: ClassVar[bool] = True
    actions: ClassVar[tuple[Action, ...]] = (
        Action("login", "Sign in", "Open the provider's page; returns at once with a link."),
        Action("logout", "Sign out", "Forget the tokens here and in the store; revoke them where the provider can."),
    )

    client_id: str = setting("App ID", required=True, dev="Dev. App ID", help="The client id of the registered app.")
    client_secret: Secret = secret("App Secret", dev="Dev. secret", help="A public client has none.")
    scope: str = setting("Scope", help="Sent as typed; spaces or commas are the provider's business. Empty: not sent.")
    token_in_header: bool = setting(
        "Authentication goes in the header", default=True,
        help="On: Authorization: Bearer. Off: parameter access_token, in a form body or else in the query.",
    )  # fmt: skip
    token_field: str = setting(
        "Token name", default="access_token", help="The token response's member that holds the token; dotted path."
    )
    token_response_is_query: bool = setting(
        "Token is returned as querystring", default=False, help="The token response is form-encoded instead of JSON."
    )
    client_auth_basic: bool = setting(
        "Requesting an access token uses Basic Auth", default=False,
        help="On: id and secret go in Authorization: Basic at the token endpoint. Off: in the form body.",
    )  # fmt: skip
    offline_access: bool = setting(
        "Add access_type=offline (Google APIs)", default=False,
        help="Adds access_type=offline and prompt=consent, so that Google gives a refresh token.",
    )  # fmt: skip
    generic_redirect: bool = setting(
        "Use a generic redirect URL", default=False,
        help="One fixed redirect URL, the same everywhere, so that it is registered once.",
    )  # fmt: skip
    authorization_endpoint: str = setting(
        "Login dialog redirect", format="template", placeholder="https://example.org/oauth/authorize",
        help="[name] inserts a dynamic parameter; the query already there is kept.",
    )  # fmt: skip
    token_endpoint: str = setting("Access token endpoint", format="url", placeholder="https://example.org/oauth/token")
    profile_endpoint: str = setting("User profile endpoint", format="url", help="Fetched once after login.")
    profile_id_path: str = setting("User ID key path", default="id", help="Dotted path into the profile.")
    profile_email_path: str = setting("User email key path", default="email", help="Dotted path into the profile.")
    pkce: bool = setting("PKCE", default=True, advanced=True, help="S256; off for providers that refuse it.")
    extra_authorization_params: Rows = rows(
        "Extra login parameters", advanced=True, help="Added to the login URL, and not to the token request."
    )
    extra_token_params: Rows = rows("Extra token parameters", advanced=True, help="Added to the token request.")
    extra_refresh_params: Rows = rows(
        "Extra refresh parameters", advanced=True, help="Added to the request that renews the token."
    )
    token_body_format: str = setting(
        "Body format", default="form", choices=("form", "json"), advanced=True,
        help="How the token request is written: a form, as RFC 6749 has it, or JSON, which some providers want.",
    )  # fmt: skip
    redirect_url: str = setting(
        "Redirect URL", format="url", advanced=True, help="The exact URL that is registered already."
    )
    refresh_endpoint: str = setting(
        "Refresh endpoint", format="url", advanced=True, help="Where it is not the access token endpoint."
    )
    header_name: str = setting("Token header", default="Authorization", advanced=True)
    header_prefix: str = setting("Token prefix", default="Bearer ", advanced=True)
    token_lifetime: int = setting(
        "Token lifetime", default=0, advanced=True, help="Seconds, where the token response has no expires_in."
    )
    device_authorization_endpoint: str = setting(
        "Device authorization endpoint", format="url", advanced=True, help="RFC 8628: a link and a code, no redirect."
    )
    revocation_endpoint: str = setting(
        "Revocation endpoint", format="url", advanced=True, help="RFC 7009: asked when signing out."
    )
    issuer: str = setting(
        "Issuer", format="url", advanced=True, help="Fills the endpoints by discovery, and is checked (RFC 9207)."
    )

    def check(self) -> None:
        """Raise ConfigError where neither the endpoints nor the issuer are known."""
        check_name(self.header_name, "Token header")
        if made := [name for name in self.extra_authorization_params if name in _MADE]:
            raise ConfigError(f"Extra login parameters: {made[0]} is made by each login (redirect: --redirect-url).")
        written = parse_qsl(urlsplit(_DYNAMIC.sub("", self.authorization_endpoint)).query)
        for name, value in [*written, *self.extra_authorization_params.items()]:
            if name == "response_mode" and value != "query":
                # A cross-site POST arrives without Jupyter's cookies, a fragment does not arrive at all.
                raise ConfigError(f"Login dialog redirect: response_mode={value} brings no answer here; leave it out.")
        if self.issuer:
            return
        for value, label, option in (
            (self._login_endpoint(), "Login dialog redirect", "--authorization-endpoint"),
            (self.token_endpoint, "Access token endpoint", "--token-endpoint"),
        ):  # fmt: skip
            if not value:
                raise ConfigError(f"{label} is missing: set it with {option}, or give the issuer (--issuer).")

    def _login_endpoint(self) -> str:
        return self.authorization_endpoint or self.device_authorization_endpoint

    def resolved(self, *needed: str) -> Generator[httpx.Request, httpx.Response, AuthorizationCode]:
        """The method with its empty endpoints filled from the issuer's metadata.

        `needed` are the endpoints that must be there. Raises AuthError where one of them cannot be found.
        """
        given = {name: str(getattr(self, name)) for name in _METADATA}
        found: dict[str, Any] = yield from endpoints(self.issuer, _METADATA, given, needed)
        return dataclasses.replace(self, **found) if found else self

    @property
    def expects_iss(self) -> bool:
        """Whether an authorization answer without ``iss`` is refused: the issuer has said that it sends one."""
        metadata = known(self.issuer) if self.issuer else None
        return metadata is not None and metadata.sends_iss

    def authorization_url(
        self, redirect_uri: str, state: str, verifier: str, values: Mapping[str, Any] | None = None
    ) -> str:
        """The URL of the login page (RFC 6749 §4.1.1).

        Parameters: `state` and the PKCE `verifier` are the login's own; `values` fill ``[name]``. What the person wrote
        into the query stays as it is. Raises PlaceholderError for a name without a value.
        """
        url = self.login_page(
            {
                **(values or {}), "redirect_uri": redirect_uri, "state": state,
                "code_challenge": create_s256_code_challenge(verifier),
            }
        )  # fmt: skip
        parts = urlsplit(url)
        wanted = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.scope,
            "state": state,
            **revealed(self.extra_authorization_params),
        }
        if self.pkce:
            wanted |= {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}
        if self.offline_access:
            wanted = {"access_type": "offline", "prompt": "consent"} | wanted
        # A state or challenge that the person wrote into the URL would be the same for every login: ours replaces it.
        pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
        kept = [pair for pair in pairs if pair[0] not in _MADE and (pair[2] or pair[0] not in _OWN)]
        written = {unquote_plus(name) for name, _, _ in kept}
        added = urlencode([(name, each) for name, each in wanted.items() if each and name not in written])
        return urlunsplit(parts._replace(query="&".join([*("".join(pair) for pair in kept), added])))

    def authorization_names(self) -> list[str]:
        """The dynamic parameters of the login URL that the settings do not fill, each once."""
        return [name for name in dict.fromkeys(names_in_url(self.authorization_endpoint)) if name not in _OWN]

    @property
    def registered_redirect(self) -> str:
        """The redirect URL that the person has set, or has written into the login URL; empty: the one of the place."""
        query = urlsplit(_DYNAMIC.sub("", self.authorization_endpoint)).query
        return self.redirect_url or dict(parse_qsl(query)).get("redirect_uri", "")

    def login_page(self, values: Mapping[str, Any]) -> str:
        """`authorization_endpoint` with its ``[name]`` filled. Raises PlaceholderError for one without a value."""
        known = {
            **dict.fromkeys(_OWN, ""), "response_type": "code", "code_challenge_method": "S256", **values,
            "client_id": self.client_id, "scope": self.scope,
        }  # fmt: skip
        return fill_url(self.authorization_endpoint, Needed(known, "Login dialog redirect"))

    def exchange_code(self, code: str, redirect_uri: str, verifier: str) -> Flow:
        """The token for a code (RFC 6749 §4.1.3), with the verifier (RFC 7636 §4.5)."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if self.pkce:
            form["code_verifier"] = verifier
        shape, extra = self.response_shape(), self.extra_token_params
        return (yield from exchange(self.token_endpoint, form, self.client(), shape, extra=extra))

    def refresh(self, token: Token) -> Flow:
        """A new token by refresh token (RFC 6749 §6)."""
        form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token.reveal()}
        endpoint = self.refresh_endpoint or self.token_endpoint
        if not endpoint:
            endpoint = (yield from self.resolved("token_endpoint")).token_endpoint
        shape, extra = self.response_shape(), self.extra_refresh_params
        return (yield from exchange(endpoint, form, self.client(), shape, before=token, extra=extra))

    def ask_for_device_code(self) -> device.Asked:
        """The link and the code for a person at another device (RFC 8628 §3.1)."""
        extra = self.extra_authorization_params
        return (yield from device.ask_for_code(self.device_authorization_endpoint, self.client(), self.scope, extra))

    def poll_for_token(self, code: device.DeviceCode) -> device.Polling:
        """The token, once the person has agreed (RFC 8628 §3.4)."""
        shape, extra = self.response_shape(), self.extra_token_params
        return (yield from device.poll(self.token_endpoint, code, self.client(), shape, extra))

    def revoke(self, token: Token) -> Ending:
        """End the token at the provider (RFC 7009)."""
        endpoint = self.revocation_endpoint or (yield from self.resolved()).revocation_endpoint
        return (yield from revoke(endpoint, self.client(), token))

    def placement(self) -> Placement:
        """Where the token goes in a call."""
        return Placement(self.token_in_header, self.header_name, self.header_prefix)

    def client(self) -> Client:
        """The client, and how it proves itself."""
        way: ClientAuth = "basic" if self.client_auth_basic else "body"
        return Client(self.client_id, self.client_secret, way, writes_json=self.token_body_format == "json")

    def response_shape(self) -> ResponseShape:
        """How the provider's token response is read."""
        return ResponseShape(self.token_field, self.token_response_is_query, self.token_lifetime)

    def test_url(self) -> str:
        """The profile endpoint, which says who is signed in."""
        return self.profile_endpoint

    def profile_request(self, token: Token) -> httpx.Request | None:
        """The request for who signed in; None where there is no profile endpoint."""
        if not self.profile_endpoint:
            return None
        request = httpx.Request("GET", self.profile_endpoint, headers={"Accept": "application/json"})
        return self.placement().sign(request, token)

    def identity(self, profile: Any) -> dict[str, str]:
        """``id`` and ``email`` of a profile, where its paths lead to something."""
        found = {"id": member(profile, self.profile_id_path), "email": member(profile, self.profile_email_path)}
        if found["id"] is None and self.profile_id_path == "id":
            found["id"] = member(profile, "sub")  # what OpenID Connect Core §5.3.2 calls it
        return {name: str(value) for name, value in found.items() if isinstance(value, str | int) and value != ""}
