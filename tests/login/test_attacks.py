"""What strangers may do to a login under way: nothing. Against the real receiver, with the demo as the provider."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apiconn_nb.demo.server import Demo
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login, pages, receiver, sockets
from tests.login.conftest import Browser, ours, until

Shop = Callable[..., Collection]
Begin = Callable[..., Login]
CODE = "CANARY-code-of-somebody-else"


def callback(login: Login, **parameters: str) -> str:
    return f"{login.redirect_url}?{urlencode(parameters)}"


def finish(login: Login, provider: Demo) -> None:
    """The real person signs in, and it works: whatever went before has ended nothing."""
    assert login.state == "waiting", login.message
    provider.sign_in(login.link)
    assert login.wait(10)
    assert login.state == "done", login.message
    assert provider.counters["token:authorization_code"] == 1, "strangers' codes were sent to the provider"


@pytest.fixture
def login(shop: Shop, begin: Begin) -> Login:
    return begin(shop())


STRANGERS = [
    {"code": CODE},
    {"code": CODE, "state": ""},
    {"code": CODE, "state": "wrong"},
    {"code": CODE, "state": "w" * 43},
    {"error": "access_denied"},
    {"error": "access_denied", "state": "wrong"},
    {"error": "access_denied", "error_description": "<script>alert(1)</script>", "state": "wrong"},
    {"access_token": "CANARY-token", "state": "wrong"},
    {},
    {"iss": "https://evil.example", "code": CODE, "state": "wrong"},
]


def test_a_wrong_or_missing_state_is_answered_400_and_ends_nothing(
    login: Login, browser: Browser, provider: Demo
) -> None:
    browser.open(login.link)
    for parameters in STRANGERS:
        answer = browser.get(callback(login, **parameters))
        assert (answer.status_code, answer.content) == (400, pages.REFUSED.page), parameters
        assert login.state == "waiting", parameters
    finish(login, provider)


def test_a_replayed_answer_is_refused(shop: Shop, begin: Begin, browser: Browser, provider: Demo) -> None:
    first, second = shop(), shop(name="other")
    # Two logins share the receiver, so that it still listens after the first one has ended.
    one, two = begin(first), begin(second)
    state = browser.open(one.link)["state"]
    assert browser.get(callback(one, error="access_denied", state=state)).status_code == 200
    until(lambda: one.state == "failed")
    for parameters in ({"error": "access_denied", "state": state}, {"code": CODE, "state": state}):
        assert browser.get(callback(two, **parameters)).status_code == 400
    finish(two, provider)


def test_a_second_answer_while_the_first_is_exchanged_is_refused(
    login: Login, browser: Browser, provider: Demo
) -> None:
    states = [browser.open(login.link)["state"] for _ in range(2)]
    assert browser.get(callback(login, error="access_denied", state=states[0])).status_code == 200
    with contextlib.suppress(httpx.TransportError):  # it may have closed by now
        assert browser.get(callback(login, code=CODE, state=states[1])).status_code == 400
    assert login.wait(5)
    assert "access_denied" in login.message
    assert provider.counters["token:authorization_code"] == 0


def test_a_late_answer_is_refused(
    shop: Shop, begin: Begin, browser: Browser, provider: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apiconn_nb.login.transaction.LIFETIME", 0.2)
    login = begin(shop())
    asked = browser.open(login.link)
    time.sleep(0.3)
    for parameters in ({"code": CODE}, {"error": "access_denied"}):
        assert browser.get(callback(login, state=asked["state"], **parameters)).status_code == 400
    monkeypatch.undo()
    finish(login, provider)


def test_a_duplicate_parameter_is_refused(login: Login, browser: Browser, provider: Demo) -> None:
    asked = browser.open(login.link)
    for twice in ("code", "state", "error", "x"):
        url = callback(login, code=CODE, state=asked["state"], error="e", x="1") + f"&{twice}=again"
        assert browser.get(url).status_code == 400, twice
    finish(login, provider)


def test_a_foreign_host_is_refused(login: Login, browser: Browser, provider: Demo) -> None:
    """DNS rebinding: a name of the attacker's that leads to 127.0.0.1."""
    asked = browser.open(login.link)
    port = urlsplit(login.redirect_url).port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil:{port}", "[::1]"):
        for url in (callback(login, code=CODE, state=asked["state"]), login.link):
            assert browser.get(url, Host=host).status_code == 400, host
    finish(login, provider)


