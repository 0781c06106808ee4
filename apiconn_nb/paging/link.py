"""The ``Link`` header (RFC 8288): GitHub, GitLab, Shopify, Okta, WordPress, Mastodon, Sentry, …"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import httpx

from apiconn_nb.paging.base import Paginator, series_pages
from apiconn_nb.paging.urls import BadLink, Series, follow, series_to

_WHITE = " \t"
_LINKS = 200  # of one answer


class Link(NamedTuple):
    """One link of the header: its target as written, and its parameters (names in lower case, first value wins)."""

    target: str
    parameters: dict[str, str]

    @property
    def relations(self) -> list[str]:
        """The relation types, in lower case (RFC 8288 §3.3: separated by spaces)."""
        return self.parameters.get("rel", "").lower().split()


def parse(header: str) -> list[Link]:
    """The links of a ``Link`` header, by the parsing algorithm of RFC 8288 Appendix B.2; what does not parse ends it.

    Commas and semicolons inside ``<…>`` and quotes belong to the target or value; several header lines joined by
    commas are one.
    """
    links: list[Link] = []
    at = 0
    while len(links) < _LINKS:
        start = header.find("<", at)
        end = header.find(">", start + 1) if start >= 0 else -1
        if end < 0:
            return links
        parameters, at = _parameters(header, end + 1)
        links.append(Link(header[start + 1 : end].strip(), parameters))
    return links


def _parameters(text: str, at: int) -> tuple[dict[str, str], int]:
    """The parameters that begin at `at`, and where the next link begins."""
    found: dict[str, str] = {}
    while at < len(text) and text[at] != ",":
        if text[at] in _WHITE + ";":
            at += 1
            continue
        start = at
        while at < len(text) and text[at] not in _WHITE + "=;,":
            at += 1
        name = text[start:at].lower()
        while at < len(text) and text[at] in _WHITE:
            at += 1
        value = ""
        if at < len(text) and text[at] == "=":
            value, at = _value(text, at + 1)
        found.setdefault(name, value)
    return found, at + 1


def _value(text: str, at: int) -> tuple[str, int]:
    while at < len(text) and text[at] in _WHITE:
        at += 1
    if at >= len(text) or text[at] != '"':
        start = at
        while at < len(text) and text[at] not in ";,":
            at += 1
        return text[start:at].strip(), at
    at += 1
    characters: list[str] = []
    while at < len(text) and text[at] != '"':
        if text[at] == "\\":  # quoted-pair, RFC 9110 §5.6.4
            at += 1
        characters.append(text[at : at + 1])
        at += 1
    return "".join(characters), at + 1


def linked(response: httpx.Response, relation: str) -> Link | None:
    """The first link of `response` with `relation` whose context is the answer itself (no ``anchor``)."""
    header = ", ".join(response.headers.get_list("link"))
    for link in parse(header):
        if relation in link.relations and not link.parameters.get("anchor"):
            return link
    return None


@dataclass
class LinkHeader(Paginator):
    """Follows the link with relation `relation`. Where ``last`` differs from it in a page number only, all pages
    between them are known (GitHub's ``page=2`` … ``page=34``)."""

    kind: ClassVar[str] = "link"
    reads_document: ClassVar[bool] = False

    relation: str = "next"

    def _restart(self) -> None:
        super()._restart()
        self._series: Series | None = None

    @property
    def spec(self) -> str:
        return self.kind if self.relation == "next" else f"{self.kind}:{self.relation}"

    def describe(self) -> str:
        return f'Link header, rel="{self.relation}"'

    def _next(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> httpx.Request | str:
        self._series = None
        link = linked(response, self.relation.lower())
        if link is None:
            return f"no {self.relation} link"
        if link.parameters.get("results") == "false":  # Sentry always links on, and says so
            return f"the {self.relation} link says that it has no results"
        following = follow(request, response, link.target, strip_query=self.strip_query)
        last = linked(response, "last") if self.relation == "next" else None
        if last is not None:
            self._series = self._up_to(request, response, following, last.target)
        return following

    def _up_to(
        self, request: httpx.Request, response: httpx.Response, following: httpx.Request, last: str
    ) -> Series | None:
        try:
            end = follow(request, response, last, strip_query=self.strip_query)
        except BadLink:
            return None
        return series_to(request, following, end.url)

    def _ahead(self, skip: int) -> Iterator[httpx.Request]:
        return iter(()) if self._series is None else self._series.requests(skip)

    def total_pages(self) -> int | None:
        return self.pages_seen if self.stopped.startswith("no ") else series_pages(self._series, self.pages_seen)


def find(response: httpx.Response) -> tuple[LinkHeader | None, bool]:
    """The paginator for an answer whose ``Link`` header has a next page; and whether it says that this is the last."""
    link = linked(response, "next")
    if link is not None:
        is_last = link.parameters.get("results") == "false"
        return (None, True) if is_last else (LinkHeader(), False)
    return None, any(linked(response, relation) for relation in ("prev", "previous", "first", "last"))
