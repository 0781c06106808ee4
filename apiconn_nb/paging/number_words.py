"""Which parameter of the request, and which field of the answer, is a page number, an offset or a page's size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx

from apiconn_nb.paging import place
from apiconn_nb.paging.envelope import has_records, nodes, rows_of, words
from apiconn_nb.paging.numbered import Numbered, Offsets, PageNumbers, is_round
from apiconn_nb.paging.source import as_int
from apiconn_nb.paging.totals import SIZE, Totals, totals_of
from apiconn_nb.paging.urls import PAGE_WORDS, place_word

# Parameters. "start" and "from" may be years and dates: they count only beside the size of a page.
OFFSETS = words("offset skip startat startindex retstart startposition page[offset] startrow firstresult")
WEAK_OFFSETS = frozenset(("start", "from", "first"))
SIZES = SIZE | words("count num top n pagecount page[size] page[limit] numrows limitto length")
BY_ROWS = frozenset(("startindex", "startposition", "startrow"))  # count from 1

# Fields of the answer → the parameter that they echo ("" is the field's own name).
PAGE_ECHOES = {
    "page": "page",
    "currentpage": "page",
    "current": "page",
    "number": "page",
    "pagenumber": "",
    "pageindex": "",
    "pageno": "",
    "pagenum": "",
}
OFFSET_ECHOES = words("offset skip start startat startindex from retstart startposition")
PAGE_HEADERS = ("x-page", "x-pagination-current-page")
# The parameter that goes with a size parameter, where neither request nor answer names one.
PARTNERS = {
    "perpage": "page",
    "pagesize": "page",
    "pagelen": "page",
    "page[size]": "page[number]",
    "page[limit]": "page[offset]",
    "limit": "offset",
    "rows": "start",
    "top": "skip",
    "maxresults": "startAt",
    "retmax": "retstart",
}


SOCRATA_ROWS = 1000  # of an answer without `$limit`


class Found(NamedTuple):
    """A number and where it stands: a parameter's name (in the query or the body), or the one that a field echoes."""

    to: str
    word: str
    value: int


class Asked(NamedTuple):
    """The paging numbers of a request."""

    page: Found | None
    offset: Found | None
    size: Found | None


