"""``--paginate KIND[:ARG]``: a paginator by name, where detection must be overruled.

=========  ==================================  ==========================================================
kind       argument                            example
=========  ==================================  ==========================================================
none                                           ``none``: one page
link       relation                            ``link``, ``link:older``
next       path of the URL                     ``next:paging.next``, ``next:"@odata.nextLink"``
cursor     place=source                        ``cursor:after=paging.next.after``,
                                               ``cursor:starting_after=data[-1].id,more=has_more``,
                                               ``cursor:body:start_cursor=next_cursor``,
                                               ``cursor:header:Range=header:Next-Range``
page       place[=number of the first page]    ``page``, ``page:p=0``, ``page:page,pages=meta.pages``
offset     place[=number of the first row]     ``offset:$offset,step=1000``, ``offset:startIndex=1``
graphql    variable                            ``graphql``, ``graphql:cursor``
continue   path of the object                  ``continue``
=========  ==================================  ==========================================================

A place is ``NAME`` (in the query), ``body:PATH`` or ``header:NAME``; a source is a JMESPath expression or
``header:NAME``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

from apiconn_nb.errors import UsageError
from apiconn_nb.paging import place, source
from apiconn_nb.paging.base import Paginator
from apiconn_nb.paging.cursor import Continue, Cursor
from apiconn_nb.paging.graphql import GraphQL
from apiconn_nb.paging.link import LinkHeader
from apiconn_nb.paging.next_link import NextLink
from apiconn_nb.paging.numbered import Offsets, PageNumbers

_OPEN, _CLOSE, _QUOTES = "([{", ")]}", "\"'`"


@dataclass
class OnePage(Paginator):
    """No paging, whatever the answer says."""

    kind: ClassVar[str] = "none"
    reads_document: ClassVar[bool] = False

    @property
    def spec(self) -> str:
        return self.kind

    def describe(self) -> str:
        return "one page"

    def _next(self, request: httpx.Request, response: httpx.Response, document: Any, rows: int) -> httpx.Request | str:
        return "one page was asked for (--paginate none)"


def paginator_named(kind_arg: str) -> Paginator:
    """The paginator that `kind_arg` (``KIND[:ARG]``, see this module) names. Raises UsageError."""
    head, options = _options(kind_arg.strip())
    kind, _, argument = head.partition(":")
    make = _KINDS.get(kind.strip().lower())
    if make is None:
        raise UsageError(f"--paginate {kind_arg!r}: no kind {kind!r}; write {', '.join(FORMS)}.")
    try:
        paginator = make(argument.strip(), options)
    except UsageError as error:
        raise UsageError(f"--paginate {kind_arg!r}: {error} Write {_form(kind.strip().lower())}.") from None
    if options:
        raise UsageError(f"--paginate {kind_arg!r}: no option {next(iter(options))!r} for {kind}.")
    return paginator


def _options(text: str) -> tuple[str, dict[str, str]]:
    """What stands before the first comma, and the ``name=value`` pairs after it; an expression keeps its commas."""
    head, *rest = split(text, ",")
    options: dict[str, str] = {}
    for piece in rest:
        name, equals, value = piece.partition("=")
        if not equals or not name.strip().isidentifier() or not value.strip():
            raise UsageError(f"--paginate {text!r}: {piece.strip()!r} is no option; write name=value after the comma.")
        options[name.strip()] = value.strip()
    return head, options


def split(text: str, separator: str) -> list[str]:
    """`text` cut at each `separator` that stands outside brackets and quotes."""
    pieces, depth, quote, start, escaped = [], 0, "", 0, False
    for at, character in enumerate(text):
        if quote:
            closes = character == quote and not escaped
            escaped = character == "\\" and not escaped
            quote = "" if closes else quote
        elif character in _QUOTES:
            quote = character
        elif character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif character == separator and depth <= 0:
            pieces.append(text[start:at])
            start = at + 1
    return [*pieces, text[start:]]


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"{what} is a whole number, not {text!r}.")
    return int(text)


def _sources(options: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: source.checked(options.pop(name)) for name in names if name in options}


def _nothing(make: Callable[[], Paginator]) -> Callable[[str, dict[str, str]], Paginator]:
    def bare(argument: str, options: dict[str, str]) -> Paginator:
        if argument:
            raise UsageError(f"this kind takes no argument, {argument!r} was given.")
        return make()

    return bare


def _link(argument: str, options: dict[str, str]) -> Paginator:
    return LinkHeader(argument or "next")


def _next(argument: str, options: dict[str, str]) -> Paginator:
    return NextLink(source.checked(argument) if argument else "", **_sources(options, "base"))


def _cursor(argument: str, options: dict[str, str]) -> Paginator:
    to, equals, read = argument.partition("=")
    if not equals or not to.strip() or not read.strip():
        raise UsageError("a cursor needs where it goes and where it comes from.")
    return Cursor(place.checked(to.strip()), source.checked(read.strip()), **_sources(options, "more"))


def _to(argument: str, default: str, first: int) -> tuple[str, int]:
    to, equals, number = argument.partition("=")
    return place.checked(to.strip() or default), _number(number.strip(), "The first number") if equals else first


def _size(options: dict[str, str]) -> str:
    return place.checked(options.pop("size")) if "size" in options else ""


def _page(argument: str, options: dict[str, str]) -> Paginator:
    to, first = _to(argument, "page", 1)
    sources = _sources(options, "pages", "total", "more", "echo")
    return PageNumbers(to, first, _size(options), **sources)


def _offset(argument: str, options: dict[str, str]) -> Paginator:
    to, first = _to(argument, "offset", 0)
    step = _number(options.pop("step", "0"), "The step")
    return Offsets(to, first, _size(options), **_sources(options, "total", "more", "echo"), step=step)


def _graphql(argument: str, options: dict[str, str]) -> Paginator:
    return GraphQL(argument, **_sources(options, "path"))


def _continue(argument: str, options: dict[str, str]) -> Paginator:
    return Continue(source.checked(argument) if argument else "continue")


_KINDS: dict[str, Callable[[str, dict[str, str]], Paginator]] = {
    "none": _nothing(OnePage),
    "link": _link,
    "next": _next,
    "cursor": _cursor,
    "page": _page,
    "offset": _offset,
    "graphql": _graphql,
    "continue": _continue,
}
FORMS = (
    "none",
    "link[:REL]",
    "next[:PATH]",
    "cursor:NAME=PATH[,more=PATH]",
    "page[:NAME[=FIRST]][,pages=PATH][,total=PATH]",
    "offset[:NAME[=FIRST]][,step=N][,total=PATH]",
    "graphql[:VARIABLE]",
    "continue[:PATH]",
)


def _form(kind: str) -> str:
    return next(form for form in FORMS if form.startswith(kind))
