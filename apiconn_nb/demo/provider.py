"""The demo's OAuth provider: Authlib's Flask server with the grants of `grants`, and the routes around it."""
# Authlib ships no types, so its classes are Any to mypy.
# mypy: disable-error-code="misc"

from __future__ import annotations

import logging
import secrets
from typing import Any
from urllib.parse import urlencode

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import Flask, Response, request
from werkzeug.wrappers import Response as BaseResponse

from . import device, grants, pages
from .answers import lifetime, quirks, shape, unavailable
from .clients import CLIENT, CODE, DEVICE, FIRST_PARTY, JWT_BEARER, PASSWORD, REFRESH, SCOPES, Client, User, scopes_of
from .state import State
from .store import Grant, Token

GRANT_TYPES = (CODE, REFRESH, PASSWORD, CLIENT, JWT_BEARER, DEVICE)


class LocalRequest(FlaskOAuth2Request):
    """A request at the demo's own address: behind a proxy the Host header names a public one, and Authlib would ask
    for https there."""

    def __init__(self, own_url: str) -> None:
        OAuth2Request.__init__(self, method=request.method, uri=own_url + request.full_path, headers=request.headers)
        self._request = request
        self.payload = FlaskOAuth2Payload(request)


class Server(AuthorizationServer):
    """Authlib's server, reading and writing `state`."""

    def __init__(self, app: Flask, state: State) -> None:
        self.state = state
        super().__init__(app)
        self.register_client_auth_method(FIRST_PARTY, _first_party)
        self.issuer = grants.Issuer(state)
        self.register_extension(lambda server: self.issuer(server))
        self.register_grant(grants.AuthorizationCode, [grants.Challenge(required=True), grants.OpenId(state)])
        for grant in (grants.Password, grants.ClientCredentials, grants.Refresh, grants.JwtBearer, device.Device):
            self.register_grant(grant)
        self.register_endpoint(device.DeviceAuthorization)
        self.register_endpoint(grants.Revocation)

    def query_client(self, client_id: str) -> Client | None:
        return self.state.registry.client(client_id)

    def create_oauth2_request(self, request: Any) -> LocalRequest:
        return LocalRequest(self.state.url)

    def validate_requested_scope(self, scope: str | None) -> None:
        if not set(SCOPES).issuperset(scopes_of(scope)):
            raise InvalidScopeError(f"The scopes are: {' '.join(SCOPES)}.")

    def create_bearer_token_generator(self, config: Any) -> BearerTokenGenerator:
        def text(**_: Any) -> str:
            return secrets.token_urlsafe(32)

        def seconds(client: Client, grant_type: str) -> float:
            return lifetime(request, self.state.settings.access_token_lifetime)

        return BearerTokenGenerator(text, text, seconds)

    def save_token(self, token: dict[str, Any], request: LocalRequest) -> None:
        grant = self._grant(request)
        self.state.store.add(
            Token(
                access_token=token["access_token"],
                refresh_token=token.get("refresh_token", ""),
                scope=token.get("scope", ""),
                lifetime=token["expires_in"],
                grant=grant,
            )
        )
        self.state.counters.add(f"issued:{request.payload.grant_type}")

    def _grant(self, request: LocalRequest) -> Grant:
        if request.refresh_token:
            grant: Grant = request.refresh_token.grant
            return grant
        grant = Grant(request.client, request.user, via=request.payload.grant_type)
        if request.authorization_code:
            request.authorization_code.grant = grant
        return grant


def _first_party(query_client: Any, oauth_request: LocalRequest) -> Client | None:
    """The client of a request that names none."""
    if oauth_request.payload.client_id or oauth_request.headers.get("Authorization"):
        return None
    client: Client | None = query_client(FIRST_PARTY)
    return client


