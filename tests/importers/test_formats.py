"""Postman, Insomnia, Bruno, OpenCollection, ``.http``: what each says of URLs, bodies, variables, authentication."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb.errors import ConfigError
from apiconn_nb.importers import Imported, read, read_path
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.canary import Canary
from tests.importers.test_openapi import sent

Import = Callable[..., Imported]


def plain(settings: CollectionSettings) -> CollectionSettings:
    """The collection without its authentication, so that its requests can be looked at."""
    kept = {name: value for name, value in settings.connection.items() if name == "base_url"}
    return CollectionSettings(settings.name, "none", kept, {}, settings.calls)


def secret(value: Any) -> str:
    """The value of a secret that an import found."""
    assert isinstance(value, Secret)
    return value.reveal()


# ── Postman ────────────────────────────────────────────────────────────────────────────────────────────────────────


def postman(**more: Any) -> dict[str, Any]:
    return {
        "info": {"name": "My API", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [
            {"key": "baseUrl", "value": "https://{{host}}/v2"},
            {"key": "host", "value": "api.example.org"},
            {"key": "user-id", "value": "7"},
            {"key": "empty", "value": ""},
        ],
        "item": [
            {
                "name": "Users",
                "item": [
                    {
                        "name": "One user",
                        "request": {
                            "method": "GET",
                            "description": {"content": "Reads one"},
                            "url": {
                                "raw": "{{baseUrl}}/users/:id/{{user-id}}?q={{empty}}&x=1&off=1",
                                "host": ["{{baseUrl}}"],
                                "path": ["users", ":id", "{{user-id}}"],
                                "query": [
                                    {"key": "q", "value": "{{empty}}"},
                                    {"key": "x", "value": "a&b"},
                                    {"key": "off", "value": "1", "disabled": True},
                                ],
                                "variable": [{"key": "id", "value": "42"}],
                            },
                            "header": [
                                {"key": "X-A", "value": "{{user-id}}!"},
                                {"key": "X-Off", "value": "1", "disabled": True},
                            ],
                        },
                    },
                    {
                        "name": "Own auth",
                        "request": {
                            "url": "{{baseUrl}}/me",
                            "auth": {
                                "type": "basic",
                                "basic": [{"key": "username", "value": "ada"}, {"key": "password", "value": "pw"}],
                            },
                        },
                    },
                ],
            },
            {
                "name": "Add",
                "request": {
                    "method": "POST",
                    "url": "{{baseUrl}}/users",
                    "body": {
                        "mode": "raw",
                        "raw": '{"id": {{user-id}}, "name": "x {{user-id}}", "b": "<id>"}',
                        "options": {"raw": {"language": "json"}},
                    },
                },
            },
            {
                "name": "Form",
                "request": {
                    "method": "POST",
                    "url": "{{baseUrl}}/form",
                    "auth": {"type": "noauth"},
                    "body": {
                        "mode": "urlencoded",
                        "urlencoded": [{"key": "a", "value": "1 2"}, {"key": "password", "value": "pw7"}],
                    },
                },
            },
            {
                "name": "Graph",
                "request": {
                    "method": "POST",
                    "url": "{{baseUrl}}/graphql",
                    "body": {
                        "mode": "graphql",
                        "graphql": {"query": '{ a(x: "<y>") }', "variables": '{"n": {{user-id}}}'},
                    },
                },
            },
        ],
        **more,
    }


def test_postman(imported: Import) -> None:
    found = {each.name: each for each in imported(json.dumps(postman())).settings}
    main = found["my_api"]
    assert main.connection["base_url"] == "https://api.example.org/v2"
    assert main.auth == {"key_name": "Authorization", "key_prefix": "Bearer ", "key": "env:MY_API_TOKEN"}
    assert found["my_api_basic"].auth["username"] == "ada"
    assert secret(found["my_api_basic"].auth["password"]) == "pw"
    assert list(found["my_api_basic"].calls) == ["users_own_auth"]

    request = sent(plain(main), "users_one_user", empty="e")
    assert str(request.url) == "https://api.example.org/v2/users/42/7?q=e&x=a%26b"
    assert request.headers["X-A"] == "7!"
    assert "X-Off" not in request.headers
    assert main.calls["users_one_user"].doc == "Reads one"
    assert json.loads(sent(plain(main), "Add").content) == {"id": 7, "name": "x 7", "b": "<id>"}
    assert json.loads(sent(plain(main), "Graph").content) == {"query": '{ a(x: "<y>") }', "variables": {"n": 7}}
    form = main.calls["Form"]
    assert form.private == ("password",)
    assert secret(form.params["password"]) == "pw7"
    assert "<password>" in form.request


def test_postman_oauth_and_scripts(imported: Import) -> None:
    auth = {
        "type": "oauth2",
        "oauth2": [
            {"key": name, "value": value}
            for name, value in {
                "grant_type": "client_credentials",
                "accessTokenUrl": "https://login.example/t",
                "clientId": "c",
                "clientSecret": "{{secret}}",
                "scope": "read",
                "client_authentication": "header",
            }.items()
        ],
    }
    event = [{"listen": "prerequest", "script": {"exec": ["pm.sendRequest()"]}}]
    result = imported(
        json.dumps(postman(auth=auth, event=event, variable=[{"key": "baseUrl", "value": "https://a.example"}]))
    )
    (main, *_) = result.settings
    assert main.method == "oauth2-client-credentials"
    assert main.auth["client_auth_basic"] is True
    assert main.auth["client_secret"] == "env:MY_API_SECRET"
    assert "scripts" in result.report.text()


def test_postman_format_1_is_refused(imported: Import) -> None:
    with pytest.raises(ConfigError, match=r"export it as Collection v2\.1"):
        imported('{"id": "x", "order": [], "requests": []}')


# ── Insomnia ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_insomnia_4(imported: Import) -> None:
    document = {
        "_type": "export",
        "__export_format": 4,
        "resources": [
            {"_id": "wrk_1", "_type": "workspace", "name": "Shop"},
            {
                "_id": "env_1",
                "_type": "environment",
                "parentId": "wrk_1",
                "data": {"base": "https://a.example", "deep": {"x": 3}},
            },
            {
                "_id": "fld_1",
                "_type": "request_group",
                "parentId": "wrk_1",
                "name": "Orders",
                "authentication": {"type": "apikey", "key": "X-Key", "value": "k123", "addTo": "header"},
            },
            {
                "_id": "req_1",
                "_type": "request",
                "parentId": "fld_1",
                "name": "List",
                "method": "GET",
                "url": "{{ _.base }}/orders",
                "parameters": [{"name": "n", "value": "{{ _.deep.x }}"}, {"name": "o", "value": "1", "disabled": True}],
                "authentication": {"type": "inherit"},
            },
            {
                "_id": "req_2",
                "_type": "request",
                "parentId": "fld_1",
                "name": "New",
                "method": "POST",
                "url": "{{base}}/orders",
                "body": {"mimeType": "application/json", "text": '{"at": "{% now %}"}'},
                "authentication": {},
            },
            {"_id": "g", "_type": "grpc_request", "parentId": "wrk_1", "name": "no"},
        ],
    }
    result = imported(json.dumps(document))
    (settings,) = result.settings
    assert (settings.name, settings.method) == ("shop", "key-in-header")
    assert secret(settings.auth["key"]) == "k123"
    assert str(sent(plain(settings), "orders_list").url) == "https://a.example/orders?n=3"
    assert json.loads(sent(plain(settings), "orders_new", value="x").content) == {"at": "x"}
    assert "template tag" in result.report.text()
    assert "grpc request" in result.report.text()


def test_insomnia_5(imported: Import) -> None:
    pytest.importorskip("yaml", reason="PyYAML is an extra")
    text = """
