"""A call as a dlt resource with a pipeline: ``dlt.sources.helpers.rest_client`` does the paging."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from apiconn_nb.errors import UsageError
from apiconn_nb.exporters.plan import Plan
from apiconn_nb.exporters.python_auth import auth_of
from apiconn_nb.exporters.python_script import Script, laid_out, unfolded
from apiconn_nb.exporters.python_text import at, is_plain, literal, steps, text_literal
from apiconn_nb.exporters.texts import Name, held_json
from apiconn_nb.paging import Cursor, GraphQL, LinkHeader, NextLink, Offsets, PageNumbers
from apiconn_nb.paging.place import parsed

_ONLY_HERE = '''
class OnlyHere(requests.auth.AuthBase):
    """Signs what goes to our own server: a next page may be at another one."""

    def __init__(self, auth=None, **headers):
        self.auth, self.headers = auth, headers

    def __call__(self, request):
        if urlsplit(request.url)[:2] != urlsplit(BASE_URL)[:2]:
            return request
        request.headers.update({name.replace("_", "-"): value for name, value in self.headers.items()})
        return self.auth(request) if self.auth else request
'''
_MAIN = """
if __name__ == "__main__":
    pipeline = dlt.pipeline(pipeline_name="$NAME", destination="duckdb", dataset_name="$NAME_data")
    print(pipeline.run(rows()))
"""


class DltScript(Script):
    """Writes one script with dlt."""

    def __init__(self, plan: Plan) -> None:
        if plan.answer != "json":
            raise UsageError(f"The answer is {plan.answer}, and dlt's REST client reads JSON: --as-code requests.")
        super().__init__(plan, "requests")
        self.paging = None  # dlt's own
        self.auth = auth_of(plan.recipe, "requests", self.prefix, self.needs)
        self.needs.packages |= {'"dlt[duckdb]"'}
        self._paginator, self._imported, self._dropped = _paginator(plan)

    def text(self) -> str:
        """The script."""
        name = self.plan.collection.replace("-", "_")
        body = [self.auth.code, _ONLY_HERE if self._signed() else "", self.rows(), _MAIN.replace("$NAME", name)]
        body = [self.constants(), self.tls() if any("OPTIONS" in part for part in body) else "", *body]
        return self.head(body) + laid_out(body)

    def further_imports(self, source: str) -> list[str]:
        """What is dlt's."""
        return [
            "import dlt", "from dlt.sources.helpers.requests import Client",
            "from dlt.sources.helpers.rest_client import RESTClient",
            f"from dlt.sources.helpers.rest_client.paginators import {self._imported}",
        ]  # fmt: skip

    def _signed(self) -> str:
        """The expression for what signs; empty for nothing."""
        members = ", ".join(f"{text_literal(name)}: {value}" for name, value in self.auth.headers.items())
        auth = self.auth.argument
        if auth.startswith("("):
            auth = f"requests.auth.HTTPBasicAuth{auth}"
        if not auth and not members:
            return ""
        return f"OnlyHere({', '.join(part for part in (auth, f'**{{{members}}}' if members else '') if part)})"

    def rows(self) -> str:
        """``rows()`` as a resource."""
        plan = self.plan
        signed = self._signed()
        self.auth.headers.clear()  # they are signed with, not sent everywhere
        resource = text_literal(plan.title.rpartition(".")[2].replace("-", "_") if "." in plan.title else "rows")
        body, sent = self.body()
        arguments = ["url", f"method={text_literal(plan.method)}", sent, f"paginator={self._paginator}"]
        arguments += self._connection()
        if is_plain(plan.rows.path) and plan.rows.kind in ("records", "values", "asked", "record"):
            selector = "$" if plan.rows.path == "@" else ".".join(_selector(step) for step in steps(plan.rows.path))
            arguments.append(f"data_selector={text_literal(selector)}")
            found = "page"
        else:
            arguments.append('data_selector="$"')
            found = unfolded(at(plan.rows.path, "page[0]"), plan.rows.kind)
            if "jmespath" in found:
                self.needs.imports.add("jmespath")
                self.needs.packages.add("jmespath")
        words = ["BASE_URL", "headers=headers", "session=session", *(["auth=auth"] if signed else [])]
        lines = [
            "", f"@dlt.resource(name={resource}, write_disposition=\"replace\")", "def rows():",
            '    """The rows of all pages."""',
            "    session = Client(raise_for_status=False, request_timeout=60).session",
            f"    headers = {self.headers()}",
            *([f"    auth = {signed}"] if signed else []), f"    client = RESTClient({', '.join(words)})",
            f"    url = {self.url()}",
        ]  # fmt: skip
        lines += body.rstrip("\n").split("\n") if body else []
        lines += ["    pages = client.paginate(", *(f"        {each}," for each in arguments if each), "    )"]
        loop = f"itertools.islice(pages, {plan.pages})" if plan.pages else "pages"
        if plan.pages:
            self.needs.imports.add("itertools")
        lines += [f"    for page in {loop}:", f"        yield {found}"]
        return "\n".join(lines)

    def _connection(self) -> list[str]:
        """What of `OPTIONS` goes to each request; the time-out is the session's."""
        tls = self.tls()
        return [f'{name}=OPTIONS["{name}"]' for name in ("verify", "cert", "proxies") if f'"{name}"' in tls]

    def body(self) -> tuple[str, str]:
        """The lines that make the body, and the argument that sends it."""
        if self.plan.body and self.plan.body_kind == "json":
            return f"    body = {literal(held_json(self.plan.body), 4)}\n", "json=body"
        return super().body()

    def url(self) -> str:
        """The URL without the parameters that the paginator sets itself."""
        if self._dropped:
            kept = Plan(**{**vars(self.plan), "url": _without(self.plan.url, self._dropped)})
            self.plan, plan = kept, self.plan
            try:
                return super().url()
            finally:
                self.plan = plan
        return super().url()


