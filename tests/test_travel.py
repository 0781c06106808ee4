"""What goes to a worker process or a file: collections, responses, errors, frames. References travel, secrets don't."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from apiconn_nb.auth.store import FileStore
from apiconn_nb.auth.token import ResponseShape, Token, read_token
from apiconn_nb.calling import run
from apiconn_nb.errors import (
    ApiConnError,
    CallTimeout,
    ConfigError,
    LoginRequired,
    NetworkError,
    SecretError,
    StatusError,
    TokenError,
    TooLargeError,
    UnknownNameError,
)
from apiconn_nb.live_collection import Collection
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.echo import Answer, Echo
from tests.opened import Open


def travelled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


def test_a_collection_travels_with_its_references(
    echo: Echo, opened: Open, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", canary("key"))
    auth = {"key_name": "X-Key", "key": "env:KEY"}
    collection = opened(echo.url, "key-in-header", auth, environment="development", headers={"X-Token": "env:KEY"})
    collection.send("GET /x")
    packed = pickle.dumps(collection)
    canary.assert_absent(packed, repr(collection), repr(collection.settings), repr(vars(collection)))
    with pickle.loads(packed) as other:
        assert (other.name, other.environment, other.base_url) == ("demo", "development", echo.url)
        assert other.send("GET /x").status_code == 200
    assert echo.last.headers["X-Key"] == echo.last.headers["X-Token"] == canary.values[0]


def test_a_typed_secret_does_not_travel_and_says_so(echo: Echo, opened: Open, canary: Canary) -> None:
    collection = opened(echo.url, "key-in-header", {"key_name": "X-Key", "key": Secret(canary("typed"))})
    packed = pickle.dumps(collection)
    canary.assert_absent(packed)
    with pickle.loads(packed) as other, pytest.raises(SecretError, match="typed in another process"):
        other.send("GET /x")


def test_a_collection_in_a_worker_process_finds_the_stored_token(
    echo: Echo, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP", "CANARY-app")
    auth = {"client_id": "a", "client_secret": "env:APP", "token_endpoint": f"{echo.url}/token",
            "authorization_endpoint": f"{echo.url}/authorize"}  # fmt: skip
    collection = opened(echo.url, "oauth2-user-agent", auth, store=FileStore(tmp_path / "tokens.json"))
    collection.slot.keep(Token(Secret("CANARY-access")))
    (tmp_path / "packed").write_bytes(pickle.dumps(collection))
    assert b"CANARY" not in (tmp_path / "packed").read_bytes()
    worker = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).send('GET /x').status_code)"
    done = subprocess.run(
        [sys.executable, "-c", worker, str(tmp_path / "packed")], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.stdout == "200\n", done.stderr
    assert echo.last.headers["Authorization"] == "Bearer CANARY-access"


def test_a_response_travels_without_a_secret(echo: Echo, opened: Open, canary: Canary) -> None:
    echo.answer("/a", Answer(302, b"", {"Location": "/x"}))
    collection = opened(echo.url, "key-in-url", {"key_name": "k", "key": Secret(canary("key"))})
    response = collection.send(f"GET /a?p=[p]\nAuthorization: {canary('cell')}", p=Secret(canary("private")))
    packed = pickle.dumps(response)
    canary.assert_absent(packed, repr(response.__dict__), repr(vars(response.request)), response.history)
    other = pickle.loads(packed)
    assert (other.status_code, other.json(), other.history[0].status_code) == (200, response.json(), 302)
    assert other.request.url == response.request.url


def test_a_frame_travels_with_where_it_came_from(echo: Echo, opened: Open, canary: Canary, tmp_path: Path) -> None:
    auth = {"key_name": "k", "key": Secret(canary("key"))}
    frame = run(opened(echo.url, "key-in-url", auth), parse("GET /x?a=[p]"), values={"p": Secret(canary("p"))}).frame()
    assert json.loads(json.dumps(frame.attrs)) == frame.attrs
    frame.to_parquet(tmp_path / "frame.parquet")
    canary.assert_absent(pickle.dumps(frame), json.dumps(frame.attrs), tmp_path)
    assert travelled(frame).attrs["apiconn"]["collection"] == "demo"


ERRORS: list[ApiConnError] = [
    ApiConnError("a"), ConfigError("a"), UnknownNameError.among("call", "x", ["y"]), LoginRequired("a"),
    TokenError("a", error="invalid_grant", description="b", status=400),
    NetworkError("a", request=httpx.Request("GET", "https://x.example")), TooLargeError("a"),
    CallTimeout("a", request=httpx.Request("GET", "https://x.example")),
    StatusError("a", request=httpx.Request("GET", "https://x.example"), response=httpx.Response(404, content=b"b")),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_travels(error: ApiConnError) -> None:
    for other in (travelled(error), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        for name in ("error", "description", "status"):
            assert getattr(other, name, None) == getattr(error, name, None)
        if (request := getattr(error, "request", None)) is not None:
            assert other.request.url == request.url
        if (response := getattr(error, "response", None)) is not None:
            assert other.response.status_code == response.status_code


def test_an_error_of_a_call_travels_without_a_secret(echo: Echo, opened: Open, canary: Canary) -> None:
    echo.answer("/x", Answer(401, {"message": "no"}))
    collection = opened(echo.url, "key-in-header", {"key_name": "X-Key", "key": Secret(canary("key"))})
    with pytest.raises(StatusError) as caught:
        run(collection, parse(f"GET /x\nCookie: {canary('cell')}"))
    canary.assert_absent(pickle.dumps(caught.value), repr(vars(caught.value)), repr(caught.value))


def test_a_token_is_never_in_a_repr_or_a_pickle(canary: Canary) -> None:
    body = {"access_token": canary("access"), "refresh_token": canary("refresh"), "id_token": canary("id")}
    token = read_token(200, "application/json", json.dumps(body).encode(), ResponseShape())
    canary.assert_absent(repr(token), str(token), pickle.dumps(token), pickle.dumps(copy.deepcopy(token)))


def test_a_collection_closes_with_its_block(echo: Echo, opened: Open) -> None:
    with opened(echo.url) as collection:
        assert isinstance(collection, Collection)
        collection.send("GET /x")
