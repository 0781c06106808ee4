"""A provider and an API that accept whatever arrives, repeat all of it wherever they can, and fail as they are told.

Each situation is a path below ``/api/``. What comes back holds the request as it came, credentials too: in the body, in
a header, in a redirect's address. So what is searched afterwards has met every secret on its way back as well.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from apiconn_nb.demo import certificates
from tests.hardening.hunter import Hunter

SITUATIONS = ("success", "401", "403", "slow", "reset", "bad-json", "away", "interrupt")


class World:
    """One HTTP server, one more over TLS (it asks for a client certificate), and a stranger on another origin.

    `arrived` are the heads and bodies that came; `to_stranger` those that came to the stranger.
    """

    def __init__(self, hunter: Hunter, folder: Path) -> None:
        self.hunter = hunter
        self.certificates = certificates.make(folder)
        self.arrived: list[str] = []
        self.to_stranger: list[str] = []
        self.stopped = threading.Event()
        self.busy = threading.Event()  # set while a request hangs
        self._granted = 0
        self._servers = [_serve(_handler(self)), _serve(_handler(self), self._context()), _serve(_stranger(self))]
        self.url, tls, self.stranger = (f"http://127.0.0.1:{each.server_port}" for each in self._servers)
        self.tls_url = tls.replace("http:", "https:")

    def close(self) -> None:
        self.stopped.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server = self.certificates.server
        context.load_cert_chain(server.certificate_file, server.private_key_file)
        context.load_verify_locations(self.certificates.ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def new_tokens(self) -> dict[str, Any]:
        """A token response whose every value is a secret, one of them deep inside."""
        self._granted += 1
        number = self._granted
        return {
            "access_token": self.hunter(f"access-token-{number}", "-._~+/"),
            "refresh_token": self.hunter(f"refresh-token-{number}"),
            "id_token": self.hunter(f"id-token-{number}"),
            "session": {"api_token": self.hunter(f"inner-token-{number}")},
            "expires_in": 3600,
            "token_type": "Bearer",
        }


def _serve(handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def get_request(self) -> tuple[Any, Any]:
            sock, address = super().get_request()
            # The handshake is done by the first read, on the connection's own thread.
            return (context.wrap_socket(sock, True, do_handshake_on_connect=False) if context else sock), address

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that hung up

    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16

    def received(self) -> str:
        """Head and body as they came."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        head = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{self.command} {self.path}\n{head}\n\n{body.decode('utf-8', 'replace')}"

    def answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        named = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in named.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


def _stranger(world: World) -> type[BaseHTTPRequestHandler]:
    class Stranger(_Handler):
        def do_GET(self) -> None:
            world.to_stranger.append(self.received())
            self.answer(200, b"[]")

        do_POST = do_PUT = do_GET  # noqa: N815 -- named by http.server

    return Stranger


def _handler(world: World) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        def do_GET(self) -> None:
            came = self.received()
            world.arrived.append(came)
            path, query = urlsplit(self.path).path, urlsplit(self.path).query
            if path == "/token":
                return self.answer(200, json.dumps(world.new_tokens()).encode())
            if path == "/authorize":
                asked = dict(parse_qsl(query))
                back = urlencode({"code": world.hunter("code", ""), "state": asked["state"]})
                return self.answer(302, b"", Location=f"{asked['redirect_uri']}?{back}")
            if path == "/profile":
                return self.answer(200, b'{"id": 1, "email": "ada@example.org"}')
            return self.situation(path.rpartition("/")[2], came, query)

        do_POST = do_PUT = do_GET  # noqa: N815 -- named by http.server

        def situation(self, name: str, came: str, query: str) -> None:
            repeated = {"X-Seen": quote(came)[:4000], "Set-Cookie": "s=1"}
            rows = json.dumps({"items": [{"id": 1, "seen": came}, {"id": 2, "seen": dict(self.headers)}]})
            if name in ("401", "403"):
                said = json.dumps({"error": "denied", "message": f"Not with {came}"})
                return self.answer(int(name), said.encode(), WWW_Authenticate='Bearer realm="x"', **repeated)
            if name in ("slow", "interrupt"):
                if name == "interrupt":
                    world.busy.set()
                world.stopped.wait(2)
                return self.answer(200, rows.encode())
            if name == "reset":
                return self.reset()
            if name == "bad-json":
                return self.answer(200, rows[: len(rows) // 2].encode(), **repeated)
            if name == "away":
                return self.answer(307, b"", Location=f"{world.stranger}/api/success?{query}")
            return self.answer(200, rows.encode(), **repeated)

        def reset(self) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                socket.socket.close(self.connection)

    return Handler
