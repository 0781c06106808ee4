"""Postman collections 2.0 and 2.1: folders, inherited authentication, variables; the files of its environments too.

Source: https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from apiconn_nb.errors import ConfigError
from apiconn_nb.importers.base import Importer
from apiconn_nb.importers.draft import Body, Call, Draft, clean, mark, marked
from apiconn_nb.importers.named_auth import Found, credential_of
from apiconn_nb.importers.names import identifier
from apiconn_nb.importers.source import Source
from apiconn_nb.importers.written import header_of, kind_of_body

_DEEPEST = 40  # folders in folders
_ITEMS = 20_000
_SCRIPT = "scripts (pre-request or test), which are not run"


class Postman(Importer):
    """One call for each request, named after it and its folders."""

    slug: ClassVar[str] = "postman"
    label: ClassVar[str] = "Postman collection"
    order: ClassVar[int] = 20

    @classmethod
    def fits(cls, source: Source) -> bool:
        """Whether the document has a collection's members."""
        members = _collection(source)
        return isinstance(members.get("item"), list) or (
            isinstance(members.get("requests"), list) and isinstance(members.get("order"), list)
        )

    @classmethod
    def read(cls, source: Source) -> Draft:
        """The requests. Raises ConfigError for the old format 1."""
        members = _collection(source)
        if not isinstance(members.get("item"), list):
            raise ConfigError(f"{source.name} is a Postman collection of format 1: export it as Collection v2.1.")
        info = _object(members.get("info"))
        draft = Draft("Postman", title=clean(info.get("name")))
        for each in _objects(members.get("variable")):
            _keep_variable(draft, each)
        _note_events(draft, members)
        for item, folders, auth in _items(members, draft):
            draft.calls.append(_call(item, folders, auth, draft))
        return draft


def _collection(source: Source) -> Mapping[str, Any]:
    members = source.members
    return _object(members["collection"]) if "collection" in members and "item" not in members else members


def _object(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, dict) else {}


def _objects(node: Any) -> list[Mapping[str, Any]]:
    return [each for each in node if isinstance(each, dict)] if isinstance(node, list) else []


def _keep_variable(draft: Draft, each: Mapping[str, Any]) -> None:
    name = clean(each.get("key") or each.get("id"))
    if name and each.get("disabled") is not True and each.get("enabled") is not False:
        draft.set(name, each.get("value") if each.get("value") != "" else None, is_secret=each.get("type") == "secret")


def _items(
    root: Mapping[str, Any], draft: Draft
) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...], Mapping[str, Any]]]:
    """Each request with the names of its folders and the authentication that it has or inherits."""
    waiting: list[tuple[Any, tuple[str, ...], Mapping[str, Any]]] = [
        (each, (), _object(root.get("auth"))) for each in reversed(_objects(root.get("item")))
    ]
    count = 0
    while waiting:
        item, folders, auth = waiting.pop()
        count += 1
        if count > _ITEMS or len(folders) > _DEEPEST:
            draft.refused.append("requests beyond the limits of number and depth")
            return
        _note_events(draft, item)
        if isinstance(item.get("item"), list):
            # A folder's null means that it says nothing; `noauth` is said.
            own = _object(item.get("auth")) or auth
            name = clean(item.get("name"))
            waiting += [(each, (*folders, name), own) for each in reversed(_objects(item["item"]))]
        elif item.get("request") is not None:
            yield item, folders, auth


def _note_events(draft: Draft, node: Mapping[str, Any]) -> None:
    for event in _objects(node.get("event")):
        script = _object(event.get("script")).get("exec")
        if script and script != [""] and event.get("disabled") is not True:
            draft.lost.append(_SCRIPT)


def _call(item: Mapping[str, Any], folders: tuple[str, ...], inherited: Mapping[str, Any], draft: Draft) -> Call:
    request = item["request"] if isinstance(item["request"], dict) else {"url": item["request"]}
    call = Call(_url(request.get("url")), clean(request.get("method")).upper() or "GET")
    call.name = " ".join([*folders[-1:], clean(item.get("name"))])
    call.doc = _description(request.get("description")) or _description(item.get("description"))
    _path_variables(request.get("url"), call)
    header = request.get("header")
    lines = header.splitlines() if isinstance(header, str) else []
    pairs = [line.partition(":")[::2] for line in lines if ":" in line]
    call.headers = [(name.strip(), marked(value.strip())) for name, value in pairs]
    call.headers += [
        (clean(each.get("key")), marked(each.get("value")))
        for each in _objects(header)
        if each.get("key") and each.get("disabled") is not True
    ]
    call.body = _body(request.get("body"), call)
    found = credential_of(_auth(_object(request.get("auth")) or inherited), call)
    call.auth, call.no_auth = found.credential, found.is_none
    for name in ("proxy", "certificate"):
        if request.get(name):
            call.lost.append(f"the request's {name}")
    return call


