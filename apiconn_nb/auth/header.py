"""What a header may hold (RFC 9110 §5): asked before a credential is put into one."""

from __future__ import annotations

import re

from apiconn_nb.errors import ConfigError

USER_AGENT = "apiconn_nb/0.1.0"
"""Who asks (RFC 9110 §10.1.5): some providers, GitHub among them, answer 403 to a request that does not say."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

_TOKEN = set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def check_name(name: str, label: str) -> None:
    """Raise ConfigError unless `name` is a header's name, a token (RFC 9110 §5.1)."""
    if not name or not set(name) <= _TOKEN:
        raise ConfigError(f"{label}: {name!r} is no header name: letters, digits and hyphens, for instance X-Api-Key.")


def one_line(value: str, label: str) -> str:
    """`value` as it goes into a header, without the white space around it, which is no part of it (RFC 9110 §5.5).

    Raises ConfigError for a line break or another control character in it.
    """
    if any(character in value for character in "\r\n\0"):
        raise ConfigError(f"{label}: it has a line break in it, and a header is one line. Check what was copied.")
    if _CONTROL.search(value):
        # h11 would say so too, and quote the value.
        raise ConfigError(
            f"{label}: it has a control character in it, which no header can hold. Check what was copied."
        )
    return value.strip(" \t")
