"""Exported scripts run where our package is not installed, against the demo, and give the rows of the notebook."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb import calling
from apiconn_nb.demo import serve
from apiconn_nb.errors import UsageError
from apiconn_nb.exporters import TARGETS, as_code, plan
from apiconn_nb.frames import find_rows
from apiconn_nb.live_collection import Collection
from apiconn_nb.options import Options, pages_of
from apiconn_nb.outcome import Outcome
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.conftest import require_tool
from tests.exporters import clean

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def shop() -> Iterator[Any]:
    with serve(access_token_lifetime=600) as api:
        yield api


@pytest.fixture(scope="module")
def interpreter() -> Path:
    made = clean.python()
    assert not clean.has_us(made)
    return made


@pytest.fixture(autouse=True)
def _variables(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.credentials.environ().items():
        monkeypatch.setenv(name, value)


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("APICONN_DEMO")}


def _collection(shop: Any, door: str, **auth: Any) -> Collection:
    token = f"{shop.url}/oauth/token"
    settings: dict[str, dict[str, Any]] = {
        "none": {},
        "key-in-url": {"key_name": "api_key", "key": "env:APICONN_DEMO_API_KEY"},
        "key-in-header": {"key_name": "X-Api-Key", "key": "env:APICONN_DEMO_API_KEY"},
        "basic": {"username": "ada", "password": "env:APICONN_DEMO_PASSWORD"},
        "oauth2-password": {
            "username": "ada", "password": "env:APICONN_DEMO_PASSWORD", "token_endpoint": token,
            "client_id": "demo-app", "client_secret": "env:APICONN_DEMO_CLIENT_SECRET", "client_auth": "basic",
        },
        "oauth2-client-credentials": {
            "client_id": "demo client/encoded", "client_secret": "env:ENCODED", "token_endpoint": token,
            "client_auth_basic": True, "scope": "read",
        },
        "oauth2-custom-token": {
            "token_endpoint": f"{shop.url}/custom/token", "token_headers": {"X-Tenant": "acme"},
            "token_body": '{"app": "<app>", "secret": "<key>", "permissions": ["read"]}',
            "token_params": {"app": "ledger", "key": "env:APICONN_DEMO_APP_SECRET"},
        },
        "jwt": {"private_key": "env:APICONN_DEMO_SERVICE_ACCOUNT", "scope": "read"},
        "client-certificate": {
            "certificate": shop.credentials.live.certificate, "private_key": "env:APICONN_DEMO_CERTIFICATE_KEY",
            "ca_certificate": shop.credentials.certificates.ca,
        },
        "oauth2-user-agent": {
            "client_id": "demo-native", "authorization_endpoint": f"{shop.url}/oauth/authorize",
            "token_endpoint": token, "scope": "read offline_access",
        },
    }  # fmt: skip
    base = shop.credentials.mtls_url if door == "client-certificate" else shop.url
    os.environ["ENCODED"] = "p@ss:w/rd+50%25 ok&=?~"
    return Collection(CollectionSettings("shop", door, {"base_url": f"{base}/{door}"}, {**settings[door], **auth}))


CALLS = (
    ("none", "GET /customers?per_page=100&page=2", "all"),
    ("none", "GET /customers/7", "1"),
    ("key-in-url", "GET /customers?per_page=200", "all"),
    ("key-in-header", "GET /orders?limit=400", "all"),
    ("basic", "GET /events?limit=500", "3"),
    ("oauth2-password", "GET /orders?limit=300&status=shipped", "all"),
    ("oauth2-client-credentials", "GET /events?limit=400", "2"),
    ("oauth2-custom-token", "GET /customers?per_page=300", "all"),
    ("jwt", "GET /me", "1"),
    ("client-certificate", "GET /customers?per_page=300", "all"),
)


def _ours(collection: Collection, request: str, options: Options, **values: Any) -> Outcome:
    return calling.run(collection, parse(request), options=options, values=values)


def _rows(outcome: Outcome) -> list[Any]:
    """The rows of each page, as the API wrote them."""
    found: list[Any] = []
    for content, _ in outcome.table.raw.pages():
        found += find_rows(json.loads(content)).rows
    return found


def _rounded(rows: list[Any]) -> Any:
    """As a jq before 1.7 sees integers beyond 2^53 (Debian 12 has 1.6)."""
    return json.loads(json.dumps(rows), parse_int=lambda text: float(text) if len(text) > 15 else int(text))


# dlt takes three seconds to start: its own paginators and signing are what is to be seen.
WITH_DLT = ("none", "key-in-header", "key-in-url", "oauth2-client-credentials", "client-certificate")
RUNS = [(*call, target) for call in CALLS for target in TARGETS if target != "dlt" or call[0] in WITH_DLT]


@pytest.mark.filterwarnings("ignore:The OAuth2 password flow")
@pytest.mark.parametrize(("door", "request_", "pages", "target"), RUNS)
def test_the_same_rows(
    door: str, request_: str, pages: str, target: str, shop: Any, interpreter: Path, tmp_path: Path
) -> None:
    collection = _collection(shop, door)
    options = Options(pages=pages_of(pages))
    try:
        expected = _rows(_ours(collection, request_, options))
        script = as_code(plan(collection, parse(request_), options=options), target)
    finally:
        collection.close()
    live = shop.credentials.live
    for secret in (live.api_key, live.app_secret, live.client_secret, live.private_key, live.certificate_key):
        assert secret not in script, "no secret is written"
    variables = {**_environ(), "ENCODED": os.environ["ENCODED"]}
    if target == "curl":
        for tool in ("curl", "jq", "openssl"):
            require_tool(tool, f"apt-get install {tool}")
        found = clean.bash_rows(script, variables, tmp_path)
    else:
        found = clean.rows_of(interpreter, script, variables, tmp_path)
    assert _rounded(found) == _rounded(expected) if target == "curl" else found == expected
    assert found, "an empty list would prove nothing"


@pytest.mark.parametrize("target", ["httpx", "requests"])
def test_a_person_signs_in_once_per_run(target: str, shop: Any, interpreter: Path, tmp_path: Path) -> None:
    """The script opens a page; the person is the demo's visitor, as the BROWSER of the machine."""
    collection = _collection(shop, "oauth2-user-agent")
    settled = Options(records="customers", paginate="link", pages=None)
    script = as_code(plan(collection, parse("GET /customers?per_page=300"), options=settled), target)
    collection.close()
    browser = tmp_path / "browser"
    browser.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'import sys; from apiconn_nb.demo.visitor import sign_in; "
        'sign_in(sys.argv[1], "ada", "analytical-engine")\' "$1"\n'
    )
    browser.chmod(0o755)
    rows = clean.rows_of(interpreter, script, {"BROWSER": f"{browser} %s"}, tmp_path)
    assert len(rows) == 600