type: collection.insomnia.rest/5.0
name: Shop
collection:
  - name: Folder
    authentication: {type: bearer, token: t0ken123}
    children:
      - {name: One, method: GET, url: "{{ base }}/x/1", headers: [{name: X-A, value: b}]}
environments: {data: {base: "https://a.example/v1"}}
"""
    (settings,) = imported(text).settings
    assert secret(settings.auth["key"]) == "t0ken123"
    assert str(sent(plain(settings), "folder_one").url) == "https://a.example/v1/x/1"


# ── Bruno, OpenCollection ──────────────────────────────────────────────────────────────────────────────────────────

BRUNO = {
    "bruno.json": '{"name": "My Shop", "type": "collection"}',
    "collection.bru": (
        "auth {\n  mode: bearer\n}\n\nauth:bearer {\n  token: {{token}}\n}\n\nheaders {\n  X-All: yes\n}\n"
    ),
    "environments/Prod.bru": "vars {\n  host: https://a.example\n  n: 5\n}\nvars:secret [\n  token\n]\n",
    "Get.bru": (
        "meta {\n  name: Get it\n  type: http\n}\n\n"
        "get {\n  url: {{host}}/items/:id?n=1\n  body: none\n  auth: inherit\n}\n\n"
        "params:query {\n  n: {{n}}\n  ~off: 1\n}\n\nparams:path {\n  id: 9\n}\n"
    ),
    "sub/folder.bru": "meta {\n  name: Sub\n}\nheaders {\n  X-Sub: 1\n}\nauth {\n  mode: inherit\n}\n",
    "sub/Post.bru": (
        "meta {\n  name: Post\n}\npost {\n  url: {{host}}/items\n  body: json\n  auth: none\n}\nbody:json {\n  {\n"
        '    "a": "{{n}}"\n  }\n}\ntests {\n  test("x", function() {\n  });\n}\n'
    ),
}


def test_bruno(tmp_path: Path) -> None:
    for name, text in BRUNO.items():
        file = tmp_path / "shop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    result = read(read_path(tmp_path / "shop"))
    (settings,) = result.settings
    assert settings.name == "my_shop"
    assert settings.auth["key"] == "env:MY_SHOP_TOKEN"
    request = sent(plain(settings), "get_it")
    assert str(request.url) == "https://a.example/items/9?n=5"
    assert request.headers["X-All"] == "yes"
    post = sent(plain(settings), "sub_post")
    assert json.loads(post.content) == {"a": "5"}
    assert post.headers["X-Sub"] == "1"
    assert "scripts and tests" in result.report.text()


def test_a_folder_is_read_under_limits(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "bruno.json").write_text("{}")
    (folder / "a.bru").write_text("get {\n  url: https://a.example/x\n}\n")
    (folder / ".hidden.bru").write_text("get {\n  url: https://a.example/hidden\n}\n")
    outside = tmp_path / "outside.bru"
    outside.write_text("get {\n  url: https://a.example/outside\n}\n")
    (folder / "link.bru").symlink_to(outside)
    (settings,) = read(read_path(folder)).settings
    assert [call.request for call in settings.calls.values()] == ["GET /x"]


def test_opencollection(imported: Import) -> None:
    pytest.importorskip("yaml", reason="PyYAML is an extra")
    files = {
        "opencollection.yml": (
            'opencollection: "1.0.0"\ninfo: {name: Shop}\nrequest: {headers: [{name: X-All, value: v}]}\n'
        ),
        "environments/dev.yml": "name: Development\nvariables: [{name: host, value: 'https://a.example'}]\n",
        "users/folder.yml": "info: {name: Users}\nrequest: {auth: {type: basic, username: ada, password: pw12345}}\n",
        "users/new.yml": (
            "info: {name: New, type: http}\nhttp:\n  method: POST\n  url: '{{host}}/users'\n"
            "  body: {type: json, data: '{\"a\": 1}'}\n  auth: inherit\n"
        ),
    }
    result = imported("", "shop", beside=files)
    (settings,) = result.settings
    assert (settings.method, settings.auth["username"]) == ("basic", "ada")
    request = sent(plain(settings), "users_new")
    assert str(request.url) == "https://a.example/users"
    assert json.loads(request.content) == {"a": 1}
    assert request.headers["X-All"] == "v"


# ── .http ──────────────────────────────────────────────────────────────────────────────────────────────────────────

HTTP = """
@page = 3
### List items
# @no-log
GET {{host}}/items?page={{page}}
  &tag=a
