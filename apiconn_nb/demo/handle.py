"""What a caller holds: the demo that runs in this process (`server.Demo`), or one that runs elsewhere (`Attached`)."""

from __future__ import annotations

import abc
import os
import urllib.request
from types import TracebackType
from typing import Self

import msgspec

from . import visitor
from .counters import Counters
from .credentials import Credentials

_SECONDS = 5


class Handle(abc.ABC):
    """A demo: its addresses, its public fake credentials, its counters, and the few things one can do to it."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    @property
    def url(self) -> str:
        """Base of the plain-HTTP addresses, and the provider's issuer: ``http://127.0.0.1:PORT``."""
        return self.credentials.url

    @property
    def tls_url(self) -> str:
        """The same over TLS; a client certificate is asked for, and only the door ``client-certificate`` needs it."""
        return self.credentials.tls_url

    @property
    def mtls_url(self) -> str:
        """The same over TLS where the handshake itself fails without a client certificate."""
        return self.credentials.mtls_url

    @property
    def browser_url(self) -> str:
        """`url` as the person's browser reaches it: on JupyterHub and Binder root-relative, through the proxy.

        ``/user/NAME/proxy/PORT`` there (the public origin is known to the browser alone), `url` elsewhere. The
        authorization endpoint has to start with it; the token endpoint is called by the kernel and takes `url`.
        """
        prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
        port = self.url.rpartition(":")[2]
        return f"{prefix.rstrip('/')}/proxy/{port}" if prefix else self.url

    @property
    @abc.abstractmethod
    def counters(self) -> Counters:
        """What the demo has counted."""

    @abc.abstractmethod
    def expire_tokens(self) -> None:
        """Every access token given out so far is over its time now."""

    @abc.abstractmethod
    def revoke_grants(self) -> None:
        """Every grant given so far is dead, with its refresh tokens: the person removed the app."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Stop it, if it is ours to stop."""

    def environ(self) -> dict[str, str]:
        """Environment variables for ``env:`` references, as `Credentials.environ` lists them."""
        return self.credentials.environ()

    def sign_in(self, link: str, *, username: str = "", password: str = "", allow: bool = True) -> str:
        """Be the person in the browser: open `link`, fill in the form, follow the way back (`visitor.sign_in`).

        The default user is the live one. Returns the text of the last page.
        """
        live = self.credentials.live
        username, password = (username, password) if username else (live.username, live.password)
        return visitor.sign_in(link, username, password, allow=allow)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url} {self.tls_url}>"


class Attached(Handle):
    """A demo in another process, such as the one that `apiconn-demo lab` has started."""

    @property
    def counters(self) -> Counters:
        """What the demo has counted up to now; ask again for later counts."""
        counts: dict[str, int] = msgspec.json.decode(_fetch(f"{self.url}/counters.json"), type=dict[str, int])
        return Counters(counts)

    def expire_tokens(self) -> None:
        """Every access token given out so far is over its time now."""
        _fetch(f"{self.url}/control/expire", b"")

    def revoke_grants(self) -> None:
        """Every grant given so far is dead, with its refresh tokens: the person removed the app."""
        _fetch(f"{self.url}/control/revoke", b"")

    def stop(self) -> None:
        """Nothing: whoever started it stops it."""


def attach(url: str) -> Attached | None:
    """The demo that answers at `url`; None where none does."""
    try:
        document = msgspec.json.decode(_fetch(f"{url.rstrip('/')}/credentials.json"))
        return Attached(Credentials.from_json(document))
    except (OSError, ValueError, KeyError, TypeError, msgspec.DecodeError):
        return None


def _fetch(url: str, data: bytes | None = None) -> bytes:
    if not url.startswith("http://127.0.0.1:"):
        raise ValueError("the demo is on loopback only")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, data, timeout=_SECONDS) as response:
        body: bytes = response.read()
    return body
