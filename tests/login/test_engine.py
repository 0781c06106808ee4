"""A login from link to token: it returns at once, calls wait for it, one per collection and environment."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from apiconn_nb.auth.store import MemoryStore
from apiconn_nb.demo.server import Demo
from apiconn_nb.errors import ConfigError, LoginError, LoginRequired, PlaceholderError, UsageError
from apiconn_nb.live_collection import Collection
from apiconn_nb.login import Login, login_of, logout, redirect_to_register, stand_in, start_login
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.canary import Canary
from tests.echo import Answer, Echo
from tests.login.conftest import Browser, query, until

Shop = Callable[..., Collection]
Begin = Callable[..., Login]

HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}


def in_background(act: Callable[[], Any]) -> Future[Any]:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(act)
    pool.shutdown(wait=False)
    return future


# ── the four ways ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_loopback(shop: Shop, begin: Begin, provider: Demo) -> None:
    collection, seen = shop(), []
    login = begin(collection, on_change=lambda each: seen.append((each.state, each.message)))
    assert (login.state, login.via, login.user_code) == ("waiting", "loopback", "")
    assert login.link.startswith("http://127.0.0.1:")
    assert login.redirect_url.endswith("/callback")
    assert "waiting for the sign-in page, until " in login.message
    provider.sign_in(login.link)
    assert login.wait(10)
    assert login.state == "done", login.message
    assert login.message.startswith("signed in as ada@example.org (id 42) · live · until ")
    assert login.message.endswith(", renews by itself")
    assert [state for state, _ in seen] == ["exchanging", "done"]
    assert seen[-1][1] == login.message
    assert len(collection.get("/customers")) == 50
    assert collection.state == "signed in as ada@example.org (id 42)"
    assert (login.faults, login.link) == ([], "")


def test_device(shop: Shop, begin: Begin, provider: Demo) -> None:
    collection = shop(device_authorization_endpoint=f"{provider.url}/oauth/device_authorization")
    login = begin(collection, via="device")
    assert len(login.user_code) >= 8
    assert login.verification_uri == f"{provider.url}/oauth/device"
    assert login.link.startswith(login.verification_uri)
    assert login.verification_uri in login.message
    assert login.redirect_url == ""
    with pytest.raises(LoginError, match="enter the code"):
        login.paste("something")
    until(lambda: provider.counters["token"] >= 2)
    provider.sign_in(login.link)
    assert login.wait(10)
    assert login.state == "done", login.message
    assert len(collection.get("/customers")) == 50
    assert str(login.steps).count("has the person agreed?") == 1, "polls are not told one by one"


def test_device_refused_by_the_person(shop: Shop, begin: Begin, provider: Demo) -> None:
    login = begin(shop(device_authorization_endpoint=f"{provider.url}/oauth/device_authorization"), via="device")
    provider.sign_in(login.link, allow=False)
    assert login.wait(10)
    assert login.state == "failed"
    assert "refused" in login.message


def test_paste(shop: Shop, begin: Begin, provider: Demo, browser: Browser) -> None:
    collection = shop()
    login = begin(collection, via="paste")
    assert login.link.startswith(f"{provider.url}/oauth/authorize?"), "direct: the browser cannot reach the receiver"
    port = int(login.redirect_url.rpartition(":")[2].partition("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
    address = signed_in_address(login.link, provider, browser)
    for wrong in ("http://127.0.0.1:1/callback?code=x&state=y", address.replace("state=", "state=x"), ""):
        with pytest.raises(LoginError):
            login.paste(wrong)
        assert login.state == "waiting"
    login.paste(f"  {address}\n")
    assert login.wait(10)
    assert login.state == "done", login.message
    assert len(collection.get("/customers")) == 50
    with pytest.raises(LoginError, match="over"):
        login.paste(address)


def test_a_bare_code_is_pasted(shop: Shop, begin: Begin, provider: Demo, browser: Browser) -> None:
    login = begin(shop(), via="paste")
    login.paste(query(signed_in_address(login.link, provider, browser))["code"])
    assert login.wait(10)
    assert login.state == "done", login.message


def signed_in_address(page: str, provider: Demo, browser: Browser) -> str:
    """Sign in at the provider's page; the address bar of the page that does not load."""
    live = provider.credentials.live
    form = {"username": live.username, "password": live.password, "decision": "allow"}
    answer = browser.http.post(page, data=form)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def test_paste_stands_beside_loopback(shop: Shop, begin: Begin, provider: Demo, browser: Browser) -> None:
    login = begin(shop())
    assert login.takes_paste
    page = browser.get(login.link).headers["location"]
    login.paste(signed_in_address(page, provider, browser))
    assert login.wait(10)
    assert login.state == "done", login.message