class Provider:
    """The provider's routes."""

    def __init__(self, app: Flask, state: State) -> None:
        # Authlib's grants write the tokens they issue to their loggers at DEBUG: in a kernel that logs DEBUG they would
        # end up in the notebook.
        for package in ("rfc6749", "rfc7523", "rfc8628"):
            logging.getLogger(f"authlib.oauth2.{package}").setLevel(logging.INFO)
        self._state = state
        self._server = Server(app, state)
        app.add_url_rule("/oauth/authorize", view_func=self.authorize, methods=["GET", "POST"])
        app.add_url_rule("/oauth/token", view_func=self.token, methods=["POST"])
        app.add_url_rule("/oauth/revoke", view_func=self.revoke, methods=["POST"])
        app.add_url_rule("/oauth/device_authorization", view_func=self.device_authorization, methods=["POST"])
        app.add_url_rule("/oauth/device", view_func=self.device, methods=["GET", "POST"])

    def token(self) -> Response:
        """The token endpoint, with the store's lock around it: a refresh token is rotated once or never."""
        grant_type = request.form.get("grant_type", "")
        self._state.counters.add("token", f"token:{grant_type if grant_type in GRANT_TYPES else 'other'}")
        asked = quirks(request)
        broken = unavailable(asked)
        if broken is not None:
            return broken
        with self._state.store.lock:
            response: Response = self._twofold_credentials() or self._server.create_token_response()
        return shape(response, asked)

    def _twofold_credentials(self) -> Response | None:
        # RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
        if "client_secret" not in request.form or "Authorization" not in request.headers:
            return None
        error = InvalidRequestError("The client authenticated twice: in the Authorization header and in the body.")
        response: Response = self._server.handle_error_response(None, error)
        return response

    def revoke(self) -> Response:
        """RFC 7009."""
        with self._state.store.lock:
            response: Response = self._server.create_endpoint_response("revocation")
        return response

    def device_authorization(self) -> Response:
        """RFC 8628 §3.1."""
        self._state.counters.add("device")
        response: Response = self._server.create_endpoint_response("device_authorization")
        return response

    def authorize(self) -> BaseResponse:
        """The authorization endpoint: the page to sign in on, then the way back to the client."""
        failure = self._asked_failure()
        try:
            grant = self._server.get_consent_grant()
            if failure:
                failure.redirect_uri, failure.state = grant.redirect_uri, request.args.get("state")
                raise failure
        except OAuth2Error as error:
            return self._refuse(error)
        if request.method == "GET":
            return self._sign_in_page(grant)
        return self._decide(grant)

    def _asked_failure(self) -> OAuth2Error | None:
        name = request.args.get("fail")
        if not name:
            return None
        error = OAuth2Error(error=name)
        # Set afterwards: Authlib refuses characters that RFC 6749 forbids here, and a hostile provider would not.
        error.description = request.args.get("description", "")
        return error

    def _refuse(self, error: OAuth2Error) -> BaseResponse:
        if not error.redirect_uri:
            # RFC 6749 §4.1.2.1: without a redirect URL that can be trusted, the person is told and nobody else.
            return pages.message("This sign-in cannot start", error.description or error.error, status=400)
        response: Response = self._server.handle_error_response(None, error)
        self.issuer_on(response)
        return response

    def issuer_on(self, response: Response) -> None:
        """Add ``iss`` to an answer that did not pass through Authlib's own hook."""
        self._server.issuer.add_issuer_parameter(self._server, response)

    def _sign_in_page(self, grant: Any, problem: str = "") -> Response:
        client: Client = grant.request.client
        scopes = grant.request.scope.split()
        return pages.sign_in(client, scopes, self._account(client), problem=problem)

    def _account(self, client: Client) -> Any:
        credentials = self._state.credentials
        return credentials.development if client.environment == "development" else credentials.live

    def _decide(self, grant: Any) -> BaseResponse:
        user: User | None = None
        if request.form.get("decision") != "deny":
            user = self._state.registry.sign_in(request.form.get("username", ""), request.form.get("password", ""))
            if user is None:
                return self._sign_in_page(grant, problem="That is not the user name and password shown below.")
            self._state.counters.add("login")
        asked = quirks(request)
        if user and "token" in asked:
            return self._token_in_redirect(grant, user)
        response: Response = self._server.create_authorization_response(grant_user=user, grant=grant)
        if "no-state" in asked and response.location:
            response.location = _without(response.location, "state")
        return response

    def _token_in_redirect(self, grant: Any, user: User) -> BaseResponse:
        """The access token in the redirect URL's query, as some older providers send it."""
        token = self._server.generate_token(CODE, grant.request.client, user, grant.request.scope)
        held = Grant(grant.request.client, user, via=CODE)
        self._state.store.add(Token(token["access_token"], "", token["scope"], token["expires_in"], held))
        answer = {key: token[key] for key in ("access_token", "token_type", "expires_in", "scope")}
        query = urlencode({**answer, "state": request.args.get("state", "")})
        return BaseResponse(status=302, headers={"Location": _joined(grant.redirect_uri, query)})

    def device(self) -> Response:
        """The page where a person types the device's code (RFC 8628 §3.3)."""
        if request.method == "GET":
            return pages.device(self._state.credentials.live, user_code=request.args.get("user_code", ""))
        typed = request.form.get("user_code", "")
        user = self._state.registry.sign_in(request.form.get("username", ""), request.form.get("password", ""))
        with self._state.store.lock:
            pending = self._state.store.device_by_user_code(typed)
            allow = request.form.get("decision") != "deny"
            problem = "" if pending else "That code is not known, was used before, or is over its time."
            if allow and not user:
                problem = problem or "That is not the user name and password shown below."
            if pending is None or problem:
                return pages.device(self._state.credentials.live, user_code=typed, problem=problem)
            pending.user, pending.decided = (user if allow else None), True
        if not allow:
            return pages.message("Refused", "Nothing was given away. You can close this page.")
        self._state.counters.add("login")
        return pages.message("Signed in", "The notebook goes on by itself. You can close this page.")


def _joined(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _without(url: str, name: str) -> str:
    base, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part.partition("=")[0] != name]
    return f"{base}?{'&'.join(kept)}"