@pytest.mark.parametrize("target", ["httpx", "requests", "dlt"])
def test_a_token_is_renewed(target: str, shop: Any, interpreter: Path, tmp_path: Path) -> None:
    """Tokens that live two seconds, and a walk that takes longer; the refresh token is used where there is one."""
    collection = _collection(shop, "oauth2-custom-token", token_endpoint=f"{shop.url}/custom/token?lifetime=1")
    settled = Options(records="events", paginate="cursor:cursor=next_cursor,more=has_more", pages=None)
    script = as_code(plan(collection, parse("GET /events?limit=500"), options=settled), target)
    collection.close()
    slow = script.replace("yield from found", "yield from found; time.sleep(0.5)").replace(
        "yield page", "yield page; __import__('time').sleep(0.5)"
    )
    assert len(clean.rows_of(interpreter, slow, _environ(), tmp_path)) == 3000


def test_bodies_headers_and_values(shop: Any, interpreter: Path, tmp_path: Path) -> None:
    """What a value is put into cannot be changed by it, in no language."""
    text = "a \"b\" & é {x} $HOME `id` \\ 'q' %41 [name] <name>"
    request = (
        "POST /echo?q=[q]&fixed=a%20b\nX-Plain: <[h]>\nX-Secret: [hidden]\n\n"
        '{"a": <n>, "t": "x <q> y <<name>", "list": [1, <n>, null, true, 1.5], "s": "<hidden>"}'
    )
    values: dict[str, Any] = {
        "q": text, "h": "v\"'$1", "n": [1, {"z": True, "w": text}], "hidden": Secret.from_reference("env:HIDDEN"),
    }  # fmt: skip
    os.environ["HIDDEN"] = "h\"i$d'den\\"
    collection = _collection(shop, "none")
    asked = plan(collection, parse(request), values=values)
    expected = _ours(collection, request, Options(returned="response", use_as="action"), **values).value.json()
    collection.close()
    for target in TARGETS:
        script = as_code(asked, target)
        assert os.environ["HIDDEN"] not in script
        variables = {"HIDDEN": os.environ["HIDDEN"]}
        rows = clean.bash_rows(script, variables, tmp_path) if target == "curl" else clean.rows_of(
            interpreter, script, variables, tmp_path
        )  # fmt: skip
        (found,) = rows
        assert found["query"] == expected["query"], target
        assert found["json"]["t"] == expected["json"]["t"], target
        assert found["json"]["a"] == expected["json"]["a"], target
        assert found["json"]["list"] == expected["json"]["list"], target
        assert found["json"]["s"] == os.environ["HIDDEN"], target
        headers = {name.lower(): value for name, value in found["headers"].items()}
        assert headers["x-plain"] == "<v\"'$1>", target
        assert headers["x-secret"] == os.environ["HIDDEN"], target


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "dlt"])
@pytest.mark.parametrize(
    "body",
    [
        "Content-Type: application/x-www-form-urlencoded\n\nname=<name>&x=1&x=2",
        "Content-Type: text/plain\n\nfor <name>, {x}",
    ],
)
def test_other_bodies(target: str, body: str, shop: Any, interpreter: Path, tmp_path: Path) -> None:
    collection = _collection(shop, "none")
    name = 'Ünï &=+ "q" $x'
    request = f"POST /echo\n{body}"
    expected = _ours(collection, request, Options(returned="json", use_as="action"), name=name).value
    script = as_code(plan(collection, parse(request), values={"name": name}), target)
    collection.close()
    rows = (
        clean.bash_rows(script, {}, tmp_path) if target == "curl" else clean.rows_of(interpreter, script, {}, tmp_path)
    )
    key = "form" if "form" in expected else "body"
    assert rows[0][key] == expected[key]


