"""What Bruno and OpenCollection share: a tree of folders whose headers, variables and authentication are inherited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from apiconn_nb.importers.draft import Body, Call, Draft, mark, marked
from apiconn_nb.importers.named_auth import Found, credential_of
from apiconn_nb.importers.written import header_of, kind_of_body

_KINDS = {
    "json": "application/json",
    "xml": "application/xml",
    "text": "text/plain",
    "sparql": "application/sparql-query",
}


@dataclass
class Field:
    """A row of a table: header, parameter, form field."""

    name: str
    value: str
    enabled: bool = True
    kind: str = ""


@dataclass
class Level:
    """What a collection, a folder or a request says for itself and what is below it.

    `auth` None: nothing is said; its kind ``inherit`` says the same.
    """

    name: str = ""
    headers: list[Field] = field(default_factory=list)
    variables: list[Field] = field(default_factory=list)
    auth: Found | None = None
    has_scripts: bool = False


@dataclass
class Request:
    """A request of a folder, before it has inherited anything."""

    level: Level
    method: str
    url: str
    query: list[Field] | None = None
    path: list[Field] = field(default_factory=list)
    body_kind: str = ""
    body_text: str = ""
    body_fields: list[Field] = field(default_factory=list)
    graphql_variables: str = ""
    doc: str = ""
    lost: list[str] = field(default_factory=list)


def call_of(request: Request, above: list[Level], draft: Draft) -> Call:
    """The call that `request` is below the levels `above` (the collection first)."""
    own = request.level
    folder = above[-1].name if len(above) > 1 else ""
    call = Call(marked(request.url), request.method.upper(), name=f"{folder} {own.name}", doc=request.doc)
    call.lost = list(request.lost)
    _query(request, call)
    for each in request.path:
        call.url = call.url.replace(f"/:{each.name}", "/" + mark(each.name))
        if each.value and each.enabled and "{{" not in each.value:
            draft.set(each.name, each.value)
    for level in [*above, own]:
        for header in level.headers:
            if header.enabled and header.name:
                call.headers = [pair for pair in call.headers if pair[0].lower() != header.name.lower()]
                call.headers.append((header.name, marked(header.value)))
    if own.has_scripts:
        call.lost.append("scripts and tests, which are not run")
    for variable in own.variables:
        if variable.enabled:
            draft.set(variable.name, variable.value)
    call.body = _body(request, call)
    said = [level.auth for level in [own, *reversed(above)] if level.auth and level.auth.kind not in ("inherit", "")]
    if said:
        values = {name: marked(value) for name, value in said[0].values.items()}
        found = credential_of(Found(said[0].kind, values), call)
        call.auth, call.no_auth = found.credential, found.is_none
    return call


def _query(request: Request, call: Call) -> None:
    """A table of parameters, where there is one, stands for the URL's own query, which repeats it."""
    if request.query is None:
        return
    call.url = call.url.partition("?")[0]
    call.query = [(each.name, marked(each.value)) for each in request.query if each.enabled and each.name]


def _body(request: Request, call: Call) -> Body | None:
    kind = request.body_kind
    if kind in ("", "none"):
        return None
    if kind in ("form-urlencoded", "formUrlEncoded"):
        return Body("form", pairs=[(each.name, marked(each.value)) for each in request.body_fields if each.enabled])
    if kind in ("multipart-form", "multipartForm"):
        return Body("multipart", pairs=[_part(each, call) for each in request.body_fields if each.enabled])
    if kind in ("file", "binary"):
        call.lost.append("a body from a file: give it as -p body=…")
        return Body("text", mark("body"), content_type=header_of(call, "Content-Type") or "application/octet-stream")
    text = marked(request.body_text)
    if kind == "graphql":
        variables = marked(request.graphql_variables).strip() or "{}"
        return Body("json", '{"query": ' + json.dumps(text, ensure_ascii=False) + f', "variables": {variables}}}')
    if not text.strip():
        return None
    content_type = header_of(call, "Content-Type") or _KINDS.get(kind, "")
    return Body(kind_of_body(text, content_type), text, content_type=content_type)


def _part(each: Field, call: Call) -> tuple[str, str]:
    if each.kind == "file" or each.value.startswith("@file("):
        call.lost.append(f"the form field {each.name[:40]} from a file: give its text as -p")
        return each.name, mark(each.name)
    return each.name, marked(each.value)


def folders_above(path: str) -> list[str]:
    """The folders that a file stands in, the outermost first; the root is the empty one."""
    parts = path.split("/")[:-1]
    return ["", *("/".join(parts[: length + 1]) for length in range(len(parts)))]


def name_of(path: str) -> str:
    """A file's name without folder and ending."""
    return path.rpartition("/")[2].rpartition(".")[0]


def keep_environment(environments: Mapping[str, list[Field]], draft: Draft) -> None:
    """Give the draft the variables of one environment: of several, the first that sounds live."""
    if not environments:
        return
    live = next((name for name in environments if name.lower() in ("prod", "production", "live")), "")
    chosen = live or next(iter(environments))
    for each in environments[chosen]:
        if each.enabled:
            draft.set(each.name, each.value if each.kind != "secret" else None, is_secret=each.kind == "secret")
    others = [name for name in environments if name != chosen]
    if others:
        draft.lost.append(f"the environment {', '.join(others)[:60]}; {chosen} was taken")
