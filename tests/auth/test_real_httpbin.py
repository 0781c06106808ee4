"""Against httpbin: what it repeats shows what it was sent: a secret under eight characters in plain, others masked."""

from __future__ import annotations

import httpx
import pytest

from apiconn_nb.calling import run
from apiconn_nb.errors import FenceError, NetworkError, StatusError
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.opened import Open
from tests.servers.certificates import Certificates
from tests.servers.httpbin import Httpbin


def test_none_adds_nothing(httpbin: Httpbin, opened: Open) -> None:
    found = opened(httpbin.url).send("GET /get?b=2&a=1").json()
    assert found["args"] == {"a": "1", "b": "2"}
    assert set(found["headers"]) <= {"Host", "Accept", "Accept-Encoding", "User-Agent"}
    assert found["url"].endswith("/get?b=2&a=1")


@pytest.mark.parametrize("prefix", ["", "Bearer ", "Token token="])
def test_the_key_in_a_header(httpbin: Httpbin, opened: Open, prefix: str) -> None:
    auth = {"key_name": "X-Api-Key", "key": Secret("s+/=&k"), "key_prefix": prefix}
    found = opened(httpbin.url, "key-in-header", auth).send("GET /headers").json()
    assert found["headers"]["X-Api-Key"] == f"{prefix}s+/=&k"


def test_the_key_in_the_url_behind_what_is_there(httpbin: Httpbin, opened: Open) -> None:
    auth = {"key_name": "api key", "key": Secret("s+/=&k")}
    response = opened(httpbin.url, "key-in-url", auth).send("GET /get?z=1&a=2&a=3")
    assert response.json()["args"] == {"z": "1", "a": ["2", "3"], "api key": "s+/=&k"}
    assert str(response.request.url) == f"{httpbin.url}/get?z=1&a=2&a=3"


def test_a_longer_key_is_masked_where_httpbin_repeats_it(httpbin: Httpbin, opened: Open, canary: Canary) -> None:
    auth = {"key_name": "key", "key": Secret(canary("key", awkward=True))}
    outcome = run(opened(httpbin.url, "key-in-url", auth), parse("GET /get?a=1"))
    assert outcome.response.json()["args"] == {"a": "1", "key": "•••"}
    canary.assert_absent(outcome.response.text, outcome.status(), repr(outcome.value))


@pytest.mark.parametrize("password", ["lovelace", "wonder:land+%1 é", "a:b", "ünï💥", " lead and trail "])
@pytest.mark.parametrize("route", ["basic-auth", "hidden-basic-auth"])
def test_basic(httpbin: Httpbin, opened: Open, route: str, password: str) -> None:
    """The hidden route is 404 unless the credentials come at once, without a challenge before them."""
    collection = opened(httpbin.url, "basic", {"username": "zoë", "password": Secret(password)})
    found = collection.send(f"GET /{route}/[user]/[password]", user="zoë", password=Secret(password))
    assert found.status_code == 200, found.text
    assert found.json()["authenticated"] is True


def test_a_wrong_password_is_a_401_that_names_the_next_step(httpbin: Httpbin, opened: Open, canary: Canary) -> None:
    collection = opened(httpbin.url, "basic", {"username": "ada", "password": Secret(canary("wrong"))})
    with pytest.raises(StatusError, match=r"401 UNAUTHORIZED.*%apiconn_auth demo --test") as caught:
        run(collection, parse("GET /basic-auth/ada/right"))
    canary.assert_absent(str(caught.value), repr(caught.value.response), repr(caught.value.request))


def test_a_bearer_token(httpbin: Httpbin, opened: Open) -> None:
    auth = {"key": Secret("CANARY-bearer-token"), "key_prefix": "Bearer "}
    assert opened(httpbin.url, "key-in-header", auth).send("GET /bearer").json()["authenticated"] is True
    assert opened(httpbin.url).send("GET /bearer").status_code == 401


def test_a_user_in_the_url_under_none(httpbin: Httpbin, opened: Open) -> None:
    target = httpbin.url.replace("//", "//ada:CANARY-pw%20+@") + "/basic-auth/ada/[p]"
    assert opened(httpbin.url).send(f"GET {target}", p="CANARY-pw +").json()["user"] == "ada"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_origin(httpbin: Httpbin, opened: Open, status: int) -> None:
    auth = {"key_name": "X-Key", "key": Secret("s+/=&k")}
    found = opened(httpbin.url, "key-in-header", auth).send(f"GET /redirect-to?url=/headers&status_code={status}")
    assert found.json()["headers"]["X-Key"] == "s+/=&k"
    assert [each.status_code for each in found.history] == [status]


