"""A proxy on the way that is broken or hostile: one clear error in time, and no credential in its hands."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apiconn_nb.errors import ApiConnError, CallTimeout, NetworkError
from apiconn_nb.secrets import Secret
from tests.hardening import evidence
from tests.hardening.hunter import Hunter
from tests.opened import Open
from tests.shell import NotebookShell

TIMEOUT, LATE = 0.6, 1.5  # seconds for a call, and what a loaded machine may need beyond
Answer = Callable[[socket.socket, threading.Event], None]


def says(text: bytes) -> Answer:
    """Answer the CONNECT with `text` and end."""
    return lambda client, stopped: client.sendall(text)


def silent(client: socket.socket, stopped: threading.Event) -> None:
    stopped.wait(20)


def slow(client: socket.socket, stopped: threading.Event) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n")
    while not stopped.wait(0.05):
        client.sendall(b"X: 1\r\n")


def tunnel_to_nothing(client: socket.socket, stopped: threading.Event) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    stopped.wait(20)


ANSWERS: dict[str, Answer] = {
    "closes at once": says(b""),
    "is silent": silent,
    "never ends its head": slow,
    "opens a tunnel to nothing": tunnel_to_nothing,
    "407": says(
        b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    ),
    "502 with a page": says(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 25\r\n\r\n<script>alert(1)</script>"),
    "redirects": says(b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n"),
    "speaks no HTTP": says(b"SSH-2.0-OpenSSH_9.6\r\n" * 20),
    "answers itself in plain text": says(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"),
    "answers with a TLS alert": says(b"HTTP/1.1 200 OK\r\n\r\n\x15\x03\x01\x00\x02\x02\x46"),
    "a head of ten megabytes": says(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 10_000_000),
}


class Proxy:
    """Takes what a connection sends first, then does `answer`."""

    def __init__(self, answer: Answer) -> None:
        self.received: list[bytes] = []
        self.stopped = threading.Event()
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            self.received.append(client.recv(65536))
            self._answer(client, self.stopped)
            client.shutdown(socket.SHUT_WR)
            while piece := client.recv(65536):
                self.received.append(piece)

    def close(self) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def behaving() -> Iterator[Callable[[Answer], Proxy]]:
    """``behaving(answer)``: a proxy that does so."""
    made: list[Proxy] = []

    def make(answer: Answer) -> Proxy:
        made.append(Proxy(answer))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("token", [False, True])
@pytest.mark.parametrize("name", ANSWERS)
def test_a_proxy_that(
    behaving: Callable[[Answer], Proxy], opened: Open, hunter: Hunter, name: str, token: bool
) -> None:
    proxy = behaving(ANSWERS[name])
    method = "oauth2-client-credentials" if token else "key-in-header"
    auth = {
        "key-in-header": {"key_name": "X-Key", "key": Secret(hunter("key", ""))},
        "oauth2-client-credentials": {
            "client_id": "a", "client_secret": Secret(hunter("secret")), "token_endpoint": "https://api.example.test/token"
        },
    }[method]  # fmt: skip
    collection = opened("https://api.example.test", method, auth, proxy=proxy.url, retries=0)
    began = time.monotonic()
    with pytest.raises((NetworkError, CallTimeout)) as caught:
        collection.deliver(collection.request("GET /x?p=[p]", {"p": Secret(hunter("private"))}), timeout=TIMEOUT)
    assert time.monotonic() - began < TIMEOUT + LATE
    said = str(caught.value)
    assert "\n" not in said
    assert "<script" not in said or len(said) < 700
    assert proxy.received, "the proxy was not asked"
    hunter.assert_absent({"error": said, "what the proxy got": b"".join(proxy.received) or b"-"})
    assert not [each.name for each in threading.enumerate() if each.name.startswith("apiconn")]
    evidence.count("faults", survived=1)


def test_a_proxy_that_is_not_there(opened: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(NetworkError) as caught:
        opened("https://api.example.test", proxy=f"http://127.0.0.1:{port}", retries=0).send("GET /x")
    assert "\n" not in str(caught.value)
    evidence.count("faults", survived=1)


@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "socks9", "socks5", "no-url"])
def test_a_proxy_of_the_environment_with_a_password(
    magics: NotebookShell, hunter: Hunter, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """The password is in the variable's URL, which is in nothing that is said; also where httpx cannot use it."""
    if importlib.util.find_spec("socksio") and scheme == "socks5":
        pytest.skip("a SOCKS proxy that is not there would be asked: pip uninstall socksio")
    password = hunter("proxy-password", "")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    address = f"me:{password}@127.0.0.1:{port}"
    monkeypatch.setenv("HTTPS_PROXY", address if scheme == "no-url" else f"{scheme}://{address}")
    magics.run("%apiconn_auth shop none --base-url https://api.example.test --retries 0")
    left: dict[str, Any] = {}
    for line in ("%apicall shop GET /x", "%apicall shop GET /x --debug", "%apiconn_auth shop --test --debug"):
        result = magics.run_cell(line)
        error = result.error_in_exec
        assert error is None or isinstance(error, ApiConnError), repr(error)
        left[line] = f"{error} {error!r} {result.result!r}"
    hunter.assert_absent({**left, "shown": magics.display_text() or "-"})
    evidence.count("faults", survived=1)