def test_a_link_that_did_not_load_becomes_a_direct_one(
    shop: Shop, begin: Begin, provider: Demo, browser: Browser
) -> None:
    """A remote kernel that looks local: the person pastes the address that the browser could not open."""
    seen = []
    login = begin(shop(), on_change=lambda each: seen.append((each.via, each.link)))
    login.paste(login.link)
    assert login.via == "paste"
    assert login.link.startswith(provider.url)
    assert seen == [("paste", login.link)]
    assert "Copy its address" in login.message
    login.paste(signed_in_address(login.link, provider, browser))
    assert login.wait(10)
    assert login.state == "done", login.message


BOUNCE = {"Host": "hub.example.org", "X-Forwarded-Proto": "https"}


def test_jupyter_learns_the_public_address_from_the_bounce(
    shop: Shop, begin: Begin, provider: Demo, browser: Browser
) -> None:
    stand_in.register(provider.url, provider.sign_in)  # as `demo.running()` does: the demo lies behind the proxy
    stand_in.register(provider.url, provider.sign_in)  # as the demo of a notebook does: it lies behind the proxy, too
    collection = shop()
    login = begin(collection, via="jupyter", environ=HUB)
    assert login.redirect_url == "", "only the browser knows it yet"
    prefix, _, rest = login.link.partition("/proxy/")
    port, _, target = rest.partition("/")
    assert prefix == "/user/ada"
    headers = {**BOUNCE, "X-ProxyContextPath": f"/user/ada/proxy/{port}"}
    page = browser.get(f"http://127.0.0.1:{port}/{target}", **headers).headers["location"]
    redirect_url = f"https://hub.example.org/user/ada/proxy/{port}/callback"
    assert login.redirect_url == query(page)["redirect_uri"] == redirect_url
    # The provider runs beside the kernel: its page is reached through the same proxy.
    inner = provider.url.rpartition(":")[2]
    assert page.startswith(f"https://hub.example.org/user/ada/proxy/{inner}/oauth/authorize?")
    own = page.replace(f"https://hub.example.org/user/ada/proxy/{inner}", provider.url)
    address = signed_in_address(own, provider, browser)
    assert address.startswith(f"{redirect_url}?")
    arrived = address.replace(f"https://hub.example.org/user/ada/proxy/{port}", f"http://127.0.0.1:{port}")
    assert browser.get(arrived, Host="evil.example", **{"X-ProxyContextPath": "/x"}).status_code == 400
    assert browser.get(arrived, **headers).status_code == 200
    assert login.wait(10)
    assert login.state == "done", login.message
    assert '"redirect_uri"' not in login.message
    assert f"redirect_uri={redirect_url}" in str(login.steps), "the token request repeats it"


def test_the_public_url_overrides_what_the_headers_say(shop: Shop, begin: Begin, browser: Browser) -> None:
    login = begin(shop(), via="jupyter", environ=HUB, public_url="https://public.example.org")
    assert login.link.startswith("https://public.example.org/user/ada/proxy/")
    port = login.link.partition("/proxy/")[2].partition("/")[0]
    assert login.redirect_url == f"https://public.example.org/user/ada/proxy/{port}/callback"
    target = login.link.rpartition("/")[2]
    headers = {"Host": "10.0.0.7:8888", "X-ProxyContextPath": f"/user/ada/proxy/{port}"}
    page = browser.get(f"http://127.0.0.1:{port}/{target}", **headers).headers["location"]
    assert query(page)["redirect_uri"] == login.redirect_url


def test_auto_takes_the_way_of_the_place(shop: Shop, begin: Begin) -> None:
    for environ, via in (({}, "loopback"), (HUB, "jupyter"), ({"SSH_TTY": "/dev/pts/0"}, "paste")):
        assert begin(shop(), via="auto", environ=environ, attended=True).via == via


