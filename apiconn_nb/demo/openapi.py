"""The demo API's own description (OpenAPI 3.1), made from the routes it has: ``/openapi.json``."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response

from .api import FILTERS
from .clients import SCOPES
from .data import PRICES, STATUSES
from .doors import DOORS, KEY_IN_HEADER, KEY_IN_URL, TOKEN_DOORS
from .rows import MOST_ROWS, answer
from .state import State

_INTERACTIVE = ("oauth2-password", "oauth2-user-agent", "oauth2-client-credentials")
_PAGING = {
    "customers": (("page", 1), ("per_page", 50)),
    "orders": (("offset", 0), ("limit", 100)),
    "events": (("cursor", None), ("limit", 100)),
}
_ENVELOPE: dict[str, dict[str, Any]] = {
    "customers": {name: {"type": "integer"} for name in ("page", "per_page", "total", "total_pages")},
    "orders": {name: {"type": "integer"} for name in ("offset", "limit", "total")},
    "events": {"next_cursor": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}},
}
_PROBLEM = {"$ref": "#/components/responses/Problem"}


class OpenApi:
    """The route."""

    def __init__(self, app: Flask, state: State) -> None:
        self._state = state
        app.add_url_rule("/openapi.json", view_func=self.document)

    def document(self) -> Response:
        """The description of every door."""
        return answer(describe(self._state.url, self._state.credentials.tls_url))


def describe(url: str, tls_url: str) -> dict[str, Any]:
    """The OpenAPI document of a demo at `url`."""
    paths: dict[str, Any] = {}
    for door in DOORS:
        for path, item in _paths(door).items():
            # Mutual TLS has its own port; the server of a path item overrides the document's (OpenAPI 3.1 §4.8.9).
            paths[f"/{door}{path}"] = {**item, "servers": [{"url": tls_url}]} if door == "client-certificate" else item
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "apiconn demo",
            "version": "1.0.0",
            "summary": "A wholesaler's customers, orders and events behind ten ways to authenticate.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": url}, {"url": f"{url}/development", "description": "development data"}],
        "tags": [{"name": door} for door in DOORS],
        "paths": paths,
        "components": {
            "securitySchemes": _schemes(url),
            "schemas": _schemas(),
            "responses": {
                "Problem": {
                    "description": "Why not (RFC 9457).",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
        },
    }


def _schemes(url: str) -> dict[str, Any]:
    scopes = {scope: f"{scope} access" for scope in SCOPES}
    token = {"tokenUrl": f"{url}/oauth/token", "refreshUrl": f"{url}/oauth/token", "scopes": scopes}
    code = {"authorizationUrl": f"{url}/oauth/authorize", **token}
    return {
        "key-in-url": {"type": "apiKey", "in": "query", "name": KEY_IN_URL},
        "key-in-header": {"type": "apiKey", "in": "header", "name": KEY_IN_HEADER},
        "basic": {"type": "http", "scheme": "basic"},
        "oauth2-password": {"type": "oauth2", "flows": {"password": token}},
        "oauth2-user-agent": {"type": "oauth2", "flows": {"authorizationCode": code}},
        "oauth2-custom-token": {
            "type": "http",
            "scheme": "bearer",
            "description": f"POST {url}/custom/token with X-Tenant and a JSON body of app and secret.",
        },
        "jwt": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "opaque",
            "description": f"RFC 7523: a signed assertion (RS256) at {url}/oauth/token.",
        },
        "client-certificate": {"type": "mutualTLS"},
        "oauth2-client-credentials": {"type": "oauth2", "flows": {"clientCredentials": token}},
    }


def _security(door: str, scope: str) -> list[dict[str, list[str]]]:
    if door == "none":
        return []
    return [{door: [scope] if door in TOKEN_DOORS and door in _INTERACTIVE else []}]


def _operation(door: str, name: str, summary: str, scope: str = "read", **members: Any) -> dict[str, Any]:
    return {
        "operationId": f"{name}_{door.replace('-', '_')}",
        "summary": summary,
        "tags": [door],
        "security": _security(door, scope),
        "responses": {"default": _PROBLEM},
        **members,
    }


def _paths(door: str) -> dict[str, Any]:
    paths: dict[str, Any] = {f"/{name}": {"get": _list(door, name)} for name in FILTERS}
    for name, schema in (("customers", "Customer"), ("orders", "Order")):
        number = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}
        one = _operation(door, f"get_{schema.lower()}", f"One of the {name}", responses=_responses(_ref(schema)))
        paths[f"/{name}/{{number}}"] = {"parameters": [number], "get": one}
    body = {"required": True, "content": {"application/json": {"schema": _ref("NewOrder")}}}
    responses = _responses(_ref("Order"), "201")
    paths["/orders"]["post"] = _operation(
        door, "create_order", "A new order", "write", requestBody=body, responses=responses
    )
    paths["/me"] = {"get": _operation(door, "who_am_i", "Who came in", responses=_responses({"type": "object"}))}
    return paths


def _list(door: str, name: str) -> dict[str, Any]:
    parameters = [
        {"name": each, "in": "query", "schema": {"type": "string"} if default is None else _bounded(each, default)}
        for each, default in _PAGING[name]
    ]
    parameters += [{"name": each, "in": "query", "schema": {"type": "string"}} for each in FILTERS[name]]
    rows = {"type": "array", "items": _ref(name.removesuffix("s").capitalize())}
    schema = {"type": "object", "properties": {name: rows, **_ENVELOPE[name]}, "required": [name]}
    summary = f"List {name}, by {' and '.join(each for each, _ in _PAGING[name])}"
    return _operation(door, f"list_{name}", summary, parameters=parameters, responses=_responses(schema))


def _bounded(name: str, default: int) -> dict[str, Any]:
    most = {"maximum": MOST_ROWS} if name in ("per_page", "limit") else {}
    return {"type": "integer", "default": default, "minimum": 0 if name == "offset" else 1, **most}


def _responses(schema: dict[str, Any], status: str = "200") -> dict[str, Any]:
    ok = {"description": "Here it is.", "content": {"application/json": {"schema": schema}}}
    return {status: ok, "default": _PROBLEM}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _schemas() -> dict[str, Any]:
    text, whole, real, moment = (
        {"type": "string"},
        {"type": "integer"},
        {"type": "number"},
        {"type": "string", "format": "date-time"},
    )
    money = {"type": ["number", "null"]}
    line = _object(line=whole, sku=text, product=text, quantity=whole, unit_price=real)
    address = _object(street=text, postcode=text, city=text, country=text, geo=_object(lat=real, lon=real))
    person = _object(id=whole, name=text)
    new_line = {**_object(sku={"enum": list(PRICES)}, quantity={"type": "integer", "minimum": 1})}
    return {
        "Customer": _object(
            id=whole,
            name=text,
            email=text,
            country=text,
            segment=text,
            active={"type": "boolean"},
            credit_limit=money,
            created_at=moment,
            address=address,
            tags={"type": "array", "items": text},
        ),
        "Order": _object(
            id=whole,
            number=text,
            status={"enum": list(STATUSES)},
            customer=person,
            currency=text,
            total=real,
            placed_at=moment,
            shipping_address=address,
            lines={"type": "array", "items": line},
        ),
        "Event": _object(
            id={"type": "integer", "format": "int64"},
            type=text,
            occurred_at=moment,
            actor=person,
            order_id={"type": ["integer", "null"]},
            duration_ms=whole,
            payload={"type": "object"},
        ),
        "NewOrder": {
            **_object(customer_id=whole, lines={"type": "array", "items": new_line}, note=text),
            "required": ["customer_id", "lines"],
        },
        "Problem": _object(type=text, title=text, status=whole, detail=text),
    }
