"""The one door to the network. Secrets enter a request here, last, on a private copy, for one hop.

httpx's client, its log lines, exceptions, `response.request` and pickles see the public request alone: the auth flow is
driven here, below the client, and so are the token requests that it asks for.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Protocol
from urllib.parse import unquote_plus

import httpx

from apiconn_nb import fence, network, redaction
from apiconn_nb.auth.header import USER_AGENT
from apiconn_nb.auth.tokens import Signing
from apiconn_nb.decoding import TooLargeToDecode, read_decoded
from apiconn_nb.errors import FenceError, TokenError
from apiconn_nb.private_values import PRIVATE, private_copy, public_url
from apiconn_nb.shield import to_its_end

BARE = "apiconn_bare"
"""The request extension of a hop to an origin that gets no credentials (a redirect that the person allowed)."""

ASIDE = "aside: "
"""Begins the note on an error of a token request, which says where it went."""

_CALL = "apiconn_call"
_TOKEN_CAP = 1 << 20  # bytes of a token response
_TOKEN_TIME = 60.0  # seconds for a whole request of a login

Watcher = Callable[[httpx.Request, httpx.Response], None]
"""Is shown each token request and its answer, with secrets in them: for a redacting transcript alone."""


class Signer(Protocol):
    """What the door asks of a collection."""

    name: str

    def auth(self) -> httpx.Auth | None:
        """The flow that signs."""

    def origins(self) -> frozenset[fence.Origin]:
        """Where credentials may go."""

    def query_names(self) -> frozenset[str]:
        """The query parameters that `auth` adds."""

    def check_trusted(self, url: httpx.URL, *, has_credentials: bool) -> None:
        """Raise FenceError where the collection was imported and nobody has let its credentials through to `url`."""


class Door(httpx.BaseTransport):
    """Sends one hop: checks the fence, makes the private copy, drives the auth flow over a shared pool.

    Parameters: `signer`, the collection; `pool`, the transport that holds the connections.
    """

    def __init__(self, signer: Signer, pool: httpx.BaseTransport) -> None:
        self._signer = signer
        self._pool = pool
        self.watch: Watcher | None = None
        self.watch_call: Callable[[httpx.Request, int], None] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to a public request. Raises FenceError, AuthError, httpx.TransportError."""
        if BARE in request.extensions:
            return self._pool.handle_request(request)
        fence.check_call(request.url, self._signer.origins(), self._signer.name)
        auth = self._signer.auth()
        self._signer.check_trusted(request.url, has_credentials=auth is not None or PRIVATE in request.extensions)
        try:
            response = self._exchange(request, auth)
        except BaseException as error:
            forget_locals(error)  # the frames below hold the private copy
            if isinstance(error, TokenError) and "%apiconn_auth" not in str(error):
                name = self._signer.name
                error.args = (f"{str(error).rstrip('.')}. What does not fit: %apiconn_auth {name} --test --debug",)
            raise
        if self.watch_call is not None:
            self.watch_call(request, response.status_code)
        return response

    def _exchange(self, request: httpx.Request, auth: httpx.Auth | None) -> httpx.Response:
        with redaction.Collected() as seen:
            private = private_copy(request)
            response = self._pool.handle_request(private) if auth is None else self._drive(auth, private)
            if response.has_redirect_location:
                place = public_url(response.headers["Location"], request)
                response.headers["Location"] = self._without_secrets(place, seen)
        return response

    def _without_secrets(self, place: str, seen: redaction.Collected) -> str:
        """A redirect's address without what the door added to the request: the next hop gets it anew, or not at all."""
        names = self._signer.query_names()
        address, question, query = place.partition("?")
        query, hash_sign, fragment = query.partition("#")
        pairs = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) not in names]
        place = address + question * bool(pairs) + "&".join(pairs) + hash_sign + fragment
        if seen.stand_in(place):
            raise FenceError(
                f"{self._signer.name} was redirected to an address that has a secret of this call in it: not followed, "
                "since the address would be shown and logged."
            )
        return place

    def _drive(self, auth: httpx.Auth, private: httpx.Request) -> httpx.Response:
        # A flow signs copies of the call, which keep its extensions; what lacks the mark is a token request.
        private.extensions = {**private.extensions, _CALL: True}
        flow = auth.auth_flow(private)
        try:
            request = next(flow)
            while True:
                if _CALL in request.extensions:
                    response = self._pool.handle_request(request)
                    try:
                        following = flow.send(response)
                    except StopIteration:
                        return response
                    response.close()
                    request = following
                else:
                    request = self._drive_token(flow, _with_timeout(request, private))
        finally:
            flow.close()

    def _drive_token(self, flow: Signing, request: httpx.Request) -> httpx.Request:
        """Send a token request, give the flow its answer, and return what it asks for next."""
        try:
            # On another thread, whose time is over with the call's: each byte that arrives would renew a time-out.
            until = network.time_of_deadline()
            response, interrupt = to_its_end(lambda: self._token_hop(request, until))
        except httpx.RequestError as error:
            error.add_note(f"{ASIDE}{request.method} {str(request.url).partition('?')[0]}")
            return flow.throw(error)  # a renewal that failed may leave the old token in use
        try:
            return flow.send(response)  # stores the token
        finally:
            if interrupt is not None:
                raise interrupt

    def _token_hop(self, request: httpx.Request, until: float) -> httpx.Response:
        """A token request: https, no redirect followed, the answer read whole under a cap, before `until`."""
        self._signer.check_trusted(request.url, has_credentials=True)
        with network.Deadline(until):
            response = send_aside(self._pool, request)
        if self.watch is not None:
            self.watch(request, response)
        return response

    def send_aside(self, request: httpx.Request) -> httpx.Response:
        """A request of a login (token, profile, discovery, revocation) over the collection's own pool."""
        try:
            until = min(network.time_of_deadline(), time.monotonic() + _TOKEN_TIME)
            return self._token_hop(_with_timeout(request, request), until)
        except BaseException as error:
            forget_locals(error)
            raise

    def close(self) -> None:
        """Close the pool's connections."""
        self._pool.close()


def send_aside(pool: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    """Send one request that is no call; the answer is read whole. Raises FenceError and TokenError (too large)."""
    fence.check_encrypted(request.url)
    request.headers.setdefault("User-Agent", USER_AGENT)
    response = pool.handle_request(request)
    response.request = request
    try:
        content = b"".join(read_decoded(response, _TOKEN_CAP))
    except TooLargeToDecode:
        raise TokenError(f"The answer of {request.url.host} is larger than 1 MiB: is it the right endpoint?") from None
    finally:
        response.close()
    # As bytes: httpx takes text for ASCII, and a server may send anything.
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _FRAMING]
    return httpx.Response(response.status_code, headers=headers, content=content, request=request)


_FRAMING = (b"content-encoding", b"content-length", b"transfer-encoding")


def _with_timeout(request: httpx.Request, like: httpx.Request) -> httpx.Request:
    if "timeout" not in request.extensions:
        timeout = like.extensions.get("timeout", {"connect": 10.0, "read": 30.0, "write": 30.0, "pool": 30.0})
        request.extensions = {**request.extensions, "timeout": timeout}
    return request


def forget_locals(error: BaseException) -> None:
    """Empty the frames that `error` came through: a traceback in `%xmode Verbose` prints their variables.

    What caused it is cut off: the texts of httpcore and h11 quote what was sent.
    """
    traceback.clear_frames(error.__traceback__)
    error.__context__ = None
    error.__cause__ = None
