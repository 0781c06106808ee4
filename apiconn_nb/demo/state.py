"""What one running demo is made of; each room gets it handed in, none keeps a global."""

from __future__ import annotations

from dataclasses import dataclass, field

from joserfc.jwk import RSAKey

from .clients import Registry
from .counters import Counters
from .credentials import Credentials
from .data import Data, development, live
from .store import Store


@dataclass(frozen=True)
class Settings:
    """Lifetimes and waits, all in seconds. `device_interval` is the wait between polls that RFC 8628 §3.2 names."""

    access_token_lifetime: float = 3600
    code_lifetime: float = 60
    device_lifetime: float = 600
    device_interval: float = 5


@dataclass
class State:
    """One demo: where it is, who may do what, what it serves and what it has counted."""

    settings: Settings
    credentials: Credentials
    signing_key: RSAKey
    registry: Registry
    counters: Counters
    store: Store
    data: dict[str, Data] = field(default_factory=lambda: {"live": live(), "development": development()})
    failures: dict[str, int] = field(default_factory=dict)  # by run name: how often it has failed on request

    @classmethod
    def of(cls, settings: Settings, credentials: Credentials) -> State:
        """A fresh state with an own signing key (RS256, for id_tokens)."""
        counters = Counters()
        key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        return cls(settings, credentials, key, Registry(credentials), counters, Store(counters))

    @property
    def url(self) -> str:
        """The issuer, and the base of all plain-HTTP addresses."""
        return self.credentials.url
