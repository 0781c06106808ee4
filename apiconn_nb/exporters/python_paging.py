"""The loop over pages as Python source: what comes after ``document = response.json()``."""

from __future__ import annotations

from dataclasses import dataclass, field

from apiconn_nb.errors import UsageError
from apiconn_nb.exporters.python_text import maybe_at, text_literal
from apiconn_nb.exporters.references import Needs
from apiconn_nb.paging import Continue, Cursor, GraphQL, LinkHeader, NextLink, Offsets, PageNumbers, Paginator
from apiconn_nb.paging.place import parsed

_WITH_QUERY = '''
def with_query(url, name, value):
    """The URL with a parameter set, the others as they are."""
    parts = urlsplit(url)
    pairs = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
    return urlunsplit(parts._replace(query="&".join([*pairs, f"{quote(name, safe='')}={quote(str(value), safe='')}"])))
'''
_BELOW = '''
def below(url, here):
    """The address of a next page; one of another server would be sent our credentials."""
    url = urljoin(here, url)
    if urlsplit(url)[:2] != urlsplit(BASE_URL)[:2]:
        raise SystemExit(f"The next page is at another server, and is not followed: {url}")
    return url
'''


@dataclass
class Paging:
    """Source lines: `before` the loop, `after` a page's rows (each sets what the next request needs, or returns)."""

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)


def paging_of(paginator: Paginator | None, needs: Needs) -> Paging | None:
    """The loop of a paginator; None for one page. Raises UsageError for a kind that has no plain loop."""
    if paginator is None:
        return None
    needs.imports |= {"urllib.parse"}
    made = _made(paginator)
    if any("jmespath" in line for line in made.after):
        needs.imports.add("jmespath")
        needs.packages.add("jmespath")
    return made


def _made(paginator: Paginator) -> Paging:
    match paginator:
        case LinkHeader():
            return _follow(f"response.links.get({text_literal(paginator.relation)}, {{}}).get('url')")
        case NextLink():
            if not paginator.path or paginator.base:
                raise UsageError("The next page's link has no settled place: give --paginate next:PATH.")
            found = maybe_at(paginator.path)
            return _follow(f"linked({found})", _LINKED)
        case Cursor():
            return _cursor(paginator)
        case PageNumbers():
            return _numbers(paginator)
        case Offsets():
            return _offsets(paginator)
        case GraphQL():
            return _graphql(paginator)
        case Continue():
            source = maybe_at(paginator.path)
            after = [f"more = {source}", "if not more:", "    return", "for name, value in more.items():",
                     "    url = with_query(url, name, value)"]  # fmt: skip
            return Paging(after=after, functions=[_WITH_QUERY])
    raise UsageError(f"{paginator.describe()} has no plain loop: give --paginate, or export one page (--pages 1).")


_LINKED = '''
def linked(value):
    """A next link is a text, or an object that holds it."""
    if isinstance(value, dict):
        return next((value[key] for key in ("href", "url", "uri", "@id") if value.get(key)), None)
    return value
'''


def _follow(found: str, *functions: str) -> Paging:
    after = [f"following = {found}", "if not following:", "    return", "url = below(following, url)"]
    return Paging(after=after, functions=[_BELOW, *functions])


def _put(place: str, value: str) -> tuple[list[str], list[str]]:
    """The lines that put `value` at a place of the next request, and the functions that they need."""
    kind, name = parsed(place)
    if kind == "query":
        return [f"url = with_query(url, {text_literal(name)}, {value})"], [_WITH_QUERY]
    if kind == "header":
        return [f"headers[{text_literal(name)}] = str({value})"], []
    *parents, last = name.split(".")
    lines = ["inner = body"]
    lines += [f"inner = inner.setdefault({text_literal(part)}, {{}})" for part in parents]
    return [*lines, f"inner[{text_literal(last)}] = {value}"], []


def _source(source: str) -> str:
    if source.lower() == "header:content-range":
        return "response.headers.get('Content-Range', '').rpartition('/')[2]"
    if source.startswith("header:"):
        return f"response.headers.get({text_literal(source[len('header:') :])})"
    return maybe_at(source)


def _flag(source: str) -> list[str]:
    if not source:
        return []
    return [f"if {_source(source)} in (False, 'false', 0):", "    return"]


def _cursor(one: Cursor) -> Paging:
    lines, functions = _put(one.to, "cursor")
    after = [*_flag(one.more), f"cursor = {_source(one.source)}", "if not cursor:", "    return", *lines]
    return Paging(after=after, functions=functions)


def _numbers(one: PageNumbers) -> Paging:
    lines, functions = _put(one.to, "page")
    after = [*_flag(one.more), "if not found:", "    return"]
    if one.pages:
        after += [f"if page >= int({_source(one.pages)} or 0):", "    return"]
    elif one.total:
        after += ["seen += len(found)", f"if seen >= int({_source(one.total)} or 0):", "    return"]
    before = [f"page = {_first(one)}", *(["seen = 0"] if one.total and not one.pages else [])]
    return Paging(before, [*after, "page += 1", *lines], functions)


def _offsets(one: Offsets) -> Paging:
    lines, functions = _put(one.to, "offset")
    after = [*_flag(one.more), "if not found:", "    return", f"offset += {one.step or 'len(found)'}"]
    if one.total:
        after += [f"if offset >= int({_source(one.total)} or 0):", "    return"]
    return Paging([f"offset = {_first(one)}"], [*after, *lines], functions)


def _first(one: PageNumbers | Offsets) -> str:
    """The number that the call begins with: what its own query says, else what the API calls its first."""
    kind, name = parsed(one.to)
    if kind == "query":
        return f"int(dict(parse_qsl(urlsplit(url).query)).get({text_literal(name)}, {one.first}))"
    return str(one.first)


def _graphql(one: GraphQL) -> Paging:
    if not one.path:
        raise UsageError("The place of pageInfo is not settled: give --paginate graphql:VARIABLE,path=PATH.")
    after = [
        f"info = {maybe_at(one.path)} or {{}}",
        "if not info.get('hasNextPage') or not info.get('endCursor'):",
        "    return",
        f"body.setdefault('variables', {{}})[{text_literal(one.variable or 'after')}] = info['endCursor']",
    ]
    return Paging(after=after)
