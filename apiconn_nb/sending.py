"""One call from request to answer: retries, redirects, deadline, and a cap on the decoded size."""

from __future__ import annotations

import email.utils
import random
import threading
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

import httpx

from apiconn_nb import fence, network, redaction
from apiconn_nb.echoes import mask_echoes
from apiconn_nb.errors import CallTimeout, FenceError, NetworkError
from apiconn_nb.limiter import Limiter
from apiconn_nb.receiving import Reader, receive
from apiconn_nb.recording import REPLAYED
from apiconn_nb.redaction import redact
from apiconn_nb.transport import ASIDE, BARE

_RETRIED = (429, 502, 503, 504)
_LONGEST_WAIT = 120.0  # seconds; a server that asks for more is answered with an error that says so
_REDIRECTS = 10
_SAFE_HEADERS = ("accept", "accept-language", "user-agent")


@dataclass(frozen=True)
class Policy:
    """How a call is sent.

    `is_action`: sent exactly once; `retries`: how often a data call is tried again; `timeout`: seconds for the whole
    call; `silence`: seconds without a byte; `connect`: seconds for a connection; `cap`: bytes of the decoded answer;
    `allowed` and `uncredentialed`: origins that get credentials, and those that a redirect may reach without them.
    """

    is_action: bool = False
    retries: int = 3
    timeout: float = 600.0
    silence: float = 60.0
    connect: float = 10.0
    cap: int = 1 << 30
    allowed: frozenset[fence.Origin] = field(default_factory=frozenset)
    uncredentialed: frozenset[fence.Origin] = field(default_factory=frozenset)


@dataclass
class Sent:
    """An answer, and what its way had: `retries`, `seconds`, and whether it repeated a secret that was masked.

    `stored_at` is when a cached one was stored (seconds since 1970), `confirmed` whether the server said that it still
    holds; `note` says why an answer could not be kept.
    """

    response: httpx.Response
    retries: int
    seconds: float
    masked: bool = False
    stored_at: float | None = None
    confirmed: bool = False
    note: str = ""


def send(
    client: httpx.Client,
    request: httpx.Request,
    policy: Policy,
    limiter: Limiter,
    stop: threading.Event | None = None,
    reader: Reader | None = None,
) -> Sent:
    """Send `request` and read the answer.

    Parameters: `limiter`, whose turn each attempt waits for and which learns from each answer; `stop`, set by whoever
    wants the waiting to end; `reader`, for an answer that is to be taken as it arrives. Retries a data call on
    connection errors, 429 and 502-504, waiting as ``Retry-After`` says (RFC 9110 §10.2.3). An action is sent once more
    only where it cannot have arrived. Raises NetworkError, CallTimeout, TooLargeError, FenceError, AuthError.
    """
    started = time.monotonic()
    deadline = started + policy.timeout
    attempt = 0
    while True:
        limiter.acquire(deadline, request=request, stop=stop)
        try:
            with redaction.Collected() as secrets, network.Deadline(deadline):
                response = _follow(client, request, policy, deadline, reader, secrets)
        except BaseException as error:
            limiter.release()
            if not isinstance(error, httpx.RequestError | httpx.InvalidURL):
                raise
            wait = None if attempt >= policy.retries or not _may_repeat(error, policy) else _backoff(attempt)
            if wait is None or time.monotonic() + wait > deadline:
                raise _translate(error, request, policy, attempt) from None
        else:
            limited = limiter.learn(response)
            wait = _wait_for(response, attempt, policy)
            if wait is None or time.monotonic() + max(wait, limited) > deadline:
                masked = mask_echoes(response, secrets) or response.extensions.pop(_MASKED, False)
                return Sent(response, attempt, time.monotonic() - started, masked)
        attempt += 1
        _sleep(wait, stop)


def _sleep(seconds: float, stop: threading.Event | None) -> None:
    if stop is None:
        time.sleep(seconds)
    elif stop.wait(seconds):
        raise CancelledError


def _may_repeat(error: BaseException, policy: Policy) -> bool:
    if isinstance(error, _THE_SAME_AGAIN) or _is_tls_error(error):
        return False
    if not policy.is_action:
        return True
    # Before a connection stands no byte has left, so that much may be repeated even for an action; behind a redirect
    # the first hop has arrived.
    unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return unsent and _AFTER_REDIRECT not in getattr(error, "__notes__", ())


_AFTER_REDIRECT = "after a redirect"
_THE_SAME_AGAIN = (httpx.UnsupportedProtocol, httpx.DecodingError, httpx.InvalidURL, httpx.LocalProtocolError)
_MASKED = "apiconn_masked"


def _is_tls_error(error: BaseException) -> bool:
    """Whether the two sides disagree about certificates, which another attempt would not change."""
    words = str(error).lower()
    return "certificate" in words or "alert" in words