def test_no_host_two_hosts_and_no_http_at_all_are_refused(login: Login, provider: Demo) -> None:
    port = urlsplit(login.redirect_url).port or 0
    for raw in (
        b"GET /callback HTTP/1.0\r\n\r\n",
        f"GET /callback HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\n\r\n".encode(),
        b"GET /callback\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 CANARY\r\n\r\n",
        b"GET http://evil.example/callback HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET //evil.example/callback HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CANARY\r\n\r\n",
        b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n",
        b"GET /callback HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ):
        answer = exchange(port, raw)
        assert b"200" not in answer.split(b"\r\n", 1)[0]
        assert b"CANARY" not in answer, "nothing is reflected"
    finish(login, provider)


def exchange(port: int, raw: bytes) -> bytes:
    """Send bytes, and read what comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(raw)
        received = b""
        with contextlib.suppress(OSError):
            while chunk := connection.recv(65536):
                received += chunk
        return received


def test_nothing_but_get_is_served(login: Login, browser: Browser, provider: Demo) -> None:
    """`response_mode=form_post` would arrive without Jupyter's cookies: it is not served at all."""
    asked = browser.open(login.link)
    answer = {"code": CODE, "state": asked["state"]}
    for verb in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND"):
        for url in (login.redirect_url, callback(login, **answer), login.link):
            assert browser.http.request(verb, url, data=answer).status_code == 405, verb
    finish(login, provider)


def test_the_link_cannot_be_guessed_and_begins_no_other_login(
    shop: Shop, begin: Begin, browser: Browser, provider: Demo
) -> None:
    one, two = begin(shop()), begin(shop(name="other", scope="read"))
    base = one.link.partition("?")[0]
    for suffix in ("", "?login=", "?login=wrong", "?login=w%C3%B6rng", "?x=1", f"?login={'a' * 32}"):
        assert browser.get(base + suffix).status_code == 404
    assert browser.get(one.link + "&login=x").status_code == 404
    assert len(one.link.partition("login=")[2]) >= 32
    assert browser.open(two.link)["scope"] == "read"
    assert browser.open(one.link).get("scope") is None
    finish(one, provider)


def test_another_issuer_ends_the_login_before_its_code_is_used(
    shop: Shop, begin: Begin, browser: Browser, provider: Demo
) -> None:
    """The mix-up attack: the state is right, and the answer is another provider's."""
    login = begin(shop(issuer=provider.url))
    asked = browser.open(login.link)
    answer = browser.get(callback(login, code=CODE, state=asked["state"], iss="https://evil.example"))
    assert (answer.status_code, answer.content) == (200, pages.FAILED.page)
    assert login.wait(5)
    assert login.state == "failed"
    assert "'https://evil.example'" in login.message
    assert "Issuer (--issuer)" in login.message
    assert provider.counters["token:authorization_code"] == 0, "the code went to no token endpoint"


def test_the_demo_can_lie_about_its_issuer(shop: Shop, begin: Begin, provider: Demo) -> None:
    for quirk, said in (("wrong-iss", "somebody-else"), ("no-iss", "always sends")):
        login = begin(
            shop(issuer=provider.url, authorization_endpoint=f"{provider.url}/oauth/authorize?quirks={quirk}")
        )
        provider.sign_in(login.link)
        assert login.wait(5)
        assert login.state == "failed"
        assert said in login.message
    assert provider.counters["token:authorization_code"] == 0


def test_script_in_an_error_description_is_plain_text_and_on_no_page(
    shop: Shop, begin: Begin, browser: Browser
) -> None:
    login = begin(shop())
    asked = browser.open(login.link)
    script = "<script>alert(1)</script>\r\nSet-Cookie: a=b\u202e\x1b[31m"
    answer = browser.get(callback(login, error="server_error", error_description=script, state=asked["state"]))
    assert answer.content == pages.FAILED.page, "constant"
    assert "set-cookie" not in answer.headers
    assert login.wait(5)
    assert "server_error: <script>alert(1)</script> Set-Cookie: a=b [31m" in login.message
    assert login.message.isprintable(), "a terminal or a bidirectional text is not steered"


def test_a_secret_echoed_in_an_error_is_masked(shop: Shop, begin: Begin, browser: Browser, provider: Demo) -> None:
    login = begin(shop())
    asked = browser.open(login.link)
    secret = provider.credentials.live.client_secret
    browser.get(callback(login, error="x", error_description=f"bad {secret}", state=asked["state"]))
    assert login.wait(5)
    assert secret not in login.message + str(login.steps)


PAGES = [pages.CONTINUE, pages.FAILED, pages.REFUSED, pages.NOT_FOUND, pages.ONLY_GET]


def test_every_page_is_constant_and_closed(login: Login, browser: Browser, provider: Demo) -> None:
    asked = browser.open(login.link)
    base = login.redirect_url.rpartition("/")[0]
    answers = [
        browser.get(login.link),
        browser.get(f"{base}/favicon.ico"),
        browser.get(callback(login, code=CODE)),
        browser.http.post(login.redirect_url),
        browser.get(callback(login, error="e", state=asked["state"])),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not {"server", "set-cookie", "date"} & set(answer.headers), "nothing tells who answers"
        assert answer.status_code == 302 or answer.content in [page.page for page in PAGES]
    for page in PAGES:
        assert b"<script" not in page.page
        assert b"style" not in page.page


def test_it_listens_on_the_literal_loopback_address_alone(login: Login) -> None:
    (running,) = receiver._open.values()
    assert running._server.socket.getsockname()[0] == "127.0.0.1" == sockets.HOST
    assert running._server.socket.family == socket.AF_INET


def test_strays_and_half_open_sockets_neither_block_nor_end_the_wait(login: Login, provider: Demo) -> None:
    """1,000 stray requests, idle preconnects, half a request, resets and port scans, and the real one among them."""
    port = urlsplit(login.redirect_url).port or 0
    idle: list[socket.socket] = []

    def preconnect(number: int) -> None:
        with contextlib.suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            if number % 3 == 1:
                connection.sendall(b"GET /callback?code=x HTT")
            if number % 3 == 2:
                # A reset instead of an orderly end.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
                return
            idle.append(connection)

    paths = ("/favicon.ico", "/callback?code=x&state=y", "/start?login=z", "/callback?error=access_denied", "/")

    def stray(number: int) -> bytes:
        target = paths[number % len(paths)]
        for _ in range(5):
            # A connection may be dropped in favour of a newer one (a browser asks again), and in the end it is closed.
            with contextlib.suppress(OSError):
                raw = exchange(port, f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
                if raw:
                    return raw.split(b" ", 2)[1]
        return b"none"

    begun = time.monotonic()
    with ThreadPoolExecutor(24) as pool:
        for number in range(200):
            preconnect(number)
        before = list(pool.map(stray, range(500)))
        meanwhile = pool.map(stray, range(500))
        for number in range(200, 400):
            pool.submit(preconnect, number)
        most = threading.active_count()
        finish(login, provider)
        duration = time.monotonic() - begun
        assert set(before) == {b"400", b"404"}
        assert set(meanwhile) <= {b"400", b"404", b"none"}
    assert duration < 20, f"the sign-in took {duration:.1f} s among the strays"
    assert most < 24 + sockets._MOST + 40, "threads are bounded"
    for connection in idle:
        connection.close()


def test_whatever_is_asked_is_answered_and_ends_nothing(login: Login, provider: Demo) -> None:
    (running,) = receiver._open.values()
    own = Message()
    own["Host"] = f"127.0.0.1:{running.port}"

    @given(
        target=st.one_of(st.text(), st.text().map("/callback?{}".format), st.text().map("/start?login={}".format)),
        names=st.lists(st.tuples(st.sampled_from(["Host", "X-ProxyContextPath", "X-Forwarded-Proto"]), st.text())),
    )
    @settings(max_examples=300, deadline=None)
    def ask(target: str, names: list[tuple[str, str]]) -> None:
        headers = Message()
        for name, value in names:
            headers.add_header(name, value.encode("latin-1", "replace").decode("latin-1"))
        for each in (own, headers):
            assert running.route(target, each).status in (400, 404)
        assert login.state == "waiting"

    ask()
    finish(login, provider)


def test_half_open_sockets_are_dropped_when_it_ends(login: Login, provider: Demo) -> None:
    port = urlsplit(login.redirect_url).port or 0
    with socket.create_connection(("127.0.0.1", port), timeout=5) as idle:
        idle.sendall(b"GET /call")
        finish(login, provider)
        assert idle.recv(10) == b""
    assert not ours()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_two_logins_at_once_never_mix(shop: Shop, begin: Begin, browser: Browser, provider: Demo) -> None:
    live, development = provider.credentials.live, provider.credentials.development
    both = {
        "client_id": live.client_id,
        "dev_client_id": development.client_id,
        "dev_client_secret": "env:APICONN_DEMO_DEV_CLIENT_SECRET",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in provider.environ().items():
            patch.setenv(name, value)
        one, two = shop(**both), shop(environment="development", **both)
        for_live, for_development = begin(one), begin(two)
        assert for_live.redirect_url == for_development.redirect_url, "one receiver for both"
        asked_live, asked_development = browser.open(for_live.link), browser.open(for_development.link)
        assert asked_live["state"] != asked_development["state"]
        assert asked_live["code_challenge"] != asked_development["code_challenge"]
        # The answer to the development login, whoever delivers it, is the development login's.
        provider.sign_in(for_development.link, username=development.username, password=development.password)
        assert for_development.wait(10)
        assert for_development.state == "done", for_development.message
        assert for_live.state == "waiting"
        assert one.slot.token is None
        assert two.slot.token is not None
        assert "development" in for_development.message
        # And it cannot be turned into the live one's: its code is bound to its own verifier and state.
        answer = browser.get(callback(for_live, code=CODE, state=asked_development["state"]))
        assert answer.status_code == 400
        provider.sign_in(for_live.link)
        assert for_live.wait(10)
        assert for_live.state == "done", for_live.message
    assert one.slot.token != two.slot.token


def test_a_development_code_is_of_no_use_to_the_live_login(
    shop: Shop, begin: Begin, browser: Browser, provider: Demo, person_at_the_demo: Callable[[str], str]
) -> None:
    """An attacker who can deliver a stolen code with the victim's own state is stopped by PKCE."""
    victim, attacker = begin(shop()), begin(shop(name="attacker"))
    browser.open(attacker.link)
    stolen = person_at_the_demo(attacker.link)
    state = browser.open(victim.link)["state"]
    assert browser.get(callback(victim, code=stolen, state=state)).status_code == 200
    assert victim.wait(5)
    assert victim.state == "failed"
    assert "invalid_grant" in victim.message


def test_nothing_is_printed_or_logged(
    login: Login,
    browser: Browser,
    provider: Demo,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = browser.open(login.link)
    browser.get(callback(login, code="CANARY-query"), Cookie="session=CANARY-jupyter-cookie")
    with contextlib.suppress(OSError):
        exchange(urlsplit(login.redirect_url).port or 0, b"CANARY nonsense\r\n\r\n")
    finish(login, provider)
    own = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
    written = "".join(capfd.readouterr()) + "\n".join(record.getMessage() for record in own)
    for secret in ("CANARY", asked["state"], asked["code_challenge"]):
        assert secret not in written
    # What the kernel itself sends is logged by httpx, through our filter.
    assert asked["state"] not in caplog.text.replace(callback(login, code="CANARY-query"), "")


def test_the_state_is_in_no_message_link_or_step(login: Login, browser: Browser, provider: Demo) -> None:
    asked = browser.open(login.link)
    shown = repr(login) + login.link + login.message + str(login.steps)
    finish(login, provider)
    shown += repr(login) + login.link + login.message + str(login.steps)
    for secret in (asked["state"], asked["code_challenge"]):
        assert secret not in shown
    assert login.link == "", "the link is gone when the login has ended"
