"""Which redirect URL a login uses: the one of this place, one fixed for everywhere, or the one registered already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.login.jupyter import public_base
from apiconn_nb.login.place import RedirectKind, where

PORT = 8765
"""Where the receiver listens if it may: a port that stays the same can be registered."""

PATH = "/callback"
_PROXIED = re.compile(r"/proxy/(\d{1,5})(/.*)?\Z")


@dataclass(frozen=True)
class Redirect:
    """A redirect URL before the port is known.

    `kind` says who serves it: the receiver (``loopback``), the receiver behind the notebook's own address
    (``jupyter``), somebody else (``page``), or whichever this place allows (``any``). `url` is the exact URL (empty:
    built from the port), `port` the fixed port (0: any), `path` the receiver's own path.
    """

    kind: RedirectKind = "any"
    url: str = ""
    port: int = 0
    path: str = PATH
    host: str = "127.0.0.1"

    @property
    def wanted_port(self) -> int:
        """Where the receiver should listen: the fixed port, else the one that stays the same if it can."""
        return self.port or PORT

    def loopback_url(self, port: int) -> str:
        """The URL at a receiver that listens on `port`."""
        return self.url or f"http://{self.host}:{port}{self.path}"


def redirect_of(method: AuthorizationCode) -> Redirect:
    """The redirect URL that the settings ask for."""
    url = method.registered_redirect
    if not url:
        return Redirect("loopback", f"http://127.0.0.1:{PORT}{PATH}", PORT) if method.generic_redirect else Redirect()
    parts = urlsplit(url)
    path = parts.path or "/"
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"):
        if parts.port:
            return Redirect("loopback", url, parts.port, path)
        # Registered without a port: the provider takes any (RFC 8252 §7.3).
        return Redirect("loopback", "", 0, path, parts.hostname)
    proxied = _PROXIED.search(path)
    if proxied and int(proxied[1]) < 65536:
        return Redirect("jupyter", url, int(proxied[1]), proxied[2] or "/")
    return Redirect("page", url)


def to_register(method: AuthorizationCode, environ: Mapping[str, str], *, public_url: str = "") -> list[str]:
    """The exact URLs to register with the provider for logins from this place.

    One that begins with ``/`` lies below the notebook's own address, whose origin only the browser knows.
    """
    redirect = redirect_of(method)
    if redirect.url:
        return [redirect.url]
    if redirect.kind == "loopback":
        return [method.registered_redirect]
    place, _ = where(environ)
    if place in ("JupyterHub", "Binder"):
        base = public_base(environ, PORT, public_url)
        return [f"{base}{PATH}"]
    return [redirect.loopback_url(PORT)]
