"""Finding the paginator of an answer by looking at it. The surest sign comes first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx

from apiconn_nb.paging import cursor_words, graphql, link, next_link, number_words
from apiconn_nb.paging.base import Paginator, rows_on
from apiconn_nb.paging.envelope import has_records


def find_paginator(
    request: httpx.Request,
    response: httpx.Response,
    document: Any,
    rows: int | None = None,
    *,
    strip_query: Iterable[str] = (),
) -> Paginator | None:
    """The paginator for an answer that has a next page; None where it has none, or nothing tells how to ask for it.

    `document` is the parsed body (None where it is no JSON), `rows` the number of rows taken from it (None: counted
    here), `strip_query` the names of parameters to drop from next URLs (`apiconn_nb.paging.urls.follow`).

    Signs, the surest first: ``Link`` header, GraphQL ``pageInfo``, next URL in the body, cursor, page number or
    offset with what request and answer say of them, a bare ``next_page: 2``. An empty next URL (``"next": null``)
    or a ``Link`` header with ``prev`` and no ``next`` says that this is the last page, and nothing weaker is believed.
    """
    count = rows_on(response, document) if rows is None else rows
    paginator = _found(request, response, document, count)
    if paginator is not None:
        paginator.strip_query = frozenset(strip_query)
    return paginator


def _found(request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> Paginator | None:
    by_header, is_last = link.find(response)
    if by_header is not None or is_last:
        return by_header
    by_query = graphql.find(request, document)
    if by_query is not None:
        return by_query
    has_rows = has_records(document)
    by_url, is_last = next_link.find(document, has_rows)
    if by_url is not None or is_last:
        return by_url
    by_cursor = cursor_words.find(request, response, document, has_rows)
    if by_cursor is not None:
        return by_cursor
    by_number = number_words.find(request, response, document, rows)
    return by_number if by_number is not None else cursor_words.whole_number(request, document)
