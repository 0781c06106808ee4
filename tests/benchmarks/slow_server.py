"""A server in a process of its own that answers each request after a fixed time: what a benchmark waits for.

``/items/N`` answers one record, ``/pages?page=N`` one of `PAGES` pages; over TLS where a certificate is given.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import multiprocessing
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

LATENCY = 0.05  # seconds
PAGES = 200
PER_PAGE = 100

_latency = LATENCY  # of this process's server


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            began = asyncio.get_running_loop().time()
            body = _body(head.split(b" ", 2)[1].decode())
            await asyncio.sleep(_latency - (asyncio.get_running_loop().time() - began))
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            await writer.drain()
    writer.close()


def _body(target: str) -> bytes:
    parts = urlsplit(target)
    if not parts.path.startswith("/pages"):
        return json.dumps({"id": parts.path.rsplit("/", 1)[-1], "name": "x" * 40, "owner": {"id": 1}}).encode()
    page = int(parse_qs(parts.query).get("page", ["1"])[0])
    return _page(page)


@functools.cache
def _page(page: int) -> bytes:
    first = (page - 1) * PER_PAGE
    items = [{"id": first + n, "name": "x" * 40, "owner": {"id": n, "login": "someone"}} for n in range(PER_PAGE)]
    return json.dumps({"items": items, "page": page, "total_pages": PAGES, "total": PAGES * PER_PAGE}).encode()


def _serve(port: Any, certificate: tuple[str, str] | None, latency: float) -> None:
    global _latency
    _latency = latency
    for page in range(1, PAGES + 1):
        _page(page)  # made beforehand: of eight that ask at once the last would wait for the others' pages

    async def main() -> None:
        context = None
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*certificate)
        server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context, backlog=512)
        port.send(server.sockets[0].getsockname()[1])
        async with server:
            await server.serve_forever()

    # epoll and poll sleep for whole milliseconds, rounded up: each answer would be one too late.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main())


@contextlib.contextmanager
def running(certificate: tuple[str, str] | None = None, latency: float = LATENCY) -> Iterator[str]:
    """The server's URL while it runs.

    Parameters: `certificate`, a pair of paths (PEM, key), None: plain HTTP; `latency`, seconds for each answer.
    """
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(there, certificate, latency), daemon=True
    )
    process.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        threading.Thread(target=process.join, daemon=True).start()
