"""A token endpoint of its own kind: JSON in, JSON out, and a header that must be there.

``POST /custom/token`` with ``X-Tenant: acme`` and ``{"app": "ledger", "secret": "ledger-secret"}``; ``permissions``
(a list of ``read`` and ``write``) is optional. The same members may come form-encoded. ``?quirks=…`` as in `answers`.
"""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Any

from flask import Flask, Response, request

from .answers import lifetime, quirks, shape, unavailable
from .clients import CUSTOM, Client
from .credentials import Account
from .rows import answer
from .state import State
from .store import Grant, Token

PERMISSIONS = ("read", "write")


class CustomToken:
    """The endpoint."""

    def __init__(self, app: Flask, state: State) -> None:
        self._state = state
        app.add_url_rule("/custom/token", "custom_token", view_func=self.token, methods=["POST"])

    def token(self) -> Response:
        """A token, or the reason why not."""
        self._state.counters.add("token", f"token:{CUSTOM}")
        asked = quirks(request)
        broken = unavailable(asked)
        if broken is not None:
            return broken
        return shape(self._answer(), asked)

    def _answer(self) -> Response:
        body: Any = request.form.to_dict() if request.form else request.get_json(silent=True)
        if not isinstance(body, dict):
            return _no(415, "unsupported_media_type", "The body must be a JSON object or a form.")
        tenant = request.headers.get("X-Tenant", "")
        if not tenant:
            return _no(400, "missing_tenant", "The header X-Tenant is missing.")
        account = self._account(tenant, body)
        if account is None:
            return _no(401, "wrong_secret", "The tenant, the app or the secret is wrong.")
        permissions = body.get("permissions", list(PERMISSIONS))
        if not isinstance(permissions, list) or not set(PERMISSIONS).issuperset(map(str, permissions)):
            return _no(400, "wrong_permissions", f"permissions must be a list of {' and '.join(PERMISSIONS)}.")
        return self._issue(account, " ".join(map(str, permissions)))

    def _account(self, tenant: str, body: dict[str, Any]) -> Account | None:
        secret = str(body.get("secret", "")).encode()
        for account in (self._state.credentials.live, self._state.credentials.development):
            if (tenant, body.get("app")) == (account.tenant, account.app):
                return account if hmac.compare_digest(secret, account.app_secret.encode()) else None
        return None

    def _issue(self, account: Account, scope: str) -> Response:
        seconds = lifetime(request, self._state.settings.access_token_lifetime)
        text = secrets.token_urlsafe(32)
        client = Client(f"{account.tenant}/{account.app}", environment=account.environment, grants=(), auth=())
        self._state.store.add(Token(text, "", scope, seconds, Grant(client, None, via=CUSTOM)))
        self._state.counters.add(f"issued:{CUSTOM}")
        document = {
            "access_token": text,
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": scope,
            "issued_at": int(time.time()),
        }
        return answer(document, headers={"Cache-Control": "no-store"})


def _no(status: int, error: str, description: str) -> Response:
    return answer({"error": error, "error_description": description}, status, {"Cache-Control": "no-store"})
