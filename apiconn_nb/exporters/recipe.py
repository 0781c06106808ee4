"""How a collection's calls prove themselves, in words that a script can be written from.

Secrets are `Secret`s here, by reference; the values of a method's fields are those of the chosen environment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.basic import Basic
from apiconn_nb.auth.client_certificate import ClientCertificate
from apiconn_nb.auth.jwt import JwtBearer
from apiconn_nb.auth.key_in_header import KeyInHeader
from apiconn_nb.auth.key_in_url import KeyInUrl
from apiconn_nb.auth.oauth2_client_credentials import ClientCredentials
from apiconn_nb.auth.oauth2_custom_token import CustomToken
from apiconn_nb.auth.oauth2_password import PasswordGrant
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.auth.tokens import Placement, TokenMethod
from apiconn_nb.errors import UsageError
from apiconn_nb.secrets import NO_SECRET, Secret, public_text

Value = str | Secret


@dataclass(frozen=True)
class HeaderKey:
    """A header of every call: `prefix` and the key."""

    name: str
    prefix: str
    key: Secret


@dataclass(frozen=True)
class QueryKey:
    """A query parameter of every call."""

    name: str
    key: Secret


@dataclass(frozen=True)
class UserPassword:
    """``Authorization: Basic``."""

    username: str | Secret
    password: Secret


@dataclass(frozen=True)
class Certificate:
    """A client certificate in the TLS handshake; `pem` is the text or ``file:PATH``."""

    pem: str
    key: Secret
    password: Secret = NO_SECRET


@dataclass(frozen=True)
class Token:
    """A token from an endpoint. `kind` says how it is first had: ``form``, ``json``, ``login`` or ``assertion``.

    `form` is what is posted (a `Secret` where one belongs), `client` how the client proves itself, `details` what one
    kind alone needs.
    """

    kind: str
    endpoint: str
    form: Mapping[str, Any]
    placement: Placement
    client_id: str = ""
    client_secret: Secret = NO_SECRET
    client_way: str = "body"
    headers: Mapping[str, Value] = field(default_factory=dict)
    token_field: str = "access_token"
    is_query: bool = False
    lifetime: int = 0
    refresh_endpoint: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


Recipe = HeaderKey | QueryKey | UserPassword | Certificate | Token | None


def recipe_of(method: AuthMethod) -> Recipe:
    """The recipe of a method. Raises UsageError for one that no script can be written for."""
    makers: dict[type[AuthMethod], Callable[[Any], Recipe]] = {
        KeyInUrl: lambda one: QueryKey(one.key_name, one.key),
        KeyInHeader: lambda one: HeaderKey(one.key_name, one.key_prefix, one.key),
        Basic: lambda one: UserPassword(one.username, one.password),
        ClientCertificate: lambda one: Certificate(one.certificate, one.private_key, one.private_key_password),
        PasswordGrant: _password,
        ClientCredentials: _client_credentials,
        CustomToken: _custom,
        JwtBearer: _assertion,
        AuthorizationCode: _login,
    }
    maker = makers.get(type(method))
    if maker is not None:
        return maker(method)
    if isinstance(method, TokenMethod) or type(method).auth is not AuthMethod.auth:
        raise UsageError(f"{method.label} cannot be written as a script yet.")
    return None


def _scope(scope: str) -> dict[str, str]:
    return {"scope": scope} if scope else {}


def _password(one: PasswordGrant) -> Token:
    form = {"grant_type": "password", "username": one.username, "password": one.password, **_scope(one.scope)}
    return Token(
        "form", one.token_endpoint, form, one.placement(), one.client_id, one.client_secret, one.client_auth
    )  # fmt: skip


def _client_credentials(one: ClientCredentials) -> Token:
    _refuse_unwritten(one)
    form = {"grant_type": "client_credentials", **_scope(one.scope), **one.extra_token_params}
    client = one.client()
    return Token(
        "form", one.token_endpoint, form, one.placement(), client.client_id, client.client_secret, client.way,
        token_field=one.token_field, is_query=one.token_response_is_query, lifetime=one.token_lifetime,
    )  # fmt: skip


def _refuse_unwritten(one: ClientCredentials | AuthorizationCode) -> None:
    if one.token_body_format == "json":
        raise UsageError("A token request in JSON (--token-body-format) is not written into a script yet.")


def _custom(one: CustomToken) -> Token:
    body = json.loads(public_text(one.token_body, "Body").strip() or "{}")
    kind = "form" if one.token_body_format == "form" else "json"
    return Token(
        kind, one.token_endpoint, body, one.placement(), headers=one.token_headers, token_field=one.token_field,
        lifetime=one.token_lifetime, details={"params": one.token_params},
    )  # fmt: skip


def _assertion(one: JwtBearer) -> Token:
    claims = json.loads(public_text(one.extra_claims, "Extra claims").strip() or "{}")
    details = {
        "key": one.private_key, "issuer": one.issuer, "audience": one.audience, "scope": one.scope,
        "subject": one.subject, "algorithm": one.algorithm, "key_id": one.key_id, "lifetime": one.lifetime,
        "claims": claims,
    }  # fmt: skip
    return Token("assertion", one.token_endpoint, {}, one.placement(), client_way="none", details=details)


def _login(one: AuthorizationCode) -> Token:
    if not one.authorization_endpoint or not one.token_endpoint:
        raise UsageError("The script needs the login's endpoints: set --authorization-endpoint and --token-endpoint.")
    _refuse_unwritten(one)
    if one.extra_refresh_params:
        raise UsageError("Extra refresh parameters are not written into a script yet.")
    client = one.client()
    return Token(
        "login", one.token_endpoint, dict(one.extra_token_params), one.placement(), client.client_id,
        client.client_secret, client.way, token_field=one.token_field, is_query=one.token_response_is_query,
        refresh_endpoint=one.refresh_endpoint,
        details={
            "authorization_endpoint": one.authorization_endpoint, "scope": one.scope, "pkce": one.pkce,
            "redirect_url": one.registered_redirect, "generic": one.generic_redirect,
            "params": {**({"access_type": "offline", "prompt": "consent"} if one.offline_access else {}),
                       **one.extra_authorization_params},
        },
    )  # fmt: skip
