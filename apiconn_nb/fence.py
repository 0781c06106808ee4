"""Where credentials may go: the collection's origins (RFC 6454), over https, loopback excepted."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

from apiconn_nb.errors import FenceError
from apiconn_nb.fields import is_loopback

_PORTS = {"http": 80, "https": 443}
Origin = tuple[str, str, int]
"""Scheme, host (lower case, IDNA), port."""


NO_ORIGIN = "none"
"""What an imported collection's Trusted origins say before its person has let any through."""


def origin_of(url: httpx.URL | str) -> Origin:
    """The origin of a URL (RFC 6454 §4)."""
    parsed = httpx.URL(url)
    host = parsed.raw_host.decode("ascii").lower().rstrip(".")
    return parsed.scheme, host, parsed.port or _PORTS.get(parsed.scheme, 0)


def origins_of(urls: Iterable[str]) -> frozenset[Origin]:
    """The origins of several URLs."""
    return frozenset(origin_of(url) for url in urls if url)


def show(origin: Origin) -> str:
    """An origin as people write it."""
    scheme, host, port = origin
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" + ("" if _PORTS.get(scheme) == port else f":{port}")


def check_call(url: httpx.URL, allowed: frozenset[Origin], collection: str) -> None:
    """Raise FenceError unless a call of the collection may go to `url` with its credentials."""
    target = origin_of(url)
    if target not in allowed:
        homes = ", ".join(sorted(map(show, allowed))) or "none"
        raise FenceError(
            f"{show(target)} is no origin of {collection} ({homes}): its credentials do not go there. "
            f"If they should, add it: %apiconn_auth {collection} --allowed-origins {show(target)}"
        )
    check_encrypted(url)


def check_trusted(url: httpx.URL, trusted: frozenset[Origin], destinations: Iterable[Origin], collection: str) -> None:
    """Raise FenceError unless an imported collection's credentials may go to `url`.

    `trusted` is what the person has let through, `destinations` are all the places the collection's settings name.
    """
    target = origin_of(url)
    if target in trusted:
        return
    places = ", ".join(sorted(map(show, {*destinations, target})))
    raise FenceError(
        f"{collection} was imported, and its credentials have not been let through to {show(target)}: nothing was "
        f"sent. They would go to {places}. If that is right: %apiconn_auth {collection} --trust"
    )


def check_encrypted(url: httpx.URL) -> None:
    """Raise FenceError for a URL that would send credentials unencrypted."""
    if url.scheme != "https" and not is_loopback(url.host):
        raise FenceError(f"{show(origin_of(url))} is not encrypted, and credentials go over https alone: use https://.")
