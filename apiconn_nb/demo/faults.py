"""Trouble on request, behind every door.

========================================== ===============================================================
``/status/503?retry_after=2``              that status, always; ``retry_after`` in seconds,
                                           ``retry_date`` as an HTTP date that many seconds from now
``/flaky/customers?fail=503&times=2&run=a`` fails so often (per name ``run``), then gives the rows;
                                           takes ``retry_after`` and ``retry_date`` too
``/slow/customers?ms=500``                 the rows, that much later
``/redirect/customers?status=307&hops=2``  a redirect to the rows, in so many steps; ``to=elsewhere`` crosses to
                                           another origin (``localhost`` instead of ``127.0.0.1``)
``/odd/…``                                 answers that break clients: ``empty``, ``truncated``, ``not-json``, ``html``,
                                           ``nan``, ``duplicate-keys``, ``deep``, ``latin-1``, ``big-integer``, ``huge``
========================================== ===============================================================
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from .problems import Refused
from .rows import number
from .state import State

_MAX_WAIT_MS = 60_000
_ODD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "application/json"),
    "not-json": (b"Everything is fine.", "application/json"),
    "html": (b"<!doctype html><title>Maintenance</title><h1>Back soon</h1>", "text/html; charset=utf-8"),
    "nan": (b'[{"id": 1, "value": NaN}]', "application/json"),
    "duplicate-keys": (b'[{"id": 1, "id": 2}]', "application/json"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "application/json"),
    "latin-1": ('[{"name": "Zoë"}]'.encode("latin-1"), "application/json"),
    "big-integer": (b'[{"id": ' + b"9" * 400 + b"}]", "application/json"),
}
_HUGE_BYTES = 64 * 1024 * 1024


class Faults:
    """The routes above; `resources` are the views that give rows in the end."""

    def __init__(self, state: State, resources: dict[str, Callable[[], Response]]) -> None:
        self._state = state
        self._resources = resources

    def add_routes(self, blueprint: Blueprint) -> None:
        """Add them."""
        every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        blueprint.add_url_rule("/status/<int:code>", view_func=self.status, methods=every)
        blueprint.add_url_rule("/flaky/<resource>", view_func=self.flaky, methods=every)
        blueprint.add_url_rule("/slow/<resource>", view_func=self.slow)
        blueprint.add_url_rule("/redirect/<resource>", view_func=self.redirect, methods=every)
        blueprint.add_url_rule("/odd/<kind>", view_func=self.odd)

    def status(self, code: int) -> Response:
        """That status."""
        if code not in [status.value for status in HTTPStatus] or code < 200:
            raise Refused(400, "That is not a status from 200 to 599.")
        return _failure(code)

    def flaky(self, resource: str) -> Response:
        """Failures first, rows after them."""
        view = self._resource(resource)
        run = request.args.get("run", "")
        with self._state.store.lock:
            failed = self._state.failures.get(run, 0)
            again = failed < number("times", 1, 0, 100)
            self._state.failures[run] = failed + 1
        return _failure(number("fail", 503, 400, 599)) if again else view()

    def slow(self, resource: str) -> Response:
        """Rows, later."""
        view = self._resource(resource)
        time.sleep(number("ms", 500, 0, _MAX_WAIT_MS) / 1000)
        return view()

    def redirect(self, resource: str) -> Response:
        """One step towards the rows."""
        self._resource(resource)
        hops, status = number("hops", 1, 1, 20), number("status", 302, 301, 308)
        if status not in (301, 302, 303, 307, 308):
            raise Refused(400, "status must be 301, 302, 303, 307 or 308.")
        door = request.path.rsplit("/redirect/", 1)[0]
        to = request.args.get("to", "")
        target = f"{door}/{resource}"
        if hops > 1:
            target = f"{door}/redirect/{resource}?{urlencode({'hops': hops - 1, 'status': status, 'to': to})}"
        elif to == "elsewhere":
            target = f"{request.host_url.rstrip('/').replace('127.0.0.1', 'localhost')}{target}"
        return Response(status=status, headers={"Location": target})

    def odd(self, kind: str) -> Response:
        """An answer that breaks careless clients."""
        if kind == "truncated":
            # The length promised is not the length sent. An iterator: of a list, Werkzeug counts the bytes itself.
            part = iter([b'[{"id": 1}, {"id"'])
            return Response(part, headers={"Content-Length": "4096"}, content_type="application/json")
        if kind == "huge":
            packed = gzip.compress(b"[" + b" " * _HUGE_BYTES + b"]", 9)
            return Response(packed, headers={"Content-Encoding": "gzip"}, content_type="application/json")
        if kind not in _ODD:
            raise Refused(404, f"There is {', '.join((*_ODD, 'truncated', 'huge'))}.")
        body, content_type = _ODD[kind]
        return Response(body, content_type=content_type)

    def _resource(self, name: str) -> Callable[[], Response]:
        if name not in self._resources:
            raise Refused(404, f"There is {', '.join(self._resources)}.")
        return self._resources[name]


def _failure(code: int) -> Response:
    headers = {}
    if "retry_after" in request.args:
        headers["Retry-After"] = str(number("retry_after", 1, 0, 3600))
    if "retry_date" in request.args:
        headers["Retry-After"] = formatdate(time.time() + number("retry_date", 1, 0, 3600), usegmt=True)
    if code == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="apiconn demo", error="invalid_token"'
    if code in (204, 304):
        return Response(status=code, headers=headers)
    return Refused(code, "As asked for.", headers).response()
