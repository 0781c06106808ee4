"""OpenAPI and Swagger: the demo's own document to tables behind nine doors, and each rule of the format once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apiconn_nb import auth
from apiconn_nb.calling import run
from apiconn_nb.errors import ConfigError
from apiconn_nb.importers import Imported
from apiconn_nb.live_collection import Collection
from apiconn_nb.request import parse
from apiconn_nb.settings import CollectionSettings, SavedCall

Import = Callable[..., Imported]

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pet Store"},
    "servers": [
        {"url": "https://sandbox.example.org/v{version}", "variables": {"version": {"default": "2"}}},
        {"url": "https://api.example.org/v2"},
    ],
    "security": [{"token": []}],
    "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 20}}},
        "schemas": {
            "Base": {
                "type": "object",
                "properties": {"id": {"readOnly": True}, "name": {"type": "string"}},
                "required": ["name"],
            },
            "Pet": {
                "allOf": [
                    {"$ref": "#/components/schemas/Base"},
                    {"properties": {"tag": {"type": "string"}, "kind": {"default": "cat"}}},
                ]
            },
            "Loop": {
                "properties": {"child": {"$ref": "#/components/schemas/Loop"}},
                "allOf": [{"$ref": "#/components/schemas/Loop"}],
            },
            "Ring": {"$ref": "#/components/schemas/Ring"},
        },
    },
    "paths": {
        "/pets": {
            "get": {
                "operationId": "listPets",
                "summary": "All pets",
                "parameters": [
                    {"$ref": "#/components/parameters/Limit"},
                    {"name": "status", "in": "query", "schema": {"enum": ["new", "sold"]}, "description": "Only these"},
                    {"name": "X-Trace", "in": "header"},
                    {"name": "filter[age]", "in": "query", "required": True},
                ],
            },
            "post": {
                "requestBody": {
                    "content": {"text/xml": {}, "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
                }
            },
        },
        "/pets/{petId}": {
            "parameters": [{"name": "petId", "in": "path", "required": True}],
            "get": {"operationId": "getPet", "security": []},
            "delete": {"operationId": "test"},
        },
        "/loop": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Loop"}}}}
            }
        },
        "/ring": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ring"}}}}
            }
        },
    },
}


def only(found: Imported) -> CollectionSettings:
    """The one collection of an import."""
    (settings,) = found.settings
    return settings


def sent(settings: CollectionSettings, call: str, **values: Any) -> httpx.Request:
    """The request that a call of `settings` makes; nothing is sent."""
    collection = Collection(settings)
    seen: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=[])

    collection._client = httpx.Client(transport=httpx.MockTransport(note))
    saved = collection.saved(call)
    run(collection, parse(saved.request), saved=saved, values=values)
    return seen[0]


def test_calls_parameters_and_defaults(imported: Import) -> None:
    settings = only(imported(json.dumps(DOCUMENT)))
    assert settings.name == "pet_store"
    assert settings.connection["base_url"] == "https://api.example.org/v2"
    assert settings.connection["dev_base_url"] == "https://sandbox.example.org/v2"
    assert settings.connection["trusted_origins"] == "none"
    assert settings.method == "key-in-header"
    assert settings.auth == {"key_name": "Authorization", "key_prefix": "Bearer ", "key": "env:PET_STORE_KEY"}
    listed = settings.calls["listPets"]
    assert listed.params == {"limit": 20}
    assert set(listed.optional) == {"status", "X_Trace"}
    assert "status (new|sold): Only these" in listed.doc
    assert "filter_age*" in listed.doc

    request = sent(settings, "listPets", filter_age="2")
    assert str(request.url) == "https://api.example.org/v2/pets?limit=20&filter[age]=2"
    assert "X-Trace" not in request.headers
    request = sent(settings, "listPets", filter_age="2", status="new", X_Trace="t", limit=5)
    assert str(request.url) == "https://api.example.org/v2/pets?limit=5&status=new&filter[age]=2"
    assert request.headers["X-Trace"] == "t"
    assert sent(settings, "getPet", petId=7).url.path == "/v2/pets/7"


def test_bodies_are_made_of_their_schema(imported: Import) -> None:
    settings = only(imported(json.dumps(DOCUMENT)))
    request = sent(settings, "post_pets", name="Tom")
    assert json.loads(request.content) == {"name": "Tom", "kind": "cat"}
    request = sent(settings, "post_pets", name="Tom", tag=["a", 1])
    assert json.loads(request.content) == {"name": "Tom", "tag": ["a", 1], "kind": "cat"}
    assert json.loads(sent(settings, "post_ring", body={"x": 1}).content) == {"x": 1}


def test_an_action_is_not_the_test_call(imported: Import) -> None:
    """`--test` makes the saved call `test`, and must not delete anything."""
    assert "test" not in only(imported(json.dumps(DOCUMENT))).calls
    assert "test_call" in only(imported(json.dumps(DOCUMENT))).calls


@pytest.mark.parametrize(
    ("scheme", "method", "fields"),
    [
        ({"type": "apiKey", "in": "query", "name": "k"}, "key-in-url", {"key_name": "k", "key": "env:IT_KEY"}),
        ({"type": "apiKey", "in": "cookie", "name": "s"}, "key-in-header", {"key_name": "Cookie", "key_prefix": "s="}),
        ({"type": "http", "scheme": "basic"}, "basic", {"password": "env:IT_PASSWORD"}),
        ({"type": "mutualTLS"}, "client-certificate", {"private_key": "env:IT_PRIVATE_KEY"}),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {}}}},
            "oauth2-client-credentials",
            {"token_endpoint": "https://a.example/token", "client_secret": "env:IT_CLIENT_SECRET", "scope": "read"},
        ),
        (
            {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": "https://login.example/a",
                        "tokenUrl": "https://login.example/t",
                    }
                },
            },
            "oauth2-user-agent",
            {"authorization_endpoint": "https://login.example/a", "token_endpoint": "https://login.example/t"},
        ),
        (
            {"type": "openIdConnect", "openIdConnectUrl": "https://i.example/.well-known/openid-configuration"},
            "oauth2-user-agent",
            {"issuer": "https://i.example"},
        ),
    ],
)
def test_security_schemes(imported: Import, scheme: dict[str, Any], method: str, fields: dict[str, Any]) -> None:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "it"},
        "servers": [{"url": "https://a.example"}],
        "components": {"securitySchemes": {"s": scheme}},
        "paths": {"/x": {"get": {"security": [{"s": ["read"]}]}}},
    }
    settings = only(imported(json.dumps(document)))
    assert settings.method == method
    assert fields.items() <= {name: str(value) for name, value in settings.auth.items()}.items()


def test_what_is_not_known_is_said(imported: Import) -> None:
    document = {
        "openapi": "3.0.3",
        "servers": [{"url": "http://a.example"}],
        "components": {"securitySchemes": {"d": {"type": "http", "scheme": "digest"}}},
        "webhooks": {"w": {}},
        "paths": {
            "/x": {
                "get": {
                    "security": [{"d": []}],
                    "callbacks": {"c": {}},
                    "parameters": [
                        {"$ref": "other.yaml#/P"},
                        {"name": "o", "in": "query", "style": "deepObject"},
                        {"name": "l", "in": "query", "schema": {"type": "array"}},
                    ],
                }
            }
        },
    }
    report = imported(json.dumps(document)).report
    said = report.text()
    for words in (
        "digest",
        "webhooks",
        "callbacks",
        "other.yaml",
        "the parameter o",
        "joined by commas",
        "became https",
    ):
        assert words in said, words
    assert report.outcome == "partly"


def test_several_schemes_make_several_collections(imported: Import) -> None:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "it"},
        "servers": [{"url": "https://a.example"}],
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "app": {"type": "apiKey", "in": "header", "name": "X-App"},
                "basic": {"type": "http", "scheme": "basic"},
            }
        },
        "paths": {
            "/a": {"get": {"security": [{"basic": []}, {"key": []}]}},
            "/b": {"get": {"security": [{"key": []}]}},
            "/c": {"get": {"security": [{"basic": []}]}},
            "/d": {"get": {"security": [{"key": [], "app": []}]}},
            "/e": {"get": {"security": [{}]}},
        },
    }
    found = {each.name: each for each in imported(json.dumps(document)).settings}
    assert set(found["it"].calls) == {"a", "b", "e"}, "the scheme that most operations take is the first collection"
    assert found["it_basic"].method == "basic"
    together = next(each for each in found.values() if "d" in each.calls)
    assert together.connection["headers"] == {"X-App": "env:" + together.name.upper() + "_APP"}


def test_swagger_2(imported: Import) -> None:
    document = """
