"""What can go wrong, as one tree; in a cell each error is one red line that says what to do.

ApiConnError
├── ConfigError            the collection file or a setting does not hold
├── UsageError             a magic line or an argument does not hold
├── UnknownNameError       no collection, method, call or column of that name (also a LookupError)
├── SecretError            a reference cannot be resolved, or a literal stands where a reference belongs
├── PlaceholderError       a ``[name]`` or ``<name>`` has no value, or the value cannot stand there
├── FenceError             a request would have left the collection's allowed origins
├── AuthError              proof of identity failed
│   ├── TokenError         the token endpoint refused, in the provider's own words
│   ├── LoginRequired      nobody is signed in
│   └── LoginError         a login ended without a token
├── CallError              a call failed; keeps ``.request`` and ``.response`` (without secrets)
│   ├── NetworkError       no answer arrived
│   ├── CallTimeout        no answer in time (also a TimeoutError)
│   ├── StatusError        the server answered 4xx or 5xx
│   ├── TooLargeError      the decoded answer passed the cap
│   └── NotRecorded        a replay has no recording of the request; names the nearest one
└── FrameError             an answer arrived that cannot become the table that was asked for
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from apiconn_nb.redaction import redact

if TYPE_CHECKING:
    import httpx


_LONG = re.compile(r"\S{500,}")


def printable(text: str) -> str:
    """`text` without what a terminal takes for commands, or what runs backwards: it may hold a server's words."""
    return "".join(each if each.isprintable() or each in "\n\t" else " " for each in text)


def shortened(text: str) -> str:
    """`text` less the middle of each word that no line can hold: a URL can have thousands of letters.

    A secret in it is cut out first, while it is whole.
    """
    if not _LONG.search(text):
        return text
    return _LONG.sub(lambda word: f"{word[0][:240]}…{word[0][-60:]}", redact(text))


class ApiConnError(Exception):
    """The root. Its text is one line: what was tried, what came back, what to do."""

    # The notebook floor sets these: `%config ApiConn.short_errors`, and what draws a full traceback, redacted.
    short: ClassVar[bool] = True
    full: ClassVar[Callable[[ApiConnError], list[str]] | None] = None

    def __str__(self) -> str:
        return shortened(printable(super().__str__()))

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for this before it draws a traceback (InteractiveShell.showtraceback).
        if not ApiConnError.short and ApiConnError.full is not None:
            return ApiConnError.full(self)
        # A provider's words are in it: no line of its own.
        text = " ".join(redact(str(self)).splitlines())
        return [f"\x1b[31m{type(self).__name__}\x1b[0m: {text}"]


class ConfigError(ApiConnError):
    """The collection file or a setting does not hold."""


class UsageError(ApiConnError):
    """A magic line or an argument does not hold."""


class UnknownNameError(ApiConnError, LookupError):
    """No such name; says which close ones there are."""

    @classmethod
    def among(cls, what: str, name: str, known: Iterable[str], hint: str = "") -> UnknownNameError:
        """The error for `name` that is none of `known`: close matches first, then what there is, then `hint`."""
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        if close:
            found = "did you mean " + " or ".join(close) + "?"
        elif names:
            found = "there is " + ", ".join(names[:12]) + (", …" if len(names) > 12 else "") + "."
        else:
            found = "there is none yet."
        return cls(f"No {what} {name!r}: {found}" + (f" {hint}" if hint else ""))


class SecretError(ApiConnError):
    """A reference cannot be resolved, or a literal stands where a reference belongs."""


class PlaceholderError(ApiConnError):
    """A ``[name]`` or ``<name>`` has no value, or its value cannot stand there."""


class FenceError(ApiConnError):
    """A request would have left the collection's allowed origins; names both."""


class AuthError(ApiConnError):
    """Proof of identity failed."""


class TokenError(AuthError):
    """The token endpoint refused (RFC 6749 §5.2).

    `error` and `description` are the provider's own words, `status` its HTTP status (None: no answer arrived).
    """

    def __init__(self, message: str, *, error: str = "", description: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.error = error
        self.description = description
        self.status = status


class LoginRequired(AuthError):
    """Nobody is signed in; says the command that signs in."""


class LoginError(AuthError):
    """A login ended without a token."""


class CallError(ApiConnError):
    """A call failed.

    `request` and `response` are httpx objects without secrets (None where there is none); `sent` is False where it is
    certain that not a byte of the call left.
    """

    def __init__(
        self,
        message: str,
        *,
        request: httpx.Request | None = None,
        response: httpx.Response | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(message)
        self.request = request
        self.response = response
        self.sent = sent


class NetworkError(CallError):
    """No answer arrived: the connection failed or broke."""


class CallTimeout(CallError, TimeoutError):
    """No answer in time."""


class StatusError(CallError):
    """The server answered with a 4xx or 5xx status."""


class TooLargeError(CallError):
    """The decoded answer passed the cap on its size (bytes)."""


class NotRecorded(CallError):
    """A replay has no recording of the request; names the nearest one."""


class FrameError(ApiConnError):
    """An answer arrived that cannot become the table that was asked for."""
