"""A server of our own for faults and for what the wire shows: it keeps what arrived and answers what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest


@dataclass
class Arrived:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What the server answers; a JSON value as `body` is sent as JSON."""

    status: int = 200
    body: Any = field(default_factory=lambda: {"items": [{"id": 1}, {"id": 2}]})
    headers: dict[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Rule = Callable[[Arrived], Answer | None]


class Echo:
    """The server. `rules` are asked in order for an answer; `arrived` is what came, oldest first."""

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self.rules: list[Rule] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def last(self) -> Arrived:
        return self.arrived[-1]

    def answer(self, path: str, *answers: Answer | Rule) -> None:
        """Answer requests of `path` with each of `answers` in turn, the last one for ever."""
        queue = list(answers)

        def rule(arrived: Arrived) -> Answer | None:
            if urlsplit(arrived.target).path != path:
                return None
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            return answer(arrived) if callable(answer) else answer

        self.rules.insert(0, rule)

    def count(self, path: str) -> int:
        return sum(urlsplit(each.target).path == path for each in self.arrived)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16

            def handle_one(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                arrived = Arrived(self.command, self.path, dict(self.headers), self.rfile.read(length))
                echo.arrived.append(arrived)
                answer = next((found for rule in echo.rules if (found := rule(arrived)) is not None), Answer())
                content = answer.content()
                self.send_response(answer.status)
                headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **answer.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_one  # noqa: N815 -- named by http.server

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


@pytest.fixture
def echo() -> Iterator[Echo]:
    """A server that keeps what arrived; see `Echo`."""
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def other_echo() -> Iterator[Echo]:
    """Another one, on another origin."""
    server = Echo()
    yield server
    server.close()