Authorization: Bearer {{$processEnv SHOP_TOKEN}}
Accept: application/json

> {% client.test("x") %}

###
# @name create
POST {{host}}/items HTTP/1.1
Content-Type: application/json

{"name": "{{name}}", "n": {{page}}}

### form
POST {{host}}/form
Content-Type: application/x-www-form-urlencoded

a=1 &
b={{page}}
<> 2024.json

### token
GET {{host}}/me
Authorization: Bearer {{$auth.token("crm")}}

### upload
POST {{host}}/upload
Content-Type: text/plain

< ./file.txt

### socket
WEBSOCKET wss://a.example
"""
ENVIRONMENTS = {
    "http-client.env.json": json.dumps(
        {
            "dev": {"host": "https://dev.example"},
            "prod": {
                "host": "https://a.example",
                "Security": {
                    "Auth": {
                        "crm": {
                            "Type": "OAuth2",
                            "Grant Type": "Client Credentials",
                            "Token URL": "https://l.example/t",
                            "Client ID": "c",
                            "Client Credentials": "in body",
                        }
                    }
                },
            },
        }
    ),
    "http-client.private.env.json": json.dumps(
        {"prod": {"name": "sEcret-n", "Security": {"Auth": {"crm": {"Client Secret": "s3cr3t"}}}}}
    ),
}


def test_http_files(imported: Import) -> None:
    result = imported(HTTP, "shop.http", beside=ENVIRONMENTS, name="shop")
    found = {call: each for each in result.settings for call in each.calls}
    main = found["list_items"]
    assert main.connection["base_url"] == "https://a.example"
    assert main.connection["dev_base_url"] == "https://dev.example"
    assert main.auth["key"] == "env:SHOP_TOKEN", "the variable that the file itself names"
    assert str(sent(plain(main), "list_items").url) == "https://a.example/items?page=3&tag=a"
    token = found["token"]
    assert token.method == "oauth2-client-credentials"
    assert secret(token.auth["client_secret"]) == "s3cr3t"
    create = found["create"].calls["create"]
    assert secret(create.params["name"]) == "sEcret-n", "what stands in the private file is a secret"
    assert json.loads(sent(plain(found["create"]), "create", name="x").content) == {"name": "••name••", "n": 3}
    assert sent(plain(found["form"]), "form").content == b"a=1%20&b=3"
    assert sent(plain(found["upload"]), "upload", body="text").content == b"text"
    said = result.report.text()
    for words in ("scripts", "a body from a file", "WEBSOCKET"):
        assert words in said, words


# ── what holds for all ─────────────────────────────────────────────────────────────────────────────────────────────


def test_secrets_are_split_out_wherever_they_stand(imported: Import, canary: Canary) -> None:
    user, key, cookie, query, body = (canary(each) for each in ("user", "key", "cookie", "query", "body"))
    basic = base64.b64encode(f"ada:{user}".encode()).decode()
    text = (
        f"curl 'https://a.example/x?api_key={query}' -H 'Authorization: Basic {basic}' -H 'X-Api-Key: {key}' "
        f"-b 's={cookie}' -H 'Content-Type: application/json' "
        f'-d \'{{"login": "ada", "deep": {{"password": "{body}"}}}}\''
    )
    result = imported(text)
    (settings,) = result.settings
    assert settings.method == "basic"
    assert secret(settings.auth["password"]) == user
    assert {name: secret(value) for name, value in settings.connection["headers"].items()} == {
        "X-Api-Key": key,
        "Cookie": f"s={cookie}",
    }
    assert {name: secret(value) for name, value in settings.connection["query"].items()} == {"api_key": query}
    (call,) = settings.calls.values()
    assert secret(call.params["password"]) == body
    canary.assert_absent(repr(settings), result.report.text(), str(call.request))


def test_a_text_that_looks_like_a_reference_is_not_one(imported: Import) -> None:
    """Else an imported file could name any secret of the person's and have it sent."""
    collection = {
        "info": {"name": "it"},
        "variable": [{"key": "v", "value": "file:/etc/passwd"}],
        "item": [
            {
                "name": "x",
                "request": {"url": "https://a.example/x?q={{v}}", "header": [{"key": "X-A", "value": "env:HOME"}]},
            }
        ],
    }
    result = imported(json.dumps(collection))
    (settings,) = result.settings
    (call,) = settings.calls.values()
    assert "env:HOME" not in call.request
    assert call.params == {}
    assert "written like a secret reference" in result.report.text()


