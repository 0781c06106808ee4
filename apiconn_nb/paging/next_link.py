"""The next page's URL in the body: ``next``, ``@odata.nextLink``, JSON:API ``links.next``, HAL ``_links.next``, …"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import httpx

from apiconn_nb.paging import place, source
from apiconn_nb.paging.base import Paginator, series_pages
from apiconn_nb.paging.envelope import Node, jmespath_of, nodes, normal, words
from apiconn_nb.paging.totals import says_last, totals_of
from apiconn_nb.paging.urls import BadLink, Series, follow, series_of

HREF = ("href", "url", "uri", "@id")

ENDS = ("no next link", "the server says that this is the last page")

# Keys that hold a URL and nothing else: any text in them is one, also `items?page=2`.
URL_KEYS = words(
    """
    nextlink nexturl nexturi nexthref nextpageurl nextpageuri nextpagelink nextrecordsurl odatanextlink afterurl
    hydra:next nextpagehref nextlinkurl
    """
)
# Keys that hold a URL, a token or a number: the value tells.
MIXED_KEYS = frozenset(("next", "nextpage"))
# The list of links of a document: [{"rel": "next", "href": …}], FHIR's {"relation": …, "url": …}.
LIST_KEYS = frozenset(("links", "link", "_links"))
# Objects in which a bare `next` means the next page even when no list stands beside it.
ENVELOPES = words(
    """
    links paging pagination pages page pageinfo meta metadata cursors cursor response urls view hydra:view
    pagingmetadata pagination_links paginationlinks
    """
)


@dataclass
class NextLink(Paginator):
    """Follows the URL at `path` (JMESPath; a text, or an object with ``href`` or ``url``); "" finds it on every page.

    `base` is the path of a URL that relative links begin at (Confluence's ``_links.base``). A link object may bring
    its own ``method``, ``body`` and ``merge`` (STAC API, item search).
    """

    kind: ClassVar[str] = "next"

    path: str = ""
    base: str = ""

    def _restart(self) -> None:
        super()._restart()
        self._series: Series | None = None

    @property
    def spec(self) -> str:
        return self.kind + (f":{self.path}" if self.path else "") + (f",base={self.base}" if self.base else "")

    def describe(self) -> str:
        return f"next link in $.{self.path}" if self.path else "next link in the body"

    def _next(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> httpx.Request | str:
        self._series = None
        value = self._value(response, document)
        url = url_in(value)
        if not url:
            return ENDS[0]
        if says_last(document):  # Zendesk links on from the last page, and says so beside it
            return ENDS[1]
        base = source.read(self.base, response, document)
        method, content = _own_body(request, value)
        following = follow(
            request, response, _based(base, url), strip_query=self.strip_query, method=method, content=content
        )
        left = totals_of(response, document, rows).pages_after(self.pages_seen, self.rows_seen, rows)
        self._series = series_of(request, following, left)
        return following

    def _value(self, response: httpx.Response, document: Any) -> Any:
        if self.path:
            return source.read(self.path, response, document)
        found = spot(document)
        return found.value if found else None

    def _ahead(self, skip: int) -> Iterator[httpx.Request]:
        return iter(()) if self._series is None else self._series.requests(skip)

    def total_pages(self) -> int | None:
        return self.pages_seen if self.stopped in ENDS else series_pages(self._series, self.pages_seen)


def url_in(value: Any) -> str:
    """The URL that a next-link value is or holds, "" where it has none."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in HREF if isinstance(value.get(key), str)), "")
    return value.strip() if isinstance(value, str) else ""


def _based(base: Any, url: str) -> str:
    """`url` at the server's own `base` URL, unless it repeats the path of the base."""
    if not isinstance(base, str) or not url.startswith("/") or url.startswith("//"):
        return url
    try:
        root = httpx.URL(base)
    except httpx.InvalidURL:
        raise BadLink(f"the base of the next link is no URL: {base[:80]!r}") from None
    folder = root.path.rstrip("/")
    return url if url.startswith(folder + "/") else base.rstrip("/") + url


def _own_body(request: httpx.Request, value: Any) -> tuple[str, bytes | None]:
    """Method and body that a link object brings along: STAC API's, FHIR's (its links are for GET)."""
    if not isinstance(value, Mapping):
        return "", None
    method = value.get("method")
    if method not in ("GET", "POST"):
        return ("GET", b"") if "relation" in value else ("", None)
    body = value.get("body")
    if method == "GET" or not isinstance(body, Mapping):
        return method, b"" if method == "GET" else None
    merged = {**place.body_of(request), **body} if value.get("merge") is True else dict(body)
    return method, json.dumps(merged).encode()


class Spotted(NamedTuple):
    """A next link in a document: where, what stands there (None: the key is there, and empty), a base beside it."""

    path: str
    value: Any
    base: str = ""


def spot(document: Any, has_rows: bool = True) -> Spotted | None:
    """The next link of `document`, nearest to the root first. An empty one, which says "last page", comes last."""
    empty: Spotted | None = None
    for node in nodes(document):
        for found in _links_of(node, has_rows):
            if found.value is not None:
                return found
            empty = empty or found
    return empty


def _links_of(node: Node, has_rows: bool) -> Iterator[Spotted]:
    for key, value in node.items():
        word = normal(key)
        path = jmespath_of((*node.path, key))
        if word in LIST_KEYS and isinstance(value, list):
            yield from _in_list(path, value)
        elif word in URL_KEYS or (word == "next" and key.startswith("__")):  # OData 2: `__next`
            if value in (None, "", False) or isinstance(value, str | Mapping):
                yield Spotted(path, value or None)
        elif word in MIXED_KEYS and (has_rows or node.name in ENVELOPES):
            if value in (None, "", False):
                yield Spotted(path, None)
            elif looks_like_url(url_in(value), node.name):
                yield Spotted(path, value, _base_of(node, url_in(value)))


def _in_list(path: str, links: list[Any]) -> Iterator[Spotted]:
    for key in ("rel", "relation"):
        for link in links[:50]:
            if isinstance(link, Mapping) and link.get(key) == "next" and url_in(link):
                yield Spotted(f"{path}[?{key}=='next'] | [0]", link)


def _base_of(node: Node, url: str) -> str:
    base = node.fields.get("base")
    beside = isinstance(base, str) and base.startswith(("http://", "https://")) and url.startswith("/")
    return jmespath_of((*node.path, "base")) if beside else ""


def looks_like_url(text: str, parent: str = "") -> bool:
    """Whether `text` is an absolute URL or a reference to one, rather than a token (base64 may begin with ``/``)."""
    if text.startswith(("http://", "https://")):
        return True
    if parent in ("cursor", "cursors") or any(c.isspace() for c in text):
        return False
    if text.startswith("?"):
        return "=" in text
    if text.startswith("/"):
        return not text.endswith("=") or "?" in text
    return "?" in text and "=" in text.partition("?")[2]


def find(document: Any, has_rows: bool) -> tuple[NextLink | None, bool]:
    """The paginator for a document with a next link; and whether an empty link says that this is the last page."""
    found = spot(document, has_rows)
    if found is None:
        return None, False
    if found.value is None or says_last(document):
        return None, True
    return NextLink(path=found.path, base=found.base), False
