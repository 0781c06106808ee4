"""The way back without a redirect: the person enters a code at any browser, and the kernel asks until they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import httpx

from apiconn_nb.auth.device import DeviceCode, Wait
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.auth.token import Token
from apiconn_nb.errors import LoginError
from apiconn_nb.login.place import Via
from apiconn_nb.login.steps import Send, Steps, drive
from apiconn_nb.login.way import Patience


class DeviceWay:
    """A login by device code (RFC 8628).

    `show` turns the provider's URL into one that the person's browser reaches (a provider beside the kernel).
    """

    via: Via = "device"

    def __init__(
        self, method: AuthorizationCode, send: Send, steps: Steps, show: Callable[[str], str] = lambda url: url
    ) -> None:
        self.link = ""
        self.redirect_url = ""
        self.user_code = ""
        self.verification_uri = ""
        self.steps = steps
        self._method = method
        self._send = send
        self._show = show
        self._code: DeviceCode | None = None
        self._patience: Patience | None = None

    def open(self, patience: Patience, changed: Callable[[], None]) -> None:
        """Ask for the codes. Raises TokenError and LoginError where the provider gives none."""
        self._patience = patience
        asking = self._method.ask_for_device_code()
        code = self._code = drive(asking, self._send, self.steps, "a link and a code are asked for")
        self.user_code = code.user_code
        self.verification_uri = self._show(code.verification_uri)
        self.link = self._show(code.verification_uri_complete or code.verification_uri)

    def token(self, answered: Callable[[], None]) -> Token:
        """Ask for the token until the person has agreed."""
        assert self._code is not None
        assert self._patience is not None
        flow = self._method.poll_for_token(self._code)
        try:
            wanted = next(flow)
            while True:
                if isinstance(wanted, Wait):
                    self._patience.sleep(wanted.seconds)
                    if not self._patience.left():
                        raise LoginError("Nobody signed in in time")
                    wanted = flow.send(None)
                    continue
                try:
                    response = self._send(wanted)
                except httpx.RequestError as error:
                    self.steps.no_answer("has the person agreed?", wanted, error)
                    wanted = flow.throw(error)
                    continue
                self.steps.exchange("has the person agreed?", wanted, response, again=True)
                wanted = flow.send(response)
        except StopIteration as ended:
            answered()
            token: Token = ended.value
            return token

    def paste(self, text: str) -> NoReturn:
        """There is nothing to paste."""
        raise LoginError("Nothing is pasted here: enter the code at the sign-in page, and the line changes by itself.")

    def close(self) -> None:
        """Forget the codes."""
        self.link = self.user_code = ""
        self._code = None
