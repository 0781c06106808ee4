"""What goes over the wire: a server that keeps each request, and two senders of one curl command, curl's and ours."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from apiconn_nb.importers import Source, read
from apiconn_nb.live_collection import Collection
from apiconn_nb.options import settle_values
from apiconn_nb.request import parse
from apiconn_nb.workspace import Workspace

# What each client says of itself, and what a browser adds.
OWN = {"host", "accept", "accept-encoding", "user-agent", "connection", "content-length", "transfer-encoding", "expect"}


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def told(self) -> dict[str, Any]:
        """What it says, the freedom of its encoding taken out: pairs are decoded, multipart has no boundary."""
        parts = urlsplit(self.target)
        headers: dict[str, str] = {}
        for name, value in self.headers:
            if name.lower() not in OWN:
                key = name.lower()
                headers[key] = f"{headers[key]}, {value}" if key in headers else value
        kind = headers.get("content-type", "")
        body: Any = self.body
        if "urlencoded" in kind:
            body = parse_qsl(self.body.decode(), keep_blank_values=True) or self.body
        elif kind.startswith("multipart/"):
            headers["content-type"] = "multipart/form-data"
            boundary = kind.partition("boundary=")[2].encode()
            body = [part.strip(b"\r\n-") for part in self.body.split(b"--" + boundary)]
        elif "json" in kind:
            with contextlib.suppress(ValueError):
                body = json.loads(self.body)
        query = sorted(parse_qsl(parts.query, keep_blank_values=True))
        if "text/plain" in kind:
            body = self.body.rstrip(b"\n")  # a cell's body ends with its last line
        return {"method": self.method, "path": unquote(parts.path), "query": query, "headers": headers, "body": body}


class Wire(ThreadingHTTPServer):
    """Answers everything with 200 and ``{}``, and keeps what came in `seen`."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.seen: list[Seen] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self) -> list[Seen]:
        """What came since the last look."""
        seen, self.seen = self.seen, []
        return seen


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Wire

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        self.server.seen.append(Seen(self.command, self.path, list(self.headers.items()), body))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"{}")

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "TRACE"):
    setattr(_Handler, f"do_{_method}", _Handler._answer)


@contextmanager
def wire(port: int = 0) -> Iterator[Wire]:
    """A running server."""
    server = Wire(port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def by_curl(curl: str, command: str, folder: Path, **variables: str) -> None:
    """Run the command in bash, with the real `curl` first in PATH."""
    path = os.pathsep.join([str(Path(curl).parent), "/usr/bin", "/bin"])
    subprocess.run(
        ["bash", "--norc", "-c", command],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
    )


def by_us(command: str, folder: Path, **values: Any) -> list[str]:
    """Import the command and send each of its calls; what the import says was lost."""
    imported = read(Source("the cell", command))
    workspace = Workspace(folder / "apiconn.toml")
    for settings in imported.settings:
        put_away = workspace.put_away_secrets(settings)
        trusted = {name: each for name, each in put_away.connection.items() if name != "trusted_origins"}
        collection = Collection(dataclasses.replace(put_away, connection=trusted))
        try:
            for saved in put_away.calls.values():
                given = settle_values(saved, values, {}, settings.name)
                collection.deliver(collection.request(parse(saved.request), given, frozenset(saved.private)))
        finally:
            collection.close()
    return [*imported.report.lost, *imported.report.refused]
