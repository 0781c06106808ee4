"""OpenCollection: a folder of YAML files with an ``opencollection.yml``, or one file that holds its items.

Source: https://spec.opencollection.com
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from apiconn_nb.importers.base import Importer
from apiconn_nb.importers.draft import Draft, clean
from apiconn_nb.importers.folder_tree import Field, Level, Request, call_of, folders_above, keep_environment, name_of
from apiconn_nb.importers.named_auth import Found
from apiconn_nb.importers.source import Source, parse_document

_ROOTS = ("opencollection.yml", "opencollection.yaml", "opencollection.json")
_DEEPEST = 40
_ITEMS = 20_000


class OpenCollection(Importer):
    """One call for each HTTP item."""

    slug: ClassVar[str] = "opencollection"
    label: ClassVar[str] = "OpenCollection"
    order: ClassVar[int] = 35

    @classmethod
    def fits(cls, source: Source) -> bool:
        """Whether there is a root file, or the text is one."""
        return any(name in _ROOTS for name in source.beside) or "opencollection" in source.members

    @classmethod
    def read(cls, source: Source) -> Draft:
        """The items with what their folders say."""
        root_name = next((name for name in _ROOTS if name in source.beside), "")
        root = _object(parse_document(source.beside[root_name])) if root_name else source.members
        draft = Draft("OpenCollection", title=clean(_object(root.get("info")).get("name")))
        top = _level(_object(root.get("request")), "")
        environments = {
            clean(each.get("name")): _fields(each.get("variables"))
            for each in _objects(_object(root.get("config")).get("environments") or root.get("environments"))
        }
        files = {name: _object(parse_document(text)) for name, text in _documents(source, root_name)}
        for name, each in files.items():
            if "environments" in name.split("/")[:-1]:
                environments[clean(each.get("name")) or name_of(name)] = _fields(each.get("variables"))
        keep_environment(environments, draft)
        for variable in top.variables:
            draft.set(variable.name, variable.value)
        for item, above in [*_items(root.get("items"), top, draft), *_files(files, top)]:
            _add(item, above, draft)
        return draft


def _object(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, dict) else {}


def _objects(node: Any) -> list[Mapping[str, Any]]:
    return [each for each in node if isinstance(each, dict)] if isinstance(node, list) else []


def _documents(source: Source, root_name: str) -> Iterator[tuple[str, str]]:
    for name, text in source.beside.items():
        if name != root_name and name.endswith((".yml", ".yaml", ".json")):
            yield name, text


def _files(files: Mapping[str, Mapping[str, Any]], top: Level) -> Iterator[tuple[Mapping[str, Any], list[Level]]]:
    """The items of a folder, each in a file of its own, below the files ``folder.yml``."""
    levels = {
        name.rpartition("/")[0]: _level(_object(each.get("request")), clean(_object(each.get("info")).get("name")))
        for name, each in files.items()
        if name_of(name) == "folder"
    }
    for name, each in files.items():
        if name_of(name) != "folder" and "environments" not in name.split("/")[:-1]:
            yield each, [top, *(levels[folder] for folder in folders_above(name) if folder in levels)]


def _items(node: Any, top: Level, draft: Draft) -> Iterator[tuple[Mapping[str, Any], list[Level]]]:
    """The items of a single file, folders in folders."""
    waiting: list[tuple[Mapping[str, Any], list[Level]]] = [(each, [top]) for each in reversed(_objects(node))]
    count = 0
    while waiting:
        item, above = waiting.pop()
        count += 1
        if count > _ITEMS or len(above) > _DEEPEST:
            draft.refused.append("items beyond the limits of number and depth")
            return
        if isinstance(item.get("items"), list):
            name = clean(_object(item.get("info")).get("name") or item.get("name"))
            level = _level(_object(item.get("request")), name)
            waiting += [(each, [*above, level]) for each in reversed(_objects(item["items"]))]
        else:
            yield item, above


def _add(item: Mapping[str, Any], above: list[Level], draft: Draft) -> None:
    info = _object(item.get("info"))
    kind = clean(info.get("type") or item.get("type")) or "http"
    http = _object(item.get("http") or item.get("graphql") or (item if "url" in item else {}))
    if kind not in ("http", "graphql") or not http:
        if info or kind in ("grpc", "websocket"):
            draft.refused.append(f"a {kind[:20]} item")
        return
    level = _level({**http, **_object(item.get("runtime"))}, clean(info.get("name") or item.get("name")))
    request = Request(
        level, clean(http.get("method")) or ("POST" if kind == "graphql" else "GET"), clean(http.get("url"))
    )
    params = _fields(http.get("params"))
    if params:
        request.query = [each for each in params if each.kind != "path"]
        request.path = [each for each in params if each.kind == "path"]
    _put_body(request, http.get("body"), kind)
    docs = item.get("docs")
    request.doc = clean(_object(docs).get("content")) if isinstance(docs, dict) else clean(docs)
    draft.calls.append(call_of(request, above, draft))


def _put_body(request: Request, node: Any, kind: str) -> None:
    body = _object(node)
    chosen = clean(body.get("type") or body.get("mode"))
    data = body.get("data", body.get(chosen))
    if kind == "graphql":
        request.body_kind = "graphql"
        request.body_text, request.graphql_variables = clean(body.get("query")), clean(body.get("variables"))
        return
    request.body_kind = chosen
    if isinstance(data, str):
        request.body_text = data
    request.body_fields = _fields(data)


def _level(node: Mapping[str, Any], name: str) -> Level:
    level = Level(name, _fields(node.get("headers")), _fields(node.get("variables")))
    level.has_scripts = bool(node.get("scripts"))
    auth = node.get("auth")
    if isinstance(auth, str):
        level.auth = Found(auth)
    elif isinstance(auth, dict):
        level.auth = _auth(auth)
    return level


def _auth(auth: Mapping[str, Any]) -> Found:
    """Its own words for OAuth 2 become those that `named_auth` knows."""
    kind = clean(auth.get("type") or auth.get("mode"))
    inner = auth.get(kind)
    values = {name: clean(each) for name, each in {**auth, **_object(inner)}.items() if not isinstance(each, dict)}
    credentials, owner = _object(auth.get("credentials")), _object(auth.get("resourceOwner"))
    for name, node in (
        ("clientId", credentials),
        ("clientSecret", credentials),
        ("username", owner),
        ("password", owner),
    ):
        if node.get(name):
            values[name] = clean(node[name])
    if credentials.get("placement"):
        values["credentials_placement"] = clean(credentials["placement"])
    flow = clean(auth.get("flow"))
    if flow:
        values["grant_type"] = "password" if flow.startswith("resource_owner") else flow
    return Found(kind, values)


def _fields(node: Any) -> list[Field]:
    found = []
    for each in _objects(node):
        value = each.get("value", each.get("data"))
        value = _object(value).get("data", value) if isinstance(value, dict) else value
        is_enabled = each.get("disabled") is not True and each.get("enabled") is not False
        kind = "secret" if each.get("secret") is True else clean(each.get("type"))
        found.append(Field(clean(each.get("name")), clean(value), is_enabled, kind))
    return found
