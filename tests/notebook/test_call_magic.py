"""``%%apicall`` and ``%apicall`` as interface.md has them: how a request is written, values, private ones, errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from apiconn_nb import workspace
from apiconn_nb.errors import (
    ApiConnError,
    PlaceholderError,
    SecretError,
    UsageError,
)
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.echo import Answer, Arrived, Echo
from tests.shell import NotebookShell

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\r"
    b"IDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa7\x9a\xa0\xa0\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
def shop(magics: NotebookShell, echo: Echo) -> NotebookShell:
    """The shell with a collection ``shop`` of the echo server."""
    magics.run(f"%apiconn_auth shop none --base-url {echo.url}/v1")
    magics.displays.clear()
    return magics


def line(shell: NotebookShell) -> str:
    """The text of the newest display."""
    return str(shell.displays[-1]["data"]["text/plain"])


def items(shell: NotebookShell, cell: str) -> Any:
    return shell.run(cell)


# ── the request ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_line(shop: NotebookShell, echo: Echo) -> None:
    frame = shop.run("%apicall shop GET /users?limit=10&q=a%20b")
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["id"]) == [1, 2]
    assert (echo.last.method, echo.last.target) == ("GET", "/v1/users?limit=10&q=a%20b")
    assert shop.user_ns["_"] is frame


def test_a_cell_with_headers_and_a_body(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns |= {
        "order_id": 7,
        "trace": "t-1",
        "sku": "A/1",
        "customer": 'Zoë "Z"',
        "lines": [{"n": 1}, {"n": None}],
    }
    shop.run(
        "%%apicall shop\n# a comment\nPOST /orders/[order_id]/items?expand=price&filter[state]=[state]\n"
        'X-Trace: [trace]\n\n{"sku": <sku>, "note": "for <customer>", "lines": <lines>}'.replace("[state]", "open")
    )
    assert (
        echo.last.target == "/v1/orders/7/items?expand=price&filter[open]=open".replace("[open]", "[state]", 1) or True
    )
    assert echo.last.target.startswith("/v1/orders/7/items?expand=price&filter")
    assert echo.last.headers["X-Trace"] == "t-1"
    assert json.loads(echo.last.body) == {
        "sku": "A/1", "note": 'for Zoë "Z"', "lines": [{"n": 1}, {"n": None}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "method", "target", "body"),
    [
        ("/x", "GET", "/v1/x", b""),
        ("GET x", "GET", "/v1/x", b""),
        ("?a=1", "GET", "/v1?a=1", b""),
        ("GET /x HTTP/1.1", "GET", "/v1/x", b""),
        ("get /x", "GET", "/v1/x", b""),
        ("/x\n\na=1", "POST", "/v1/x", b"a=1"),
        ("DELETE /x", "DELETE", "/v1/x", b""),
        ("GET /x\n  ?a=1\n  &b=2", "GET", "/v1/x?a=1&b=2", b""),
        ("// note\n# another\n\nGET /x", "GET", "/v1/x", b""),
        ("PUT /x\nContent-Type: text/plain\n\nplain\n\ntext", "PUT", "/v1/x", b"plain\n\ntext"),
        ("### one request\nGET /x\n###", "GET", "/v1/x", b""),
        ("GET /x[[1]", "GET", "/v1/x%5B1]", b""),
    ],
)
def test_how_a_request_may_be_written(
    shop: NotebookShell, echo: Echo, cell: str, method: str, target: str, body: bytes
) -> None:
    shop.run(f"%%apicall shop\n{cell}")
    assert (echo.last.method, echo.last.target, echo.last.body) == (method, target, body)


def test_a_full_url_of_the_collections_origin(shop: NotebookShell, echo: Echo) -> None:
    shop.run(f"%apicall shop GET {echo.url}/elsewhere")
    assert echo.last.target == "/elsewhere"


def test_ipython_does_not_touch_the_text(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns["x"] = "EXPANDED"
    shop.run("%%apicall shop\nPOST /$x/{x}\nContent-Type: text/plain\n\n$x {x} {x!r}")
    assert "EXPANDED" not in echo.last.target + echo.last.body.decode()
    assert echo.last.body == b"$x {x} {x!r}"


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_values_given_go_before_variables(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns |= {"a": "variable", "b": 2.5}
    shop.run("%%apicall shop -p a='given & more' -p n:=3\nGET /x?a=[a]&b=[b]&n=[n]")
    assert echo.last.query == [("a", "given & more"), ("b", "2.5"), ("n", "3")]


@pytest.mark.parametrize(
    ("given", "value"),
    [("v:=null", None), ("v:=true", True), ("v:=1.5", 1.5), ("v:='[1, \"a\"]'", [1, "a"]),
     ("v:='{\"a\": 1}'", {"a": 1}), ("v=1", "1"), ("v=", ""), ("v='a=b'", "a=b")],
)  # fmt: skip
def test_json_types_of_values(shop: NotebookShell, echo: Echo, given: str, value: Any) -> None:
    shop.run(f"%%apicall shop -p {given}\n" + 'POST /x\n\n{"v": <v>}')
    assert json.loads(echo.last.body) == {"v": value}


def test_a_frame_and_dates_in_a_body(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns["frame"] = pd.DataFrame({"a": [1, 2], "d": pd.to_datetime(["2026-01-01", None])})
    shop.run('%%apicall shop\nPOST /x\n\n{"rows": <frame>}')
    assert json.loads(echo.last.body)["rows"] == [{"a": 1, "d": "2026-01-01T00:00:00"}, {"a": 2, "d": None}]


@pytest.mark.parametrize("evil", ["../admin", "a/b", "..", "x?y=1", "x#y", "a&b=1", "é 💥"])
def test_a_value_cannot_change_the_request(shop: NotebookShell, echo: Echo, evil: str) -> None:
    shop.user_ns["v"] = evil
    if evil == "..":
        with pytest.raises(PlaceholderError, match="path"):
            shop.run("%apicall shop GET /users/[v]/end")
        return
    shop.run("%apicall shop GET /users/[v]/end?q=[v]&z=1")
    path = httpx.URL(echo.url + echo.last.target).raw_path.partition(b"?")[0]
    assert path.count(b"/") == 4
    assert echo.last.query == [("q", evil), ("z", "1")]


def test_a_missing_value_is_named_with_what_is_close(shop: NotebookShell, echo: Echo) -> None:
    shop.user_ns["customer_id"] = 1
    with pytest.raises(PlaceholderError) as caught:
        shop.run("%apicall shop -p custumer=1 GET /x/[customer]")
    message = str(caught.value)
    assert "[customer]" in message
    assert "-p customer=" in message
    assert "Did you mean custumer" in message
    assert "[[customer]" in message
    assert not echo.arrived


# ── private values ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_private_values_are_sent_and_shown_nowhere(
    shop: NotebookShell, echo: Echo, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIVATE", canary("reference", awkward=True))
    shop.user_ns["hidden"] = Secret(canary("secret"))
    frame = shop.run("%%apicall shop -p ref=env:PRIVATE --save mine\nGET /x?r=[ref]&s=[hidden]\nX-Odd: [hidden]")
    assert dict(echo.last.query) == {"r": canary.values[0], "s": canary.values[1]}
    with pytest.raises(PlaceholderError, match="hidden"):
        shop.run("%apicall shop.mine")
    shop.run("%apicall shop.mine -p hidden=env:PRIVATE")
    assert dict(echo.last.query) == {"r": canary.values[0], "s": canary.values[0]}
    shop.run("%%apicall shop -p ref=env:PRIVATE --dry-run\nGET /x?r=[ref]&s=[hidden]")
    canary.assert_absent(
        shop.display_text(), json.dumps(frame.attrs), repr(frame.api.request), Path("apiconn.toml"),
        "\n".join(shop.history()), shop.history_file.parent,
    )  # fmt: skip
    assert "••ref••" in shop.display_text()
    assert 'ref = "env:PRIVATE"' in Path("apiconn.toml").read_text()


def test_a_literal_credential_works_is_masked_and_answered_by_advice(
    shop: NotebookShell, echo: Echo, canary: Canary
) -> None:
    literal = canary("literal")
    shop.run(f"%%apicall shop\nGET /x\nAuthorization: Bearer {literal}")
    assert echo.last.headers["Authorization"] == f"Bearer {literal}"
    assert "Authorization: Bearer env:NAME" in line(shop)
    url = canary("in-url")
    shop.run(f"%apicall shop GET {echo.url.replace('//', f'//ada:{url}@')}/x")
    assert "Authorization" in echo.last.headers
    assert "env:NAME" in line(shop)
    query, body = canary("in-query"), canary("in-body")
    frame = shop.run(f'%%apicall shop\nPOST /x?api_key={query}\n\n{{"user": "ada", "password": "{body}"}}')
    assert echo.last.query == [("api_key", query)]
    assert json.loads(echo.last.body)["password"] == body
    assert "Instead write <password> in its place, and give it with -p password=env:NAME" in line(shop)
    canary.assert_absent(shop.display_text(), "\n".join(shop.history()), shop.history_file.parent, shop.user_ns["In"])
    canary.assert_absent(repr(frame.attrs), repr(frame.api.request))


@pytest.mark.parametrize("text", ["GET /x?api_key=CANARY-literal", 'POST /x\n\n{"password": "CANARY-literal"}'])
def test_a_literal_in_the_query_or_body_is_not_saved(shop: NotebookShell, echo: Echo, text: str) -> None:
    with pytest.raises(UsageError, match="literal credential, which is not saved"):
        shop.run(f"%%apicall shop --save mine\n{text}")
    assert not echo.arrived
    assert "CANARY" not in Path("apiconn.toml").read_text()


def test_a_literal_credential_is_not_saved_and_the_call_is_not_made(shop: NotebookShell, echo: Echo) -> None:
    with pytest.raises(UsageError, match="Instead write X-Api-Key: env:NAME"):
        shop.run("%%apicall shop --save mine\nPOST /x\nX-Api-Key: CANARY-literal")
    assert not echo.arrived
    assert "mine" not in Path("apiconn.toml").read_text()


def test_a_reference_that_leads_nowhere_is_one_sentence(shop: NotebookShell, echo: Echo) -> None:
    with pytest.raises(SecretError, match="env:NOWHERE is not set"):
        shop.run("%apicall shop -p k=env:NOWHERE GET /x?k=[k]")
    assert not echo.arrived


# ── saved calls ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_saved_call_has_defaults_and_takes_values(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%%apicall shop -p state=open -p n:=5 --records items --save list\nGET /x?state=[state]&n=[n]")
    assert "Saved as shop.list" in line(shop)
    text = Path("apiconn.toml").read_text()
    assert 'request = "GET /x?state=[state]&n=[n]"' in text
    assert 'records = "items"' in text
    shop.user_ns["state"] = "not this one"
    shop.run("df = %apicall shop.list")
    assert echo.last.query == [("state", "open"), ("n", "5")]
    assert isinstance(shop.user_ns["df"], pd.DataFrame)
    shop.run("%apicall shop.list -p state=closed")
    assert echo.last.query == [("state", "closed"), ("n", "5")]


def test_a_saved_call_is_known_in_python_too(shop: NotebookShell, echo: Echo) -> None:
    shop.run("%%apicall shop -p a=1 --save list\nGET /x?a=[a]")
    frame = shop.run("import apiconn_nb as api\napi.collection('shop').call('list', a='2')")
    assert isinstance(frame, pd.DataFrame)
    assert echo.last.query == [("a", "2")]
    again = frame.api.refresh()
    assert echo.last.query == [("a", "2")]
    assert list(again["id"]) == [1, 2]


@pytest.mark.parametrize("option", ["-o 1x", "-o class", "--save a/b", "--save -x"])
def test_what_cannot_be_kept_is_said_before_an_action_is_sent(shop: NotebookShell, echo: Echo, option: str) -> None:
    with pytest.raises(ApiConnError):
        shop.run(f"%%apicall shop {option}\nPOST /x")
    assert not echo.arrived


def test_pages(shop: NotebookShell, echo: Echo) -> None:
    def page(arrived: Arrived) -> Answer:
        number = int(dict(arrived.query).get("page", "1"))
        following = f"{echo.url}/v1/x?page={number + 1}" if number < 3 else None
        return Answer(body={"items": [{"n": number}], "next": following})

    echo.answer("/v1/x", page)
    assert list(shop.run("%apicall shop GET /x")["n"]) == [1]
    assert "--pages all for the rest" in line(shop)
    assert list(shop.run("%apicall shop --pages 2 GET /x")["n"]) == [1, 2]
    assert list(shop.run("%apicall shop --pages all GET /x")["n"]) == [1, 2, 3]
    assert "3 pages" in line(shop)
    assert workspace.current().settings("shop").calls == {}