def _description(node: Any) -> str:
    return clean(_object(node).get("content") if isinstance(node, dict) else node)


# ── the URL ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _url(node: Any) -> str:
    if isinstance(node, str):
        return marked(node)
    url = _object(node)
    if not isinstance(url.get("host"), list | str):
        return marked(url.get("raw"))
    host, path = url["host"], url.get("path", [])
    host = ".".join(map(clean, host)) if isinstance(host, list) else clean(host)
    scheme = clean(url.get("protocol"))
    port = clean(url.get("port"))
    parts = (
        [clean(_object(each).get("value")) or clean(each) for each in path] if isinstance(path, list) else [clean(path)]
    )
    text = (f"{scheme}://" if scheme and "://" not in host else "") + host + (f":{port}" if port else "")
    text += "".join(f"/{part.lstrip('/')}" for part in parts)
    if isinstance(url.get("query"), list):
        pairs = [
            each for each in _objects(url["query"]) if each.get("disabled") is not True and each.get("key") is not None
        ]
        written = "&".join(_pair(each) for each in pairs)
        return marked(text + ("?" + written if written else ""))
    return marked(text + ("?" + clean(url.get("raw")).partition("?")[2] if "?" in clean(url.get("raw")) else ""))


def _pair(each: Mapping[str, Any]) -> str:
    value = each.get("value")
    # Postman keeps what was typed into its table unencoded.
    name = clean(each.get("key")).replace("&", "%26").replace("#", "%23")
    if value is None:
        return name
    return f"{name}={clean(value).replace('&', '%26').replace('#', '%23')}"


def _path_variables(url: Any, call: Call) -> None:
    """``/users/:id`` with its value in ``variable``."""
    address, question, query = call.url.partition("?")
    scheme, separator, rest = address.rpartition("://")
    known = {clean(each.get("key") or each.get("id")): each for each in _objects(_object(url).get("variable"))}
    parts = []
    for part in rest.split("/"):
        name = part[1:]
        if part.startswith(":") and (name in known or (name and not name.isdigit() and identifier(name) == name)):
            value = marked(_object(known.get(name)).get("value"))
            if value and "\ue000" not in value:
                call.params[identifier(name)] = value
            parts.append(mark(name))
        else:
            parts.append(part)
    call.url = scheme + separator + "/".join(parts) + question + query


# ── the body ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _body(node: Any, call: Call) -> Body | None:
    body = _object(node)
    mode = clean(body.get("mode"))
    if not mode or body.get("disabled") is True:
        return None
    if mode == "urlencoded":
        return Body("form", pairs=_fields(body.get("urlencoded"), call))
    if mode == "formdata":
        return Body("multipart", pairs=_fields(body.get("formdata"), call))
    if mode == "graphql":
        return _graphql(_object(body.get("graphql")))
    if mode == "file":
        call.lost.append("a body from a file: give it as -p body=…")
        return Body("text", mark("body"), content_type=header_of(call, "Content-Type") or "application/octet-stream")
    text = marked(body.get("raw"))
    if not text.strip():
        return None
    language = clean(_object(_object(body.get("options")).get("raw")).get("language"))
    kind = header_of(call, "Content-Type") or {
        "json": "application/json", "xml": "application/xml", "html": "text/html", "javascript": "text/javascript",
        "text": "text/plain",
    }.get(language, "")  # fmt: skip
    return Body(kind_of_body(text, kind), text, content_type=kind)


def _fields(node: Any, call: Call) -> list[tuple[str, str]]:
    pairs = []
    for each in _objects(node):
        name = clean(each.get("key"))
        if not name or each.get("disabled") is True:
            continue
        if each.get("type") == "file":
            call.lost.append(f"the form field {name[:40]} from a file: give its text as -p")
            pairs.append((name, mark(name)))
        else:
            pairs.append((name, marked(each.get("value"))))
    return pairs


def _graphql(node: Mapping[str, Any]) -> Body:
    variables = node.get("variables")
    text = variables if isinstance(variables, str) else json.dumps(variables or {})
    query = json.dumps(clean(node.get("query")))
    return Body("json", marked('{"query": ' + query + ', "variables": ' + (text.strip() or "{}") + "}"))


# ── authentication ─────────────────────────────────────────────────────────────────────────────────────────────────


def _auth(node: Mapping[str, Any]) -> Found:
    """What a collection, a folder or a request says: ``{"type": "bearer", "bearer": …}``."""
    kind = clean(node.get("type"))
    values = node.get(kind)
    if isinstance(values, list):  # 2.1: a list of key and value
        values = {clean(each.get("key")): each.get("value") for each in _objects(values)}
    return Found(kind, {name: marked(each) for name, each in _object(values).items()})
