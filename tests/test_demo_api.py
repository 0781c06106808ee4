"""The demo's API with plain httpx: its ten doors, its three ways of paging, its trouble on request."""

from __future__ import annotations

import csv
import io
import json
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from apiconn_nb.demo import serve
from apiconn_nb.demo.credentials import Account
from apiconn_nb.demo.doors import DOORS, TOKEN_DOORS
from apiconn_nb.demo.server import Demo


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def client(demo: Demo) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demo.url, trust_env=False, timeout=20) as opened:
        yield opened


@pytest.fixture(scope="module")
def tls(demo: Demo) -> Iterator[httpx.Client]:
    with tls_client(demo, demo.tls_url, "client") as opened:
        yield opened


def tls_client(demo: Demo, url: str, identity: str = "") -> httpx.Client:
    certificates = demo.credentials.certificates
    context = ssl.create_default_context(cadata=certificates.ca)
    if identity:
        held = getattr(certificates, identity)
        context.load_cert_chain(held.certificate_file, held.private_key_file)
    return httpx.Client(base_url=url, verify=context, trust_env=False, timeout=20)


def token(client: httpx.Client, account: Account, door: str) -> str:
    """An access token that opens `door`."""
    url = str(client.base_url)
    if door == "oauth2-custom-token":
        body = {"app": account.app, "secret": account.app_secret}
        answer = client.post("/custom/token", json=body, headers={"X-Tenant": account.tenant})
        return str(answer.json()["access_token"])
    if door == "oauth2-user-agent":
        form = {"client_id": account.client_id, "client_secret": account.client_secret}
        device = client.post("/oauth/device_authorization", data=form).json()
        sign_in = {"username": account.username, "password": account.password, "decision": "allow"}
        assert client.post("/oauth/device", data={**sign_in, "user_code": device["user_code"]}).status_code == 200
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        form |= {"grant_type": grant, "device_code": device["device_code"]}
    elif door == "oauth2-password":
        form = {"grant_type": "password", "username": account.username, "password": account.password}
    elif door == "jwt":
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        form = {"grant_type": grant, "assertion": assertion(account, url)}
    else:
        secret = account.service_client_secret
        form = {"grant_type": "client_credentials", "client_id": account.service_client_id, "client_secret": secret}
    answer = client.post("/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def assertion(account: Account, url: str, **changed: Any) -> str:
    now = int(time.time())
    claims = {"iss": account.issuer, "scope": "read write", "aud": f"{url.rstrip('/')}/oauth/token", "iat": now}
    claims = {**claims, "exp": now + 3600, **changed}
    return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(account.private_key))


def credential(client: httpx.Client, account: Account, door: str) -> dict[str, Any]:
    """What httpx has to send to open `door`."""
    if door in TOKEN_DOORS:
        return {"headers": {"Authorization": f"Bearer {token(client, account, door)}"}}
    plain: dict[str, dict[str, Any]] = {
        "key-in-url": {"params": {"api_key": account.api_key}},
        "key-in-header": {"headers": {"X-Api-Key": account.api_key}},
        "basic": {"auth": (account.username, account.password)},
    }
    return plain.get(door, {})


@pytest.mark.parametrize("door", [door for door in DOORS if door != "client-certificate"])
def test_a_door_opens_to_its_own_credential_and_to_no_other(demo: Demo, client: httpx.Client, door: str) -> None:
    live = demo.credentials.live
    answer = client.get(f"/{door}/customers", **credential(client, live, door))
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["customers"]) == 50
    for other in DOORS:
        if door == "none" or other == door:
            continue
        refused = client.get(f"/{door}/customers", **credential(client, live, other))
        assert refused.status_code == 401, (door, other)
        assert refused.headers["WWW-Authenticate"]
        assert refused.json()["status"] == 401


