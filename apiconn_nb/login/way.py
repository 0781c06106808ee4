"""What a login needs to know of its way back, whichever it is: a link to open, and a token to wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.slot import TokenSlot
from apiconn_nb.auth.token import Token
from apiconn_nb.errors import LoginError
from apiconn_nb.login.place import Via
from apiconn_nb.login.steps import Send, Steps


class Sender(Protocol):
    """What sends a login's own requests: the collection's door."""

    @property
    def send_aside(self) -> Send:
        """Send a request that is no call."""


class Client(Protocol):
    """What a login asks of a collection."""

    name: str
    environment: str
    state: str

    @property
    def method(self) -> AuthMethod:
        """How it proves who is calling."""

    @property
    def slot(self) -> TokenSlot:
        """Where its token rests."""

    @property
    def door(self) -> Sender:
        """What sends its requests."""


class Cancelled(LoginError):
    """The login was ended from here: nobody is told of an error."""


@dataclass
class Patience:
    """How long a login waits: until `ends` (`time.monotonic`), or until `wake` is set."""

    ends: float
    wake: threading.Event = field(default_factory=threading.Event)
    is_cancelled: bool = False

    def left(self) -> float:
        """Seconds left."""
        return max(0.0, self.ends - time.monotonic())

    def sleep(self, seconds: float) -> None:
        """Wait that long, at most to the end. Raises Cancelled."""
        self.wake.wait(min(seconds, self.left()))
        self.check()

    def check(self) -> None:
        """Raise Cancelled where the login was ended from here."""
        if self.is_cancelled:
            raise Cancelled("The sign-in was ended.")

    def cancel(self) -> None:
        """End the waiting."""
        self.is_cancelled = True
        self.wake.set()


class Way(Protocol):
    """One way back. `link` is what the person opens; `steps` what has happened."""

    via: Via
    link: str
    redirect_url: str
    user_code: str
    verification_uri: str
    steps: Steps

    def open(self, patience: Patience, changed: Callable[[], None]) -> None:
        """Begin; `changed` is to be called where the link changes."""

    def token(self, answered: Callable[[], None]) -> Token:
        """Wait for the answer and return the token; `answered` is called between the two.

        Raises LoginError, TokenError, httpx.RequestError.
        """

    def paste(self, text: str) -> None:
        """Take an answer that a person copied. Raises LoginError where it is none of this login."""

    def close(self) -> None:
        """Let go of what is open; the link leads nowhere from now on."""
