"""The connections of one thread: one for each origin, and no queue.

httpcore's pool is made for many threads: for each call it takes its lock twice, goes through what it holds and asks the
system twice whether a connection still stands. A thread that makes one call after the other needs none of it.
"""

from __future__ import annotations

import httpcore


class Line:
    """Takes the place of `pool`, which says how a connection is made (direct, through its proxy). For one thread."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool
        self._connections: dict[tuple[bytes, bytes, int | None], httpcore.ConnectionInterface] = {}

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """The answer, over the connection that stands or another one. The answer before it must have been closed."""
        url = request.url
        if url.scheme not in (b"http", b"https"):
            raise httpcore.UnsupportedProtocol(f"{url.scheme.decode()!r} is neither http nor https.")
        place = (url.scheme, url.host, url.port)
        connection = self._connections.get(place)
        if connection is not None and not (connection.is_idle() and not connection.has_expired()):
            del self._connections[place]
            connection.close()
            connection = None
        if connection is None:
            connection = self._connections[place] = self._pool.create_connection(url.origin)
        return connection.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        while self._connections:
            self._connections.popitem()[1].close()