def test_the_credential_chooses_the_data_and_the_development_prefix_takes_only_its_own(
    demo: Demo, client: httpx.Client
) -> None:
    live, development = demo.credentials.live, demo.credentials.development
    for door in DOORS[1:]:
        if door == "client-certificate":
            continue
        of_live, of_development = credential(client, live, door), credential(client, development, door)
        assert client.get(f"/{door}/customers", **of_live).json()["total"] == 600, door
        test_rows = client.get(f"/{door}/customers", **of_development).json()
        assert test_rows["total"] == 60, door
        assert all(row["name"].startswith("Test ") for row in test_rows["customers"])
        assert client.get(f"/development/{door}/customers", **of_development).json() == test_rows
        assert client.get(f"/development/{door}/customers", **of_live).status_code == 403, door
    assert client.get("/none/customers").json()["total"] == 600
    assert client.get("/development/none/customers").json()["total"] == 60


def test_mutual_tls_lets_in_its_own_and_refuses_foreign_and_expired(demo: Demo, client: httpx.Client) -> None:
    with tls_client(demo, demo.tls_url, "client") as ours:
        assert ours.get("/client-certificate/customers").json()["total"] == 600
        assert ours.get("/client-certificate/me").json()["name"] == "ada"
    with tls_client(demo, demo.mtls_url, "development") as development:
        assert development.get("/client-certificate/customers").json()["total"] == 60
    with tls_client(demo, demo.tls_url) as nobody:
        refused = nobody.get("/client-certificate/customers")
        assert (refused.status_code, nobody.get("/none/me").status_code) == (401, 200)
        assert "No client certificate" in refused.json()["detail"]
    for url, identity in ((demo.mtls_url, ""), (demo.tls_url, "expired"), (demo.tls_url, "foreign")):
        with tls_client(demo, url, identity) as stranger, pytest.raises(httpx.TransportError):
            stranger.get("/client-certificate/customers")
    deadline = time.monotonic() + 5  # the client hears of it before the server's thread has counted
    while demo.counters["tls_refused"] < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert demo.counters["tls_refused"] == 3
    assert client.get("/client-certificate/customers").status_code == 403


def test_an_encrypted_key_opens_with_its_passphrase(demo: Demo) -> None:
    held = demo.credentials.certificates.client
    context = ssl.create_default_context(cadata=demo.credentials.certificates.ca)
    context.load_cert_chain(held.certificate_file, held.encrypted_key_file, held.passphrase)
    with httpx.Client(verify=context, trust_env=False) as ours:
        assert ours.get(f"{demo.mtls_url}/client-certificate/me").json()["method"] == "client-certificate"
    assert "ENCRYPTED" in held.encrypted_key


def test_a_token_may_come_in_the_query_or_in_the_form_where_rfc_6750_has_it(demo: Demo, client: httpx.Client) -> None:
    text = token(client, demo.credentials.live, "oauth2-user-agent")
    assert client.get("/oauth2-user-agent/me", params={"access_token": text}).json()["name"] == "Ada Lovelace"
    echoed = client.post("/oauth2-user-agent/echo", data={"access_token": text, "note": "x"}).json()
    assert echoed["form"] == [["access_token", "…"], ["note", "x"]]
    both = client.get(
        "/oauth2-user-agent/me", params={"access_token": text}, headers={"Authorization": f"Bearer {text}"}
    )
    assert both.status_code == 400
    other = token(client, demo.credentials.live, "oauth2-password")
    assert client.get("/oauth2-password/me", params={"access_token": other}).status_code == 401


def test_challenges_name_the_scheme_and_the_metadata(client: httpx.Client) -> None:
    assert client.get("/basic/me").headers["WWW-Authenticate"].startswith("Basic realm=")
    assert 'name="api_key"' in client.get("/key-in-url/me").headers["WWW-Authenticate"]
    bare = client.get("/oauth2-user-agent/me").headers["WWW-Authenticate"]
    assert bare.startswith("Bearer ")
    assert "error=" not in bare  # RFC 6750 §3.1: no error where nothing was sent
    wrong = client.get("/oauth2-user-agent/me", headers={"Authorization": "Bearer nonsense"})
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    metadata = bare.partition('resource_metadata="')[2].partition('"')[0]
    document = client.get(metadata).json()
    assert document["resource"].endswith("/oauth2-user-agent")
    server = client.get(f"{document['authorization_servers'][0]}/.well-known/oauth-authorization-server").json()
    assert server["issuer"] == document["authorization_servers"][0]


