"""The notebook's own address: what the kernel can know of it, and what it learns from the bounce.

The browser sees the receiver as ``{origin}{base_url}proxy/PORT/``, through jupyter-server-proxy. The base URL is known
to the kernel; the origin is learnt from the request that opens ``/start``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from apiconn_nb.fields import is_loopback

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?\Z")
_CONTEXT = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+/?\Z")

_learnt: dict[str, str] = {}  # the origin that a bounce has shown, by base URL


class Headers(Protocol):
    """The headers of a request."""

    def get_all(self, name: str, failobj: None = None) -> list[str] | None:
        """Every value of a header; None where it is missing."""


@dataclass(frozen=True)
class Address:
    """The receiver as the browser sees it: `base`, without a slash at the end, and `host`, as the request names it."""

    base: str
    host: str
    is_proxied: bool = False


def seen_from(headers: Headers, *, is_secure: bool = False) -> Address | None:
    """Where the browser believes to be, from the headers of its request; None where they make no sense.

    `is_secure`: whether the notebook server itself speaks TLS, which no proxy in between says.
    """
    host = _single(headers, "Host")
    if host is None or not _HOST.match(host):
        return None
    context = _single(headers, "X-ProxyContextPath")
    if context is None:
        return Address(f"http://{host}", host.lower())
    # A proxy in front may rewrite Host, and then says what it was.
    public = _first(headers, "X-Forwarded-Host") or host
    scheme = _first(headers, "X-Forwarded-Proto") or ("https" if is_secure else "http")
    if not _HOST.match(public) or not _CONTEXT.match(context) or scheme not in ("http", "https"):
        return None
    return Address(f"{scheme}://{public}{context.rstrip('/')}", host.lower(), is_proxied=True)


def _single(headers: Headers, name: str) -> str | None:
    values = headers.get_all(name) or []
    return values[0].strip() if len(values) == 1 else None


def _first(headers: Headers, name: str) -> str:
    """The first item of a list that each proxy on the way may have added to: the one nearest to the browser."""
    values = headers.get_all(name) or [""]
    return values[0].split(",")[0].strip()


@dataclass(frozen=True)
class Server:
    """The notebook server that this kernel belongs to: `base_url` with slashes around, whether it speaks TLS."""

    base_url: str = "/"
    is_secure: bool = False


def server(environ: Mapping[str, str]) -> Server:
    """The notebook server, from JupyterHub's variables or from the file that a local one writes."""
    prefix = environ.get("JUPYTERHUB_SERVICE_PREFIX", "")
    if prefix:
        return Server(_slashed(prefix))
    parent = environ.get("JPY_PARENT_PID", "")
    folder = _runtime_folder(environ) if parent.isdigit() else None
    if folder is None:
        return Server()
    with contextlib.suppress(OSError, ValueError, AttributeError):
        # The file holds the server's token too: nothing but these two members is taken from it.
        found = json.loads((folder / f"jpserver-{parent}.json").read_text(encoding="utf-8"))
        return Server(_slashed(str(found.get("base_url") or "/")), bool(found.get("secure")))
    return Server()


def _runtime_folder(environ: Mapping[str, str]) -> Path | None:
    if environ.get("JUPYTER_RUNTIME_DIR"):
        return Path(environ["JUPYTER_RUNTIME_DIR"])
    try:
        # A kernel always has jupyter_core; a plain script may lack it, and needs no notebook server.
        paths = importlib.import_module("jupyter_core.paths")
    except ImportError:
        return None
    return Path(paths.jupyter_runtime_dir())


def _slashed(path: str) -> str:
    return f"/{path.strip('/')}/" if path.strip("/") else "/"


def public_base(environ: Mapping[str, str], port: int, public_url: str = "") -> str:
    """The address of the receiver at `port` as far as it is known: absolute, else root-relative; no slash at the end.

    `public_url` is the notebook server's address as the person gave it: an origin, or an origin with the base URL.
    """
    base_url = server(environ).base_url
    given = public_url or environ.get("JUPYTERHUB_PUBLIC_URL", "") or _learnt.get(base_url, "")
    if not given:
        return f"{base_url}proxy/{port}"
    parts = urlsplit(given)
    path = _slashed(parts.path) if parts.path.strip("/") else base_url
    return urlunsplit((parts.scheme, parts.netloc, f"{path}proxy/{port}", "", ""))


def learn(address: Address, port: int) -> None:
    """Keep the origin that a bounce has shown, so that the URL to register can be told before the next one."""
    parts = urlsplit(address.base)
    ending = f"proxy/{port}"
    if address.is_proxied and parts.path.endswith(ending):
        _learnt[parts.path.removesuffix(ending)] = f"{parts.scheme}://{parts.netloc}"


def through_proxy(url: str, base: str, port: int) -> str:
    """`url` as the browser reaches it: what runs beside the kernel lies behind the same proxy as the receiver.

    `base` is the receiver's own address there (``…/proxy/PORT``, at `port`).
    """
    parts = urlsplit(url)
    ending = f"/proxy/{port}"
    if parts.scheme != "http" or not is_loopback(parts.hostname or "") or not base.endswith(ending):
        return url
    around = base.removesuffix(ending)
    query = f"?{parts.query}" if parts.query else ""
    return f"{around}/proxy/{parts.port or 80}{parts.path}{query}"