@pytest.mark.parametrize("environ", [{}, HUB])
def test_without_a_person_it_fails_in_one_sentence(shop: Shop, environ: dict[str, str]) -> None:
    with pytest.raises(LoginError) as caught:
        start_login(shop(), environ=environ, attended=False)
    message = str(caught.value)
    assert "Nobody can sign in to shop here (a run without a person)" in message
    assert "env:NAME" in message
    assert "client credentials" in message
    assert "\n" not in message
    assert login_of(shop()) is None


# ── what waits for it ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_call_waits_for_the_login_and_goes_on(shop: Shop, begin: Begin, provider: Demo) -> None:
    collection = shop()
    login = begin(collection)
    calls = [in_background(lambda: collection.get("/customers")) for _ in range(4)]
    time.sleep(0.3)
    assert not any(call.done() for call in calls)
    assert provider.counters["requests:oauth2-user-agent"] == 0
    provider.sign_in(login.link)
    for call in calls:
        assert len(call.result(10)) == 50
    assert provider.counters["token"] == 1


def test_the_time_of_a_call_begins_after_the_login(shop: Shop, begin: Begin, provider: Demo) -> None:
    collection = shop()
    login = begin(collection)
    call = in_background(lambda: collection.get("/customers", timeout=1.0))
    time.sleep(1.3)
    provider.sign_in(login.link)
    assert len(call.result(10)) == 50


def test_a_failed_login_fails_the_waiting_call_in_the_providers_words(shop: Shop, begin: Begin, provider: Demo) -> None:
    collection = shop(authorization_endpoint=f"{provider.url}/oauth/authorize?fail=server_error&description=Full+moon")
    login = begin(collection)
    call = in_background(lambda: collection.get("/customers"))
    time.sleep(0.1)
    with pytest.raises(UsageError, match="does not lead"):  # there is no form: it refuses at once
        provider.sign_in(login.link)
    with pytest.raises(LoginError, match="server_error: Full moon"):
        call.result(10)
    assert login.state == "failed"
    with pytest.raises(LoginRequired, match="--login"):
        collection.get("/customers")


def test_the_person_refuses(shop: Shop, begin: Begin, provider: Demo) -> None:
    login = begin(shop())
    provider.sign_in(login.link, allow=False)
    assert login.wait(10)
    assert login.state == "failed"
    assert "access_denied" in login.message
    assert "Nothing is wrong with the settings" in login.message


def test_a_call_waits_when_the_old_sign_in_is_over(shop: Shop, begin: Begin, provider: Demo) -> None:
    """The stored token's grant is dead: found out by the call, which then waits for the login under way."""
    collection = shop()
    first = begin(collection)
    provider.sign_in(first.link)
    assert first.wait(10)
    provider.revoke_grants()
    login = begin(collection)
    call = in_background(lambda: collection.get("/customers"))
    until(lambda: provider.counters["token:refresh_token"] == 1)
    time.sleep(0.2)
    assert not call.done()
    provider.sign_in(login.link)
    assert len(call.result(10)) == 50


def test_ctrl_c_ends_the_waiting_and_not_the_login(shop: Shop, begin: Begin, provider: Demo) -> None:
    collection = shop()
    login = begin(collection)
    for act in (lambda: collection.get("/customers"), lambda: login.wait(30)):
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            act()
        assert time.monotonic() - begun < 3
        assert login.state == "waiting"
    provider.sign_in(login.link)
    assert login.wait(10)
    assert len(collection.get("/customers")) == 50


def test_wait_is_bounded_and_the_login_ends_by_itself(shop: Shop, begin: Begin) -> None:
    collection = shop()
    login = begin(collection, timeout=0.6)
    assert not login.wait(0.1)
    call = in_background(lambda: collection.get("/customers"))
    assert login.wait(5)
    assert login.state == "failed"
    assert "Nobody signed in in time" in login.message
    with pytest.raises(LoginError, match="in time"):
        call.result(5)
    assert collection.slot.wait_for_login is None


def test_it_returns_at_once(shop: Shop, begin: Begin) -> None:
    collection = shop()
    begun = time.monotonic()
    begin(collection)
    assert time.monotonic() - begun < 0.5


