"""Hostile addresses by every way that a server can name one: no connection but to the collection's origin.

The witness is the network itself: each connection that is asked for is noted, whatever fence and URL parser think.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpcore
import pytest

from apiconn_nb import network
from apiconn_nb.calling import run
from apiconn_nb.errors import ApiConnError
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from tests.echo import Answer, Arrived, Echo
from tests.hardening import evidence
from tests.hardening.hunter import Hunter
from tests.opened import Open

ADDRESSES = (
    "http://127.0.0.1:{other}/x", "https://127.0.0.1:{home}/x", "https://127.0.0.1:{other}/x", "http://127.0.0.1/x",
    "http://localhost:{home}/x", "http://LOCALHOST:{home}/x", "http://home.localhost:{home}/x", "//localhost:{home}/x",
    "http://[::1]:{home}/x", "http://[::ffff:127.0.0.1]:{home}/x", "http://[::1%25lo]:{home}/x", "http://[::]:{home}/",
    "http://2130706433:{home}/x", "http://0x7f000001:{home}/x", "http://127.1:{home}/x", "http://0177.0.0.1:{home}/x",
    "http://0.0.0.0:{home}/x", "http://127.0.0.2:{home}/x", "http://127.0.0.1.evil.example:{home}/x",
    "http://evil.example/127.0.0.1:{home}/x", "http://evil.example#127.0.0.1:{home}/x", "http://evil.example?@127.0.0.1",
    "http://127.0.0.1:{home}@evil.example/x", "http://127.0.0.1:{home}@127.0.0.1:{other}/x",
    "http://user:pw@127.0.0.1:{home}/x", "http://user:pw@127.0.0.1:{other}/x", "http://127.0.0.1:{home}\\@evil.example/",
    "http://127.0.0.1:{home}%40evil.example/x", "http://127.0.0.1:{home}%2f@evil.example/x", "http:\\\\evil.example\\x",
    "\\\\evil.example\\x", "//evil.example/x", "///evil.example/x", "////evil.example/x", "/\\evil.example/x",
    "http:/evil.example/x", "http:evil.example/x", "http:///evil.example/x", "https://evil.example/x",
    "http://еvil.example/x", "http://xn--80ak6aa92e.example/x", "http://ⓔⓥⓘⓛ.example/x", "http://evil。example/x",
    "http://evil.example\\.127.0.0.1:{home}/x", "http://evil.example%00.127.0.0.1:{home}/x", "http://127.0.0.1:0/x",
    "http://127.0.0.1:{other}0/x", "http://127.0.0.1:-1/x", "http://127.0.0.1:99999/x", "http://127.0.0.1:{home}.0/x",
    "http://127.0.0.1:8 0/x", "http://127.0.0.1:{home}\t@evil.example/x", " http://evil.example/x", "\thttp://evil.example/",
    "HTTP://EVIL.EXAMPLE/x", "hTTps://evil.example/x", "ftp://evil.example/x", "file:///etc/passwd", "gopher://evil.example/",
    "javascript:alert(1)", "data:text/plain,x", "ws://127.0.0.1:{home}/x", "unix:///var/run/docker.sock", "mailto:a@b",
    "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://metadata.google.internal/",
    "", "?", "#", "http://", "http://?", "http://@/", "http://:80/", "http://[", "http://[]/", "http://]/", "http://%/",
    "http://a.b:c/", "http://a\x00b/", "http://a b/", "http://…/", "http://.", "http://..", "http://-/", "http://a..b/",
    "http://" + "a" * 300 + ".example/", "http://evil.example/" + "a" * 70000, "%68ttp://evil.example/", "http%3A//evil.example",  # noqa: E501
)  # fmt: skip
STATUSES = (301, 302, 303, 307, 308)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Each connection that is asked for; none but to 127.0.0.1 is made."""
    asked: list[tuple[str, int]] = []
    connect = network.Backend.connect_tcp

    def noted(self: Any, host: str, port: int, *rest: Any, **options: Any) -> Any:
        asked.append((host.rstrip("."), port))
        if host.rstrip(".") != "127.0.0.1":
            raise httpcore.ConnectError(f"not to {host}")
        return connect(self, host, port, *rest, **options)

    monkeypatch.setattr(network.Backend, "connect_tcp", noted)
    return asked


