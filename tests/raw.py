"""A TCP server that says exactly the bytes it is told, connection by connection: resets, half answers, silence."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

Script = Callable[["Connection"], None]


class Connection:
    """One accepted connection."""

    def __init__(self, sock: socket.socket, server: RawServer) -> None:
        self._sock = sock
        self._server = server

    def read_request(self) -> bytes:
        """The request's head and as much of the body as Content-Length says; kept in the server's `arrived`."""
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = self._sock.recv(65536)
            if not chunk:
                return received
            received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        wanted = int(lengths[0].partition(b":")[2]) if lengths else 0
        while len(body) < wanted:
            body += self._sock.recv(65536)
        self._server.arrived.append(head + b"\r\n\r\n" + body)
        return head

    def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Send the pieces, waiting `pause` seconds between them."""
        for piece in pieces:
            self._sock.sendall(piece)
            if pause:
                time.sleep(pause)

    def answer(self, body: bytes = b'[{"id": 1}]', *, status: str = "200 OK", **headers: str) -> None:
        """A whole answer; the connection is closed after it."""
        lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.send(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)

    def reset(self) -> None:
        """Break the connection with RST, as a crashing server or a cut cable does."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def hang(self, seconds: float = 30.0) -> None:
        """Say nothing until the server stops or the time is over."""
        self._server.stopped.wait(seconds)


class RawServer:
    """Runs `scripts` one per connection, the last one for ever. `arrived` holds each request's raw bytes."""

    def __init__(self) -> None:
        self.arrived: list[bytes] = []
        self.scripts: list[Script] = [lambda each: (each.read_request(), each.answer())[1]]
        self.stopped = threading.Event()
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def script(self, *scripts: Script) -> None:
        """What the next connections do; the last one is repeated."""
        self.scripts = list(scripts)

    def close(self) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in [self._acceptor, *self._threads]:
            thread.join(5)

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            thread = threading.Thread(target=self._run, args=(script, sock), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, script: Script, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            script(Connection(sock, self))


@pytest.fixture
def raw() -> Iterator[RawServer]:
    """A server that says exactly what its scripts say; see `RawServer`."""
    server = RawServer()
    yield server
    server.close()