def test_scopes_are_asked_for(demo: Demo, client: httpx.Client) -> None:
    live = demo.credentials.live
    form = {"grant_type": "client_credentials", "scope": "read"}
    basic = (live.service_client_id, live.service_client_secret)
    text = client.post("/oauth/token", data=form, auth=basic).json()["access_token"]
    headers = {"Authorization": f"Bearer {text}"}
    assert client.get("/oauth2-client-credentials/customers/1", headers=headers).status_code == 200
    refused = client.post("/oauth2-client-credentials/orders", json={}, headers=headers)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]


def test_pages_by_number_follow_the_link_header_to_the_end(client: httpx.Client) -> None:
    rows: list[dict[str, Any]] = []
    url = "/none/customers?per_page=200&segment=retail"
    while url:
        answer = client.get(url)
        rows += answer.json()["customers"]
        url = answer.links.get("next", {}).get("url", "")
    assert len(rows) == answer.json()["total"] == int(answer.headers["X-Total-Count"])
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["segment"] for row in rows} == {"retail"}


def test_links_do_not_carry_the_credential(demo: Demo, client: httpx.Client) -> None:
    key = demo.credentials.live.api_key
    answer = client.get("/key-in-url/customers", params={"api_key": key, "country": "NA"})
    assert answer.status_code == 200
    assert key not in answer.headers["Link"]
    assert "country=NA" in answer.headers["Link"]


