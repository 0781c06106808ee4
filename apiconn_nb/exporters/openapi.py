"""A collection as OpenAPI 3.1: its method as a security scheme, its saved calls as operations. No secret is in it."""

from __future__ import annotations

import json
from typing import Any

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.exporters.described import Described, described, whole_name
from apiconn_nb.exporters.recipe import Certificate, HeaderKey, QueryKey, Recipe, Token, UserPassword, recipe_of
from apiconn_nb.exporters.texts import HELD, Name, angle, filled, held_json, names
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.live_collection import Collection
from apiconn_nb.request import METHODS

_FORM = "application/x-www-form-urlencoded"


def openapi(collection: Collection) -> str:
    """The document, as JSON."""
    settings = collection.settings
    calls = [described(name, saved, collection.base_url) for name, saved in settings.calls.items()]
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        method = call.template.method.lower()
        item = paths.setdefault(filled(call.path, lambda name: f"{{{name}}}"), {})
        # OpenAPI has one operation for a method and a path; a fragment keeps two apart, and is not sent.
        if method in item or call.template.method not in METHODS[:9]:
            item = paths.setdefault(f"{filled(call.path, lambda name: f'{{{name}}}')}#{call.name}", {})
        item[method] = _operation(call)
    document: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": collection.name, "version": "1"}}
    live, development = settings.value("base_url"), settings.value("dev_base_url")
    servers = [{"url": live}] if live else []
    document["servers"] = servers + ([{"url": development, "description": "development"}] if development else [])
    scheme = _scheme(_recipe(collection.method), collection.method.label)
    if scheme is not None:
        scopes = getattr(collection.method, "scope", "").split() if scheme["type"] == "oauth2" else []
        document["security"] = [{settings.method: scopes}]
        document["components"] = {"securitySchemes": {settings.method: scheme}}
    document["paths"] = paths
    return (
        json.dumps({name: value for name, value in document.items() if value != []}, indent=2, ensure_ascii=False)
        + "\n"
    )


def _recipe(method: AuthMethod) -> Recipe:
    return recipe_of(method)


def _scheme(recipe: Recipe, label: str) -> dict[str, Any] | None:
    match recipe:
        case HeaderKey() if recipe.name.lower() == "authorization" and recipe.prefix.strip().lower() == "bearer":
            return {"type": "http", "scheme": "bearer"}
        case HeaderKey():
            return {"type": "apiKey", "in": "header", "name": recipe.name}
        case QueryKey():
            return {"type": "apiKey", "in": "query", "name": recipe.name}
        case UserPassword():
            return {"type": "http", "scheme": "basic"}
        case Certificate():
            return {"type": "mutualTLS"}
        case Token():
            return _token(recipe, label)
    return None


def _token(token: Token, label: str) -> dict[str, Any]:
    scope = str(token.form.get("scope", "") or token.details.get("scope", ""))
    flow: dict[str, Any] = {"scopes": {each: each for each in scope.split()}, "tokenUrl": token.endpoint}
    if token.kind == "login":
        code = {"authorizationUrl": token.details["authorization_endpoint"], **flow}
        return {"type": "oauth2", "flows": {"authorizationCode": code}}
    if token.form.get("grant_type") == "password":
        return {"type": "oauth2", "flows": {"password": flow}}
    if token.form.get("grant_type") == "client_credentials":
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}
    return {"type": "http", "scheme": "bearer", "description": f"{label}: POST {token.endpoint}"}


def _operation(call: Described) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": call.name}
    if call.saved.doc:
        operation["summary"] = call.saved.doc[:120]
        operation["description"] = call.saved.doc
    parameters = [_parameter(name, "path", call, label=name) for name in dict.fromkeys(names(call.path))]
    parameters += [found for key, value in call.query for found in _fixed_or_named(key, value, "query", call)]
    parameters += [
        found
        for key, value in call.headers
        if key.lower() not in ("content-type", "accept", "authorization") and not looks_like_credential(key)
        for found in _fixed_or_named(key, value, "header", call)
    ]
    if parameters:
        operation["parameters"] = parameters
    if call.template.body:
        operation["requestBody"] = {"required": True, "content": _content(call)}
    operation["responses"] = {"default": {"description": "The answer."}}
    return operation


def _fixed_or_named(key: str, value: Any, place: str, call: Described) -> list[dict[str, Any]]:
    """A parameter; a fixed value is one whose only value it is."""
    name = whole_name(value)
    if name:
        return [_parameter(name, place, call, label=key)]
    if names(value):
        text = filled(value, lambda each: f"{{{each}}}")
        return [{"name": key, "in": place, "required": True, "schema": {"type": "string"}, "description": f"As {text}"}]
    text = "".join(str(piece) for piece in value)
    return [{"name": key, "in": place, "required": True, "schema": {"type": "string", "const": text, "default": text}}]


def _parameter(name: str, place: str, call: Described, *, label: str) -> dict[str, Any]:
    required = place == "path" or name not in call.saved.optional
    return {"name": label, "in": place, "required": required, "schema": _schema(name, call)}


def _schema(name: str, call: Described) -> dict[str, Any]:
    if name not in call.params:
        return {}
    value = call.params[name]
    types: dict[type, str] = {
        str: "string",
        bool: "boolean",
        int: "integer",
        float: "number",
        list: "array",
        dict: "object",
    }
    return {"type": types.get(type(value), "string"), "default": value}


def _content(call: Described) -> dict[str, Any]:
    kind = call.template.header("Content-Type")
    if call.body_kind == "json":
        try:
            return {kind or "application/json": {"schema": _of_json(held_json(call.template.body), call)}}
        except (ValueError, RecursionError):
            return {kind or "application/json": {"schema": {}}}
    if call.body_kind == "form":
        pairs = [pair.partition("=") for pair in call.template.body.split("&") if pair]
        properties = {name: _member(value, call) for name, _, value in pairs}
        required = [name for name, _, value in pairs if value.strip("<>") not in call.saved.optional]
        return {kind or _FORM: {"schema": {"type": "object", "properties": properties, "required": required}}}
    return {
        kind or "text/plain": {"schema": {"type": "string"}, "example": filled(call.body, lambda name: f"<{name}>")}
    }


def _member(value: str, call: Described) -> dict[str, Any]:
    is_name = value.startswith("<") and value.endswith(">")
    return _schema(value[1:-1], call) if is_name else {"type": "string", "const": value, "default": value}


def _of_json(value: Any, call: Described) -> dict[str, Any]:
    """The schema of a body as it is written: a name is a parameter, all else is fixed."""
    if isinstance(value, str) and value.startswith(HELD):
        return _schema(value[len(HELD) :], call)
    if isinstance(value, dict):
        required = [
            name
            for name, each in value.items()
            if not (isinstance(each, str) and each.removeprefix(HELD) in call.saved.optional)
        ]
        properties = {name: _of_json(each, call) for name, each in value.items()}
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}
    if isinstance(value, str) and any(isinstance(piece, Name) for piece in angle(value)):
        return {"type": "string", "description": f"As {value}"}
    return {"const": value, "default": value}
