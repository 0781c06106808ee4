"""A long answer, generated while it is sent: how fast it becomes a frame, and how much memory that takes.

    python -m tests.benchmarks.streaming [--full]

100 MB, with ``--full`` 1 GB. Each way runs in a process of its own; the peak is its own (``VmHWM``), less what it had
before the call. ``lines``: NDJSON; ``whole``: the same under a type that does not say it is lines, so that it is read
whole first; ``pages``: as many bytes of JSON in pages of 5,000 rows, eight at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import apiconn_nb.live_collection as live
from apiconn_nb.calling import run
from apiconn_nb.request import parse
from apiconn_nb.settings import CollectionSettings

_RECORD = {"name": "x" * 40, "amount": 12.5, "active": True, "owner": {"id": 7, "login": "someone"}, "note": None}


class Measured(NamedTuple):
    """What one way took: seconds, seconds of CPU, MB at the peak above the start, MB of the frame, rows."""

    seconds: float
    cpu: float
    peak: float
    frame: float
    rows: int


def _block(start: int, count: int) -> bytes:
    return b"".join(json.dumps({"id": start + n, **_RECORD}).encode() + b"\n" for n in range(count))


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        _, kind, size = path.partition("?")[0].split("/")
        if kind == "pages":
            page = int(path.rpartition("=")[2])
            await _page(writer, page, max(1, round(int(size) / len(_items()))))
            return
        media = "application/x-ndjson" if kind == "lines" else "application/json"
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nConnection: close\r\n\r\n".encode())
        block, sent = _block(0, 5000), 0
        while sent < int(size):
            writer.write(block)
            sent += len(block)
            await writer.drain()
    writer.close()


@functools.cache
def _items() -> bytes:
    return b"[" + _block(0, 5000).replace(b"\n", b",")[:-1] + b"]"


async def _page(writer: asyncio.StreamWriter, page: int, pages: int) -> None:
    # Other bytes in each page: one that repeats another would end the paging.
    body = b'{"page": %d, "total_pages": %d, "items": ' % (page, pages)
    body += _items().replace(b'{"id": 0,', b'{"id": -%d,' % page, 1) + b"}"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


def _serve(port: Any) -> None:
    async def main() -> None:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        async with server:
            await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The URL of a server in a process of its own; ``/lines/SIZE`` and ``/whole/SIZE`` answer so many bytes."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        threading.Thread(target=process.join, daemon=True).start()


def memory(field: str) -> float:
    """``VmHWM`` (the peak) or ``VmRSS`` (now) of this process, in MB (Linux)."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(field))
    return int(line.split()[1]) / 1024


def measure(url: str, kind: str, size: int, said: Any) -> None:
    """Make one call and send what it took through the pipe `said`."""
    collection = live.Collection(CollectionSettings("bench", connection={"base_url": url, "max_bytes": 2 << 30}))
    query, many = ("?page=1", "all") if kind == "pages" else ("", 1)
    run(collection, parse(f"GET /{kind}/2000000{query}"), pages=many)  # warm: what is imported, and the first shape
    before, began, cpu = memory("VmRSS"), time.perf_counter(), time.process_time()
    frame = run(collection, parse(f"GET /{kind}/{size}{query}"), pages=many).frame()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    held = float(frame.memory_usage(deep=True).sum()) / 2**20
    said.send(Measured(seconds, cpu, memory("VmHWM") - before, held, len(frame)))


def in_a_process(url: str, kind: str, size: int) -> Measured:
    """`measure` in a process of its own, so that the peak is that of one call."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=measure, args=(url, kind, size, there))
    process.start()
    there.close()
    found: Measured = here.recv()
    process.join()
    return found


def main() -> None:
    """Run both ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="1 GB")
    size = 1_000_000_000 if parser.parse_args().full else 100_000_000
    with serving() as url:
        print(f"{size / 1e6:,.0f} MB → a frame")
        for kind in ("lines", "pages", "whole"):
            found = in_a_process(url, kind, size)
            print(
                f"{kind:6} {found.seconds:6.1f} s, {found.cpu:.1f} s of CPU ({size / 1e6 / found.cpu:,.0f} MB/s) · "
                f"peak +{found.peak:,.0f} MB, {found.peak / (size / 2**20):.2f} × the answer, "
                f"{found.peak / found.frame:.2f} × the frame ({found.rows:,} rows, {found.frame:,.0f} MB)"
            )


if __name__ == "__main__":
    main()
