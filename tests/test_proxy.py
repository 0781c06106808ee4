"""Through a proxy: the environment's or the collection's, for calls and token requests alike, never for loopback."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import http.server
import json
import os
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from apiconn_nb.errors import ConfigError, NetworkError
from apiconn_nb.secrets import Secret
from tests.echo import Echo
from tests.opened import Open

HOST = "api.example.test"


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate and key of `HOST`, its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("identity")
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder


class Api(http.server.BaseHTTPRequestHandler):
    """The server behind the proxy: it says what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({"path": self.path, "host": self.headers["Host"], "key": self.headers.get("X-Key", "")})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"access_token": "CANARY-token", "expires_in": 60})

    def _answer(self, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class Proxy:
    """A CONNECT proxy that leads every host to one port; `asked` holds what came: target and credentials."""

    def __init__(self, port: int, user: str = "") -> None:
        self.asked: list[tuple[str, str]] = []
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = self.request.recv(65536)
                    if not piece:
                        return
                    head += piece
                lines = head.decode().split("\r\n")
                shown = next((line.partition(": ")[2] for line in lines if line.lower().startswith("proxy-auth")), "")
                proxy.asked.append((lines[0].split()[1], shown))
                if user and shown != "Basic " + base64.b64encode(user.encode()).decode():
                    self.request.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                    return
                with socket.create_connection(("127.0.0.1", port)) as behind:
                    self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    pump(self.request, behind)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            ready, _, _ = select.select([one, other], [], [], 5)
            for source in ready:
                piece = source.recv(65536)
                if not piece:
                    return
                (other if source is one else one).sendall(piece)


@pytest.fixture
def behind(identity: Path) -> Iterator[int]:
    """The port of the TLS server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity / "cert.pem", identity / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def proxy(behind: int) -> Iterator[Proxy]:
    running = Proxy(behind)
    yield running
    running.close()


def ca(identity: Path) -> str:
    return f"file:{identity / 'cert.pem'}"


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_environments_proxy(
    opened: Open, proxy: Proxy, identity: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, f"http://{proxy.address}")
    auth = {"key_name": "X-Key", "key": Secret("s+/=&k")}
    found = opened(f"https://{HOST}/v1", "key-in-header", auth, ca_certificate=ca(identity)).send("GET /x?a=1").json()
    assert found == {"path": "/v1/x?a=1", "host": HOST, "key": "s+/=&k"}
    assert proxy.asked == [(f"{HOST}:443", "")], "the proxy sees a host, and no credential"


def test_a_token_request_takes_the_same_way(
    opened: Open, proxy: Proxy, identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
    auth = {"client_id": "a", "client_secret": Secret("CANARY-s"), "token_endpoint": f"https://{HOST}/token"}
    collection = opened(f"https://{HOST}", "oauth2-client-credentials", auth, ca_certificate=ca(identity))
    assert collection.send("GET /x").status_code == 200
    assert proxy.asked == [(f"{HOST}:443", "")], "one connection for both"


def test_hosts_that_the_environment_excepts(
    opened: Open, proxy: Proxy, identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
    monkeypatch.setenv("NO_PROXY", "example.test")
    with pytest.raises(NetworkError, match="no connection"):
        opened(f"https://{HOST}", retries=0, ca_certificate=ca(identity)).send("GET /x")
    assert not proxy.asked


def test_loopback_is_never_asked_for_at_a_proxy(
    opened: Open, proxy: Proxy, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{proxy.address}")
    assert opened(echo.url).send("GET /x").status_code == 200
    assert not proxy.asked


def test_the_collections_own_proxy(opened: Open, proxy: Proxy, identity: Path) -> None:
    collection = opened(f"https://{HOST}", proxy=f"http://{proxy.address}", ca_certificate=ca(identity))
    assert collection.send("GET /x").json()["host"] == HOST


def test_a_proxy_that_wants_a_password(
    opened: Open, behind: int, identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = Proxy(behind, "ada:pass word")
    collection = opened(f"https://{HOST}", retries=0, ca_certificate=ca(identity))
    try:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:wrong@{guarded.address}")
        with pytest.raises(NetworkError, match="407") as caught:
            collection.send("GET /x")
        assert "wrong" not in str(caught.value)
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:pass%20word@{guarded.address}")
        fresh = opened(f"https://{HOST}", ca_certificate=ca(identity))
        assert fresh.send("GET /x").status_code == 200
    finally:
        guarded.close()


@pytest.mark.parametrize("proxy_url", ["http://ada:CANARY-pw@proxy:3128", "proxy:3128", "ftp://proxy", "http://"])
def test_a_proxy_that_cannot_be_or_holds_a_password_is_refused(opened: Open, proxy_url: str) -> None:
    with pytest.raises(ConfigError, match="Proxy") as caught:
        opened("https://api.example.org", proxy=proxy_url)
    assert "CANARY" not in str(caught.value)


def test_a_proxy_that_is_away_is_said(opened: Open, identity: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    with pytest.raises(NetworkError, match="no connection"):
        opened(f"https://{HOST}", retries=0, ca_certificate=ca(identity)).send("GET /x")
    assert os.environ["HTTPS_PROXY"]
