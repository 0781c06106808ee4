"""The device grant (RFC 8628): a link and a code for a person elsewhere, and a poll until they have agreed.

A flow that also waits: besides requests it yields `Wait`, and whoever drives it does the sleeping.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from apiconn_nb.auth.client import Asking, Client, ask, read_response, revealed
from apiconn_nb.auth.token import ResponseShape, Token, refuse_error
from apiconn_nb.errors import ConfigError, LoginError, TokenError
from apiconn_nb.fields import check_url
from apiconn_nb.secrets import Secret

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL = 5.0  # seconds between two polls where the provider names none (RFC 8628 §3.2)
_SLOWER = 5.0  # seconds that each slow_down adds (§3.5)
_LONGEST_INTERVAL = 60.0
_LIFETIME = 900.0  # seconds; expires_in is required, and some providers leave it out


@dataclass(frozen=True)
class Wait:
    """Seconds to wait before the flow goes on."""

    seconds: float


Polling = Generator[httpx.Request | Wait, httpx.Response | None, Token]


@dataclass(frozen=True)
class DeviceCode:
    """The answer of the device authorization endpoint (RFC 8628 §3.2).

    `user_code` and `verification_uri` are for the person, `verification_uri_complete` holds both (empty: not offered);
    `interval` and `lifetime` are in seconds.
    """

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    interval: float = _INTERVAL
    lifetime: float = _LIFETIME


Asked = Generator[httpx.Request, httpx.Response, DeviceCode]


def ask_for_code(endpoint: str, client: Client, scope: str, extra: Mapping[str, str | Secret]) -> Asked:
    """The codes for a new device login (RFC 8628 §3.1). Raises TokenError, and LoginError for an unusable answer."""
    form = {"scope": scope, **revealed(extra)} if scope else revealed(extra)
    if client.way == "basic":
        form = {"client_id": client.client_id, **form}  # the request names the client whatever proves it (§3.1)
    response = yield from ask(endpoint, form, client)
    return read_code(response)


def read_code(response: httpx.Response) -> DeviceCode:
    """The codes in a response."""
    members = _members(response)
    refuse_error(response.status_code, members, response.content, "device authorization endpoint")
    # Google calls it verification_url.
    uri = members.get("verification_uri") or members.get("verification_url")
    device_code, user_code = members.get("device_code"), members.get("user_code")
    if not (isinstance(device_code, str) and isinstance(user_code, str) and isinstance(uri, str)):
        raise LoginError(
            "The device authorization endpoint answered without device_code, user_code and verification_uri: "
            "check --device-authorization-endpoint."
        )
    complete = members.get("verification_uri_complete")
    complete = complete if isinstance(complete, str) else ""
    for url in (uri, complete):
        _check_link(url)
    return DeviceCode(
        Secret(device_code, label="device code"),
        "".join(character for character in user_code if character.isprintable())[:64],
        uri,
        complete,
        interval=min(_number(members.get("interval"), _INTERVAL), _LONGEST_INTERVAL),
        lifetime=_number(members.get("expires_in"), _LIFETIME),
    )


def _members(response: httpx.Response) -> dict[str, Any]:
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: Any, otherwise: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return otherwise
    return number if 0 < number < 1e6 else otherwise


def _check_link(url: str) -> None:
    """Raise LoginError unless a person may be sent to `url`: it becomes a link in the notebook."""
    if not url:
        return
    try:
        check_url(url, "The provider's sign-in page")
    except ConfigError as error:
        raise LoginError(str(error)) from None


def poll(
    endpoint: str,
    code: DeviceCode,
    client: Client,
    shape: ResponseShape,
    extra: Mapping[str, str | Secret],
    clock: Callable[[], float] = time.monotonic,
) -> Polling:
    """Ask for the token until the person has agreed (RFC 8628 §3.4, §3.5).

    Yields requests and `Wait`. A lost connection or a 5xx ends nothing: it is asked again, more slowly each time.
    Raises LoginError when the person refused or the time is over, TokenError for anything else the provider says.
    """
    form = {"grant_type": GRANT, "device_code": code.device_code.reveal(), **revealed(extra)}
    interval, ends = code.interval, clock() + code.lifetime
    while True:
        if clock() + interval > ends:
            raise LoginError("Nobody entered the code in time, and it is over. Sign in again.")
        yield Wait(interval)
        try:
            response = yield from _one_poll(ask(endpoint, form, client, as_json=client.writes_json))
            return read_response(response, shape)
        except httpx.RequestError:
            interval = min(interval * 2, _LONGEST_INTERVAL)
        except TokenError as error:
            interval = _next_interval(error, interval)


def _next_interval(error: TokenError, interval: float) -> float:
    """Seconds until the next poll; raises for an answer after which none makes sense."""
    if error.error == "authorization_pending":
        return interval
    if error.error == "slow_down":
        return min(interval + _SLOWER, _LONGEST_INTERVAL)
    if error.error == "expired_token":
        raise LoginError("Nobody entered the code in time, and it is over. Sign in again.") from None
    if error.error == "access_denied":
        raise LoginError("The person at the sign-in page refused.") from None
    if (error.status or 0) >= 500 or error.status == 429:
        return min(interval * 2, _LONGEST_INTERVAL)
    raise error


def _one_poll(asking: Asking) -> Generator[httpx.Request | Wait, httpx.Response | None, httpx.Response]:
    """`asking` in a flow that is also sent None, after a `Wait`; here it is sent responses alone."""
    request = next(asking)
    while True:
        try:
            response = yield request
        except httpx.RequestError as error:
            request = asking.throw(error)
            continue
        assert response is not None
        try:
            request = asking.send(response)
        except StopIteration as ended:
            answer: httpx.Response = ended.value
            return answer