@pytest.fixture
def attacked(echo: Echo, other_echo: Echo, opened: Open, hunter: Hunter, connected: list[Any]) -> Callable[..., None]:
    """``attacked(call, method)``: for each address, a call while the server names it; nothing may go elsewhere."""
    ports = {"home": int(echo.url.rpartition(":")[2]), "other": int(other_echo.url.rpartition(":")[2])}

    def attack(call: Callable[[Any, str], Any], method: str = "key-in-header", **more: Any) -> None:
        auth = {
            "key-in-header": {"key_name": "X-Key", "key": Secret(hunter("key", ""))},
            "key-in-url": {"key_name": "k", "key": Secret(hunter("key", ""))},
            "oauth2-client-credentials": {
                "client_id": "a", "client_secret": Secret(hunter("secret")), "token_endpoint": f"{echo.url}/token"
            },
        }[method]  # fmt: skip
        shared = {"X-Team": Secret(hunter("shared"))}
        # A new collection for each would be a new TLS context for each: the attacks share one.
        collection = opened(f"{echo.url}/api", method, auth, headers=shared, retries=0, **more)
        said = []
        for address in ADDRESSES:
            try:
                call(collection, address.format(**ports))
            except ApiConnError as error:
                said.append(str(error))
            evidence.count("fence", attacks=1)
        assert set(connected) == {("127.0.0.1", ports["home"])}, set(connected)
        assert other_echo.arrived == []
        assert not [each[:200] for each in said if "\n" in each or len(each) > 3000]
        hunter.assert_absent({"errors": said, "nothing": "."})

    return attack


def header(text: str) -> str:
    """Text as it stands in a header that http.server sends."""
    return text.encode("utf-8").decode("latin-1").replace("\n", "")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirects(attacked: Any, echo: Echo, status: int, method: str) -> None:
    def call(collection: Any, address: str) -> None:
        echo.rules.clear()
        echo.answer("/api/a", Answer(status, b"", {"Location": header(address)}))
        collection.send(
            f"{method} /a\nX-P: [p]\n\n[<p>]" if method == "POST" else "GET /a?p=[p]", p=Secret("private-1")
        )

    attacked(call, "key-in-url")


@pytest.mark.parametrize("member", ["next", "links.next", "@odata.nextLink", "paging.next"])
def test_next_links(attacked: Any, echo: Echo, member: str) -> None:
    def call(collection: Any, address: str) -> None:
        document: Any = address
        for name in reversed([member] if "@" in member else member.split(".")):
            document = {name: document}
        echo.rules.clear()
        echo.answer("/api/a", Answer(body={"items": [{"id": 1}], **document}))
        run(collection, parse("GET /a?p=[p]"), values={"p": Secret("private-1")}, pages=3)

    attacked(call)


def test_link_headers(attacked: Any, echo: Echo) -> None:
    def call(collection: Any, address: str) -> None:
        echo.rules.clear()
        echo.answer("/api/a", Answer(body=[{"id": 1}], headers={"Link": f'<{header(address)}>; rel="next"'}))
        run(collection, parse("GET /a"), pages=3)

    attacked(call, "key-in-url")


def test_the_call_itself(attacked: Any) -> None:
    def call(collection: Any, address: str) -> None:
        collection.send(f"GET {address}")
        collection.send("GET [address]", address=address)

    attacked(call)


@pytest.mark.parametrize("status", [302, 307, 401])
def test_token_endpoints_that_send_elsewhere(attacked: Any, echo: Echo, status: int) -> None:
    def call(collection: Any, address: str) -> None:
        moved = {"Location": header(address), "WWW-Authenticate": f'Bearer resource_metadata="{header(address)}"'}
        echo.rules.clear()
        echo.answer("/token", Answer(status, {"error": "moved", "error_uri": address}, moved))
        collection.send("GET /a")

    attacked(call, "oauth2-client-credentials")


def test_a_redirect_that_is_allowed_without_credentials(
    echo: Echo, other_echo: Echo, opened: Open, hunter: Hunter
) -> None:
    """Nothing of the call goes along: no credential, no shared or private header, no cookie, no body."""
    collection = opened(
        echo.url, "key-in-url", {"key_name": "k", "key": Secret(hunter("key"))},
        headers={"X-Team": Secret(hunter("shared"))}, query={"q": Secret(hunter("query"))}, retries=0,
        redirect_origins=other_echo.url,
    )  # fmt: skip
    for status in STATUSES:
        for cell in ("GET /a?p=[p]\nX-P: [p]\nCookie: [p]", "POST /a\nX-P: [p]\n\n[<p>]"):

            def moved(arrived: Arrived, status: int = status) -> Answer:
                return Answer(
                    status, b"", {"Location": f"{other_echo.url}/there", "Set-Cookie": "s=1; Domain=127.0.0.1"}
                )

            echo.rules.clear()
            echo.answer("/a", moved)
            try:
                collection.send(cell, p=Secret(hunter("private")))
            except ApiConnError:
                continue
            evidence.count("fence", attacks=1)
    assert other_echo.arrived
    hunter.assert_absent({"what arrived elsewhere": [f"{a.target} {a.headers} {a.body!r}" for a in other_echo.arrived]})
    assert all({"Cookie", "Authorization", "X-P", "X-Team"}.isdisjoint(each.headers) for each in other_echo.arrived)
