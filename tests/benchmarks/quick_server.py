"""A server in a process of its own that answers at once: keep-alive, TCP_NODELAY, a kilobyte of JSON, and tokens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import socket
from collections.abc import Iterator
from typing import Any

ROWS = [{"id": number, "name": f"name {number}", "price": number * 1.25} for number in range(20)]
BODY = json.dumps({"items": ROWS}).encode()
TOKEN = json.dumps({"access_token": "t" * 40, "expires_in": 3600}).encode()
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            _, found, length = head.lower().partition(b"content-length: ")
            if found:
                await reader.readexactly(int(length.partition(b"\r")[0]))
            body = TOKEN if head.startswith(b"POST /token") else BODY
            writer.write(_HEAD % len(body) + body)
            await writer.drain()
    writer.close()


def _run(ready: Any) -> None:
    async def main() -> None:
        server = await asyncio.start_server(_serve, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The server's URL."""
    context = multiprocessing.get_context("spawn")  # a fork would take this process's threads and sockets along
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join(5)