def test_pages_by_offset_and_by_cursor_reach_every_row_once(client: httpx.Client) -> None:
    first = client.get("/none/orders", params={"limit": 400}).json()
    orders = [
        row
        for offset in range(0, first["total"], 400)
        for row in client.get("/none/orders", params={"limit": 400, "offset": offset}).json()["orders"]
    ]
    assert len(orders) == len({row["id"] for row in orders}) == first["total"] == 1500
    events: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = client.get("/none/events", params={"limit": 500, "cursor": cursor}).json()
        events += page["events"]
        assert page["has_more"] == (page["next_cursor"] is not None)
        cursor = page["next_cursor"]
    assert len(events) == len({row["id"] for row in events}) == 3000


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "per_page=501", "page=99999999999999999999", "per_page=-1", "page=1.5"]
)
def test_a_wrong_page_is_a_problem_that_names_the_parameter(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/none/customers?{query}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(query.partition("=")[0])
    assert client.get("/none/events?cursor=YWZ0ZXI6NTA").status_code == 400


def test_the_rows_are_the_same_at_every_start_and_hold_what_breaks_careless_readers(client: httpx.Client) -> None:
    here = client.get("/none/customers?per_page=500").json()["customers"]
    with serve() as second, httpx.Client(base_url=second.url, trust_env=False) as again:
        assert again.get("/none/customers?per_page=500").json()["customers"] == here
    assert any(row["country"] == "NA" for row in here)
    assert any(row["address"]["postcode"].startswith("0") for row in here)
    assert any(row["credit_limit"] is None for row in here)
    assert min(row["id"] for row in client.get("/none/events").json()["events"]) > 2**53
    order = client.get("/none/orders/10001").json()
    assert {"sku", "quantity", "unit_price"} <= set(order["lines"][0])
    assert order["shipping_address"]["geo"]["lat"]


def test_other_content_types(client: httpx.Client) -> None:
    table = list(csv.DictReader(io.StringIO(client.get("/none/customers.csv").text)))
    assert len(table) == 600
    lines = client.get("/none/events.ndjson?limit=7").text.splitlines()
    assert json.loads(lines[0])["id"] > 2**53
    assert len(lines) == 7
    stream = client.get("/none/events/stream?count=3&interval_ms=1")
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert stream.text.count("\ndata: ") == 3
    assert client.get("/none/customers/1/portrait.png").content.startswith(b"\x89PNG\r\n\x1a\n")


def test_orders_are_written_changed_and_deleted(demo: Demo, client: httpx.Client) -> None:
    before = demo.counters["written"]
    body = {"customer_id": 3, "lines": [{"sku": "KEY-0104", "quantity": 2}], "note": "by hand"}
    created = client.post("/none/orders", json=body)
    assert created.status_code == 201
    assert created.json()["total"] == 258.0
    place = created.headers["Location"]
    assert client.get(place).json()["note"] == "by hand"
    assert client.patch(place, json={"status": "paid"}).json()["status"] == "paid"
    assert client.patch(place, json={"total": 0}).status_code == 422
    assert (client.delete(place).status_code, client.get(place).status_code) == (204, 404)
    assert demo.counters["written"] == before + 3
    wrong = client.post("/none/orders", json={"customer_id": 0, "lines": [{"sku": "?", "quantity": 0}]})
    fields = [each["field"] for each in wrong.json()["errors"]]
    assert fields == ["customer_id", "lines[0].sku", "lines[0].quantity"]
    assert client.post("/none/orders", content=b"not json").status_code == 415


def test_trouble_comes_as_asked_for(client: httpx.Client) -> None:
    limited = client.get("/none/status/429?retry_after=3")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")
    later = parsedate_to_datetime(client.get("/none/status/503?retry_date=30").headers["Retry-After"])
    assert 0 < later.timestamp() - time.time() <= 31
    assert client.get("/none/status/401").headers["WWW-Authenticate"]
    assert [client.get("/none/flaky/orders?times=2&run=t").status_code for _ in range(3)] == [503, 503, 200]
    begun = time.monotonic()
    assert client.get("/none/slow/events?ms=200").status_code == 200
    assert time.monotonic() - begun >= 0.2
    for kind in ("empty", "not-json", "html", "nan", "duplicate-keys", "deep", "latin-1", "big-integer"):
        assert client.get(f"/none/odd/{kind}").status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/none/odd/truncated")
    with client.stream("GET", "/none/odd/huge") as huge:
        assert int(huge.headers["Content-Length"]) < 200_000


def test_redirects_keep_or_leave_the_origin(client: httpx.Client) -> None:
    with httpx.Client(base_url=client.base_url, trust_env=False, follow_redirects=True) as follower:
        near = follower.get("/none/redirect/customers?hops=3&status=307")
        assert [step.status_code for step in near.history] == [307, 307, 307]
        assert near.json()["total"] == 600
    away = client.get("/none/redirect/customers?to=elsewhere")
    assert away.headers["Location"].startswith("http://localhost:")


def test_one_connection_carries_many_calls(demo: Demo) -> None:
    with httpx.Client(base_url=demo.url, trust_env=False, limits=httpx.Limits(max_connections=1)) as one:
        sockets = set()
        for path in ("/none/customers", "/none/events.ndjson", "/none/status/500", "/none/status/204"):
            answer = one.get(path)
            sockets.add(id(answer.extensions["network_stream"].get_extra_info("socket")))
        one.post("/none/orders", content=b"x" * 50_000)
        one.post("/none/orders", content=iter([b"chunk", b"ed"]))
        assert one.head("/none/customers").text == ""
        answer = one.get("/none/me")
        sockets.add(id(answer.extensions["network_stream"].get_extra_info("socket")))
        assert len(sockets) == 1


def test_a_small_call_does_not_wait_for_delayed_acknowledgements(client: httpx.Client) -> None:
    client.get("/none/me")
    spent = []
    for _ in range(20):
        begun = time.perf_counter()
        client.get("/none/me")
        spent.append(time.perf_counter() - begun)
    assert sorted(spent)[10] < 0.03  # Nagle's algorithm against delayed ACK costs 40 ms each


def test_the_description_names_every_door_and_only_paths_that_exist(client: httpx.Client, tls: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["components"]["securitySchemes"]) == set(DOORS) - {"none"}
    operations = [item[verb] for item in document["paths"].values() for verb in ("get", "post") if verb in item]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for path, item in document["paths"].items():
        own = tls if path.startswith("/client-certificate") else client
        status = own.get(path.replace("{number}", "10001" if "orders" in path else "1")).status_code
        assert status == (200 if path.startswith(("/none", "/client-certificate")) else 401), path
        assert item["get"]["responses"]
