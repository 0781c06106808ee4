"""A collection as a ``.http`` file: secrets as environment variables, tokens as JetBrains' ``Security.Auth``."""

from __future__ import annotations

import json
from typing import Any

from apiconn_nb.exporters.described import Described, described
from apiconn_nb.exporters.recipe import HeaderKey, QueryKey, Recipe, Token, UserPassword, recipe_of
from apiconn_nb.exporters.texts import filled, square
from apiconn_nb.live_collection import Collection
from apiconn_nb.placeholders import as_text
from apiconn_nb.secrets import Secret, is_reference

_GRANTS = {"password": "Password", "client_credentials": "Client Credentials"}


def http_file(collection: Collection) -> tuple[str, str]:
    """The file, and the text of ``http-client.env.json`` beside it (empty: not needed). No secret is in either."""
    recipe = recipe_of(collection.method)
    head, signing, query = _signing(recipe, collection.name)
    lines = [f"# {collection.name}, written by apiconn_nb", f"@base_url = {collection.base_url}", *head, ""]
    shared = collection.settings.value("headers")
    signing += [f"{name}: {_text(value, collection.name, name)}" for name, value in shared.items()]
    for name, value in collection.settings.value("query").items():
        query.append(f"{name}={_text(value, collection.name, name)}")
    for name, saved in collection.settings.calls.items():
        lines += _request(described(name, saved, collection.base_url), signing, query, collection.name)
    return "\n".join(lines).rstrip("\n") + "\n", _environment(recipe, collection)


def _text(value: str | Secret, owner: str, name: str) -> str:
    return _variable(value, f"{owner}_{name}") if isinstance(value, Secret) else value


def _variable(secret: Secret, fallback: str) -> str:
    """A secret as the editor's own reference to the process's environment."""
    scheme, _, rest = secret.reference.partition(":")
    name = rest if scheme == "env" else "".join(each if each.isalnum() else "_" for each in fallback).upper()
    return "{{$processEnv " + name + "}}"


def _signing(recipe: Recipe, owner: str) -> tuple[list[str], list[str], list[str]]:
    """Lines for the file's head, headers of each request, and query pairs of each."""
    match recipe:
        case HeaderKey():
            return [], [f"{recipe.name}: {recipe.prefix}{_variable(recipe.key, f'{owner}_key')}"], []
        case QueryKey():
            return [], [], [f"{recipe.name}={_variable(recipe.key, f'{owner}_key')}"]
        case UserPassword():
            name = recipe.username
            user = _variable(name, f"{owner}_username") if isinstance(name, Secret) else name
            return [], [f"Authorization: Basic {user} {_variable(recipe.password, f'{owner}_password')}"], []
        case Token():
            place = recipe.placement
            shown = '{{$auth.token("' + owner + '")}}'
            if place.in_header:
                return [], [f"{place.header_name}: {place.header_prefix}{shown}"], []
            return [], [], [f"access_token={shown}"]
    return [], [], []


def _request(call: Described, signing: list[str], query: list[str], owner: str) -> list[str]:
    target = filled(call.path, _mustache)
    pairs = [pair.partition("=") for pair in call.template.url.partition("#")[0].partition("?")[2].split("&") if pair]
    written = [_pair(name, equals, value) for name, equals, value in pairs] + query
    lines = [f"### {call.name}"]
    if call.saved.doc:
        lines.append(f"# {' '.join(call.saved.doc.split())[:300]}")
    lines += [f"@{name} = {_default(value, name, owner)}" for name, value in call.saved.params.items()]
    lines.append(f"{call.template.method} {{{{base_url}}}}{target}" + (f"?{'&'.join(written)}" if written else ""))
    lines += [f"{name}: {filled(value, _mustache)}" for name, value in call.headers]
    lines += [
        header
        for header in signing
        if header.partition(":")[0].lower() not in {name.lower() for name, _ in call.headers}
    ]
    if call.template.body:
        if call.body_kind == "json" and not call.template.header("Content-Type"):
            lines.append("Content-Type: application/json")
        elif call.body_kind == "form" and not call.template.header("Content-Type"):
            lines.append("Content-Type: application/x-www-form-urlencoded")
        lines += ["", filled(call.body, _mustache)]
    return [*lines, ""]


def _mustache(name: str) -> str:
    return "{{" + name + "}}"


def _pair(name: str, equals: str, value: str) -> str:
    return name + equals + filled(square(value, "%5B"), _mustache)


def _default(value: Any, name: str, owner: str) -> str:
    if isinstance(value, str) and is_reference(value):
        return _variable(Secret.from_reference(value), f"{owner}_{name}")
    return json.dumps(value) if isinstance(value, dict | list) else as_text(value, name)


def _environment(recipe: Recipe, collection: Collection) -> str:
    """``Security.Auth`` for a token, and the development base URL as an environment of its own."""
    values: dict[str, Any] = {}
    if isinstance(recipe, Token):
        values["Security"] = {"Auth": {collection.name: _security(recipe, collection.name)}}
    development = collection.settings.value("dev_base_url")
    if not values and not development:
        return ""
    live = {"base_url": collection.settings.value("base_url"), **values}
    found = {"live": live, **({"dev": {**live, "base_url": development}} if development else {})}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _security(token: Token, owner: str) -> dict[str, Any]:
    grant = "Authorization Code" if token.kind == "login" else _GRANTS.get(str(token.form.get("grant_type")), "")
    found = {
        "Type": "OAuth2",
        "Grant Type": grant or f"(by hand: {token.kind} at the token endpoint)",
        "Token URL": token.endpoint,
        "Auth URL": token.details.get("authorization_endpoint", ""),
        "Client ID": token.client_id,
        "Scope": token.form.get("scope", "") or token.details.get("scope", ""),
        "Username": token.form.get("username", ""),
        "Client Credentials": {"basic": "basic", "none": "none"}.get(token.client_way, "in body"),
    }
    if token.kind == "login":
        found["PKCE"] = bool(token.details.get("pkce"))
    if token.client_secret:
        found["Client Secret"] = _variable(token.client_secret, f"{owner}_client_secret")
    if isinstance(token.form.get("password"), Secret):
        found["Password"] = _variable(token.form["password"], f"{owner}_password")
    return {name: value for name, value in found.items() if value != ""}