def _selector(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else step if step.isidentifier() else text_literal(step)


def _without(pieces: Any, dropped: set[str]) -> list[Any]:
    """The URL's pieces without some parameters, which must be literal."""
    if any(isinstance(piece, Name) for piece in pieces[1:]) or not isinstance(pieces[0], str):
        return list(pieces)
    address, question, query = pieces[0].partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in dropped]
    return [address + question * bool(kept) + "&".join(kept)]


def _path(source: str) -> str:
    if source and not is_plain(source):
        raise UsageError(f"{source!r} is no plain path, which dlt needs: --as-code requests.")
    return ".".join(_selector(step) for step in steps(source)) if source else ""


def _paginator(plan: Plan) -> tuple[str, str, set[str]]:
    """The expression for dlt's paginator, the class to import, and the parameters that it sets."""
    one = None if plan.pages == 1 else plan.paginator
    first = dict(parse_qsl("".join(str(piece) for piece in plan.url if isinstance(piece, str)).partition("?")[2]))
    match one:
        case None:
            return "SinglePagePaginator()", "SinglePagePaginator", set()
        case LinkHeader():
            return f"HeaderLinkPaginator({text_literal(one.relation)})", "HeaderLinkPaginator", set()
        case NextLink() if one.path and not one.base:
            return f"JSONLinkPaginator({text_literal(_path(one.path))})", "JSONLinkPaginator", set()
        case Cursor() if not one.to.startswith("header:"):
            return _cursor(one)
        case PageNumbers() if one.to.startswith("query:"):
            return _pages(one, first)
        case Offsets() if one.to.startswith("query:"):
            return _offsets(one, first, plan)
        case GraphQL() if one.path:
            place = f"variables.{one.variable or 'after'}"
            words = f"{text_literal(_path(one.path) + '.endCursor')}, cursor_body_path={text_literal(place)}"
            return f"JSONResponseCursorPaginator({words})", "JSONResponseCursorPaginator", set()
    raise UsageError(f"dlt has no paginator for {one.describe()}: --as-code requests.")


def _cursor(one: Cursor) -> tuple[str, str, set[str]]:
    kind, name = parsed(one.to)
    if one.source.startswith("header:"):
        words = f"{text_literal(one.source[len('header:') :])}, {text_literal(name)}"
        return f"HeaderCursorPaginator({words})", "HeaderCursorPaginator", set()
    place = "cursor_param" if kind == "query" else "cursor_body_path"
    words = f"{text_literal(_path(one.source))}, {place}={text_literal(name)}"
    return f"JSONResponseCursorPaginator({words})", "JSONResponseCursorPaginator", set()


def _pages(one: PageNumbers, first: dict[str, str]) -> tuple[str, str, set[str]]:
    name = parsed(one.to)[1]
    begin = int(first[name]) if first.get(name, "").isdigit() else one.first
    total = text_literal(_path(one.pages)) if one.pages and not one.pages.startswith("header:") else "None"
    words = f"base_page={begin}, page_param={text_literal(name)}, total_path={total}"
    return f"PageNumberPaginator({words})", "PageNumberPaginator", {name}


def _offsets(one: Offsets, first: dict[str, str], plan: Plan) -> tuple[str, str, set[str]]:
    name = parsed(one.to)[1]
    size = parsed(one.size)[1] if one.size else next((each for each in ("limit", "size", "count") if each in first), "")
    step = one.step or (int(first[size]) if first.get(size, "").isdigit() else plan.rows.count)
    if not step:
        raise UsageError("How many rows a page has is not settled: give --paginate offset:NAME,step=N.")
    begin = int(first[name]) if first.get(name, "").isdigit() else one.first
    total = text_literal(_path(one.total)) if one.total and not one.total.startswith("header:") else "None"
    words = f"limit={step}, offset={begin}, offset_param={text_literal(name)}, "
    words += f"limit_param={text_literal(size or 'limit')}, total_path={total}"
    return f"OffsetPaginator({words})", "OffsetPaginator", {name, size or "limit"}
