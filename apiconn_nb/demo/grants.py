"""The grants of the demo's provider: Authlib's, told where things are kept.

Every decision of the protocol is Authlib's; what is added here is said with its reason.
"""
# Authlib ships no types, so its classes are Any to mypy.
# mypy: disable-error-code="misc"

from __future__ import annotations

import time
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core.grants import OpenIDCode
from flask import request as flask_request
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from .answers import quirks
from .clients import BASIC, FIRST_PARTY, NONE, POST, Client, User
from .state import State
from .store import Code, Token

AUTH_METHODS = [BASIC, POST, NONE, FIRST_PARTY]
MAX_ASSERTION_SECONDS = 3600


class AuthorizationCode(grants.AuthorizationCodeGrant):
    """RFC 6749 §4.1."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    AUTHORIZATION_CODE_LENGTH = 32

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Client) -> str:
        # Authlib quotes the URL in its error text, and refuses (ValueError) to build a text with characters that
        # RFC 6749 §4.1.2.1 forbids there.
        uri = request.payload.redirect_uri or client.get_default_redirect_uri()
        if not uri or not client.check_redirect_uri(uri):
            raise InvalidRequestError("The redirect_uri is missing or is not registered for this client.")
        return str(uri)

    def save_authorization_code(self, code: str, request: Any) -> None:
        payload = request.payload.data
        state: State = self.server.state
        with state.store.lock:
            state.store.codes[code] = Code(
                code=code,
                client_id=request.client.client_id,
                user=request.user,
                redirect_uri=payload.get("redirect_uri"),
                scope=request.scope,
                code_challenge=payload.get("code_challenge"),
                code_challenge_method=payload.get("code_challenge_method"),
                nonce=payload.get("nonce"),
                offline=payload.get("access_type") == "offline",
            )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        state: State = self.server.state
        return state.store.redeemable(code, client, state.settings.code_lifetime)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        # Kept, marked as used: a second use must find the grant it has to kill.
        authorization_code.used = True

    def authenticate_user(self, authorization_code: Code) -> User:
        return authorization_code.user

    def generate_token(self, **options: Any) -> dict[str, Any]:
        if self.client.offline and not self.request.authorization_code.offline:
            options["include_refresh_token"] = False
        token: dict[str, Any] = super().generate_token(**options)
        return token


class Challenge(CodeChallenge):
    """RFC 7636 with S256 alone, and per client required or refused."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - the name and kind are Authlib's

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        payload, client = grant.request.payload.data, grant.request.client
        challenge = payload.get("code_challenge")
        if client.pkce == "required" and not challenge:
            raise InvalidRequestError("PKCE is required for this client: code_challenge is missing.")
        if client.pkce == "refused" and challenge:
            raise InvalidRequestError("Unknown parameter: code_challenge.")
        # An absent method means `plain` (RFC 7636 §4.3), which is not supported.
        if challenge and payload.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256.")
        super().validate_code_challenge(grant, redirect_uri)


class OpenId(OpenIDCode):
    """The id_token of OpenID Connect, for ``scope=openid``."""

    def __init__(self, state: State) -> None:
        super().__init__(require_nonce=False)
        self._state = state

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        with self._state.store.lock:
            return any(code.nonce == nonce for code in self._state.store.codes.values())

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self._state.signing_key

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self._state.url, "aud": [client.client_id]}

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return {"alg": "RS256", "kid": str(self._state.signing_key.kid)}

    def generate_user_info(self, user: User, scope: str) -> dict[str, Any]:
        return {"sub": str(user.id), "name": user.name, "email": user.email}


class Issuer(IssuerParameter):
    """``iss`` in every authorization answer (RFC 9207)."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get_issuer(self) -> str | None:
        asked = quirks(flask_request)
        if "no-iss" in asked:
            return None
        return f"{self._state.url}/somebody-else" if "wrong-iss" in asked else self._state.url


class Password(grants.ResourceOwnerPasswordCredentialsGrant):
    """RFC 6749 §4.3."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def authenticate_user(self, username: str, password: str) -> User:
        state: State = self.server.state
        user = state.registry.sign_in(username, password)
        if user is None:
            # Authlib would say invalid_request; RFC 6749 §5.2 says invalid_grant.
            raise InvalidGrantError("The username or the password is wrong.")
        return user


class ClientCredentials(grants.ClientCredentialsGrant):
    """RFC 6749 §4.4."""

    TOKEN_ENDPOINT_AUTH_METHODS = [BASIC, POST]  # noqa: RUF012


class Refresh(grants.RefreshTokenGrant):
    """RFC 6749 §6 with rotation (RFC 9700 §4.14.2). The token endpoint holds the store's lock around it."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:  # noqa: N802 - Authlib's name
        return "no-rotation" not in quirks(flask_request)

    def authenticate_refresh_token(self, refresh_token: str) -> Token:
        state: State = self.server.state
        token = state.store.refreshable(refresh_token)
        if token is None:
            raise InvalidGrantError("The refresh token is unknown, revoked or was used before.")
        return token

    def authenticate_user(self, refresh_token: Token) -> User | None:
        return refresh_token.get_user()

    def revoke_old_credential(self, refresh_token: Token) -> None:
        refresh_token.spent = self.INCLUDE_NEW_REFRESH_TOKEN


class JwtBearer(JWTBearerGrant):
    """RFC 7523 §2.1 with Google's rules on top: RS256, an hour at most, the scope as a claim."""

    CLAIMS_OPTIONS = {**JWTBearerGrant.CLAIMS_OPTIONS, "iat": {"essential": True}}  # noqa: RUF012

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            headers, claims = super().extract_assertion(assertion)
        except JoseError:  # Authlib 1.7 lets it through
            raise InvalidGrantError("Invalid JWT assertion.") from None
        if headers.get("alg") != "RS256":
            raise InvalidGrantError("Invalid JWT: only RS256 is supported.")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise InvalidGrantError("Invalid JWT: iat and exp must be numbers.")
        # The two phrases that the provider these rules are taken from says it in.
        if issued > time.time() + self.LEEWAY or expires - issued > MAX_ASSERTION_SECONDS:
            raise InvalidGrantError(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim."
            )
        self._scope = str(claims.get("scope") or "")
        return headers, claims

    def get_audiences(self) -> list[str]:
        state: State = self.server.state
        endpoint = f"{state.url}/oauth/token"
        query = flask_request.query_string.decode()
        return [state.url, endpoint, f"{endpoint}?{query}"]

    def resolve_issuer_client(self, issuer: str) -> Client:
        state: State = self.server.state
        client = state.registry.client(issuer)
        if client is None or not client.public_key:
            raise InvalidGrantError("The client does not exist on this server.")
        return client

    def resolve_client_public_key(self, client: Client) -> RSAKey:
        return RSAKey.import_key(client.public_key)

    def authenticate_user(self, subject: str) -> User | None:
        state: State = self.server.state
        return state.registry.user_by_email(subject)

    def has_granted_permission(self, client: Client, user: User) -> bool:
        return client.environment == user.environment

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        # Authlib reads the scope from the form; a service account names it in the assertion.
        token = self.generate_token(scope=self._scope, user=self.request.user, include_refresh_token=False)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class Revocation(RevocationEndpoint):
    """RFC 7009. A refresh token takes its whole grant along (§2.1)."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        store = self.server.state.store
        token: Token | None = store.by_access_token(token_string) or store.by_refresh_token(token_string)
        return token

    def revoke_token(self, token: Token, request: Any) -> None:
        if request.form["token"] == token.access_token:
            token.revoked = True
        else:
            token.grant.alive = False
        self.server.state.counters.add("revoked")
