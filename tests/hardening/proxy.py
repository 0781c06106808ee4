"""A TCP proxy between us and a real server that breaks what goes through it, connection by connection."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator

Fault = Callable[["Passage"], None]
CHUNK = 65536


class Passage:
    """One connection through the proxy: `client` towards us, `server` towards the real one."""

    def __init__(self, client: socket.socket, server: socket.socket, stopped: threading.Event) -> None:
        self.client = client
        self.server = server
        self.stopped = stopped

    def request(self) -> bytes:
        """Take one whole request (its head, and a body of Content-Length) and pass it on."""
        received = _head(self.client)
        length = re.search(rb"(?i)content-length: *(\d+)", received)
        missing = int(length[1]) - len(received.partition(b"\r\n\r\n")[2]) if length else 0
        while missing > 0:
            more = self.client.recv(CHUNK)
            received, missing = received + more, missing - len(more)
        self.server.sendall(received)
        return received

    def answer(self) -> tuple[bytes, bytes]:
        """The real server's whole answer, as its head and its body. It is asked to close behind it."""
        received = b""
        self.server.settimeout(5)
        head = _head(self.server)
        head, _, received = head.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        wanted = int(length[1]) if length else None
        while wanted is None or len(received) < wanted:
            chunk = self.server.recv(CHUNK)
            if not chunk or (wanted is None and received.endswith(b"0\r\n\r\n")):
                break
            received += chunk
            if wanted is None and received.endswith(b"0\r\n\r\n"):
                break
        return head, received

    def say(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Send bytes to us, `pause` seconds after each piece."""
        for piece in pieces:
            self.client.sendall(piece)
            if pause and self.stopped.wait(pause):
                return

    def reset(self) -> None:
        """End with RST."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()

    def hang(self, seconds: float = 20.0) -> None:
        """Say nothing more."""
        self.stopped.wait(seconds)


class FaultProxy:
    """Listens on `url` and passes on to `target` (a port of 127.0.0.1) by way of `fault` (None: faithfully)."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.fault: Fault | None = None
        self.connections = 0
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    @contextlib.contextmanager
    def breaking(self, fault: Fault) -> Iterator[None]:
        """New connections meet `fault` meanwhile."""
        self.fault = fault
        try:
            yield
        finally:
            self.fault = None

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._pass, args=(client, self.fault or faithful), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _pass(self, client: socket.socket, fault: Fault) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._target)) as server:
            fault(Passage(client, server, self._stopped))


def faithful(passage: Passage) -> None:
    """Pass on both ways until one side ends."""

    def copy(source: socket.socket, goal: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK):
                goal.sendall(chunk)
        with contextlib.suppress(OSError):
            goal.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=copy, args=(passage.server, passage.client), daemon=True)
    back.start()
    copy(passage.client, passage.server)
    back.join(10)


def _head(sock: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = sock.recv(CHUNK)
        if not chunk:
            break
        received += chunk
    return received