def test_brackets_stay_what_they_are(imported: Import) -> None:
    """Literal ``[name]`` and ``<name>`` of the source are no parameters."""
    text = (
        "curl -g 'https://a.example/[id]/[[x]]?f[state]=1&q=[name]' -H 'X-A: [h] [[h]]' "
        "-H 'Content-Type: text/plain' -d '<b> <<c>'"
    )
    (settings,) = imported(text).settings
    request = sent(settings, next(iter(settings.calls)))
    assert request.url.path == "/[id]/[[x]]"
    assert request.url.params["q"] == "[name]"
    assert request.headers["X-A"] == "[h] [[h]]"
    assert request.content == b"<b> <<c>"


def test_a_server_of_its_own_is_a_collection_of_its_own(imported: Import) -> None:
    names = [each.name for each in imported("curl https://api.github.com/x\ncurl https://api.example.org/y").settings]
    assert names == ["github", "example"]


def test_http_becomes_https_and_says_so(imported: Import) -> None:
    result = imported("curl http://api.example.org/x\n")
    assert result.settings[0].connection["base_url"] == "https://api.example.org"
    assert "became https" in result.report.text()
    assert imported("curl http://127.0.0.1:8000/x").settings[0].connection["base_url"] == "http://127.0.0.1:8000"
