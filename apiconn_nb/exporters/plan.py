"""Everything that a script of a call needs to know, gathered once for all targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from apiconn_nb.answer import refuse_status
from apiconn_nb.body import kind_of_body
from apiconn_nb.calling import refuse_files
from apiconn_nb.errors import FrameError, UsageError
from apiconn_nb.exporters.recipe import Recipe, recipe_of
from apiconn_nb.exporters.texts import Pieces, angle, bare_names, names, square
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.frames import find_rows, kind_of
from apiconn_nb.live_collection import Collection
from apiconn_nb.options import Options, settle, settle_values
from apiconn_nb.paging import OnePage, Paginator, find_paginator, paginator_named
from apiconn_nb.placeholders import as_text, plain
from apiconn_nb.request import Template, join, without_optional
from apiconn_nb.secrets import Secret, is_reference
from apiconn_nb.settings import SavedCall

_DATA = ("GET", "HEAD", "OPTIONS", "QUERY")
_ROWS = ("records", "values", "asked", "record", "value", "edges", "keyed", "columns")


@dataclass(frozen=True)
class Rows:
    """Where the rows of a page are (JMESPath, ``@``: the whole), what stands there, and how many the first page had."""

    path: str = "@"
    kind: str = "records"
    count: int = 0


@dataclass(frozen=True)
class Plan:
    """A call with its values, before any language.

    `url`, the values of `headers` and `body` are pieces; `values` are the dynamic values by name: plain ones, and
    `Secret`s; `answer` is what comes back: ``json``, ``ndjson``, ``csv``, ``tsv`` or ``text``.
    """

    title: str
    collection: str
    method: str
    base_url: str
    url: Pieces
    headers: Mapping[str, Pieces | Secret]
    query: Mapping[str, str | Secret]
    body: str
    body_kind: str
    values: Mapping[str, Any]
    recipe: Recipe
    rows: Rows = Rows()
    paginator: Paginator | None = None
    pages: int | None = 1
    answer: str = "json"
    settings: Collection | None = field(default=None, repr=False)

    @property
    def body_pieces(self) -> Pieces:
        """The body's text."""
        return angle(self.body, known=frozenset(self.values) if self.body_kind == "xml" else None)

    @property
    def typed(self) -> set[str]:
        """The values that stand in a JSON body as JSON, not as text."""
        return bare_names(self.body) if self.body_kind == "json" else set()


def plan(
    collection: Collection,
    template: Template,
    *,
    call: str = "",
    saved: SavedCall | None = None,
    values: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    options: Options | None = None,
) -> Plan:
    """The plan of a call; parameters as for `calling.run`.

    A data call whose rows or pages are not settled is made once, to see where its rows are and how it pages. Raises
    UsageError for what no script can be written for, and what `calling.run` raises.
    """
    chosen = settle(options or Options(), saved, {})
    refuse_files(template, "A script")
    named = {name: variables[name] for name in template.names() if name in variables} if variables else {}
    given = settle_values(saved, values or {}, named, collection.name)
    private = frozenset(saved.private) if saved else frozenset()
    asked = without_optional(template, saved.optional, given) if saved else template
    request = collection.request(asked, given, private)  # says at once what has no value
    made = _written(collection, asked, request, given, private)
    return Plan(
        title=f"{collection.name}.{call}" if call else f"{collection.name}: {asked.title}",
        recipe=recipe_of(collection.method),
        pages=chosen.pages,
        settings=collection,
        **made,
        **_learnt(collection, request, chosen),
    )


def _written(
    collection: Collection, asked: Template, request: httpx.Request, given: Mapping[str, Any], private: frozenset[str]
) -> dict[str, Any]:
    target = join(collection.base_url, asked.url)
    url = square(target.partition("#")[0], "%5B")
    kind = kind_of_body(asked.header("Content-Type"), asked.body) if asked.body else ""
    headers = _shared(collection.settings.value("headers"))
    headers |= {"Accept": [request.headers["Accept"]]} if "Accept" not in {name.title() for name in headers} else {}
    for name, text in asked.headers:
        headers[name] = _header(name, text, private)
    if asked.body and not asked.header("Content-Type") and kind != "json":
        headers["Content-Type"] = [request.headers["Content-Type"]]
    used = dict.fromkeys(
        [*names(url), *(each for value in headers.values() if not isinstance(value, Secret) for each in names(value))]
    )
    made = {
        "collection": collection.name, "method": asked.method, "base_url": collection.base_url, "url": url,
        "headers": headers, "query": dict(collection.settings.value("query")), "body": asked.body, "body_kind": kind,
    }  # fmt: skip
    typed = bare_names(asked.body) if kind == "json" else set()
    wanted = dict.fromkeys([*used, *(names(angle(asked.body)) if asked.body else [])])
    shown = {name: _value(name, given[name], name in private, name in typed) for name in wanted if name in given}
    return {**made, "values": shown}


def _shared(rows: Mapping[str, str | Secret]) -> dict[str, Pieces | Secret]:
    return {name: value if isinstance(value, Secret) else [value] for name, value in rows.items()}


def _header(name: str, text: str, private: frozenset[str]) -> Pieces | Secret:
    pieces = square(text)
    if is_reference(text):
        return Secret.from_reference(text, label=name)
    if (looks_like_credential(name) or name in private) and not names(pieces):
        return Secret(text, label=name)  # a literal stays out of the script
    return pieces


def _value(name: str, value: Any, is_private: bool, is_typed: bool) -> Any:
    if isinstance(value, Secret):
        return value
    if is_private:
        return Secret(as_text(value, name), label=name)
    made = plain(value, name)
    if is_typed or isinstance(made, str) or (isinstance(made, int | float) and not isinstance(made, bool)):
        return made
    return as_text(made, name)


# ── what an answer shows ───────────────────────────────────────────────────────────────────────────────────────────


def _learnt(collection: Collection, request: httpx.Request, chosen: Options) -> dict[str, Any]:
    """Rows, paginator and kind of answer: as settled, else by one look at an answer of a data call."""
    paginator = paginator_named(chosen.paginate) if chosen.paginate else None
    pages_known = chosen.pages == 1 or paginator is not None
    is_data = request.method in _DATA if chosen.is_action is None else not chosen.is_action
    if (chosen.records and pages_known) or not is_data:
        return {"rows": Rows(chosen.records or "@", "asked"), "paginator": _more(paginator)}
    response = collection.deliver(request, is_action=False, timeout=chosen.timeout, retries=chosen.retries).response
    refuse_status(response, collection.name)
    kind = kind_of(response.content, response.headers.get("Content-Type", ""))
    if kind not in ("json", "ndjson", "csv", "tsv"):
        return {"answer": "text"}
    if kind != "json":
        return {"answer": kind}
    document = _document(response.content)
    found = find_rows(document, chosen.records)
    if found.kind not in _ROWS:
        raise UsageError(
            f"The rows at {found.path} are written as {found.kind}, which no script unfolds yet: give --records PATH."
        )
    if paginator is None and chosen.pages != 1:
        paginator = find_paginator(request, response, document, strip_query=collection.method.query_names())
    path = chosen.records or found.path.removeprefix("$").removeprefix(".") or "@"
    return {"rows": Rows(path, found.kind, found.count), "paginator": _more(paginator)}


def _document(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise FrameError("The answer is no JSON that can be read: --as text shows it.") from None


def _more(paginator: Paginator | None) -> Paginator | None:
    return None if paginator is None or isinstance(paginator, OnePage) else paginator.fresh()
