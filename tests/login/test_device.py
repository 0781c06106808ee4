"""The device grant as a flow (RFC 8628): no client, no clock, every answer a provider may give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from apiconn_nb.auth.client import Client
from apiconn_nb.auth.device import GRANT, DeviceCode, Polling, Wait, ask_for_code, poll, read_code
from apiconn_nb.auth.token import ResponseShape, Token
from apiconn_nb.errors import LoginError, TokenError
from apiconn_nb.secrets import Secret

ENDPOINT = "https://login.example.org/token"
CODES = {
    "device_code": "CANARY-device-code",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://login.example.org/device",
}
TOKEN = {"access_token": "CANARY-token", "expires_in": 3600}


def answer(status: int = 200, **members: Any) -> httpx.Response:
    return httpx.Response(status, json=members)


def refused(error: str, status: int = 400) -> httpx.Response:
    return answer(status, error=error)


class Clock:
    """Stands where it is put; `run` moves it with each wait."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def flow(clock: Clock, interval: float = 5.0, lifetime: float = 900.0, client: Client | None = None) -> Polling:
    code = DeviceCode(Secret("CANARY-device-code"), "WDJB-MJHT", "https://x", interval=interval, lifetime=lifetime)
    return poll(ENDPOINT, code, client or Client("app"), ResponseShape(), {"resource": "r"}, clock)


def run(polling: Polling, clock: Clock, *answers: httpx.Response | Exception) -> tuple[Token, list[float]]:
    """Drive the flow with `answers` in turn; the token and how long was waited before each poll."""
    waits, left = [], list(answers)
    wanted = next(polling)
    try:
        while True:
            if isinstance(wanted, Wait):
                waits.append(wanted.seconds)
                clock.now += wanted.seconds
                wanted = polling.send(None)
                continue
            given = left.pop(0)
            wanted = polling.throw(given) if isinstance(given, Exception) else polling.send(given)
    except StopIteration as ended:
        assert not left, "not everything was asked for"
        return ended.value, waits


def test_pending_until_the_person_agrees() -> None:
    clock = Clock()
    pending = refused("authorization_pending")
    token, waits = run(flow(clock), clock, pending, pending, pending, answer(**TOKEN))
    assert token.access_token.reveal() == "CANARY-token"
    assert waits == [5.0] * 4, "the interval before each poll, the first one too"


def test_slow_down_adds_five_seconds_for_good() -> None:
    clock = Clock()
    slow, pending = refused("slow_down"), refused("authorization_pending")
    _, waits = run(flow(clock), clock, slow, pending, slow, pending, answer(**TOKEN))
    assert waits == [5, 10, 10, 15, 15]


def test_a_lost_connection_or_a_broken_server_is_asked_again_more_slowly() -> None:
    clock = Clock()
    lost = httpx.ReadTimeout("lost")
    _, waits = run(flow(clock), clock, lost, httpx.Response(503, text="<html>"), refused("x", 429), answer(**TOKEN))
    assert waits == [5, 10, 20, 40]


@pytest.mark.parametrize("error", ["expired_token", "access_denied"])
def test_the_end_is_said_in_words(error: str) -> None:
    clock = Clock()
    with pytest.raises(LoginError) as caught:
        run(flow(clock), clock, refused("authorization_pending"), refused(error))
    assert ("over" if error == "expired_token" else "refused") in str(caught.value)


def test_anything_else_is_the_providers_own_error() -> None:
    clock = Clock()
    with pytest.raises(TokenError, match="invalid_client") as caught:
        run(flow(clock), clock, refused("invalid_client", 401))
    assert caught.value.status == 401


def test_it_ends_when_the_code_is_over_even_if_the_provider_never_says_so() -> None:
    clock = Clock()
    pending = [refused("authorization_pending") for _ in range(5)]
    with pytest.raises(LoginError, match="in time"):
        run(flow(clock, lifetime=30), clock, *pending, refused("authorization_pending"))
    assert clock.now <= 30


def test_what_a_poll_sends() -> None:
    clock = Clock()
    polling = flow(clock, client=Client("a b", Secret("CANARY-secret"), "basic"))
    next(polling)
    request = polling.send(None)
    assert isinstance(request, httpx.Request)
    form = dict(parse_qsl(request.read().decode()))
    assert form == {"grant_type": GRANT, "device_code": "CANARY-device-code", "resource": "r"}
    assert request.headers["Authorization"].startswith("Basic ")
    polling.close()


def ask(client: Client, scope: str = "read", **extra: str) -> tuple[dict[str, str], Callable[[httpx.Response], Any]]:
    asking = ask_for_code(ENDPOINT, client, scope, extra)
    request = next(asking)

    def give(response: httpx.Response) -> Any:
        try:
            asking.send(response)
        except StopIteration as ended:
            return ended.value
        raise AssertionError("it asked once more")

    return dict(parse_qsl(request.read().decode())), give


def test_asking_for_the_codes() -> None:
    form, give = ask(Client("app", Secret("CANARY-secret")), audience="x")
    assert form == {"client_id": "app", "client_secret": "CANARY-secret", "scope": "read", "audience": "x"}
    code = give(answer(**CODES, interval=7, expires_in="600"))
    assert (code.user_code, code.interval, code.lifetime) == ("WDJB-MJHT", 7, 600)
    assert "CANARY" not in repr(code)
    assert ask(Client("app"), scope="")[0] == {"client_id": "app"}
    assert ask(Client("app", Secret("x"), "basic"))[0] == {"client_id": "app", "scope": "read"}


def test_what_is_left_out_has_the_rfcs_defaults_and_googles_word_is_known() -> None:
    code = read_code(answer(device_code="d", user_code="u", verification_url="https://g.example/device"))
    assert (code.verification_uri, code.interval, code.lifetime) == ("https://g.example/device", 5.0, 900.0)
    odd = read_code(answer(**CODES, interval="soon", expires_in=-1))
    assert (odd.interval, odd.lifetime) == (5.0, 900.0)
    assert read_code(answer(**CODES, interval=100000)).interval == 60.0


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"device_code": "d", "user_code": "u"},
        {**CODES, "user_code": 7},
        {**CODES, "verification_uri": "javascript:alert(1)"},
        {**CODES, "verification_uri": "http://login.example.org/device"},
        {**CODES, "verification_uri_complete": "data:text/html,x"},
    ],
)
def test_a_link_that_nobody_should_be_sent_to_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(LoginError):
        read_code(answer(**members))


def test_a_user_code_is_shown_without_control_characters() -> None:
    assert read_code(answer(**{**CODES, "user_code": "AB\x1b[31m\u202eCD" + "x" * 100})).user_code.startswith(
        "AB[31mCD"
    )


def test_a_refusal_is_the_providers() -> None:
    with pytest.raises(TokenError, match=r"device authorization endpoint refused .*unauthorized_client"):
        read_code(refused("unauthorized_client"))
    with pytest.raises(TokenError, match="redirect"):
        read_code(httpx.Response(302))
