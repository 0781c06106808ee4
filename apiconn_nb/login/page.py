"""Asking a login page, without a person, whether it takes a request: it says so at once, or shows its form."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.fields import is_loopback
from apiconn_nb.login import faults
from apiconn_nb.login.faults import Fault
from apiconn_nb.login.steps import Send, Steps
from apiconn_nb.login.transaction import plain

_HOPS = 5
_TAGS = re.compile(r"(?s)<(script|style)\b.*?</\1>|<[^>]*>")


@dataclasses.dataclass(frozen=True)
class _Said:
    """How the page answered: `status`, an `error` with its `description`, or the `text` of an error page."""

    status: int
    error: str = ""
    description: str = ""
    text: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether the page takes the request."""
        return not self.error and self.status < 400


class LoginPage:
    """The login page of `method`, asked with everything that a real sign-in sends."""

    def __init__(
        self, method: AuthorizationCode, redirect_url: str, values: Mapping[str, Any], send: Send, steps: Steps
    ) -> None:
        self._method = method
        self._redirect_url = redirect_url
        self._values = values
        self._send = send
        self._steps = steps

    def fault(self) -> Fault | None:
        """What does not fit; None where the page shows its form. Raises httpx.RequestError and ApiConnError."""
        said = self._ask(self._method, "does the login page take this request?")
        if said.is_fine:
            return None
        if said.error:
            named = faults.of_answer(said.error, said.description, self._method, self._redirect_url)
        else:
            named = faults.of_page(said.status, said.text, self._method, self._redirect_url)
        return named or self._by_leaving_out() or self._unnamed(said)

    def _by_leaving_out(self) -> Fault | None:
        """The page does not say what it minds: ask again with one thing changed, and see what it takes."""
        method = self._method
        other = dataclasses.replace(method, pkce=not method.pkce)
        if self._ask(other, f"and {'without' if method.pkce else 'with'} PKCE?").is_fine:
            return faults.pkce(method)
        if method.scope and self._ask(dataclasses.replace(method, scope=""), "and without the scope?").is_fine:
            return faults.scope_refused(method)
        return None

    def _unnamed(self, said: _Said) -> Fault:
        words = plain(said.error or said.text, 200) or f"status {said.status}"
        if said.description:
            words += f": {plain(said.description, 200)}"
        return Fault("login page refuses", "authorization_endpoint", f"It says: {words}")

    def _ask(self, method: AuthorizationCode, title: str) -> _Said:
        url = method.authorization_url(self._redirect_url, "doctor", "x" * 43, self._values)
        cookies = httpx.Cookies()  # of this one visit: many pages redirect to themselves with a session
        for _ in range(_HOPS):
            request = httpx.Request("GET", url, headers={"Accept": "text/html"})
            cookies.set_cookie_header(request)
            response = self._send(request)
            cookies.extract_cookies(response)
            self._steps.exchange(title, request, response)
            target = response.headers.get("Location", "")
            if not (300 <= response.status_code < 400 and target):
                return _Said(response.status_code, text=_text_of(response) if response.status_code >= 400 else "")
            url = urljoin(url, target)
            members = dict(parse_qsl(urlsplit(url).query))
            if members.get("error") or url.startswith(self._redirect_url):
                return _Said(response.status_code, members.get("error", ""), members.get("error_description", ""))
            if not _may_follow(url):
                break
        return _Said(200)  # it leads somewhere to sign in


def _may_follow(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _text_of(response: httpx.Response) -> str:
    text = response.content[: 1 << 16].decode("utf-8", "replace")
    return plain(html.unescape(_TAGS.sub(" ", text)), 2000)
