"""How much there is: what the answer says of pages, rows and whether more follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from apiconn_nb.paging.envelope import Node, jmespath_of, nodes, normal, words
from apiconn_nb.paging.source import as_flag, as_int

PAGES = words(
    """
    totalpages pages pagecount nbpages lastpage numpages totalpagecount pagetotal pagestotal numberofpages
    totalpage
    """
)
TOTAL = words(
    """
    total totalcount totalitems totalresults totalrecords totalelements totalrows totalsize totalhits
    totalobjects totalnumber numfound nbhits hits rowcount recordcount totalentries totalresultcount matches
    totaldocs numberofrecords availablecount totalposts filteredcount
    """
)
# Of all rows, or of this page's: see `Totals.reliable`.
COUNT = words("count odatacount found numberofresults resultcount itemcount results")
SIZE = words(
    """
    perpage pagesize limit size itemsperpage pagelen hitsperpage maxresults per rpp resultsperpage retmax rows
    pagelimit page[size] page[limit]
    """
)
MORE = words(
    """
    hasmore hasnextpage hasnext more hasmoreitems moreitemsincollection morerecords moreresults hasmoreresults
    """
)
# True on the last page.
LAST = words("islast islastpage last lastpage endofrecords endofstream done isdone")

TOTAL_HEADERS = ("x-total-count", "x-total", "x-wp-total", "total-count", "x-pagination-total-count", "total")
PAGES_HEADERS = ("x-total-pages", "x-wp-totalpages", "x-pagination-page-count", "x-page-count", "total-pages")


@dataclass(frozen=True)
class Totals:
    """What an answer says of the listing; each with the source where it says so ("" where it does not).

    `pages` and `rows` of the whole listing, `size` of a page as the server has it, `more` whether another page
    follows. `reliable` is False for a ``count`` that may be this page's own.
    """

    pages: int | None = None
    rows: int | None = None
    size: int | None = None
    more: bool | None = None
    pages_at: str = ""
    rows_at: str = ""
    size_at: str = ""
    more_at: str = ""
    reliable: bool = True

    def pages_after(self, seen: int, rows_seen: int, rows: int) -> int:
        """How many pages follow, after `seen` pages with `rows_seen` rows, the last of which had `rows`; 0 unknown."""
        if self.rows is not None and self.reliable and rows > 0:
            return max(0, -(-(self.rows - rows_seen) // max(self.size or 0, rows)))
        return max(0, (self.pages or 0) - seen)


def totals_of(response: httpx.Response, document: Any, rows: int) -> Totals:
    """What the headers and the envelope of `document` say; the node that says most is believed."""
    best: Totals | None = None
    for node in nodes(document):
        if node.name == "shards":
            continue
        found = _of_node(node, rows)
        if best is None or _weight(found) > _weight(best):
            best = found
    if best is not None and (best.pages is not None or best.rows is not None):
        return best
    return _of_headers(response, best or Totals())


def says_last(document: Any) -> bool:
    """Whether a flag of the envelope (``has_more: false``, ``isLast: true``) says that nothing follows."""
    flags = (_more(node)[0] for node in nodes(document))
    return next((flag for flag in flags if flag is not None), None) is False


def more_flag(document: Any, node: Node) -> str:
    """The source of a flag beside `node`'s fields, or at the root, that is false on the last page; "" for none."""
    return _more(node)[1] or next((_more(root)[1] for root in nodes(document)), "")


def _weight(totals: Totals) -> int:
    known = (totals.pages is not None, totals.rows is not None and totals.reliable, totals.rows is not None)
    return sum(known) * 2 + (totals.size is not None) + (totals.more is not None)


def _of_node(node: Node, rows: int) -> Totals:
    pages, pages_at = _number(node, PAGES)
    total, total_at = _number(node, TOTAL)
    reliable = True
    if total is not None and total < rows:
        total, total_at = None, ""  # Elasticsearch's `_shards.total`, say
    if total is None:
        total, total_at = _elasticsearch(node)
    if total is None:
        total, total_at = _number(node, COUNT)
        reliable = total is not None and total > rows
    size, size_at = _number(node, SIZE)
    more, more_at = _more(node)
    return Totals(pages, total, size, more, pages_at, total_at, size_at, more_at, reliable)


def _number(node: Node, words: frozenset[str]) -> tuple[int | None, str]:
    for key, value in node.items():
        number = as_int(value) if normal(key) in words else None
        if number is not None:
            return number, jmespath_of((*node.path, key))
    return None, ""


def _elasticsearch(node: Node) -> tuple[int | None, str]:
    """``hits.total.value``, counted exactly only where the relation is ``eq``."""
    total = node.fields.get("total")
    if isinstance(total, Mapping) and total.get("relation") in (None, "eq"):
        return as_int(total.get("value")), jmespath_of((*node.path, "total", "value"))
    return None, ""


def _more(node: Node) -> tuple[bool | None, str]:
    for key, value in node.items():
        word, flag = normal(key), as_flag(value)
        if flag is None or word not in MORE | LAST:
            continue
        path = jmespath_of((*node.path, key))
        return (flag, path) if word in MORE else (not flag, f"!{path}")
    return None, ""


def _of_headers(response: httpx.Response, body: Totals) -> Totals:
    pages, pages_at = _header(response, PAGES_HEADERS)
    total, total_at = _header(response, TOTAL_HEADERS)
    if total is None:
        total, total_at = _content_range(response)
    if pages is None and total is None:
        return body
    return Totals(pages, total, body.size, body.more, pages_at, total_at, body.size_at, body.more_at)


def _header(response: httpx.Response, names: tuple[str, ...]) -> tuple[int | None, str]:
    for name in names:
        number = as_int(response.headers.get(name))
        if number is not None:
            return number, f"header:{name}"
    return None, ""


def _content_range(response: httpx.Response) -> tuple[int | None, str]:
    """The total of ``Content-Range: 0-24/319`` (PostgREST; RFC 9110 §14.4), never that of a byte range."""
    value = response.headers.get("content-range", "")
    if not value or value.startswith("bytes"):
        return None, ""
    return as_int(value.rpartition("/")[2]), "header:content-range"