def test_what_changes_is_told_in_the_context_of_the_listener(shop: Shop, begin: Begin, provider: Demo) -> None:
    """A display is updated inside a copy of the cell's context (ipykernel 7.0 needs it)."""
    cell: ContextVar[str] = ContextVar("cell", default="none")
    cell.set("the cell")
    context, seen = copy_context(), []
    login = begin(
        shop(), on_change=lambda _: context.copy().run(lambda: seen.append((cell.get(), threading.get_ident())))
    )
    provider.sign_in(login.link)
    assert login.wait(10)
    assert {words for words, _ in seen} == {"the cell"}
    assert threading.get_ident() not in {thread for _, thread in seen}


def test_a_listener_that_fails_does_not_take_the_token_with_it(shop: Shop, begin: Begin, provider: Demo) -> None:
    def broken(_: Login) -> None:
        raise RuntimeError("the screen is gone")

    collection = shop()
    login = begin(collection, on_change=broken)
    provider.sign_in(login.link)
    assert login.wait(10)
    assert login.state == "done"
    assert collection.slot.token is not None


# ── one for each collection and environment ────────────────────────────────────────────────────────────────────────


def test_a_second_login_replaces_the_first(shop: Shop, begin: Begin, provider: Demo, browser: Browser) -> None:
    collection = shop()
    first = begin(collection)
    link = first.link
    call = in_background(lambda: collection.get("/customers"))
    time.sleep(0.1)
    second = begin(collection)
    assert first.wait(5)
    assert first.state == "failed"
    assert "another sign-in took its place" in first.message
    assert login_of(collection) is second
    assert browser.get(link).status_code == 404, "the old link is dead"
    provider.sign_in(second.link)
    assert len(call.result(10)) == 50, "the call that waited for the first goes on with the second"


def test_other_collections_and_environments_are_left_alone(shop: Shop, begin: Begin, provider: Demo) -> None:
    one, two = shop(), shop(name="other")
    first, second = begin(one), begin(two)
    second.cancel()
    assert second.wait(5)
    assert first.state == "waiting"
    provider.sign_in(first.link)
    assert first.wait(10)
    assert first.state == "done"
    assert two.slot.token is None


def test_cancel(shop: Shop, begin: Begin) -> None:
    for settings in ({}, {"via": "paste"}):
        collection = shop()
        login = begin(collection, **settings)
        call = in_background(lambda collection=collection: collection.get("/customers"))
        time.sleep(0.1)
        login.cancel()
        assert login.wait(5)
        assert login.state == "failed"
        with pytest.raises(LoginError, match="ended"):
            call.result(5)


# ── the settings ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_generic_url_has_one_port_that_logins_share(shop: Shop, begin: Begin, provider: Demo) -> None:
    one, two = shop(generic_redirect=True), shop(generic_redirect=True, name="other")
    first, second = begin(one), begin(two)
    assert first.redirect_url == second.redirect_url
    assert redirect_to_register(one) == [first.redirect_url]
    assert redirect_to_register(one, environ=HUB) == [first.redirect_url]
    for login in (second, first):
        provider.sign_in(login.link)
        assert login.wait(10)
        assert login.state == "done", login.message


def test_a_registered_port_that_is_taken_is_said_or_pasted(shop: Shop, begin: Begin, own_port: int) -> None:
    with socket.create_server(("127.0.0.1", own_port)):
        fixed = f"http://127.0.0.1:{own_port}/callback"
        with pytest.raises(LoginError, match=f"Port {own_port} .* --via paste"):
            begin(shop(redirect_url=fixed))
        login = begin(shop(redirect_url=fixed), via="auto", attended=True, environ={})
        assert (login.via, login.redirect_url) == ("paste", fixed)
        free = begin(shop(name="free"))
        assert f":{own_port}/" not in free.redirect_url, "where nothing is registered any free port will do"


def test_the_registered_path_and_host_are_kept(shop: Shop, begin: Begin, provider: Demo, own_port: int) -> None:
    for url in (f"http://localhost:{own_port}/start", f"http://127.0.0.1:{own_port}", "http://127.0.0.1/done"):
        login = begin(shop(redirect_url=url))
        if ":" in url.partition("//")[2]:
            assert login.redirect_url == url
        provider.sign_in(login.link)
        assert login.wait(10)
        assert login.state == "done", login.message