def _backoff(attempt: int) -> float:
    return float(0.5 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, not a secret


def _wait_for(response: httpx.Response, attempt: int, policy: Policy) -> float | None:
    """Seconds to wait before the call is tried again; None: this answer stands."""
    if policy.is_action or attempt >= policy.retries or response.status_code not in _RETRIED:
        return None
    if REPLAYED in response.extensions:
        return None  # it would be the same again
    asked = retry_after(response)
    if asked is None:
        return _backoff(attempt)
    return 0.0 if asked <= _LONGEST_WAIT else None  # the limiter has learnt it, and waits for all callers


def retry_after(response: httpx.Response) -> float | None:
    """``Retry-After`` in seconds from now, written as seconds or as an HTTP date; None where it says neither."""
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        return max(0.0, min(float(value), 1e9)) if value.replace(".", "", 1).isdigit() else _until(value)
    except (ValueError, OverflowError):
        return None


def _until(date: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(date)
    except (TypeError, ValueError, IndexError):
        return None
    return max(0.0, moment.timestamp() - time.time())


# ── redirects ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _follow(
    client: httpx.Client,
    request: httpx.Request,
    policy: Policy,
    deadline: float,
    reader: Reader | None,
    secrets: redaction.Collected,
) -> httpx.Response:
    history: list[httpx.Response] = []
    while True:
        try:
            response = _hop(client, request, policy, deadline, reader, secrets)
        except httpx.TransportError as error:
            if history:
                error.add_note(_AFTER_REDIRECT)
            raise
        if response.next_request is None:
            response.history = history
            return response
        if len(history) >= _REDIRECTS:
            raise NetworkError(f"{request.method} {request.url}: more than {_REDIRECTS} redirects.", request=request)
        history.append(response)
        request = _next_hop(response, request, policy)


def _next_hop(response: httpx.Response, request: httpx.Request, policy: Policy) -> httpx.Request:
    following = response.next_request
    assert following is not None
    here, there = fence.origin_of(request.url), fence.origin_of(following.url)
    if following.url.userinfo:
        raise FenceError(f"{fence.show(here)} redirected to a URL with a user in it, which is not followed.")
    if there in policy.allowed:
        # httpx drops the extensions of the request that it builds; the private values travel in them. It also drops
        # what it takes for credentials on the way to another origin, and this one is to have them.
        following.extensions = {**request.extensions}
        if "Authorization" in request.headers:
            following.headers["Authorization"] = request.headers["Authorization"]
        return following
    if there in policy.uncredentialed and following.method in ("GET", "HEAD"):
        headers = [(name, value) for name, value in following.headers.multi_items() if name.lower() in _SAFE_HEADERS]
        return httpx.Request(following.method, following.url, headers=headers, extensions={BARE: True})
    raise FenceError(
        f"{fence.show(here)} redirected to {fence.show(there)}, which is no origin of this collection: not followed. "
        f"To follow without credentials: %apiconn_auth NAME --redirect-origins {fence.show(there)}; "
        "with them: --allowed-origins."
    )


def _hop(
    client: httpx.Client,
    request: httpx.Request,
    policy: Policy,
    deadline: float,
    reader: Reader | None,
    secrets: redaction.Collected,
) -> httpx.Response:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpx.ReadTimeout("the time for the whole call is over", request=request)
    silence = min(policy.silence, left)
    times = {"connect": min(policy.connect, left), "read": silence, "write": silence, "pool": silence}
    request.extensions = {**request.extensions, "timeout": times}
    response = client.send(request, stream=True, follow_redirects=False)
    try:
        content, masked = receive(response, policy.cap, deadline, reader, secrets)
    finally:
        response.close()
    # What `Response.read` would set; the decoded bytes are counted here, which it cannot do.
    response._content = content
    response.stream = httpx.ByteStream(b"")  # the client's own refers to the response: a circle, freed late
    response.extensions[_MASKED] = masked
    return response


def _translate(error: Exception, request: httpx.Request, policy: Policy, retries: int) -> Exception:
    """httpx's exception as ours: what was tried, what happened, what to do."""
    tried = f"{request.method} {redact(str(request.url))}"
    notes = getattr(error, "__notes__", ())
    tried = next((f"{note.removeprefix(ASIDE)} (for {tried})" for note in notes if note.startswith(ASIDE)), tried)
    again = f" ({retries + 1} attempts)" if retries else ""
    arrived = " It may have arrived: an action is not sent again by itself." if policy.is_action else ""
    if isinstance(error, httpx.ConnectTimeout):
        return CallTimeout(
            f"{tried}: no connection in {policy.connect:.0f} s{again}. Is the host right?", request=request, sent=False
        )
    if isinstance(error, httpx.TimeoutException):
        limit = f"no answer within {min(policy.silence, policy.timeout):g} s of silence, {policy.timeout:g} s in all"
        return CallTimeout(f"{tried}: {limit}{again}. Allow more with --timeout.{arrived}", request=request)
    if _is_tls_error(error):
        return NetworkError(f"{tried}: {_tls_words(str(error))}", request=request)
    if isinstance(error, httpx.ConnectError):
        said = f"no connection{again}: {redact(str(error)).rstrip('.')}"
        return NetworkError(
            f"{tried}: {said}. Is the address right, is the server up, is a VPN or a proxy needed (--proxy)?",
            request=request,
            sent=False,
        )
    if isinstance(error, httpx.LocalProtocolError):
        return NetworkError(f"{tried}: it cannot be sent as HTTP: {redact(str(error))}.", request=request, sent=False)
    if isinstance(error, httpx.DecodingError):
        return NetworkError(f"{tried}: the answer cannot be decoded: {redact(str(error))}.", request=request)
    return NetworkError(f"{tried}: the connection broke{again}: {redact(str(error))}.{arrived}", request=request)


def _tls_words(said: str) -> str:
    """What a failed handshake means: ours that does not trust the server, or the server's that refuses us."""
    reason = redact(said.partition("] ")[2].partition(" (_ssl")[0] or said)
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return f"{reason}. A private server is trusted by its CA: --ca-certificate file:PATH"
    return f"the server ended the handshake ({reason}): it wants a client certificate that it trusts."
