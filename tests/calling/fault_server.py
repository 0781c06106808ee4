"""A server in a process of its own that fails as planned and counts what it was asked for.

``/items/N`` answers ``{"id": N, "square": N²}`` after the statuses that `plan` has for N; ``/asked`` gives the counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Plan = Mapping[int, list[int]]


class _Server:
    def __init__(self, plan: Plan) -> None:
        self._plan = {number: list(statuses) for number, statuses in plan.items()}
        self._asked: Counter[int] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                status, body = self._answer(head.split(b" ", 2)[1].decode())
                wait = b"Retry-After: 0\r\n" if status in (429, 503) else b""
                writer.write(
                    b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b"
                    % (status, wait, len(body), body)
                )
                await writer.drain()
        writer.close()

    def _answer(self, target: str) -> tuple[int, bytes]:
        if target == "/asked":
            return 200, json.dumps(self._asked).encode()
        number = int(target.rpartition("/")[2])
        self._asked[number] += 1
        if self._plan.get(number):
            return self._plan[number].pop(0), b'{"message": "as planned"}'
        return 200, json.dumps({"id": number, "square": number * number}).encode()


def _run(port: Any, plan: Plan) -> None:
    async def main() -> None:
        server = await asyncio.start_server(_Server(plan).serve, "127.0.0.1", 0, backlog=512)
        port.send(server.sockets[0].getsockname()[1])
        async with server:
            await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())


@contextlib.contextmanager
def failing(plan: Plan) -> Iterator[str]:
    """The server's URL while it runs."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run, args=(there, plan), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join(5)
        here.close()
        there.close()
        process.close()
