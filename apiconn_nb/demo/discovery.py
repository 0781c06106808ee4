"""What the demo says about itself to machines: provider metadata, keys, protected-resource metadata, who is signed in.

RFC 8414 (and OpenID Connect Discovery 1.0), RFC 7517, RFC 9728.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response

from .clients import BASIC, NONE, POST, SCOPES, User
from .doors import TOKEN_DOORS, bearer
from .problems import Refused
from .provider import GRANT_TYPES
from .rows import answer
from .state import State


class Discovery:
    """The routes."""

    def __init__(self, app: Flask, state: State) -> None:
        self._state = state
        for name in ("oauth-authorization-server", "openid-configuration"):
            app.add_url_rule(f"/.well-known/{name}", name, view_func=self.provider)
        app.add_url_rule("/.well-known/oauth-protected-resource", view_func=self.resource)
        app.add_url_rule("/.well-known/oauth-protected-resource/<door>", view_func=self.resource)
        app.add_url_rule("/oauth/keys", view_func=self.keys)
        app.add_url_rule("/oauth/userinfo", view_func=self.userinfo, methods=["GET", "POST"])
        app.add_url_rule("/profile", view_func=self.profile)

    def provider(self) -> Response:
        """RFC 8414 §2 and OpenID Connect Discovery §3 in one document."""
        url = self._state.url
        return answer(
            {
                "issuer": url,
                "authorization_endpoint": f"{url}/oauth/authorize",
                "token_endpoint": f"{url}/oauth/token",
                "userinfo_endpoint": f"{url}/oauth/userinfo",
                "jwks_uri": f"{url}/oauth/keys",
                "revocation_endpoint": f"{url}/oauth/revoke",
                "device_authorization_endpoint": f"{url}/oauth/device_authorization",
                "scopes_supported": list(SCOPES),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": list(GRANT_TYPES),
                "token_endpoint_auth_methods_supported": [BASIC, POST, NONE],
                "revocation_endpoint_auth_methods_supported": [BASIC, POST, NONE],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "claims_supported": ["sub", "name", "email", "preferred_username"],
                "service_documentation": f"{url}/",
            }
        )

    def keys(self) -> Response:
        """The public half of the key that signs id_tokens."""
        return answer({"keys": [self._state.signing_key.as_dict(private=False)]})

    def resource(self, door: str = "oauth2-user-agent") -> Response:
        """RFC 9728 §2, for each door that opens to a token."""
        if door not in TOKEN_DOORS:
            raise Refused(404, f"{door} is not a door that takes tokens: {', '.join(TOKEN_DOORS)}.")
        url = self._state.url
        places = ["header", "body", "query"] if door == "oauth2-user-agent" else ["header"]
        return answer(
            {
                "resource": f"{url}/{door}",
                "authorization_servers": [url],
                "scopes_supported": ["read", "write"],
                "bearer_methods_supported": places,
                "resource_name": f"apiconn demo, door {door}",
                "resource_documentation": f"{url}/",
            }
        )

    def userinfo(self) -> Response:
        """OpenID Connect Core §5.3."""
        user = self._user()
        claims = {"sub": str(user.id), "name": user.name, "email": user.email, "preferred_username": user.username}
        return answer(claims)

    def profile(self) -> Response:
        """The same person the way other providers say it: flat, and nested under ``account``."""
        user = self._user()
        nested: dict[str, Any] = {"id": user.id, "contact": {"email": user.email, "verified": True}}
        return answer({"id": user.id, "email": user.email, "name": user.name, "account": nested})

    def _user(self) -> User:
        self._state.counters.add("profile")
        # The door of the login takes the token from header, form and query alike.
        user = bearer(self._state, "oauth2-user-agent").get_user()
        if user is None:
            raise Refused(403, "This token belongs to a service, not to a person.", error="insufficient_scope")
        return user
