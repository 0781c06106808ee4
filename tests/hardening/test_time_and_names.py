"""Rate-limit storms, clocks that jump, names that do not resolve, certificates that are over: one error in time."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb.auth.store import MemoryStore
from apiconn_nb.calling import run
from apiconn_nb.demo import certificates
from apiconn_nb.errors import CallTimeout, NetworkError, StatusError
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from tests.echo import Answer, Arrived, Echo
from tests.hardening import evidence
from tests.opened import Open

NOW = datetime.datetime.now(datetime.UTC)
SILLY = [
    "", "0", "-1", "1e9", "99999999999999999999", "NaN", "inf", "soon",
    "0x10", "1,5", "٣", "1 second", "\t", "00000000",
    "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 32 Foo 2024 25:61:61 GMT", "9" * 400,
    format_datetime(NOW + datetime.timedelta(days=4000), usegmt=True),
]  # fmt: skip


@pytest.mark.parametrize("wait", SILLY)
def test_a_storm_of_429_with_a_silly_retry_after_ends_in_time(echo: Echo, opened: Open, wait: str) -> None:
    value = wait.encode("utf-8").decode("latin-1")
    echo.answer("/x", Answer(429, {"message": "slow down"}, {"Retry-After": value}))
    collection = opened(echo.url, retries=3)
    began = time.monotonic()
    with pytest.raises((StatusError, CallTimeout)) as caught:
        run(collection, parse("GET /x"), timeout=1.5)
    assert time.monotonic() - began < 3.5
    assert "\n" not in str(caught.value)
    assert len(echo.arrived) <= 4
    evidence.count("faults", survived=1)


@pytest.mark.parametrize("jump", [-86400 * 400, -3600, 3600, 86400 * 400])
def test_a_clock_that_jumps_costs_a_renewal_at_most(
    echo: Echo, opened: Open, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    tokens = iter(range(1000))
    echo.answer("/token", lambda _: Answer(body={"access_token": f"CANARY-{next(tokens)}", "expires_in": 3600}))
    auth = {"client_id": "a", "client_secret": Secret("CANARY-secret"), "token_endpoint": f"{echo.url}/token"}
    collection = opened(echo.url, "oauth2-client-credentials", auth, store=MemoryStore(), retries=0)
    collection.send("GET /x")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    began = time.monotonic()
    for _ in range(5):
        assert collection.send("GET /x").status_code == 200
    assert time.monotonic() - began < 5
    assert echo.count("/token") <= 2
    evidence.count("faults", survived=1)


def test_a_clock_that_is_behind_the_servers_renews_on_the_401(
    echo: Echo, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set back by a year, our clock takes a dead token for fresh; the server says otherwise."""
    tokens = iter(range(1000))
    echo.answer("/token", lambda _: Answer(body={"access_token": f"t{next(tokens)}", "expires_in": 60}))

    def guarded(arrived: Arrived) -> Answer:
        return Answer() if arrived.headers["Authorization"] == "Bearer t1" else Answer(401)

    auth = {"client_id": "a", "client_secret": Secret("CANARY-secret"), "token_endpoint": f"{echo.url}/token"}
    echo.answer("/x", guarded)
    collection = opened(echo.url, "oauth2-client-credentials", auth, store=MemoryStore(), retries=0)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 86400 * 365)
    assert collection.send("GET /x").status_code == 200
    assert echo.count("/token") == 2
    evidence.count("faults", survived=1)


def test_a_name_that_does_not_resolve(opened: Open) -> None:
    with pytest.raises(NetworkError, match="no connection") as caught:
        opened("https://no-such-host.example", retries=0).send("GET /x")
    assert "\n" not in str(caught.value)
    assert not caught.value.sent
    evidence.count("faults", survived=1)


def test_a_resolver_that_hangs_ends_with_the_time_of_the_call(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """`getaddrinfo` knows no time-out and hears no Ctrl-C: some resolvers take half a minute."""
    released = threading.Event()

    def hangs(*_: Any, **__: Any) -> Any:
        released.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    collection = opened("https://api.example.org", retries=0)
    began = time.monotonic()
    try:
        with pytest.raises((CallTimeout, NetworkError)):
            collection.deliver(collection.request("GET /x", {}), timeout=0.5)
        assert time.monotonic() - began < 2.5
    finally:
        released.set()
    evidence.count("faults", survived=1)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Any]:
    """``tls(identity)``: a server with that certificate; its URL."""
    running: list[ThreadingHTTPServer] = []

    def serve(made: certificates.Certificates, identity: certificates.Identity) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate_file, identity.private_key_file)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self) -> Any:
                sock, address = super().get_request()
                return context.wrap_socket(sock, True, do_handshake_on_connect=False), address

            def handle_error(self, *_: Any) -> None:
                pass

        server = Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        running.append(server)
        return f"https://127.0.0.1:{server.server_port}"

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("which", ["expired", "foreign", "client"])
def test_a_certificate_that_is_over_foreign_or_for_another_purpose(
    tls: Any, opened: Open, tmp_path: Path, which: str
) -> None:
    made = certificates.make(tmp_path)
    url = tls(made, getattr(made, which))
    with pytest.raises(NetworkError) as caught:
        opened(url, ca_certificate=made.ca, retries=3).send("GET /x")
    said = str(caught.value)
    assert "\n" not in said
    assert "certificate" in said.lower()
    assert "attempts" not in said, "another attempt would meet the same certificate"
    evidence.count("faults", survived=1)
