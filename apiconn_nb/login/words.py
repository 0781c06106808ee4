"""What a login says about itself: plain text of one line, for a screen that escapes it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from apiconn_nb.auth.token import Token
from apiconn_nb.login.transaction import plain
from apiconn_nb.redaction import redact


def signed_in(token: Token, environment: str, *, note: str = "") -> str:
    """Who is signed in, where, until when, and whether it renews by itself."""
    parts = [f"signed in{who(token.identity)}", environment, until(token)]
    return " · ".join([*parts, note] if note else parts)


def who(identity: Mapping[str, str]) -> str:
    """`` as ada@example.org (id 42)``, as far as it is known."""
    email, number = plain(identity.get("email", ""), 120), plain(identity.get("id", ""), 80)
    if email and number and number != email:
        return f" as {email} (id {number})"
    return f" as {email or number}" if email or number else ""


def until(token: Token) -> str:
    """Until when the token lives, and what happens then."""
    if token.expires_at is None:
        ends = "until the provider ends it"
        return f"{ends}, renews by itself" if token.refresh_token else ends
    return f"until {moment(token.expires_at)}, " + ("renews by itself" if token.refresh_token else "then sign in again")


def moment(when: float) -> str:
    """A moment of today as ``17:20``, any other with its date; local time."""
    then = time.localtime(when)
    is_today = then[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", then)


def refused(error: str, description: str) -> str:
    """The provider's own words in an authorization answer."""
    said = f"{plain(error, 100)}: {plain(description)}" if description else plain(error, 100)
    return f"The provider refused: {redact(said)}"


WAITING = {
    "loopback": (
        "{who}: waiting for the sign-in page, until {until}. If the page at its end does not load, copy its address "
        "and paste it here."
    ),
    "jupyter": (
        "{who}: waiting for the sign-in page, until {until}. If the link says 404, jupyter-server-proxy is missing "
        "here: sign in with --via paste."
    ),
    "device": "{who}: waiting until the code is entered at {uri}, until {until}.",
    "paste": (
        "{who}: sign in there; the page at its end does not load. Copy its address ({redirect}…) and paste it here, "
        "until {until}."
    ),
}
"""What is said beside the link, by way back."""
