"""Insomnia exports: version 4 (JSON, a flat list of resources) and 5 (YAML, a tree)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from apiconn_nb.importers.base import Importer
from apiconn_nb.importers.draft import Body, Call, Draft, clean, mark, marked
from apiconn_nb.importers.named_auth import Found, credential_of
from apiconn_nb.importers.source import Source
from apiconn_nb.importers.written import FORM, header_of, kind_of_body

_TEMPLATE = re.compile(r"\{%.*?%\}", re.DOTALL)
_DEEPEST = 40
_REQUESTS = 20_000
Placed = tuple[Mapping[str, Any], Mapping[str, Any], str]
"""A request, the authentication that its folders give it, and its folder's name."""


class Insomnia(Importer):
    """One call for each request."""

    slug: ClassVar[str] = "insomnia"
    label: ClassVar[str] = "Insomnia export"
    order: ClassVar[int] = 30

    @classmethod
    def fits(cls, source: Source) -> bool:
        """Whether the document says that it is one."""
        members = source.members
        return str(members.get("type", "")).startswith("collection.insomnia.rest/") or (
            isinstance(members.get("resources"), list) and members.get("_type") == "export"
        )

    @classmethod
    def read(cls, source: Source) -> Draft:
        """The requests."""
        members = source.members
        draft = Draft("Insomnia")
        placed = list(_flat(members, draft) if "resources" in members else _tree(members, draft))
        for request, inherited, folder in placed[:_REQUESTS]:
            draft.calls.append(_call(request, inherited, folder))
        return draft


def _object(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, dict) else {}


def _objects(node: Any) -> list[Mapping[str, Any]]:
    return [each for each in node if isinstance(each, dict)] if isinstance(node, list) else []


def _keep_variables(draft: Draft, node: Any, prefix: str = "", depth: int = 0) -> None:
    for name, value in _object(node).items():
        if isinstance(value, dict) and depth < 5:
            _keep_variables(draft, value, f"{prefix}{name}.", depth + 1)
        elif isinstance(value, str | int | float | bool):
            draft.set(f"{prefix}{name}", clean(value))


def _flat(members: Mapping[str, Any], draft: Draft) -> Iterator[Placed]:
    """Version 4: resources that name their parents."""
    resources = _objects(members.get("resources"))
    by_id = {clean(each.get("_id")): each for each in resources}
    environments = [each for each in resources if each.get("_type") == "environment"]
    for each in sorted(environments, key=lambda one: not clean(one.get("parentId")).startswith("wrk"))[:1]:
        _keep_variables(draft, each.get("data"))
    if len(environments) > 1:
        draft.lost.append("sub-environments; the base environment was taken")
    draft.title = next((clean(each.get("name")) for each in resources if each.get("_type") == "workspace"), "")
    for each in resources:
        if each.get("_type") == "request":
            parents = list(_parents(each, by_id))
            auth = next((found for parent in parents if (found := _object(parent.get("authentication")))), {})
            yield each, auth, clean(parents[0].get("name")) if parents else ""
        elif each.get("_type") in ("grpc_request", "websocket_request", "unit_test"):
            draft.refused.append(f"a {clean(each['_type']).replace('_', ' ')}")


def _parents(node: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for _ in range(_DEEPEST):
        node = by_id.get(clean(node.get("parentId")), {})
        if node.get("_type") != "request_group":
            return
        yield node


def _tree(members: Mapping[str, Any], draft: Draft) -> Iterator[Placed]:
    """Version 5: folders with their children."""
    draft.title = clean(members.get("name"))
    environments = _object(members.get("environments"))
    _keep_variables(draft, environments.get("data"))
    if environments.get("subEnvironments"):
        draft.lost.append("sub-environments; the base environment was taken")
    waiting: list[tuple[Mapping[str, Any], Mapping[str, Any], str, int]] = [
        (each, {}, "", 0) for each in reversed(_objects(members.get("collection")))
    ]
    count = 0
    while waiting and count < _REQUESTS:
        node, auth, folder, depth = waiting.pop()
        count += 1
        own = _object(node.get("authentication"))
        if isinstance(node.get("children"), list) and depth < _DEEPEST:
            inherited, name = own or auth, clean(node.get("name"))
            waiting += [(each, inherited, name, depth + 1) for each in reversed(_objects(node["children"]))]
        elif node.get("url") is not None:
            yield node, auth, folder


def _call(request: Mapping[str, Any], inherited: Mapping[str, Any], folder: str) -> Call:
    call = Call("", clean(request.get("method")).upper() or "GET", name=f"{folder} {clean(request.get('name'))}")

    def text(node: Any) -> str:
        """A text with variables marked, and template tags as variables without a value."""
        written = clean(node)
        if _TEMPLATE.search(written):
            call.lost.append("a template tag ({% … %}): give its value with -p")
            written = _TEMPLATE.sub("{{value}}", written)
        return marked(written)

    call.url = text(request.get("url"))
    call.doc = clean(request.get("description"))
    call.headers = [(clean(each.get("name")), text(each.get("value"))) for each in _enabled(request.get("headers"))]
    call.query = [(clean(each.get("name")), text(each.get("value"))) for each in _enabled(request.get("parameters"))]
    for each in _objects(request.get("pathParameters")):
        call.url = call.url.replace(f"/:{clean(each.get('name'))}", "/" + (text(each.get("value")) or mark("value")))
    call.body = _body(_object(request.get("body")), call, text)
    if request.get("preRequestScript") or request.get("afterResponseScript") or request.get("scripts"):
        call.lost.append("scripts, which are not run")
    own = _object(request.get("authentication"))
    auth = own if own.get("type") not in (None, "", "inherit") else inherited
    found = credential_of(Found(clean(auth.get("type")), {name: text(each) for name, each in auth.items()}), call)
    call.auth, call.no_auth = found.credential, found.is_none
    return call


def _enabled(node: Any) -> list[Mapping[str, Any]]:
    return [each for each in _objects(node) if each.get("disabled") is not True and each.get("name")]


def _body(body: Mapping[str, Any], call: Call, text: Any) -> Body | None:
    kind = clean(body.get("mimeType"))
    if isinstance(body.get("params"), list):
        pairs = []
        for each in _enabled(body["params"]):
            if each.get("type") == "file":
                call.lost.append(f"the form field {clean(each.get('name'))[:40]} from a file: give its text as -p")
            value = mark(clean(each.get("name"))) if each.get("type") == "file" else text(each.get("value"))
            pairs.append((clean(each.get("name")), value))
        return Body("form" if FORM in kind else "multipart", pairs=pairs)
    if body.get("fileName"):
        call.lost.append("a body from a file: give it as -p body=…")
        return Body("text", mark("body"), content_type=kind or "application/octet-stream")
    content = text(body.get("text"))
    if not content.strip():
        return None
    if kind == "application/graphql":
        return Body("json", content)
    kind = header_of(call, "Content-Type") or kind
    return Body(kind_of_body(content, kind), content, content_type=kind)
