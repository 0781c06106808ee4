"""``--paginate KIND[:ARG]``."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiconn_nb.errors import UsageError
from apiconn_nb.paging import Continue, Cursor, GraphQL, LinkHeader, NextLink, Offsets, OnePage, PageNumbers, Paginator
from apiconn_nb.paging import paginator_named as named
from apiconn_nb.paging.named import split


@pytest.mark.parametrize(
    ("text", "paginator"),
    [
        ("none", OnePage()),
        ("link", LinkHeader()),
        ("link:older", LinkHeader("older")),
        ("next", NextLink()),
        ("next:paging.next", NextLink("paging.next")),
        ('next:"@odata.nextLink"', NextLink('"@odata.nextLink"')),
        (
            "next:links[?rel=='next' && type!='a,b'].href | [0]",
            NextLink("links[?rel=='next' && type!='a,b'].href | [0]"),
        ),
        ("next:_links.next,base=_links.base", NextLink("_links.next", "_links.base")),
        ("cursor:after=paging.next.after", Cursor("query:after", "paging.next.after")),
        ("cursor:starting_after=data[-1].id,more=has_more", Cursor("query:starting_after", "data[-1].id", "has_more")),
        ("cursor:body:start_cursor=next_cursor", Cursor("body:start_cursor", "next_cursor")),
        ("cursor:header:Range=header:Next-Range", Cursor("header:Range", "header:Next-Range")),
        ("page", PageNumbers("query:page")),
        ("PAGE:p=0", PageNumbers("query:p", 0)),
        (
            "page:page,pages=meta.pages,size=per_page",
            PageNumbers("query:page", pages="meta.pages", size="query:per_page"),
        ),
        ("offset", Offsets("query:offset")),
        ("offset:$offset,step=1000", Offsets("query:$offset", step=1000)),
        ("offset:startIndex=1,total=totalResults", Offsets("query:startIndex", 1, total="totalResults")),
        ("graphql", GraphQL()),
        ("graphql:cursor", GraphQL("cursor")),
        ("continue", Continue()),
    ],
)
def test_a_kind_is_named(text: str, paginator: Paginator) -> None:
    assert named(text) == paginator
    assert named(paginator.spec) == paginator


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no kind ''; write none, link[:REL], next[:PATH], cursor:NAME=PATH"),
        ("pages:2", "no kind 'pages'; write none, link[:REL]"),
        ("cursor", "needs where it goes and where it comes from. Write cursor:NAME=PATH[,more=PATH]"),
        ("cursor:after", "needs where it goes"),
        ("cursor:=x", "needs where it goes"),
        ("cursor:body:=x", "names no parameter"),
        ("cursor:a=paging..next", "is no JMESPath expression"),
        ("next:[", "is no JMESPath expression"),
        ("page:page=one", "The first number is a whole number, not 'one'"),
        ("offset:offset,step=-5", "The step is a whole number"),
        ("page:page,color=red", "no option 'color' for page"),
        ("page:page,total", "'total' is no option; write name=value"),
        ("link,step=3", "no option 'step' for link"),
        ("none:1", "takes no argument"),
    ],
)
def test_a_mistake_is_answered_by_how_to_write_it(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        named(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_paginator_or_one_line(text: str) -> None:
    try:
        paginator = named(text)
    except UsageError:
        return
    assert named(paginator.spec) == paginator


@given(st.lists(st.text(alphabet="ab.[]'\"`()", max_size=6), max_size=5))
def test_split_loses_nothing(pieces: list[str]) -> None:
    text = ",".join(pieces)
    assert ",".join(split(text, ",")) == text


def test_none_is_one_page_whatever_the_answer_says() -> None:
    request = httpx.Request("GET", "https://api.example.org/x")
    response = httpx.Response(200, headers={"Link": "</y>; rel=next"}, json=[1], request=request)
    paginator = named("none")
    assert paginator.advance(request, response, [1]) is None
    assert paginator.stopped == "one page was asked for (--paginate none)"