def test_dynamic_parameters_of_the_login_url(shop: Shop, begin: Begin, provider: Demo, browser: Browser) -> None:
    collection = shop(authorization_endpoint=f"{provider.url}/oauth/authorize?login_hint=[hint]&keep=a%2Fb")
    with pytest.raises(PlaceholderError, match=r"\[hint\]"):
        begin(collection)
    assert collection.slot.wait_for_login is None
    asked = browser.open(begin(collection, values={"hint": "ada&state=mine"}).link)
    assert asked["login_hint"] == "ada&state=mine"
    assert asked["keep"] == "a/b"
    assert len(asked["state"]) > 30


def test_what_a_login_url_carries(shop: Shop, begin: Begin, browser: Browser) -> None:
    asked = browser.open(
        begin(shop(scope="read write", offline_access=True, extra_authorization_params={"audience": "x"})).link
    )
    assert asked["response_type"] == "code"
    assert asked["scope"] == "read write"
    assert (asked["access_type"], asked["prompt"], asked["audience"]) == ("offline", "consent", "x")
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert "response_mode" not in asked
    without = browser.open(begin(shop(pkce=False)).link)
    assert not {"code_challenge", "code_challenge_method", "scope"} & set(without)


def test_each_opened_page_has_a_state_and_a_verifier_of_its_own(shop: Shop, begin: Begin, browser: Browser) -> None:
    login = begin(shop())
    opened = [browser.open(login.link) for _ in range(30)]
    assert len({each["state"] for each in opened}) == len({each["code_challenge"] for each in opened}) == 30


@pytest.mark.parametrize(
    ("settings", "via", "words"),
    [
        ({}, "device", "no device endpoint"),
        ({}, "pigeon", "auto, loopback"),
        ({"redirect_url": "https://example.org/done"}, "loopback", "does not lead to https://example.org/done"),
        ({"redirect_url": "http://127.0.0.1:9/done"}, "jupyter", "does not lead to"),
    ],
)
def test_a_way_that_cannot_work_is_refused_in_words(
    shop: Shop, begin: Begin, settings: dict[str, str], via: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        begin(shop(**settings), via=via)


def test_a_method_where_nobody_signs_in_says_so() -> None:
    plain = Collection(CollectionSettings("plain", "none", {"base_url": "http://127.0.0.1:9"}))
    with pytest.raises(UsageError, match="nobody signs in"):
        start_login(plain)
    with pytest.raises(UsageError, match="no tokens"):
        logout(plain)
    assert redirect_to_register(plain) == []
    for wrong in ({"timeout": 0}, {"timeout": -1}, {"timeout": 1e9}, {"public_url": "hub.example.org"}):
        with pytest.raises(UsageError):
            start_login(shop_without_provider(), via="loopback", **wrong)


def shop_without_provider(**settings: Any) -> Collection:
    whole = {
        "client_id": "app",
        "authorization_endpoint": "http://127.0.0.1:9/a",
        "token_endpoint": "http://127.0.0.1:9/t",
        **settings,
    }
    return Collection(CollectionSettings("gone", "oauth2-user-agent", {"base_url": "http://127.0.0.1:9"}, whole))


def test_an_issuer_that_does_not_answer_is_said_at_once() -> None:
    collection = Collection(
        CollectionSettings(
            "gone",
            "oauth2-user-agent",
            {"base_url": "http://127.0.0.1:9"},
            {"client_id": "app", "issuer": "http://127.0.0.1:9"},
        )
    )
    with pytest.raises(LoginError, match="not reached"):
        start_login(collection, via="loopback")


# ── odd ends ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (Answer(404, {"error": "x"}), "answers 404"),
        (Answer(200, b"not json"), "not JSON"),
        (Answer(302, b"", {"Location": "/elsewhere"}), "answers 302"),
    ],
)
def test_a_profile_that_cannot_be_read_is_a_note(
    shop: Shop, begin: Begin, provider: Demo, echo: Echo, answer: Answer, note: str
) -> None:
    echo.answer("/me", answer)
    login = begin(shop(profile_endpoint=f"{echo.url}/me"))
    provider.sign_in(login.link)
    assert login.wait(10)
    assert login.state == "done"
    assert note in login.message
    assert "--profile-endpoint" in login.message
    assert echo.count("/me") == 1, "fetched once"
    assert echo.count("/elsewhere") == 0, "no redirect is followed with the token"


