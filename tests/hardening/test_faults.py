"""Between us and a real server: for each fault rows or one clear error, in time, and the next call works."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pandas as pd
import psutil
import pytest

from apiconn_nb import demo, transport
from apiconn_nb.calling import run
from apiconn_nb.errors import ApiConnError
from apiconn_nb.live_collection import Collection
from apiconn_nb.options import Options
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from apiconn_nb.sweep import Sweep
from tests.hardening import evidence
from tests.hardening.faults import FAULTS, UNHARMED
from tests.hardening.proxy import FaultProxy, Passage
from tests.opened import Open
from tests.servers.httpbin import Httpbin

TIMEOUT = 0.6  # seconds for a whole call
LATE = 1.5  # seconds after it that a loaded machine may need


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with demo.serve() as running:
        yield running.url


@pytest.fixture
def proxied() -> Iterator[Callable[[str], FaultProxy]]:
    """``proxied(url)``: a fault proxy in front of the server there."""
    made: list[FaultProxy] = []

    def make(url: str) -> FaultProxy:
        made.append(FaultProxy(int(url.rpartition(":")[2])))
        return made[-1]

    yield make
    for each in made:
        each.close()


def meets(collection: Collection, path: str, proxy: FaultProxy, fault: Callable[[Passage], None]) -> str:
    """What became of a call: the number of rows, or the error's one line; in time and with nothing left open."""
    began = time.monotonic()
    try:
        with proxy.breaking(fault):
            outcome = run(collection, parse(f"GET {path}"), timeout=TIMEOUT)
        became = f"{len(outcome.frame())} rows"
    except ApiConnError as error:
        became = str(error)
        assert "\n" not in became
        assert len(became) < 700, became
    took = time.monotonic() - began
    assert took < TIMEOUT + LATE, f"{took:.1f} s: {became}"
    assert not [each.name for each in threading.enumerate() if each.name.startswith("apiconn")]
    return became


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_between_us_and_the_demo(
    shop: str, proxied: Callable[[str], FaultProxy], opened: Open, name: str
) -> None:
    proxy = proxied(shop)
    collection = opened(f"{proxy.url}/none", retries=0)
    became = meets(collection, "/customers", proxy, FAULTS[name])
    assert became.endswith(" rows") == (name in UNHARMED), became
    assert len(run(collection, parse("GET /customers")).frame()) == 50
    evidence.count("faults", survived=1)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_between_us_and_httpbin(
    httpbin: Httpbin, proxied: Callable[[str], FaultProxy], opened: Open, name: str
) -> None:
    proxy = proxied(httpbin.url)
    collection = opened(proxy.url, retries=0)
    became = meets(collection, "/json", proxy, FAULTS[name])
    assert became.endswith(" rows") == (name in UNHARMED), became
    assert len(run(collection, parse("GET /json")).frame()) > 0
    evidence.count("faults", survived=1)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("by_login", [False, True])
def test_a_fault_between_us_and_a_token_endpoint(
    shop: str,
    proxied: Callable[[str], FaultProxy],
    opened: Open,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    by_login: bool,
) -> None:
    """A token request runs on a thread of its own, and is over with the call all the same; so is one of a login."""
    monkeypatch.setattr(transport, "_TOKEN_TIME", TIMEOUT)
    proxy = proxied(shop)
    endpoint = f"{proxy.url}/oauth/token"
    auth = {"client_id": "demo-service", "client_secret": Secret("demo-service-secret"), "token_endpoint": endpoint}
    collection = opened(f"{shop}/oauth2-client-credentials", "oauth2-client-credentials", auth, retries=0)
    if by_login:
        request = httpx.Request("POST", endpoint, data={"grant_type": "x"})
        began = time.monotonic()
        with proxy.breaking(FAULTS[name]), contextlib.suppress(httpx.RequestError, ApiConnError):
            collection.door.send_aside(request)
        assert time.monotonic() - began < TIMEOUT + LATE
    else:
        became = meets(collection, "/customers", proxy, FAULTS[name])
        assert became.endswith(" rows") == (name in UNHARMED), became
    evidence.count("faults", survived=1)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_every_call_of_a_sweep(
    shop: str, proxied: Callable[[str], FaultProxy], opened: Open, name: str
) -> None:
    """Its threads have connections of their own: each row is a result or a failure in time, and it can go on."""
    proxy = proxied(shop)
    collection = opened(f"{proxy.url}/none", retries=0)
    table = pd.DataFrame({"n": range(1, 5)})
    work = parse("GET /customers/[n]")
    sweep = Sweep(collection, work, table, options=Options(concurrency=4, timeout=TIMEOUT))
    began = time.monotonic()
    with proxy.breaking(FAULTS[name]), contextlib.suppress(ApiConnError):  # it says where all have failed
        sweep.run()
    assert time.monotonic() - began < TIMEOUT + LATE
    assert len(sweep.failures) == (0 if name in UNHARMED else 4)
    again = sweep.run() if sweep.failures else Sweep(collection, work, table, options=Options(concurrency=4)).run()
    assert list(again.frame()["id"]) == [1, 2, 3, 4]
    assert not [each.name for each in threading.enumerate() if each.name.startswith("apiconn")]
    evidence.count("faults", survived=1)


def test_a_data_call_is_tried_again_and_an_action_is_not(
    shop: str, proxied: Callable[[str], FaultProxy], opened: Open
) -> None:
    proxy = proxied(shop)
    collection = opened(f"{proxy.url}/none", retries=2)
    proxy.fault = FAULTS["reset_in_the_body"]
    with pytest.raises(ApiConnError, match="3 attempts"):
        run(collection, parse("GET /customers"))
    before = proxy.connections
    with pytest.raises(ApiConnError, match="not sent again"):
        run(collection, parse('POST /orders\n\n{"customer_id": 1}'))
    assert proxy.connections == before + 1


def test_nothing_stays_open(shop: str, proxied: Callable[[str], FaultProxy], opened: Open) -> None:
    proxy = proxied(shop)
    collection = opened(f"{proxy.url}/none", retries=0)
    process = psutil.Process()

    def ours() -> int:
        gc.collect()
        return sum(each.raddr != () and f":{each.raddr.port}" in proxy.url for each in process.net_connections())

    for name in ("reset_in_the_body", "stalled_in_the_body", "a_length_too_large", "gzip_that_was_cut", "two_answers"):
        for _ in range(3):
            meets(collection, "/customers", proxy, FAULTS[name])
    run(collection, parse("GET /customers"))
    assert ours() <= 2
