"""The Link header by the letter of RFC 8288."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from requests.utils import parse_header_links

from apiconn_nb.paging import LinkHeader, find_paginator
from apiconn_nb.paging.link import parse

ANSWERED = httpx.Request("GET", "https://api.example.org/a/b?page=1")


def after(*headers: str) -> str | None:
    """The URL that an answer with these Link headers leads to."""
    response = httpx.Response(200, headers=[("Link", h) for h in headers], json=[1, 2], request=ANSWERED)
    following = LinkHeader().advance(ANSWERED, response, None, 2)
    return str(following.url) if following else None


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        (['<https://api.example.org/x>; rel="next"'], "https://api.example.org/x"),
        (["<https://api.example.org/x>;rel=next"], "https://api.example.org/x"),
        (['<https://api.example.org/x>; REL="Next"'], "https://api.example.org/x"),
        (['<https://api.example.org/x>  ;  rel = "prev next"'], "https://api.example.org/x"),
        (['<https://api.example.org/x,y;z>; rel="next"'], "https://api.example.org/x,y;z"),
        (['<https://api.example.org/x>; title="a, <b>; rel=\\"no\\""; rel="next"'], "https://api.example.org/x"),
        (
            ['<https://api.example.org/p>; rel="prev", <https://api.example.org/n>; rel="next"'],
            "https://api.example.org/n",
        ),
        (
            ['<https://api.example.org/p>; rel="prev"', '<https://api.example.org/n>; rel="next"'],
            "https://api.example.org/n",
        ),
        (['<?page=2>; rel="next"'], "https://api.example.org/a/b?page=2"),
        (['<c>; rel="next"'], "https://api.example.org/a/c"),
        (['</c>; rel="next"'], "https://api.example.org/c"),
        (["<>; rel=next"], None),  # itself: going there again would never end
        (['<https://api.example.org/x>; rel="prev"; rel="next"'], None),  # §3.3: the first `rel` counts
        (['<https://api.example.org/x>; rel="next"; anchor="#part"'], None),  # §3.2: another context
        (['<https://api.example.org/x>; rel="nextish"'], None),
        (["https://api.example.org/x; rel=next"], None),
        (['<https://api.example.org/x; rel="next"'], None),
        (["", " ", ",,;;="], None),
    ],
)
def test_a_header_leads_to_its_next_page(headers: list[str], url: str | None) -> None:
    assert after(*headers) == url


def test_links_to_all_but_the_next_page_say_that_this_is_the_last() -> None:
    response = httpx.Response(200, headers={"Link": '</a/b?page=1>; rel="prev first"'}, json=[1, 2], request=ANSWERED)
    assert find_paginator(ANSWERED, response, [1, 2]) is None


def test_parameters_are_read_as_written() -> None:
    (link,) = parse('<u>; rel="a B"; title*=UTF-8\'de\'letztes%20Kapitel; flag; empty=""; n=1')
    assert link.target == "u"
    assert link.relations == ["a", "b"]
    assert link.parameters["title*"] == "UTF-8'de'letztes%20Kapitel"
    assert (link.parameters["flag"], link.parameters["empty"], link.parameters["n"]) == ("", "", "1")


@given(st.text(alphabet='<>;,="\\ relnxt/?&[]%\t', max_size=200))
@example("<" * 5000)
@example('<a>; rel="' + "\\" * 5000)
@example("<a>;" * 3000)
def test_any_header_is_parsed_without_an_error(header: str) -> None:
    for link in parse(header):
        assert isinstance(link.relations, list)


words = st.text(alphabet="abcdefgh", min_size=1, max_size=8)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=5))
def test_plain_headers_mean_the_same_to_requests(links: list[tuple[str, str]]) -> None:
    header = ", ".join(f'<https://h.example/{target}>; rel="{rel}"' for target, rel in links)
    theirs = [(link["url"], link["rel"]) for link in parse_header_links(header)]
    assert [(link.target, link.parameters["rel"]) for link in parse(header)] == theirs


def test_last_makes_the_pages_between_known() -> None:
    header = '<https://api.example.org/r/1?page=2>; rel="next", <https://api.example.org/r/1?page=5>; rel="last"'
    response = httpx.Response(200, headers={"Link": header}, json=[1], request=ANSWERED)
    paginator = LinkHeader()
    following = paginator.advance(ANSWERED, response, None, 1)
    ahead = [str(request.url) for request in paginator.pages_ahead()]
    assert ahead == [f"https://api.example.org/r/1?page={n}" for n in (2, 3, 4, 5)]
    assert following is not None
    assert str(following.url) == ahead[0]
    assert paginator.total_pages() == 5


@pytest.mark.parametrize(
    "last",
    [
        "https://other.example/r/1?page=5",  # another origin
        "https://api.example.org/r/2?page=5",  # another listing
        "https://api.example.org/r/1?page=1",  # behind us
        "https://api.example.org/r/1?page=5&since=9",  # differs in more
        "https://api.example.org/r/1?page=Zm9v",  # no number
        "https://[::1",  # no URL
    ],
)
def test_a_last_link_that_is_no_series_forecasts_nothing(last: str) -> None:
    header = f'<https://api.example.org/r/1?page=2>; rel="next", <{last}>; rel="last"'
    response = httpx.Response(200, headers={"Link": header}, json=[1], request=ANSWERED)
    paginator = LinkHeader()
    assert paginator.advance(ANSWERED, response, None, 1) is not None
    assert list(paginator.pages_ahead()) == []
    assert paginator.total_pages() is None
