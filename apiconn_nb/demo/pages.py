"""The demo's pages: plain forms, no script, no outside asset; Jinja escapes whatever is put into them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from flask import Response, render_template

from .clients import Client
from .credentials import Account, Credentials
from .doors import DOORS, KEY_IN_HEADER, KEY_IN_URL

_STYLE = (Path(__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    # No form-action: Chromium applies it to the redirect that follows a form, which is the way back to the client.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    # Not no-referrer: a form would then be posted with Origin "null", which Jupyter's proxy may refuse.
    "Referrer-Policy": "same-origin",
}
_MEANINGS = {
    "read": "read customers, orders and events",
    "write": "create, change and delete orders",
    "openid": "know who you are",
    "profile": "see your name",
    "email": "see your e-mail address",
    "offline_access": "do so while you are away",
}


def sign_in(client: Client, scopes: list[str], account: Account, problem: str = "") -> Response:
    """The page of the authorization endpoint; `problem` is said above the form."""
    return _page(
        "sign_in.html",
        "Sign in",
        status=401 if problem else 200,
        problem=problem,
        client=client,
        scopes=scopes,
        meanings=_MEANINGS,
        account=account,
        environment=client.environment,
    )


def device(account: Account, user_code: str, problem: str = "") -> Response:
    """The page where a device code is typed."""
    status = 400 if problem else 200
    return _page(
        "device.html", "Connect a notebook", status=status, problem=problem, account=account, user_code=user_code
    )


def message(title: str, text: str, status: int = 200) -> Response:
    """One sentence."""
    return _page("message.html", title, status=status, text=text)


def start(credentials: Credentials) -> Response:
    """The front page: the doors and what opens them."""
    live = credentials.live
    words: dict[str, str] = {
        "none": "nothing",
        "key-in-url": f"{KEY_IN_URL}={live.api_key} in the query",
        "key-in-header": f"{KEY_IN_HEADER}: {live.api_key}, or Authorization: Bearer {live.api_key}",
        "basic": f"user {live.username}, password {live.password}",
        "oauth2-password": f"a token of oauth/token for {live.username}, {live.password}",
        "oauth2-user-agent": f"a token of a sign-in at oauth/authorize; client {live.client_id}, {live.client_secret}",
        "oauth2-custom-token": f"a token of custom/token; X-Tenant: {live.tenant}, app {live.app}, {live.app_secret}",
        "jwt": f"a token of oauth/token for an assertion by {live.issuer}",
        "client-certificate": f"a client certificate, at {credentials.tls_url}",
        "oauth2-client-credentials": (
            f"a token of oauth/token for client {live.service_client_id}, {live.service_client_secret}"
        ),
    }
    return _page("start.html", "Ten doors", url=credentials.url, doors=[(door, words[door]) for door in DOORS])


def _page(template: str, title: str, *, status: int = 200, **values: Any) -> Response:
    text = render_template(template, title=title, style=_STYLE, **values)
    return Response(text, status, _HEADERS, content_type="text/html; charset=utf-8")
