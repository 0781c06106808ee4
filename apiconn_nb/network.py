"""Sockets that keep a call's deadline and can be cut: a server that sends a byte a minute ends with its time.

httpx's time-outs are for one read each, so a slow answer renews them for ever; and a thread that waits in a read can be
woken by its socket alone.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

_SLICE = 0.25  # seconds
_deadlines = threading.local()


class Deadline:
    """Inside it (``with``) no read or write of this thread lasts beyond `at` (seconds of `time.monotonic`)."""

    __slots__ = ("_at", "_before")

    def __init__(self, at: float) -> None:
        self._at = at
        self._before: float | None = None

    def __enter__(self) -> None:
        self._before = getattr(_deadlines, "at", None)
        _deadlines.at = self._at

    def __exit__(self, *about: object) -> None:
        _deadlines.at = self._before


def time_of_deadline() -> float:
    """Until when this thread may read and write (seconds of `time.monotonic`); infinity where nothing says."""
    at: float | None = getattr(_deadlines, "at", None)
    return float("inf") if at is None else at


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    at = time_of_deadline()
    if at == float("inf"):
        return timeout
    left = at - time.monotonic()
    if left <= 0:
        raise late("the time for the whole call is over")
    return left if timeout is None else min(timeout, left)


class Backend(httpcore.NetworkBackend):
    """httpcore's own network, its streams kept in view."""

    def __init__(self) -> None:
        self._network = httpcore.SyncBackend()
        self._streams: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._is_cut = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection, within the deadline."""
        if self._is_cut:
            raise httpcore.ConnectError("the call was cancelled")
        left = _left(timeout, httpcore.ConnectTimeout)

        def connect() -> httpcore.NetworkStream:
            return self._network.connect_tcp(host, port, left, local_address, socket_options)

        return self._watched(connect() if _needs_no_resolver(host) else _in_time(connect, host, left))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """A connection to a Unix socket, within the deadline."""
        return self._watched(self._network.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        """Wait (httpcore's own retries, which are off)."""
        time.sleep(seconds)

    def cut(self) -> None:
        """End every connection now: threads that read or write on one get an error at once."""
        self._is_cut = True
        for stream in list(self._streams):
            stream.cut()

    def _watched(self, stream: httpcore.NetworkStream) -> Stream:
        watched = Stream(stream, self)
        self._streams.add(watched)
        return watched


def _needs_no_resolver(host: str) -> bool:
    try:
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _in_time(connect: Callable[[], httpcore.NetworkStream], host: str, left: float | None) -> httpcore.NetworkStream:
    """What `connect` returns, within `left` seconds. Raises what it raises, and httpcore.ConnectTimeout.

    The system's resolver knows no time-out and hears no Ctrl-C, and some take half a minute to say no. So it is asked
    on a thread of its own; a connection that comes too late is closed there.
    """
    done: list[httpcore.NetworkStream] = []
    failed: list[BaseException] = []
    ended = threading.Event()
    lock = threading.Lock()
    wanted = True

    def run() -> None:
        try:
            stream = connect()
            with lock:
                if wanted:
                    done.append(stream)
                else:
                    stream.close()
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="apiconn-connect", daemon=True).start()
    try:
        _wait(ended, left)
    except BaseException:
        with lock:
            wanted = False
        for stream in done:
            stream.close()
        raise
    with lock:
        wanted = False
    if done:
        return done[0]
    if failed:
        raise failed[0]
    raise httpcore.ConnectTimeout(f"{host} was not found or did not answer in time")


def _wait(ended: threading.Event, left: float | None) -> None:
    until = None if left is None else time.monotonic() + left
    # In slices: on Windows a longer wait would not let Ctrl-C through.
    while not ended.wait(_SLICE if until is None else min(_SLICE, max(0.0, until - time.monotonic()))):
        if until is not None and time.monotonic() >= until:
            return


class Stream(httpcore.NetworkStream):
    """One connection of a `Backend`."""

    def __init__(self, stream: httpcore.NetworkStream, backend: Backend) -> None:
        self._stream = stream
        self._backend = backend
        self._sock = _socket_of(stream)
        self._wait: float | None = -1.0  # the socket's time-out, as far as it is known

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Bytes, within the deadline."""
        left = _left(timeout, httpcore.ReadTimeout)
        if self._sock is None:
            return self._stream.read(max_bytes, left)
        try:
            self._wait_at_most(left)
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(error) from error
        except OSError as error:
            raise httpcore.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes, within the deadline."""
        left = _left(timeout, httpcore.WriteTimeout)
        if self._sock is None:
            self._stream.write(buffer, left)
            return
        try:
            self._wait_at_most(left)
            while buffer:
                buffer = buffer[self._sock.send(buffer) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout(error) from error
        except OSError as error:
            raise httpcore.WriteError(error) from error

    def _wait_at_most(self, seconds: float | None) -> None:
        # It is mostly what it was, and to set it asks the system each time and lets another thread go first.
        if self._wait != seconds:
            assert self._sock is not None
            self._sock.settimeout(seconds)
            self._wait = seconds

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection under TLS."""
        left = _left(timeout, httpcore.ConnectTimeout)
        return self._backend._watched(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a stream."""
        return self._stream.get_extra_info(info)

    def cut(self) -> None:
        """End the connection under a thread that waits on it; `close` would not wake it."""
        sock = self._stream.get_extra_info("socket")
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                # The plain socket's: an SSLSocket's own would take the TLS object from under the reading thread.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _socket_of(stream: httpcore.NetworkStream) -> socket.socket | None:
    """The socket to read from and write to; None where TLS is not its own (TLS in the TLS of a proxy)."""
    sock = stream.get_extra_info("socket")
    is_inside = isinstance(stream.get_extra_info("ssl_object"), ssl.SSLObject)
    return sock if isinstance(sock, socket.socket) and not is_inside else None
