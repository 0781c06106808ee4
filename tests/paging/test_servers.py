"""Paging through servers that nobody here wrote: Django REST framework, Datasette, json-server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from apiconn_nb.paging import Answer, Pages, paginator_named
from tests.servers.install import node, node_modules_with, python_with
from tests.servers.launch import ThirdParty, answers, free_port

ROWS = 207


@pytest.fixture(scope="session")
def django_rest(third_party: ThirdParty) -> str:
    port = free_port()
    process = third_party.process("django-rest-framework")
    ready = answers(f"http://127.0.0.1:{port}/number/")
    process.start(python_with("paging"), Path(__file__).with_name("drf_site.py"), str(port), ready=ready)
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def datasette(third_party: ThirdParty) -> str:
    port = free_port()
    process = third_party.process("datasette")
    with sqlite3.connect(process.folder / "data.db") as database:
        database.execute("create table rows (id integer primary key, number integer)")
        database.executemany("insert into rows (number) values (?)", [(n,) for n in range(ROWS)])
    database.close()
    url = f"http://127.0.0.1:{port}"
    command = (python_with("paging"), "-m", "datasette", "data.db", "--port", str(port))
    process.start(*command, ready=answers(f"{url}/data.json"))
    return url


@pytest.fixture(scope="session")
def json_server(third_party: ThirdParty) -> str:
    program = node_modules_with("json_server") / "json-server" / "lib" / "cli" / "bin.js"
    port = free_port()
    process = third_party.process("json-server")
    (process.folder / "db.json").write_text(json.dumps({"rows": [{"id": n, "number": n} for n in range(ROWS)]}))
    url = f"http://127.0.0.1:{port}"
    process.start(
        node(), program, "--port", str(port), "--host", "127.0.0.1", "db.json", ready=answers(f"{url}/rows/1")
    )
    return url


@pytest.fixture
def fetch() -> Iterator[Callable[[httpx.Request], Answer]]:
    with httpx.Client(trust_env=False) as client:

        def send(request: httpx.Request) -> Answer:
            response = client.send(request)
            response.raise_for_status()
            return Answer(response, response.json())

        yield send


def numbers(pages: Pages) -> list[int]:
    found: list[int] = []
    for page in pages:
        rows: list[dict[str, Any]] = page.document if isinstance(page.document, list) else page.document.get("results")
        found += [row["number"] for row in rows or page.document["rows"]]
    return found


@pytest.mark.parametrize(
    ("target", "spec", "pages_wanted"),
    [
        ("number/", "next:next", 11),
        ("number/?page_size=500", "next:next", 5),  # it allows 50
        ("offset/", "next:next", 11),
        ("offset/?limit=50", "next:next", 5),
        ("cursor/", "next:next", 11),
    ],
)
@pytest.mark.parametrize("concurrency", [1, 6])
def test_django_rest_framework(
    django_rest: str,
    fetch: Callable[[httpx.Request], Answer],
    target: str,
    spec: str,
    pages_wanted: int,
    concurrency: int,
) -> None:
    with Pages(httpx.Request("GET", f"{django_rest}/{target}"), fetch, limit=None, concurrency=concurrency) as pages:
        assert numbers(pages) == list(range(ROWS))
    assert pages.paginator is not None
    assert (pages.paginator.spec, pages.number, pages.stopped) == (spec, pages_wanted, "no next link")


def test_its_pages_are_known_from_the_first_one(django_rest: str, fetch: Callable[[httpx.Request], Answer]) -> None:
    for target in ("number/", "offset/?limit=50"):
        pages = Pages(httpx.Request("GET", f"{django_rest}/{target}"), fetch)
        next(pages)
        assert pages.total_pages == (11 if target == "number/" else 5)
    pages = Pages(httpx.Request("GET", f"{django_rest}/cursor/"), fetch)
    next(pages)
    assert pages.total_pages is None


@pytest.mark.parametrize("spec", ["link", "next:next_url", "next", "cursor:_next=next"])
def test_datasette(datasette: str, fetch: Callable[[httpx.Request], Answer], spec: str) -> None:
    request = httpx.Request("GET", f"{datasette}/data/rows.json?_shape=objects&_size=50")
    paginator = None if spec == "link" else paginator_named(spec)  # it sends a Link header too, which is found
    with Pages(request, fetch, limit=None, paginator=paginator) as pages:
        assert numbers(pages) == list(range(ROWS))
    assert pages.paginator is not None
    assert (pages.paginator.spec, pages.number) == (spec, 5)


@pytest.mark.parametrize(
    ("query", "spec"),
    [
        ("_page=1", "link"),
        ("_page=1&_limit=50", "link"),
        ("_start=0&_limit=50", "offset:_start,size=_limit,total=header:x-total-count"),
    ],
)
def test_json_server(json_server: str, fetch: Callable[[httpx.Request], Answer], query: str, spec: str) -> None:
    with Pages(httpx.Request("GET", f"{json_server}/rows?{query}"), fetch, limit=None) as pages:
        assert numbers(pages) == list(range(ROWS))
    assert pages.paginator is not None
    assert pages.paginator.spec == spec
