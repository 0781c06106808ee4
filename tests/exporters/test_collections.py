"""A collection goes out as OpenAPI or ``.http`` and comes back the same; no secret goes with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from apiconn_nb import redaction, workspace
from apiconn_nb.calling import settle_values
from apiconn_nb.errors import UsageError
from apiconn_nb.exporters import as_code, http_file, openapi, plan
from apiconn_nb.importers import Source, read
from apiconn_nb.live_collection import Collection
from apiconn_nb.request import parse, without_optional
from apiconn_nb.settings import CollectionSettings, SavedCall
from tests.canary import Canary
from tests.shell import NotebookShell

CALLS = {
    "list": SavedCall("GET /items?limit=[limit]&state=[state]&sort=a%20b", params={"limit": 20}, optional=("state",)),
    "one": SavedCall("GET /items/[id]/parts\nX-Trace: [trace]", params={"trace": "t"}, optional=("trace",)),
    "add": SavedCall(
        'POST /items\n\n{"name": <name>, "n": <n>, "fixed": [1, {"a": true}]}', params={"n": 1}, optional=("name",)
    ),
    "form": SavedCall("POST /login\nContent-Type: application/x-www-form-urlencoded\n\nuser=<user>&go=1"),
    "text": SavedCall("PUT /notes/[id]\nContent-Type: text/plain\n\nfor <who>"),
}  # fmt: skip
VALUES = {"id": "a/b", "state": "x y", "name": "N", "user": "ü &", "who": "them"}


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opened: list[Collection] = []
    begin = Collection.__init__

    def noted(self: Collection, *args: Any, **options: Any) -> None:
        opened.append(self)
        begin(self, *args, **options)

    monkeypatch.setattr(Collection, "__init__", noted)
    workspace.use("apiconn.toml")
    redaction._known.clear()  # another test's secret may be a word of our scripts
    yield
    for each in opened:
        if hasattr(each, "_client"):
            each.close()


def _collection(method: str = "key-in-header", **auth: Any) -> Collection:
    connection = {"base_url": "https://api.example.org/v1", "dev_base_url": "https://dev.example.org"}
    if method == "key-in-header":
        auth = {"key": "env:SHOP_KEY", "key_prefix": "Bearer "}
    return Collection(CollectionSettings("shop", method, connection, auth, CALLS))


def _requests(settings: CollectionSettings, values: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """What each call would send: method, URL, the headers that tell, the body."""
    collection = Collection(settings)
    found = {}
    for name, saved in settings.calls.items():
        given = settle_values(saved, values, {}, settings.name)
        template = without_optional(parse(saved.request), saved.optional, given)
        request = collection.request(template, given)
        found[name] = (request.method, request.url, request.headers.get("X-Trace"), _body(request))
    return found


def _body(request: httpx.Request) -> Any:
    try:
        return json.loads(request.content)
    except ValueError:
        return request.content


@pytest.mark.parametrize("values", [VALUES, {name: VALUES[name] for name in ("id", "user", "who")}])
def test_openapi_and_back(values: dict[str, Any]) -> None:
    collection = _collection()
    document = openapi(collection)
    (back,) = read(Source("it.json", document)).settings
    assert back.method == "key-in-header"
    assert back.auth["key_prefix"] == "Bearer "
    assert back.connection["dev_base_url"] == "https://dev.example.org"
    plain = CollectionSettings("shop", "none", {"base_url": "https://api.example.org/v1"}, {}, back.calls)
    ours, theirs = _requests(collection.settings, values), _requests(plain, {**values, "body": "for them"})
    assert theirs == ours


@pytest.mark.parametrize("values", [VALUES])
def test_http_and_back(values: dict[str, Any]) -> None:
    collection = _collection()
    text, beside = http_file(collection)
    (back,) = read(Source("it.http", text, {"http-client.env.json": beside})).settings
    assert (back.method, back.auth) == (
        "key-in-header",
        {"key_name": "Authorization", "key_prefix": "Bearer ", "key": "env:SHOP_KEY"},
    )
    assert back.connection["dev_base_url"] == "https://dev.example.org"
    assert _requests(back, values) == _requests(collection.settings, values)


def test_the_document_holds_to_the_published_schema() -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="pip install openapi-spec-validator")
    validator.validate(json.loads(openapi(_collection())))
    for method, auth in METHODS.items():
        validator.validate(json.loads(openapi(_collection(method, **auth))))


METHODS: dict[str, dict[str, Any]] = {
    "key-in-url": {"key_name": "api_key", "key": "env:K"},
    "basic": {"username": "ada", "password": "env:P"},
    "oauth2-client-credentials": {
        "client_id": "c", "client_secret": "env:S", "token_endpoint": "https://t.example/t", "scope": "a b",
    },
    "oauth2-password": {"username": "ada", "password": "env:P", "token_endpoint": "https://t.example/t"},
    "oauth2-user-agent": {
        "client_id": "c", "client_secret": "env:S", "scope": "a", "token_endpoint": "https://t.example/t",
        "authorization_endpoint": "https://t.example/a",
    },
    "jwt": {"private_key": "env:K", "issuer": "i", "token_endpoint": "https://t.example/t"},
}  # fmt: skip


@pytest.mark.parametrize("method", [name for name in METHODS if name != "jwt"])
def test_methods_go_out_and_come_back(method: str, monkeypatch: pytest.MonkeyPatch, canary: Canary) -> None:
    for name in ("K", "P", "S"):
        monkeypatch.setenv(name, canary(name))
    collection = _collection(method, **METHODS[method])
    text, beside = http_file(collection)
    canary.assert_absent(openapi(collection), text, beside)
    (from_openapi,) = read(Source("it.json", openapi(collection))).settings
    (from_http,) = read(Source("it.http", text, {"http-client.env.json": beside})).settings
    assert from_openapi.method == from_http.method == method
    public = {name: value for name, value in METHODS[method].items() if not str(value).startswith("env:")}
    assert public.items() <= from_http.auth.items()
    secret = {name: value for name, value in METHODS[method].items() if str(value).startswith("env:")}
    assert secret.items() <= from_http.auth.items(), "the reference goes out, not the value"


def test_the_magics(magics: NotebookShell, tmp_path: Path) -> None:
    magics.run("%apiconn_auth shop key-in-header --base-url https://api.example.org --key env:SHOP_KEY")
    workspace.current().save_call(
        "shop", "items", SavedCall("GET /items?state=[state]", records="items", params={"state": "open"})
    )
    shown = repr(magics.run("%apicall shop.items -p state=closed --as-code httpx"))
    assert 'state = "closed"' in shown
    assert 'os.environ["SHOP_KEY"]' in shown
    assert "apiconn_nb" not in shown.partition('"""\n')[2]
    compile(shown, "script", "exec")
    assert '"openapi": "3.1.0"' in repr(magics.run("%apiconn_export shop openapi"))
    assert "written to shop.http" in repr(magics.run("%apiconn_export shop http shop.http"))
    assert "GET {{base_url}}/items?state={{state}}" in (tmp_path / "shop.http").read_text()
    with pytest.raises(UsageError, match="openapi"):
        magics.run("%apiconn_export shop raml")


def test_a_literal_credential_is_not_written(canary: Canary) -> None:
    collection = _collection("none")
    token = canary("token")
    made = plan(collection, parse(f"POST /x\nX-Api-Key: {token}\n\n{{}}"))
    for target in ("httpx", "requests", "curl"):
        script = as_code(made, target)
        canary.assert_absent(script)
        assert "SHOP_X_API_KEY" in script


def test_what_a_script_cannot_say_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "x")
    collection = _collection()
    paged = SavedCall("GET /items", records="length(@)", pages="all", paginate="continue")
    made = plan(collection, parse(paged.request), saved=paged)
    with pytest.raises(UsageError, match="--as-code httpx"):
        as_code(made, "curl")
    with pytest.raises(UsageError, match="--as-code requests"):
        as_code(made, "dlt")
    assert "jmespath.search" in as_code(made, "httpx")