def test_tables_and_other_answers(shop: Any, interpreter: Path, tmp_path: Path) -> None:
    collection = _collection(shop, "none")
    frame = _ours(collection, "GET /customers?per_page=50", Options()).frame()
    for target in ("httpx", "requests"):
        script = as_code(plan(collection, parse("GET /customers?per_page=50")), target)
        assert clean.shape_of(interpreter, script, {}, tmp_path) == list(frame.shape)
        lines = clean.run([interpreter, tmp_path / "script.py"], {}, tmp_path).splitlines()
        assert len(lines) == 51, "run as a program it writes CSV"
    for path, count in (("/customers.csv", 600), ("/events.ndjson?limit=20", 20)):
        script = as_code(plan(collection, parse(f"GET {path}")), "httpx")
        assert len(clean.rows_of(interpreter, script, {}, tmp_path)) == count
        with pytest.raises(UsageError, match="--as-code requests"):
            as_code(plan(collection, parse(f"GET {path}")), "dlt")
    collection.close()


def test_dlt_loads_into_a_database(shop: Any, interpreter: Path, tmp_path: Path) -> None:
    collection = _collection(shop, "key-in-header")
    script = as_code(
        plan(collection, parse("GET /customers?per_page=300"), call="customers", options=Options(pages=None)), "dlt"
    )
    collection.close()
    (tmp_path / "script.py").write_text(script)
    # dlt remembers its pipelines under one folder of the machine, and asks home what it may send there.
    variables = {**_environ(), "RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(tmp_path / "dlt")}
    clean.run([interpreter, tmp_path / "script.py"], variables, tmp_path)
    select = "select count(*) from shop_data.customers"
    counted = f"import duckdb; print(duckdb.connect('shop.duckdb').execute({select!r}).fetchall()[0][0])"
    assert clean.run([interpreter, "-c", counted], {}, tmp_path).strip() == "600"


def test_another_server_gets_no_credential(shop: Any, interpreter: Path, tmp_path: Path) -> None:
    """A next link that leads away ends the script; the key stays here."""
    collection = _collection(shop, "key-in-header")
    settled = Options(records="customers", paginate="next:elsewhere", pages=None)
    script = as_code(plan(collection, parse("GET /customers"), options=settled), "httpx")
    collection.close()
    script = script.replace(
        "document = response.json()", "document = {**response.json(), 'elsewhere': 'http://127.0.0.1:9/x'}"
    )
    with pytest.raises(AssertionError, match="another server"):
        clean.rows_of(interpreter, script, _environ(), tmp_path)
