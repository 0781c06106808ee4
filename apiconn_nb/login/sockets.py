"""The receiver's sockets: 127.0.0.1 alone, one thread for each of a bounded number of connections, no log.

When one connection too many comes, the oldest that has not asked anything is dropped: half-open sockets, idle
preconnects and port scans cannot hold up the answer.
"""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import threading
from collections import OrderedDict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from apiconn_nb.login.pages import HEADERS, ONLY_GET, REFUSED, Reply

HOST = "127.0.0.1"
_MOST = 64  # connections
_TIMEOUT = 5.0  # seconds of silence on a connection
_BACKLOG = 128
_MOST_BODY = 65536  # bytes

Route = Callable[[str, Any], Reply]
"""The reply to a GET: request target and headers."""


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 at `port` (0: any free one) and answers as `route` says.

    Raises OSError where the port is taken.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = _BACKLOG
    # On Windows SO_REUSEADDR would let another program listen on the same port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, route: Route, port: int) -> None:
        self.route = route
        self._connections: OrderedDict[socket.socket, bool] = OrderedDict()  # whether its request has been read
        self._lock = threading.Lock()
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer would ask the name server for this machine's name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections[request] = False
            unread = [each for each, is_read in self._connections.items() if not is_read]
            oldest = unread[0] if len(self._connections) > _MOST and unread else None
        if oldest is not None:
            _drop(oldest)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def has_read(self, request: Any) -> None:
        """A connection whose request has been read is answered at once: it is not dropped."""
        with self._lock:
            if request in self._connections:
                self._connections[request] = True

    def drop_idle(self) -> None:
        """End the connections that have not asked anything."""
        with self._lock:
            idle = [connection for connection, is_read in self._connections.items() if not is_read]
        for connection in idle:
            _drop(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a traceback would hold the query."""


def _drop(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = _TIMEOUT

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._refuse_method
        raise AttributeError(name)

    def do_GET(self) -> None:
        self.server.has_read(self.request)
        self._reply(self.server.route(self.path, self.headers))

    def _refuse_method(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if length.isdigit():
            # A body left unread resets the connection, and with it the answer.
            self.rfile.read(min(int(length), _MOST_BODY))
        self._reply(ONLY_GET)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The standard library would repeat parts of the request here."""
        self._reply(REFUSED)

    def _reply(self, reply: Reply) -> None:
        self.close_connection = True
        self.send_response_only(reply.status)
        for name, value in (*HEADERS, *reply.headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.page)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the standard library's name
        """Say nothing: the query is in the request line."""
