"""A collection's connections: one TLS context, direct or through a proxy, closed when nobody needs them any more."""

from __future__ import annotations

import contextlib
import ssl
import urllib.request
from collections.abc import Callable
from types import TracebackType
from typing import Any

import httpx

from apiconn_nb import fields
from apiconn_nb.errors import ConfigError
from apiconn_nb.forks import renew_in_child
from apiconn_nb.line import Line
from apiconn_nb.network import Backend

_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30.0)
_NONE_KEPT = httpx.Limits(max_connections=64, max_keepalive_connections=0)

_inherited: list[object] = []  # a parent's connections: a child neither uses nor closes them


class Pool(httpx.BaseTransport):
    """The collection's connections, with one TLS context: direct, or through the proxy of the environment.

    httpx reads the proxy variables for its own transports alone, so they are read here. `alone`: one thread uses it.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext], proxy: str = "", *, alone: bool = False) -> None:
        self._context = context
        self._proxy = proxy
        self._alone = alone
        self._limits = _LIMITS
        self._backend = Backend()
        self._routes: dict[str, httpx.HTTPTransport] = {}
        # Asked once for each host: reading the environment costs as much as a call over loopback.
        self._proxies: dict[tuple[str, str], str] = {}
        renew_in_child(self, Pool._in_child)

    def _in_child(self) -> None:
        _inherited.append(self._routes)
        self._routes, self._backend = {}, Backend()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer over the route that the request's host asks for."""
        place = (request.url.scheme, request.url.host)
        proxy = self._proxies.get(place)
        if proxy is None:
            proxy = self._proxies[place] = self._proxy or _environment_proxy(request.url)
        route = self._routes.get(proxy)
        if route is None:
            # Two threads may both build the route; the second one is dropped unused.
            made = _transport(self._context(), self._limits, proxy)
            # httpcore takes a backend; httpx has no parameter to hand one through, nor a pool.
            made._pool._network_backend = self._backend
            if self._alone:
                made._pool = Line(made._pool)  # type: ignore[assignment]
            route = self._routes.setdefault(proxy, made)
        return route.handle_request(request)

    def retire(self) -> None:
        """Close what is idle now and what is in use when its call ends; a later call opens a connection for itself."""
        self._limits = _NONE_KEPT
        for route in list(self._routes.values()):
            # Of another httpcore they are closed when the collection is forgotten.
            with contextlib.suppress(AttributeError):
                _close_idle(route._pool)

    def cut(self) -> None:
        """End every connection under the threads that use it; the pool is of no use afterwards."""
        self._backend.cut()

    def close(self) -> None:
        """Close the connections."""
        self.closer()()

    def closer(self) -> Callable[[], None]:
        """What closes the connections and holds nothing else, for when a collection is forgotten."""
        routes = self._routes

        def close() -> None:
            for route in list(routes.values()):
                route.close()

        return close

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


def _close_idle(pool: Any) -> None:
    """Close the connections of an httpcore pool that no request has or is about to have, and keep none from now on."""
    with pool._optional_thread_lock:
        pool._max_keepalive_connections = 0
        taken = [each.connection for each in pool._requests]
        idle = [each for each in pool._connections if each.is_idle() and each not in taken]
        pool._connections = [each for each in pool._connections if each not in idle]
    for connection in idle:
        connection.close()


def _transport(context: ssl.SSLContext, limits: httpx.Limits, proxy: str) -> httpx.HTTPTransport:
    try:
        return httpx.HTTPTransport(verify=context, limits=limits, proxy=proxy or None)
    except (ImportError, ValueError, httpx.InvalidURL):  # a SOCKS one without its package, one that httpx does not know
        kind = proxy.partition(":")[0].lower()
        ready = "pip install 'httpx[socks]'" if kind.startswith("socks") else "write it as http://host:port"
        # Its URL is not repeated: user and password stand in it.
        raise ConfigError(f"The proxy of this environment (HTTPS_PROXY) is a {kind:.20} one: {ready}.") from None


def _environment_proxy(url: httpx.URL) -> str:
    proxies = urllib.request.getproxies()
    if not proxies or fields.is_loopback(url.host):
        return ""
    if urllib.request.proxy_bypass(url.host):
        return ""
    return proxies.get(url.scheme) or proxies.get("all") or ""
