"""The body of an answer: read whole under a cap, or given away piece by piece as it arrives."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import httpx

from apiconn_nb.decoding import TooLargeToDecode, read_decoded
from apiconn_nb.echoes import EchoMask
from apiconn_nb.errors import TooLargeError
from apiconn_nb.redaction import Collected

STREAMED = 8
"""An answer that is given away piece by piece may be so many times as large as one that is read whole: its size is on
disk and in the rows, not in memory, and a server must not fill these without end either."""

ARRIVED = "apiconn_arrived"
"""The response extension of an answer that was given away piece by piece: its content is not there."""

ENDED = "apiconn_ended"
"""The response extension that says why an endless answer ended, where it did not by itself."""


class Taker(Protocol):
    """Takes the body of one answer. An `endless` one (an event stream) may end by time, interrupt or a broken line."""

    endless: bool

    def take(self, piece: bytes) -> None:
        """The next bytes, decoded, secrets masked, cut anywhere."""

    def end(self, *, is_whole: bool) -> None:
        """No more comes; `is_whole` is False where an endless answer was cut off."""


Reader = Callable[[httpx.Response], Taker | None]
"""Is shown an answer of which the head is there, and says what takes its body; None: it is read whole.

It is asked anew when the call is repeated: what the taker before it got is void then.
"""


def receive(
    response: httpx.Response, cap: int, deadline: float, reader: Reader | None, secrets: Collected
) -> tuple[bytes, bool]:
    """The body of `response`, or nothing where `reader` names a taker; and whether an echoed secret was masked in it.

    `cap`: bytes, decoded; `deadline`: of `time.monotonic`. Raises TooLargeError, httpx.ReadTimeout and its kin, and
    what the taker raises.
    """
    taker = reader(response) if reader is not None and response.is_success else None
    if taker is None:
        whole = io.BytesIO()  # grows in place, and gives its bytes away without a copy
        for piece in _pieces(response, cap, deadline):
            whole.write(piece)
        return whole.getvalue(), False
    response.extensions[ARRIVED] = True
    if taker.endless:
        _be_patient(response, deadline)
    mask = EchoMask(secrets, response.request)
    arrived = 0
    try:
        for piece in _pieces(response, STREAMED * cap, deadline):
            arrived += len(piece)
            if clean := mask.passed(piece):
                taker.take(clean)
    except (KeyboardInterrupt, httpx.TransportError, httpx.DecodingError) as error:
        if not taker.endless or not (arrived or isinstance(error, KeyboardInterrupt)):
            raise
        response.extensions[ENDED] = _why(error)
        taker.end(is_whole=False)
        return b"", mask.has_masked
    if rest := mask.rest():
        taker.take(rest)
    taker.end(is_whole=True)
    return b"", mask.has_masked


def _pieces(response: httpx.Response, cap: int, deadline: float) -> Iterator[bytes]:
    try:
        for piece in read_decoded(response, cap):
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("the time for the whole call is over", request=response.request)
            yield piece
    except TooLargeToDecode:
        raise TooLargeError(
            f"The answer is larger than {cap / 1e6:,.0f} MB decoded, the cap of this collection (--max-bytes).",
            request=response.request,
        ) from None


def _be_patient(response: httpx.Response, deadline: float) -> None:
    """An event stream may be silent for as long as the call may last."""
    times = response.request.extensions.get("timeout")
    if isinstance(times, dict):
        times["read"] = max(0.0, deadline - time.monotonic())  # the one object that travels with every copy


def _why(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "ended by an interrupt"
    if isinstance(error, httpx.TimeoutException):
        return "ended by its time (--timeout)"
    return "ended by a broken connection"
