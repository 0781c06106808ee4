"""None or self-handled: nothing is added; a call brings its own credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from apiconn_nb.auth.base import AuthMethod


@dataclass(frozen=True)
class NoAuthentication(AuthMethod):
    """Nothing is added to a call. `auth` gives None: an empty `httpx.Auth` would switch off ``user:pw@host``."""

    slug: ClassVar[str] = "none"
    label: ClassVar[str] = "None or self-handled"
    order: ClassVar[int] = 10