def test_profile_paths(shop: Shop, begin: Begin, provider: Demo) -> None:
    nested = begin(shop(profile_id_path="account.id", profile_email_path="account.contact.email"))
    provider.sign_in(nested.link)
    assert nested.wait(10)
    assert "as ada@example.org (id 42)" in nested.message
    lost = begin(shop(profile_id_path="nowhere"))
    provider.sign_in(lost.link)
    assert lost.wait(10)
    assert lost.message.startswith("signed in as ada@example.org · live")
    assert [fault.setting for fault in lost.faults] == ["profile_id_path"]
    none = begin(shop(profile_endpoint=""))
    provider.sign_in(none.link)
    assert none.wait(10)
    assert none.message.startswith("signed in · live")


class FullStore(MemoryStore):
    """A store that keeps nothing."""

    def write(self, key: str, record: dict[str, Any] | None) -> None:
        raise ConfigError("The disk is full.")


@pytest.mark.filterwarnings("ignore::apiconn_nb.auth.slot.TokenStoreWarning")
def test_a_token_that_cannot_be_stored_is_kept_in_memory_and_said(shop: Shop, begin: Begin, provider: Demo) -> None:
    collection = shop(store=FullStore())
    login = begin(collection)
    provider.sign_in(login.link)
    assert login.wait(10)
    assert login.state == "done", login.message
    assert "kept in this kernel's memory, since it cannot be written" in login.message
    assert len(collection.get("/customers")) == 50


def test_a_provider_that_breaks_off_in_the_token_request(shop: Shop, begin: Begin, provider: Demo) -> None:
    login = begin(shop(token_endpoint="http://127.0.0.1:9/token"))
    provider.sign_in(login.link)
    assert login.wait(10)
    assert login.state == "failed"
    assert "not reached (ConnectError" in login.message


def test_no_secret_of_a_login_shows(shop: Shop, begin: Begin, provider: Demo, browser: Browser, canary: Canary) -> None:
    collection = shop()
    login = begin(collection, via="paste")
    canary.watch(provider.credentials.live.client_secret)
    address = signed_in_address(login.link, provider, browser)
    state = query(address)["state"]
    for secret in (query(address)["code"], state):
        canary.watch(secret)
    canary.assert_absent(repr(login), login.message, str(login.steps))
    login.paste(address)
    assert login.wait(10)
    token = collection.slot.token
    assert token is not None
    canary.watch(token.access_token.reveal())
    canary.watch(token.refresh_token.reveal())
    canary.assert_absent(repr(login), login.message, str(login.steps), login.link, repr(collection.slot.token))
    assert isinstance(token.access_token, Secret)


# ── signing out ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_logout_forgets_and_revokes(shop: Shop, begin: Begin, provider: Demo) -> None:
    collection = shop(revocation_endpoint=f"{provider.url}/oauth/revoke")
    login = begin(collection)
    provider.sign_in(login.link)
    assert login.wait(10)
    token = collection.slot.token
    assert token is not None
    said = logout(collection)
    assert said == "shop · live: signed out, the tokens are forgotten. The provider revoked them."
    assert collection.slot.token is None
    assert collection.state == "not tested"
    assert login_of(collection) is None
    held = provider.state.store.by_access_token(token.access_token.reveal())
    assert held is not None
    assert held.is_revoked()
    assert logout(collection) == "shop · live: nobody was signed in."


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("http://127.0.0.1:9/revoke", "was not reached"),
        ("{echo}/revoke", "did not revoke the refresh token: 503"),
        ("", "the tokens are forgotten."),
    ],
)
def test_a_revocation_that_fails_is_said_and_the_tokens_are_gone_all_the_same(
    shop: Shop, begin: Begin, provider: Demo, echo: Echo, endpoint: str, words: str
) -> None:
    echo.answer("/revoke", Answer(503, {"error": "temporarily_unavailable"}))
    collection = shop(revocation_endpoint=endpoint.format(echo=echo.url))
    login = begin(collection)
    provider.sign_in(login.link)
    assert login.wait(10)
    assert words in logout(collection)
    assert collection.slot.token is None
    with pytest.raises(LoginRequired):
        collection.get("/customers")


def test_logout_ends_a_login_under_way(shop: Shop, begin: Begin) -> None:
    collection = shop()
    login = begin(collection)
    assert "nobody was signed in" in logout(collection)
    assert login.state == "failed"
    assert login_of(collection) is None