swagger: "2.0"
info: {title: Old, version: 2019-01-01}
host: api.example.org
basePath: /v1
schemes: [https]
securityDefinitions:
  o: {type: oauth2, flow: accessCode, authorizationUrl: 'https://l.example/a', tokenUrl: 'https://l.example/t'}
security: [{o: [write]}]
paths:
  /pets/{id}:
    post:
      consumes: [application/x-www-form-urlencoded]
      parameters:
        - {name: id, in: path, required: true, type: integer}
        - {name: name, in: formData, type: string, required: true}
        - {name: note, in: formData, type: string}
    put:
      parameters:
        - {name: id, in: path, required: true, type: integer}
        - {name: pet, in: body, schema: {properties: {id: {type: integer}, day: {type: string, default: 2019-01-01}}}}
"""
    pytest.importorskip("yaml", reason="PyYAML is an extra")
    settings = only(imported(document))
    assert settings.connection["base_url"] == "https://api.example.org/v1"
    assert settings.method == "oauth2-user-agent"
    assert settings.auth["scope"] == "write"
    # An interactive method needs a client: that is to be filled in.
    plain = CollectionSettings(settings.name, "none", {"base_url": "https://api.example.org/v1"}, {}, settings.calls)
    assert sent(plain, "post_pets", id=1, name="a b").content == b"name=a%20b"
    assert sent(plain, "post_pets", id=1, name="a", note="n").content == b"name=a&note=n"
    assert json.loads(sent(plain, "put_pets", id=1, id_body=2).content) == {"id": 2, "day": "2019-01-01"}


def test_the_version_is_looked_at(imported: Import) -> None:
    with pytest.raises(ConfigError, match=r"4\.0"):
        imported('{"openapi": "4.0.0", "paths": {}}')


def test_the_demos_own_document_opens_its_doors(imported: Import, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the description alone, with the secrets in the variables that the report names."""
    live = shop.credentials.live
    document = httpx.get(f"{shop.url}/openapi.json", trust_env=False).text
    found = imported(document, name="demo")
    by_door = {call: each for each in found.settings for call in each.calls if call.startswith("list_customers")}
    given = {
        "key_in_url": {},
        "key_in_header": {},
        "basic": {"username": live.username},
        "oauth2_password": {"username": live.username},
        "oauth2_client_credentials": {"client_id": live.service_client_id},
    }
    values = {
        "key_in_url": live.api_key,
        "key_in_header": live.api_key,
        "basic": live.password,
        "oauth2_password": live.password,
        "oauth2_client_credentials": live.service_client_secret,
    }
    for door, fields in given.items():
        settings = by_door[f"list_customers_{door}"]
        secret = next(each for each in settings.auth.values() if str(each).startswith("env:"))
        monkeypatch.setenv(str(secret).removeprefix("env:"), values[door])
        trusted = {**settings.connection, "trusted_origins": shop.url}
        settings = CollectionSettings(
            settings.name, settings.method, trusted, {**settings.auth, **fields}, settings.calls
        )
        if door == "oauth2_password":
            with pytest.warns(UserWarning, match="password flow"):
                table = Collection(settings).call(f"list_customers_{door}", per_page=3)
        else:
            table = Collection(settings).call(f"list_customers_{door}", per_page=3)
        assert len(table) == 3, door
        assert len(Collection(settings).call(f"list_customers_{door}", country="DE", per_page=500)) < 500
    assert {each.method for each in found.settings} <= {each.slug for each in auth.methods()}
    assert isinstance(by_door["list_customers_none"].calls["list_customers_none"], SavedCall)
