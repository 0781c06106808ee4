"""A server that costs as little as it can: ``python -m tests.hardening.fast_server`` says its port.

Answers are bytes made once; a connection is served until it ends.
"""

from __future__ import annotations

import asyncio
import contextlib

ROWS = b'{"items":[{"id":1,"name":"a"},{"id":2,"name":"b"}]}'


def answer(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    return head + more + b"\r\n" + body


ANSWERS = {
    b"/rows": answer(ROWS),
    b"/refused": answer(b'{"message":"no"}', b"403 Forbidden"),
    b"/pages": answer(ROWS, more=b'Link: </pages2>; rel="next"\r\n'),
    b"/pages2": answer(ROWS),
}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            if path == b"/broken":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[")
                break
            writer.write(ANSWERS[path])
            await writer.drain()
    writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