def test_ten_redirects_and_no_more(httpbin: Httpbin, opened: Open) -> None:
    assert opened(httpbin.url).send("GET /redirect/10").json()["url"].endswith("/get")
    with pytest.raises(NetworkError, match="more than 10 redirects"):
        opened(httpbin.url).send("GET /redirect/11")


def test_a_redirect_to_another_origin(httpbin: Httpbin, opened: Open, canary: Canary) -> None:
    auth = {"key_name": "X-Key", "key": Secret(canary("key"))}
    text = f"GET /redirect-to?url={httpbin.other_url}/anything\nX-Secret-Token: {canary('cell')}\nCookie: a=b"
    with pytest.raises(FenceError, match=r"127\.0\.0\.1.*localhost"):
        opened(httpbin.url, "key-in-header", auth).send(text)
    allowed = opened(httpbin.url, "key-in-header", auth, redirect_origins=httpbin.other_url).send(text)
    assert "X-Key" not in allowed.json()["headers"]
    assert not {"X-Secret-Token", "Cookie"} & allowed.json()["headers"].keys()
    trusted = opened(httpbin.url, "key-in-header", auth, allowed_origins=httpbin.other_url).send(text)
    assert trusted.json()["headers"]["X-Key"] == "•••"


def test_cookies_are_not_kept(httpbin: Httpbin, opened: Open) -> None:
    collection = opened(httpbin.url)
    collection.send("GET /cookies/set?session=CANARY-cookie")
    assert collection.send("GET /cookies").json() == {"cookies": {}}
    assert collection.send("GET /cookies\nCookie: mine=1").json() == {"cookies": {"mine": "1"}}


@pytest.mark.parametrize("route", ["gzip", "deflate"])
def test_packed_answers(httpbin: Httpbin, opened: Open, route: str) -> None:
    assert opened(httpbin.url).send(f"GET /{route}").json()["method"] == "GET"


def test_form_and_json_bodies(httpbin: Httpbin, opened: Open) -> None:
    collection = opened(httpbin.url)
    form = collection.send("POST /post\n\na=<a>&b=2", a="1 &é").json()
    assert form["form"] == {"a": "1 &é", "b": "2"}
    json_ = collection.send('POST /post\n\n{"a": <a>, "b": "x<a>"}', a=7).json()
    assert json_["json"] == {"a": 7, "b": "x7"}


def test_a_client_certificate_beside_another_method(httpbin: Httpbin, certificates: Certificates, opened: Open) -> None:
    found = opened(
        httpbin.tls_url,
        "key-in-header",
        {"key_name": "X-Key", "key": Secret("s+/=&k")},
        certificate=certificates.text("alice.pem"),
        certificate_key=Secret(certificates.text("alice.key")),
        ca_certificate=f"file:{certificates.path('ca.pem')}",
    ).send("GET /headers")
    assert found.json()["headers"]["X-Key"] == "s+/=&k"


@pytest.mark.parametrize("person", ["mallory", None])
def test_a_handshake_that_fails_is_one_sentence(
    httpbin: Httpbin, certificates: Certificates, opened: Open, person: str | None
) -> None:
    ca = f"file:{certificates.path('ca.pem')}"
    if person is None:
        collection = opened(httpbin.tls_url, ca_certificate=ca)
    else:
        own = {
            "certificate": certificates.text(f"{person}.pem"),
            "private_key": Secret(certificates.text(f"{person}.key")),
        }
        collection = opened(httpbin.tls_url, "client-certificate", {**own, "ca_certificate": ca})
    with pytest.raises(NetworkError, match="client certificate") as caught:
        collection.send("GET /get")
    assert "attempts" not in str(caught.value), "it would be the same again"
    assert "\n" not in str(caught.value)


def test_a_server_that_nobody_vouches_for(httpbin: Httpbin, opened: Open) -> None:
    with pytest.raises(NetworkError, match="--ca-certificate"):
        opened(httpbin.tls_url).send("GET /get")


def test_nothing_that_httpx_keeps_shows_the_key(httpbin: Httpbin, opened: Open, canary: Canary) -> None:
    response = opened(httpbin.url, "key-in-url", {"key_name": "k", "key": Secret(canary("key"))}).send(
        "GET /status/500"
    )
    with pytest.raises(httpx.HTTPStatusError) as caught:
        response.raise_for_status()
    canary.assert_absent(str(caught.value), repr(caught.value.request), str(response.url))
