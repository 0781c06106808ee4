"""The receiver of a login's answer: two routes on 127.0.0.1, constant pages, nothing logged, nothing reflected.

Under jupyter-server-proxy its pages have Jupyter's own origin and its requests carry Jupyter's cookies, so it repeats
nothing that it was sent and keeps no header.
"""

from __future__ import annotations

import hmac
import os
import threading
from typing import Any, Protocol
from urllib.parse import parse_qsl

from apiconn_nb.errors import LoginError
from apiconn_nb.login.jupyter import Address, seen_from
from apiconn_nb.login.pages import CONTINUE, FAILED, NOT_FOUND, REFUSED, Reply, go_to
from apiconn_nb.login.sockets import HOST, Server
from apiconn_nb.login.transaction import AnswerRefused, Pairs

_MOST_PARAMETERS = 40
_MOST_QUERY = 16384  # characters
_POLL = 0.05  # seconds within which it notices that it is to end


class Desk(Protocol):
    """What the receiver asks of a login."""

    start_key: str
    """What ``/start?login=…`` has to name: nobody else's page can begin this login."""
    callback_path: str
    is_secure: bool

    def begin(self, address: Address) -> str:
        """The provider's URL for a browser that sees the receiver at `address`."""

    def knows_host(self, host: str) -> bool:
        """Whether the browser may call the receiver so, besides its own address."""

    def take(self, pairs: Pairs) -> bool:
        """Take an answer; whether it is a good one. Raises AnswerRefused for what is none of this login."""


class Receiver:
    """A server on 127.0.0.1 for the logins that are registered with it.

    Parameters: `port`, 0 for any free one. Raises OSError where the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._desks: list[Desk] = []
        self._server = Server(self.route, port)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL,), name="apiconn-receiver", daemon=True
        )
        self._thread.start()

    def add(self, desk: Desk) -> None:
        """Serve `desk` too."""
        self._desks = [*self._desks, desk]

    def remove(self, desk: Desk) -> bool:
        """Serve it no longer; whether that was the last one."""
        self._desks = [each for each in self._desks if each is not desk]
        return not self._desks

    def close(self) -> None:
        """Stop listening; answers under way are still sent."""
        self._server.shutdown()
        self._server.server_close()
        self._server.drop_idle()
        self._thread.join(2.0)

    def abandon(self) -> None:
        """Let go of the port in a process whose receiver's thread is another's."""
        self._server.socket.close()

    def start_path(self, desk: Desk) -> str:
        """The path that begins the login of `desk`."""
        return "/begin" if desk.callback_path == "/start" else "/start"

    def route(self, target: str, headers: Any) -> Reply:
        """The reply to a GET of `target`."""
        path, _, query = target.partition("?")
        if not path.startswith("/") or len(query) > _MOST_QUERY:
            return REFUSED
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
        except ValueError:
            return REFUSED
        desks = self._desks
        for desk in desks:
            if path == self.start_path(desk) and _names(pairs, desk.start_key):
                return self._begin(desk, headers)
        at_path = [desk for desk in desks if desk.callback_path == path]
        if not self._is_known_host(headers, desks):
            return REFUSED
        return _deliver(at_path, pairs) if at_path else NOT_FOUND

    def _begin(self, desk: Desk, headers: Any) -> Reply:
        address = seen_from(headers, is_secure=desk.is_secure)
        if address is None or not (address.is_proxied or self._is_own(address.host)):
            return REFUSED
        return go_to(desk.begin(address))

    def _is_known_host(self, headers: Any, desks: list[Desk]) -> bool:
        """Whether the request names a host that this receiver has (DNS rebinding names another)."""
        address = seen_from(headers)
        if address is None:
            return False
        return self._is_own(address.host) or any(desk.knows_host(address.host) for desk in desks)

    def _is_own(self, host: str) -> bool:
        return host in (f"{HOST}:{self.port}", f"localhost:{self.port}")


def _names(pairs: Pairs, key: str) -> bool:
    given = [value for name, value in pairs if name == "login"]
    return len(given) == 1 and hmac.compare_digest(given[0].encode(), key.encode())


def _deliver(desks: list[Desk], pairs: Pairs) -> Reply:
    """Give the answer to the login whose state it carries."""
    for desk in desks:
        try:
            return CONTINUE if desk.take(pairs) else FAILED
        except AnswerRefused:
            continue
    return REFUSED


# ── one receiver for each port ─────────────────────────────────────────────────────────────────────────────────────

_open: dict[int, Receiver] = {}
_lock = threading.Lock()


def serve(desk: Desk, port: int, *, is_fixed: bool) -> Receiver:
    """Have `desk` served at `port`, shared with the other logins of this process; elsewhere where it may be.

    Raises LoginError where the port is fixed and somebody else has it.
    """
    with _lock:
        receiver = _open.get(port) or _listen(port, is_fixed)
        _open[receiver.port] = receiver
        receiver.add(desk)
        return receiver


def _listen(port: int, is_fixed: bool) -> Receiver:
    try:
        return Receiver(port)
    except OSError:
        if is_fixed:
            raise LoginError(
                f"Port {port} of this machine, where the registered redirect URL leads, is in use (another kernel's "
                "sign-in, or another program): end that, or sign in with --via paste."
            ) from None
        return Receiver(0)


def dismiss(desk: Desk, receiver: Receiver) -> None:
    """Serve `desk` no longer; the last one closes the receiver."""
    with _lock:
        if not receiver.remove(desk):
            return
        _open.pop(receiver.port, None)
    receiver.close()


def _forget_parents_receivers() -> None:
    """In a forked child: the threads stayed behind, and so do the receivers."""
    global _lock
    _lock = threading.Lock()
    for receiver in _open.values():
        receiver.abandon()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parents_receivers)