def find(request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> Numbered | None:
    """The paginator for pages that we count ourselves, None where nothing says so or this page is the last."""
    totals = totals_of(response, document, rows)
    if rows == 0 or totals.more is False or (document is not None and rows_of(document) is None):
        return None
    paginator = _chosen(request, response, document, totals, rows)
    if paginator is None or paginator.fresh().advance(request, response, document, rows) is None:
        return None
    return paginator


def _chosen(
    request: httpx.Request, response: httpx.Response, document: Any, totals: Totals, rows: int
) -> Numbered | None:
    asked = asked_of(request)
    believed = asked.size or document is None or has_records(document)  # else a book's `page` and `number_of_pages`
    echo = echo_of(request, response, document) if believed and not (asked.page or asked.offset) else None
    known = totals.pages is not None or totals.rows is not None or totals.more is not None
    by_server = _known_server(asked, response, document, rows)
    if by_server:
        return by_server
    page = asked.page or (echo if echo and known and echo.word in PAGE_ECHOES else None)
    if page:
        return _pages(page, asked, totals, document, guess=not known)
    offset = asked.offset or (echo if known else None)
    if offset:
        return _offsets(offset, asked, totals, guess=not known)
    follows = totals.more is True or (totals.rows is not None and totals.reliable and totals.rows > rows)
    full = not asked.size or rows >= asked.size.value or is_round(rows)
    return _guessed(asked, totals, document) if follows and full else None


def _known_server(asked: Asked, response: httpx.Response, document: Any, rows: int) -> Offsets | None:
    """Servers that cut an answer off and name neither number nor total."""
    size = asked.size.to if asked.size else ""
    fields = document if isinstance(document, Mapping) else {}
    if fields.get("exceededTransferLimit") is True:  # ArcGIS feature services; the flag is missing on the last page
        return Offsets("query:resultOffset", size=size, more="exceededTransferLimit == `true`")
    socrata = any(name.startswith("x-soda2-") for name in response.headers)
    if socrata and not asked.offset and not size and rows == SOCRATA_ROWS:
        return Offsets("query:$offset", step=SOCRATA_ROWS, guess=True)
    elastic = {"took", "timed_out", "hits"} <= fields.keys()
    if elastic and not asked.offset and totals_of(response, document, rows).rows_at == "hits.total.value":
        return Offsets("query:from", size=size, total="hits.total.value")
    return None


def _pages(page: Found, asked: Asked, totals: Totals, document: Any, guess: bool) -> PageNumbers:
    first = 0 if page.value == 0 or counts_from_zero(document) else 1
    return PageNumbers(
        page.to,
        first,
        asked.size.to if asked.size else "",
        total=totals.rows_at if totals.reliable and not totals.pages_at else "",
        more=totals.more_at,
        echo=totals.size_at,
        pages=totals.pages_at,
        guess=guess,
    )


def counts_from_zero(document: Any) -> bool:
    """Whether a known kind of answer calls its first page 0: Spring Data's and Algolia's."""
    for node in nodes(document):
        fields = node.words().keys()
        if {"number", "totalelements"} <= fields or {"nbpages", "nbhits"} <= fields:
            return True
    return False


def _offsets(offset: Found, asked: Asked, totals: Totals, guess: bool) -> Offsets:
    return Offsets(
        offset.to,
        1 if offset.word in BY_ROWS and offset.value > 0 else 0,
        asked.size.to if asked.size else "",
        total=totals.rows_at if totals.reliable else "",
        more=totals.more_at,
        echo=totals.size_at,
        guess=guess,
    )


def _guessed(asked: Asked, totals: Totals, document: Any) -> Numbered | None:
    """More follows, and no number says how: the usual partner of the size parameter, else ``page``."""
    name = PARTNERS.get(asked.size.word, "") if asked.size else ("page" if totals.more else "")
    if not name:
        return None
    if asked.size and place.parsed(asked.size.to)[1].startswith("$"):
        name = "$" + name
    found = Found(_beside(asked, name), place_word(name), 1)
    if found.word in PAGE_WORDS:
        return _pages(found, asked, totals, document, guess=True)
    return _offsets(found, asked, totals, guess=True)


def _beside(asked: Asked, name: str) -> str:
    kind = place.parsed(asked.size.to)[0] if asked.size else "query"
    return f"{kind}:{name}"


def asked_of(request: httpx.Request) -> Asked:
    """The page number, offset and size that `request` asks for, in its query or its body."""
    numbers = list(_numbers_of(request))
    size = next((found for found in numbers if found.word in SIZES), None)
    offsets = OFFSETS | (WEAK_OFFSETS if size else frozenset())
    page = next((found for found in numbers if found.word in PAGE_WORDS), None)
    offset = next((found for found in numbers if found.word in offsets and found != size), None)
    return Asked(page, offset, size)


def _numbers_of(request: httpx.Request) -> Iterator[Found]:
    for kind, fields in (("query", place.query_of(request.url)), ("body", place.body_of(request))):
        for name, value in fields.items():
            number = as_int(value)
            if number is not None:
                yield Found(f"{kind}:{name}", place_word(name), number)
            elif kind == "body" and isinstance(value, Mapping):
                inner = ((key, as_int(item)) for key, item in value.items())
                yield from (Found(f"body:{name}.{key}", place_word(key), n) for key, n in inner if n is not None)


def echo_of(request: httpx.Request, response: httpx.Response, document: Any) -> Found | None:
    """The page number or offset that the answer says it is, as the parameter to ask for another.

    A page number is taken before an offset, the nearest to the root first.
    """
    query = place.query_of(request.url)
    kind = "body" if place.body_of(request) and request.method != "GET" else "query"
    for vocabulary in (frozenset(PAGE_ECHOES), OFFSET_ECHOES):
        for node in nodes(document):
            fields = node.words()
            for word, key in fields.items():
                value = as_int(node.fields[key])
                if word == "start" and "offset" in fields:  # Open Library: `offset` is asked for, `start` is answered
                    key = fields["offset"]
                if (
                    value is None
                    or word not in vocabulary
                    or (word in ("number", "current") and not _page_like(fields))
                ):
                    continue
                name = PAGE_ECHOES.get(word, key) or key
                name = "page[number]" if name == "page" and "page[size]" in query else name
                return Found(f"{kind}:{name}", word, value)
    for header in PAGE_HEADERS:
        value = as_int(response.headers.get(header))
        if value is not None:
            return Found("query:page", "page", value)
    return None


def _page_like(fields: Mapping[str, Any]) -> bool:
    return bool(fields.keys() & {"totalpages", "totalelements", "size", "pagesize", "total", "pages"})
