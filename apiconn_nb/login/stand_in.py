"""Who opens the link where nobody sits at a browser: nobody, unless a provider brings somebody of its own.

The embedded demo does, for its made-up user, so that its notebooks run under nbclient and in CI. The page of a real
provider needs a real person.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode

Visit = Callable[[str], object]
"""Opens a link and does there what a person would do."""

_visits: dict[tuple[str, str], Visit] = {}


def register(url: str, visit: Visit) -> None:
    """Have `visit` open the links of the provider at `url` from now on, where nobody else can."""
    _visits[_place(url)] = visit


def stand_in_for(method: AuthorizationCode) -> Visit | None:
    """Who opens the link of this provider; None for every real one."""
    return _visits.get(_place(method.issuer or method.authorization_endpoint or method.device_authorization_endpoint))


def is_ours(method: AuthorizationCode) -> bool:
    """Whether the provider runs beside the kernel and lies behind the notebook's proxy as it is, as the demo does.

    Any other provider on loopback sets cookies for its own paths and would not know itself there.
    """
    return stand_in_for(method) is not None


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
