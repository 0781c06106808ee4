"""A next-page URL that a server sent → a request. The URL is hostile input.

Only the URL is built here: whether its origin may be called, and with which credentials, is for the transport's fence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

import httpx

from apiconn_nb.paging import place
from apiconn_nb.paging.envelope import words

MAX_URL = 16_384  # characters; RFC 9110 §4.1 asks for 8,000, and signed links are longer
PAGE_WORDS = words("page pagenumber pageno pagenum pageindex page[number] p pg paged currentpage pagina seite")


class BadLink(ValueError):
    """The server's next link cannot be followed; the text says why, for the reader."""


def follow(
    request: httpx.Request,
    response: httpx.Response,
    link: str,
    *,
    strip_query: frozenset[str] = frozenset(),
    method: str = "",
    content: bytes | None = None,
) -> httpx.Request:
    """The request for `link`, resolved against the URL that was answered (RFC 3986 §5.1.3).

    User info and fragment are dropped, and so are the query parameters named in `strip_query` (an API may echo our
    own key there; the transport puts it on again). A link that only falls back from https to http, as servers behind
    a proxy write it, keeps https. Raises BadLink.
    """
    if len(link) > MAX_URL:
        raise BadLink(f"the next link is {len(link):,} characters long")
    base = _answered(request, response)
    try:
        url = base.join(link)
        url = url.copy_with(username=None, password=None, fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError, UnicodeError):
        raise BadLink(f"the next link is no URL: {link[:80]!r}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise BadLink(f"the next link is no http URL: {link[:80]!r}")
    if base.scheme == "https" and url.scheme == "http" and url.host == base.host and url.port in (None, base.port):
        url = url.copy_with(scheme="https")
    if strip_query and url.query:
        url = place.with_query(url, dict.fromkeys(strip_query))
    return place.rebuilt(request, url=url, method=method, content=content)


def _answered(request: httpx.Request, response: httpx.Response) -> httpx.URL:
    try:
        return response.url
    except RuntimeError:  # a response that was built without its request
        return request.url


def same_target(one: httpx.Request, other: httpx.Request) -> bool:
    """Whether two requests ask for the same page: method, URL (whatever the order of its parameters) and body."""
    return one is other or identity(one) == identity(other)


def identity(request: httpx.Request) -> tuple[object, ...]:
    """What makes two page requests the same."""
    url = request.url
    parameters = parse_qsl(url.query.decode("ascii", "replace"), keep_blank_values=True)
    ranged = request.headers.get("range")
    return (request.method, *place.origin(url), url.path, tuple(sorted(parameters)), request.content, ranged)


@dataclass(frozen=True)
class Series:
    """Pages whose URLs differ in one whole number of the query: they can be asked for before their turn.

    `request` is the next page's; `name` its number's parameter; `step` from page to page; `count` pages from there on.
    """

    request: httpx.Request
    name: str
    value: int
    step: int
    count: int

    def requests(self, skip: int = 0) -> Iterator[httpx.Request]:
        """The requests of all `count` pages, in order, without the first `skip`."""
        for number in range(skip, self.count):
            yield place.put(self.request, f"query:{self.name}", self.value + number * self.step)


def series_to(request: httpx.Request, following: httpx.Request, last: httpx.URL) -> Series | None:
    """The series from `following` to the page at `last`, None unless both differ in one whole number only."""
    name = differing(following.url, last)
    if name is None or place.origin(following.url) != place.origin(last) or following.url.path != last.path:
        return None
    start, end = int(place.query_of(following.url)[name]), int(place.query_of(last)[name])
    step = _step(request, following, name)
    if step <= 0 or end < start or (end - start) % step:
        return None
    return Series(following, name, start, step, (end - start) // step + 1)


def series_of(request: httpx.Request, following: httpx.Request, pages_left: int) -> Series | None:
    """The series of `pages_left` pages from `following` on, None unless it differs from `request` in one number."""
    if pages_left < 1:
        return None
    name = differing(request.url, following.url)
    if name is None:
        return None
    step = _step(request, following, name)
    value = int(place.query_of(following.url)[name])
    return Series(following, name, value, step, pages_left) if step > 0 else None


def differing(one: httpx.URL, other: httpx.URL) -> str | None:
    """The one query parameter in which two URLs differ, where `other` has a whole number for it; else None.

    In `one` it may be missing. Equal URLs differ in the parameter only that names a page, if one does.
    """
    before, after = place.query_of(one), place.query_of(other)
    if not set(before) <= set(after) or max(Counter(_names(other)).values(), default=1) > 1:
        return None
    names = [name for name, value in after.items() if before.get(name) != value]
    if not names:
        names = [name for name in after if place_word(name) in PAGE_WORDS]
    if len(names) != 1:
        return None
    values = (before.get(names[0], "0"), after[names[0]])
    return names[0] if all(v.isascii() and v.isdigit() and len(v) < 16 for v in values) else None


def _names(url: httpx.URL) -> list[str]:
    return [name for name, _ in parse_qsl(url.query.decode("ascii", "replace"), keep_blank_values=True)]


def place_word(name: str) -> str:
    """A parameter's name without case, ``_``, ``-`` and ``$``."""
    return name.lower().replace("_", "").replace("-", "").replace("$", "")


def _step(request: httpx.Request, following: httpx.Request, name: str) -> int:
    if place_word(name) in PAGE_WORDS:
        return 1
    before = place.query_of(request.url).get(name, "0")
    after = int(place.query_of(following.url)[name])
    return after - int(before) if before.isascii() and before.isdigit() and len(before) < 16 else 0
