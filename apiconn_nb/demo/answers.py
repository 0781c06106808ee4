"""Token answers the way real providers give them: add ``?quirks=form,no-expiry&lifetime=2`` to an endpoint's URL.

At the token endpoints (``/oauth/token``, ``/custom/token``):

================ ==========================================================================================
form             the answer is form-encoded (``access_token=…&expires_in=…``)
text             the same, sent as ``text/plain``
nested           the token stands under ``data.token``
renamed          the token is called ``token``
no-expiry        no ``expires_in``
string-expiry    ``"expires_in": "3600"``
comma-scope      the granted scopes are parted by commas
error-200        errors come with HTTP 200, as at GitHub and Slack
no-rotation      a refresh gives no new refresh token, and the old one stays good
html             the answer is an HTML page with status 502
down             503 with Retry-After
slow             the answer takes 300 ms
late-clock       the Date header is ten minutes behind
early-clock      the Date header is ten minutes ahead
================ ==========================================================================================

``lifetime=SECONDS`` sets the access token's lifetime. At the authorization endpoint: ``no-iss``, ``wrong-iss``,
``token`` (the redirect brings ``access_token=…`` in its query instead of a code), ``no-state``, and ``fail=ERROR`` with
``description=TEXT``.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

from flask import Request, Response, json

_TOKEN_QUIRKS = ("form", "text", "nested", "renamed", "no-expiry", "string-expiry", "comma-scope", "error-200")
_SERVER_QUIRKS = ("no-rotation", "html", "down", "slow", "late-clock", "early-clock")
_REDIRECT_QUIRKS = ("no-iss", "wrong-iss", "token", "no-state")
KNOWN = frozenset(_TOKEN_QUIRKS + _SERVER_QUIRKS + _REDIRECT_QUIRKS)
_SLOW_SECONDS = 0.3
_CLOCK_SECONDS = 600
_YEAR_SECONDS = 31_536_000


def quirks(request: Request) -> frozenset[str]:
    """What the URL asks for, in the table above."""
    return frozenset(request.args.get("quirks", "").split(",")) & KNOWN


def lifetime(request: Request, default: float) -> float:
    """The access token's lifetime in seconds: the URL's, else `default`; whole numbers as int."""
    try:
        seconds = float(request.args.get("lifetime", ""))
    except ValueError:
        return whole(default)
    return whole(seconds) if 0 < seconds < _YEAR_SECONDS else whole(default)


def whole(seconds: float) -> float:
    """The same number, as int where it is one: ``expires_in`` is an integer at most providers."""
    return int(seconds) if seconds == int(seconds) else seconds


def unavailable(asked: frozenset[str]) -> Response | None:
    """The answer of an endpoint that is out of order, if that is asked for."""
    if "slow" in asked:
        time.sleep(_SLOW_SECONDS)
    if "down" in asked:
        return Response("Service unavailable.", 503, {"Retry-After": "1"}, content_type="text/plain")
    if "html" in asked:
        return Response("<!doctype html><title>502</title><h1>Bad gateway</h1>", 502, content_type="text/html")
    return None


def shape(response: Response, asked: frozenset[str]) -> Response:
    """The same token answer, as the quirks have it."""
    document: dict[str, Any] = response.get_json()
    if response.status_code >= 400:
        if "error-200" in asked:
            response.status_code = 200
    else:
        document = _members(document, asked)
    if asked & {"form", "text"}:
        # A tree does not fit into a form: `nested` leaves the token's own member out there.
        flat = {key: value for key, value in document.items() if not isinstance(value, dict)}
        response.set_data(urlencode(flat))
        response.content_type = "text/plain" if "text" in asked else "application/x-www-form-urlencoded"
    else:
        response.set_data(json.dumps(document))
    shift = _CLOCK_SECONDS * (("early-clock" in asked) - ("late-clock" in asked))
    if shift:
        response.headers["Date"] = formatdate(time.time() + shift, usegmt=True)
    return response


def _members(document: dict[str, Any], asked: frozenset[str]) -> dict[str, Any]:
    if "no-expiry" in asked:
        document.pop("expires_in", None)
    if "string-expiry" in asked and "expires_in" in document:
        document["expires_in"] = str(document["expires_in"])
    if "comma-scope" in asked and "scope" in document:
        document["scope"] = document["scope"].replace(" ", ",")
    if "nested" in asked:
        document["data"] = {"token": document.pop("access_token")}
    if "renamed" in asked:
        document["token"] = document.pop("access_token")
    return document
