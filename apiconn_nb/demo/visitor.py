"""The person at the browser, where there is no browser: what nbclient, CI and `apiconn-demo --check` sign in with.

It opens the link, fills the demo's form in and follows the redirect to the receiver, as a browser would. It is for the
demo's own page alone: a real provider's page needs a real person.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

from ..errors import UsageError

_SECONDS = 20


def sign_in(link: str, username: str, password: str, *, allow: bool = True) -> str:
    """Sign in (or, with ``allow=False``, refuse) at the page behind `link`.

    `link` is the authorization URL, the login engine's own ``/start``, or a device's ``verification_uri_complete``.
    Returns the text of the page that comes at the end (the receiver's, or the provider's).
    Raises UsageError where `link` does not lead to the demo's form, or the form comes back.
    """
    # No proxy from the environment: all of this stays on loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    place, page = _open(opener, link)
    form = _Form()
    form.feed(page)
    if "password" not in form.fields:
        raise UsageError("The link does not lead to the demo's page to sign in.")
    values = {**form.fields, "username": username, "password": password, "decision": "allow" if allow else "deny"}
    place, page = _open(opener, urljoin(place, form.action or place), urlencode(values).encode())
    again = _Form()
    again.feed(page)
    if "password" in again.fields:
        raise UsageError("The demo did not take that user name and password, or that code.")
    return page


def _open(opener: urllib.request.OpenerDirector, url: str, data: bytes | None = None) -> tuple[str, str]:
    try:
        with opener.open(url, data, timeout=_SECONDS) as response:
            return response.geturl(), response.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.geturl() or url, error.read().decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        raise UsageError(f"Nobody answers at that link ({type(error).__name__}).") from None


class _Form(HTMLParser):
    """The first form of a page: its action and the fields that are sent."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values.get("action", "")
        elif tag == "input" and "name" in values:
            self.fields[values["name"]] = values.get("value", "")
