"""Werkzeug's threaded server, made fit for a demo that tests and benchmarks lean on.

- **Keep-alive.** Werkzeug closes each connection after one answer and waits 10 ms for stray bytes. Here the body is
  read before the app runs, so the connection stands at the next request line and stays open (RFC 9112 §9.3).
- **TLS handshakes in the connection's own thread**: a half-open connection cannot hold up the others.
- **Quiet**: nothing is logged; a handshake that fails is counted.
- **Stops at once**: open connections are closed, and no thread is left behind.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from ..errors import UsageError
from .counters import Counters

HOST = "127.0.0.1"
_IDLE_SECONDS = 60
_HANDSHAKE_SECONDS = 10
_MAX_BODY_BYTES = 16 * 1024 * 1024
_BACKLOG = 256


class _BadBodyError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Handler(WSGIRequestHandler):
    """One connection: any number of requests, one after the other."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # The head and the body go out in two writes: with Nagle's algorithm the second waits for the client's delayed ACK.
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Answer one request."""
        try:
            body = self._body()
        except _BadBodyError as error:
            self.close_connection = True
            self.send_error(error.status)
            return
        environ = self.make_environ()
        # Read already, so it ends where it ends: no Content-Length is needed to stop a reader.
        environ["wsgi.input"], environ["wsgi.input_terminated"] = io.BytesIO(body), True
        head: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], None]:
            head[:] = [status, headers]
            return lambda data: None

        answer: Iterable[bytes] = self.server.app(environ, start_response)
        try:
            self._send(head, answer)
        finally:
            close = getattr(answer, "close", None)
            if close:
                close()

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            raise _BadBodyError(400)
        if len(length) > 12 or int(length) > _MAX_BODY_BYTES:
            raise _BadBodyError(413)
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(length))
        stream = self.make_environ()["wsgi.input"]
        body: bytes = io.BufferedReader(stream).read(_MAX_BODY_BYTES + 1)
        if len(body) > _MAX_BODY_BYTES:
            raise _BadBodyError(413)
        return body

    def _send(self, head: list[Any], answer: Iterable[bytes]) -> None:
        parts = iter(answer)
        first = next(parts, b"")
        status, headers = head
        code, _, phrase = status.partition(" ")
        self.send_response_only(int(code), phrase)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "date" not in names:
            self.send_header("Date", self.date_time_string())
        bodiless = self.command == "HEAD" or code in ("204", "304")
        chunked = not bodiless and "content-length" not in names
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if bodiless:
            self.wfile.flush()
            return
        sent = self._write(first, chunked) + sum(self._write(part, chunked) for part in parts)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        promised = next((int(value) for name, value in headers if name.lower() == "content-length"), sent)
        if promised != sent:
            self.close_connection = True

    def _write(self, data: bytes, chunked: bool) -> int:
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
            self.wfile.flush()
        return len(data)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - Werkzeug's name
        """Nothing: a query holds keys and codes."""


class Server(ThreadedWSGIServer):
    """One listening socket of the demo and the thread that accepts on it."""

    def __init__(self, listener: socket.socket, context: ssl.SSLContext | None, app: Any, counters: Counters) -> None:
        # By descriptor: Werkzeug's own binding prints and leaves the process when a port is taken.
        super().__init__(HOST, listener.getsockname()[1], app, handler=Handler, fd=listener.fileno())
        listener.close()
        # Set afterwards, or Werkzeug would wrap the listening socket and shake hands while it accepts.
        self.ssl_context = context
        self._counters = counters
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting, close every connection, wait for their threads (2 seconds at most)."""
        self.shutdown()
        self._thread.join()
        with self._changed:
            for connection in self._open:
                _hang_up(connection)
            self._changed.wait_for(lambda: not self._open, timeout=2)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Run one connection, in its own thread."""
        connection = self._secured(request) if self.ssl_context else request
        if connection is None:
            return
        with self._changed:
            self._open.add(connection)
        try:
            super().finish_request(connection, client_address)
        finally:
            if connection is not request:
                _hang_up(connection)
                connection.close()
            with self._changed:
                self._open.discard(connection)
                self._changed.notify_all()

    def _secured(self, request: socket.socket) -> ssl.SSLSocket | None:
        assert self.ssl_context is not None
        request.settimeout(_HANDSHAKE_SECONDS)
        try:
            return self.ssl_context.wrap_socket(request, server_side=True)
        except OSError:
            self._counters.add("tls_refused")
            return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that went away is no news, and what goes wrong in the app is logged by Flask."""


def listen(port: int) -> socket.socket:
    """A socket that listens on 127.0.0.1. Raises UsageError where the port (0: any free one) is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(f"The demo cannot listen on {HOST}:{port} ({error}): take another port, or 0.") from None
    return listener


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
