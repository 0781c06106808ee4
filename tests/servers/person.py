"""A person at a browser, without the browser: follows redirects, fills in login and consent forms, keeps cookies."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

STEPS = 20  # a login with a consent page takes about eight
AGREE = {"allow", "action"}  # names of the buttons that a person who agrees presses


class Form:
    """A form of a page: where it goes and what it says when nothing is typed."""

    def __init__(self, action: str, method: str) -> None:
        self.action = action
        self.method = method
        self.fields: dict[str, str] = {}


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append(Form(attributes.get("action") or "", (attributes.get("method") or "get").lower()))
            return
        if not self.forms or tag not in {"input", "button"}:
            return
        name, kind = (
            attributes.get("name"),
            (attributes.get("type") or ("submit" if tag == "button" else "text")).lower(),
        )
        unticked = kind in {"checkbox", "radio"} and "checked" not in attributes
        refuses = kind in {"submit", "button", "image"} and name not in AGREE
        if name and not unticked and not refuses:
            # Of two buttons with one name the first agrees, the second refuses.
            self.forms[-1].fields.setdefault(name, attributes.get("value") or "")


def forms(page: str) -> list[Form]:
    """The forms of an HTML page."""
    parser = _Forms()
    parser.feed(page)
    return parser.forms


def query(url: str | httpx.URL) -> dict[str, str]:
    """The query of `url`; of a parameter that stands twice, the first."""
    return {name: values[0] for name, values in parse_qs(urlsplit(str(url)).query, keep_blank_values=True).items()}


class Person:
    """Signs in as `name` wherever a page asks; one cookie jar, like one browser profile."""

    def __init__(self, name: str = "ada", password: str = "lovelace") -> None:
        self.http = httpx.Client(trust_env=False, timeout=30)
        self.name = name
        self.password = password

    def open(self, url: str, *, stop_at: str | None = None, user_code: str = "") -> httpx.Response:
        """Open `url`, follow every redirect and form, and return the page at the end.

        `user_code` is what to type where a device page asks for the code (RFC 8628).

        With `stop_at`, a redirect to a URL that starts with it is not followed: its `location` header holds what
        would have been delivered. Without it, the redirect is delivered, as a browser does.
        """
        page = self.http.get(url)
        for _ in range(STEPS):
            target = page.headers.get("location")
            if page.is_redirect and target:
                target = urljoin(str(page.url), target)
                if stop_at and target.startswith(stop_at):
                    return page
                page = self.http.get(target)
                continue
            form = self._form_to_send(page)
            if form is None:
                return page
            page = self._send(page, form, user_code)
        raise AssertionError(f"still not there after {STEPS} steps: {page.request.method} {page.url}")

    def authorize(self, url: str, redirect_uri: str) -> dict[str, str]:
        """Sign in and consent at the authorization URL `url`; the query delivered to `redirect_uri`, undelivered."""
        end = self.open(url, stop_at=redirect_uri)
        assert end.is_redirect, f"no redirect but {end.status_code}: {end.text[:500]}"
        return query(urljoin(str(end.url), end.headers["location"]))

    def close(self) -> None:
        """Close the browser."""
        self.http.close()

    def _form_to_send(self, page: httpx.Response) -> Form | None:
        if not page.is_success or "html" not in page.headers.get("content-type", ""):
            return None
        return next((form for form in forms(page.text) if form.method == "post"), None)

    def _send(self, page: httpx.Response, form: Form, user_code: str) -> httpx.Response:
        typed = {"login": self.name, "username": self.name, "sub": self.name, "password": self.password}
        if user_code:
            typed["user_code"] = user_code
        data = {name: typed.get(name, value) for name, value in form.fields.items()}
        return self.http.post(urljoin(str(page.url), form.action), data=data)
