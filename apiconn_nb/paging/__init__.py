"""Pages: found by looking at an answer, followed until there are no more, and why they ended.

Pure: httpx's ``Request`` and ``Response`` are read and built, nothing is sent. Two ways to use it.

The loop, with a `fetch` of the caller's (`Pages`)::

    def fetch(request):                    # the collection's transport, the limiter and the cache are in here
        response = send(request)
        return Answer(response, json_or_none(response), rows=None)

    with Pages(request, fetch, limit=None, strip_query={"api_key"}) as pages:
        for page in pages:
            builder.add(page.response.content, …)
    pages.stopped                          # "no next link", "all 34 pages", "page 3 repeats page 2: …"

By hand, three verbs::

    paginator = find_paginator(request, response, document)      # or paginator_named("cursor:after=paging.next.after")
    following = paginator.advance(request, response, document, rows)      # None: `paginator.stopped` says why
    requests = paginator.pages_ahead()     # those of the other pages, where their number is known

A paginator is saved with a call as its `spec`, and pickles in the middle of a walk.
"""

from apiconn_nb.paging.base import CAP, Paginator
from apiconn_nb.paging.cursor import Continue, Cursor
from apiconn_nb.paging.detect import find_paginator
from apiconn_nb.paging.graphql import GraphQL
from apiconn_nb.paging.link import LinkHeader
from apiconn_nb.paging.named import FORMS, OnePage, paginator_named
from apiconn_nb.paging.next_link import NextLink
from apiconn_nb.paging.numbered import Offsets, PageNumbers
from apiconn_nb.paging.walk import Answer, Page, Pages

__all__ = [
    "CAP",
    "FORMS",
    "Answer",
    "Continue",
    "Cursor",
    "GraphQL",
    "LinkHeader",
    "NextLink",
    "Offsets",
    "OnePage",
    "Page",
    "PageNumbers",
    "Pages",
    "Paginator",
    "find_paginator",
    "paginator_named",
]
