"""Authentication by the names that Postman, Insomnia, Bruno and OpenCollection give it → credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from apiconn_nb.importers.draft import Call, Credential

_NONE = ("noauth", "none", "inherit", "")
_GRANTS = {
    "authorization_code": "authorization_code",
    "authorization_code_with_pkce": "authorization_code",
    "client_credentials": "client_credentials",
    "password_credentials": "password",
    "password": "password",
    "implicit": "implicit",
}


@dataclass
class Found:
    """An authentication as a source names it: its `kind`, and its values by the source's own names."""

    kind: str
    values: Mapping[str, str] = field(default_factory=dict)

    def first(self, *names: str) -> str:
        """The first value there is under one of `names`."""
        return next((self.values[name] for name in names if self.values.get(name)), "")


@dataclass
class Chosen:
    """The credential, or whether none is said to be needed."""

    credential: Credential | None = None
    is_none: bool = False


def credential_of(found: Found, call: Call) -> Chosen:
    """What `found` is here; what is not known is noted in the call."""
    kind = found.kind.lower().replace("-", "").replace("_", "")
    if found.kind in _NONE:
        return Chosen(None, found.kind in ("noauth", "none"))
    if found.values.get("disabled") == "true":
        return Chosen()
    made = {"basic": _basic, "bearer": _bearer, "apikey": _api_key, "oauth2": _oauth2}.get(kind)
    credential = made(found, call) if made else None
    if credential is None:
        call.lost.append(f"{found.kind[:30]} authentication, which is not known here")
        return Chosen(None, True)
    return Chosen(credential)


def _basic(found: Found, call: Call) -> Credential:
    return Credential("basic", {"username": found.first("username"), "password": found.first("password")})


def _bearer(found: Found, call: Call) -> Credential:
    prefix = found.first("prefix") or "Bearer"
    return Credential(
        "key-in-header", {"key_name": "Authorization", "key_prefix": f"{prefix} ", "key": found.first("token")}
    )


def _api_key(found: Found, call: Call) -> Credential:
    name, key = found.first("key") or "X-Api-Key", found.first("value")
    place = found.first("in", "addTo", "placement").lower().replace("_", "")
    if "query" in place:
        return Credential("key-in-url", {"key_name": name, "key": key})
    if "cookie" in place:
        return Credential("key-in-header", {"key_name": "Cookie", "key_prefix": f"{name}=", "key": key})
    return Credential("key-in-header", {"key_name": name, "key": key})


def _oauth2(found: Found, call: Call) -> Credential | None:
    """Postman's, Insomnia's and Bruno's words for the same fields."""
    grant = _GRANTS.get(found.first("grant_type", "grantType"), "")
    token_url = found.first("accessTokenUrl", "access_token_url", "accessTokenURL")
    login_url = found.first("authUrl", "authorizationUrl", "authorization_url", "authorizationURL")
    grant = grant or ("authorization_code" if login_url else "")
    token = found.first("accessToken", "access_token", "token")
    if not token_url and not login_url:
        # Postman keeps the token that it was given last, which is all there is then.
        prefix = found.first("headerPrefix", "tokenPrefix") or "Bearer"
        return Credential(
            "key-in-header", {"key_name": "Authorization", "key_prefix": f"{prefix.strip()} ", "key": token}
        )
    fields: dict[str, object] = {
        "token_endpoint": token_url,
        "scope": found.first("scope"),
        "client_id": found.first("clientId", "client_id"),
        "client_secret": found.first("clientSecret", "client_secret"),
    }
    in_header = found.first("client_authentication", "credentials_placement", "credentialsPlacement")
    basic = in_header in ("header", "basic_auth_header") or found.first("credentialsInBody") == "false"
    if grant == "client_credentials":
        return Credential("oauth2-client-credentials", {**fields, "client_auth_basic": basic})
    if grant == "password":
        user = {"username": found.first("username"), "password": found.first("password")}
        return Credential("oauth2-password", {**fields, **user, "client_auth": "basic" if basic else "body"})
    if grant == "implicit":
        call.lost.append("the implicit flow, which RFC 9700 retires: ask the provider for its token endpoint")
    in_query = found.first("addTokenTo", "tokenPlacement") in ("queryParams", "url")
    more = {"authorization_endpoint": login_url, "client_auth_basic": basic, "token_in_header": not in_query}
    return Credential("oauth2-user-agent", {**fields, **more})
