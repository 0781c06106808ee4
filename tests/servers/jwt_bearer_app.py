"""A service-account token endpoint as Google's: Authlib checks the assertion, this file holds the tables.

Ours are only two of Google's extra rules (RS256 alone; at most an hour) and the resource ``/api/orders``.
Runs under gunicorn in an environment of its own; what differs between runs is in the variable RIG.
"""

import json
import os
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, InvalidGrantError
from authlib.oauth2.rfc7523 import JWTBearerGrant
from flask import Flask, jsonify, request

RIG = json.loads(os.environ["RIG"])
SETTINGS = dict(RIG["settings"])
TOKENS = {}
ASKED = []

application = Flask(__name__)
application.config["OAUTH2_TOKEN_EXPIRES_IN"] = {JWTBearerGrant.GRANT_TYPE: 3600}


class ServiceAccount(ClientMixin):
    """The one client."""

    client_id = RIG["issuer"]

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope or ""

    def check_redirect_uri(self, redirect_uri):
        return False

    def check_client_secret(self, client_secret):
        return False

    def check_endpoint_auth_method(self, method, endpoint):
        return True

    def check_response_type(self, response_type):
        return False

    def check_grant_type(self, grant_type):
        return grant_type == JWTBearerGrant.GRANT_TYPE


ACCOUNT = ServiceAccount()


class Grant(JWTBearerGrant):
    """RFC 7523 §2.1 by Authlib, without leeway."""

    LEEWAY = 0
    CLAIMS_OPTIONS = {**JWTBearerGrant.CLAIMS_OPTIONS, "iat": {"essential": True}}  # noqa: RUF012 - Authlib's way

    def get_audiences(self):
        return [RIG["token_endpoint"]]

    def resolve_issuer_client(self, issuer):
        return ACCOUNT if issuer == ACCOUNT.client_id else None

    def resolve_client_public_key(self, client):
        return RIG["public_key"]

    def extract_assertion(self, assertion):
        header, claims = super().extract_assertion(assertion)
        if header.get("alg") != "RS256":
            raise InvalidGrantError(description="Only RS256 is supported")
        issued, expires = claims.get("iat"), claims.get("exp")
        if isinstance(issued, int) and isinstance(expires, int) and expires - issued > 3600:
            raise InvalidGrantError(description="Invalid JWT: Token must be a short-lived token (60 minutes)")
        self.jwt_claims = claims
        ASKED.append({"header": dict(header), "claims": dict(claims), "form": request.form.to_dict()})
        return header, claims

    def authenticate_user(self, subject):
        return subject if subject in RIG["subjects"] else None

    def has_granted_permission(self, client, user):
        return True

    def create_token_response(self):
        status, body, headers = super().create_token_response()
        body["scope"] = self.jwt_claims.get("scope", "")  # Google takes it from the claim
        body["expires_in"] = SETTINGS["access_token_ttl"]
        owner = self.request.user or ACCOUNT.client_id
        TOKENS[body["access_token"]] = (owner, body["scope"], time.time() + body["expires_in"])
        return status, body, headers


server = AuthorizationServer(
    application,
    query_client=lambda client_id: ACCOUNT if client_id == ACCOUNT.client_id else None,
    save_token=lambda token, request: None,
)
server.register_grant(Grant)


@application.post("/token")
def token():
    return server.create_token_response()


@application.get("/api/orders")
def orders():
    header = request.headers.get("Authorization", "")
    owner, scope, until = TOKENS.get(header.removeprefix("Bearer "), (None, "", 0))
    if owner is None or until < time.time():
        error = ', error="invalid_token"' if header else ""
        return jsonify(error="invalid_token"), 401, {"WWW-Authenticate": f'Bearer realm="orders"{error}'}
    return jsonify(items=[{"id": n, "total": n * 10.5, "customer": owner, "scope": scope} for n in (1, 2, 3)])


@application.route("/_rig/requests", methods=["GET", "DELETE"])
def requests():
    if request.method == "DELETE":
        ASKED.clear()
    return jsonify(ASKED)


@application.route("/_rig/settings", methods=["PATCH", "DELETE"])
def settings():
    SETTINGS.update(RIG["settings"] if request.method == "DELETE" else request.get_json())
    return jsonify(SETTINGS)
