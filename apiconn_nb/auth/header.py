"""What a header may hold (RFC 9110 §5): asked before a credential is put into one."""

from __future__ import annotations

from apiconn_nb.errors import ConfigError

_TOKEN = set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def check_name(name: str, label: str) -> None:
    """Raise ConfigError unless `name` is a header's name, a token (RFC 9110 §5.1)."""
    if not name or not set(name) <= _TOKEN:
        raise ConfigError(f"{label}: {name!r} is no header name: letters, digits and hyphens, for instance X-Api-Key.")


def one_line(value: str, label: str) -> str:
    """`value` as it goes into a header. Raises ConfigError for a line break or NUL in it (RFC 9110 §5.5)."""
    if any(character in value for character in "\r\n\0"):
        raise ConfigError(f"{label}: it has a line break in it, and a header is one line. Check what was copied.")
    return value
