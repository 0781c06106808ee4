"""The paging that presets name, on answers in the shape that the providers document."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jmespath
import pytest

from apiconn_nb import request
from apiconn_nb.paging import paginator_named
from apiconn_nb.presets import preset
from tests.presets.sample import sample

# Field names from their reference pages or OpenAPI descriptions; a page by number is full.
ANSWERS: list[tuple[str, str, Any, str]] = [
    ("airtable", "bases", {"bases": [{"id": "app1"}], "offset": "itr2"}, "offset=itr2"),
    ("anthropic", "models", {"data": [{"id": "m"}], "has_more": True, "last_id": "m"}, "after_id=m"),
    ("asana", "workspaces", {"data": [{"gid": "1"}], "next_page": {"offset": "eyJ0"}}, "offset=eyJ0"),
    ("atlassian", "issues", {"issues": [{"id": "1"}], "nextPageToken": "n2"}, "nextPageToken=n2"),
    (
        "bitbucket",
        "repositories",
        {"values": [{"slug": "a"}], "next": "https://api.bitbucket.org/2.0/r?page=2"},
        "page=2",
    ),
    ("box", "folder_items", {"entries": [{"id": "1"}], "next_marker": "mark"}, "marker=mark"),
    ("cloudflare", "zones", {"result": [{"id": "z"}] * 50, "result_info": {"page": 1, "total_pages": 2}}, "page=2"),
    ("crossref", "works", {"message": {"items": [{"DOI": "10.1/a"}], "next-cursor": "AoJ+"}}, "cursor=AoJ%2B"),
    ("discord", "guilds", [{"id": "41"}, {"id": "42"}], "after=42"),
    (
        "digitalocean",
        "droplets",
        {"droplets": [{"id": 1}], "links": {"pages": {"next": "https://api.digitalocean.com/v2/droplets?page=2"}}},
        "page=2",
    ),
    ("fred", "observations", {"count": 200001, "observations": [{"value": "."}] * 3}, "offset=3"),
    ("guardian", "search", {"response": {"pages": 3, "results": [{"id": "a"}] * 50}}, "page=2"),
    ("hubspot", "contacts", {"results": [{"id": "1"}], "paging": {"next": {"after": "33"}}}, "after=33"),
    ("intercom", "contacts", {"data": [{"id": "1"}], "pages": {"next": {"starting_after": "s"}}}, "starting_after=s"),
    (
        "microsoft",
        "users",
        {"value": [{"id": "1"}], "@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=x"},
        "$skiptoken=x",
    ),
    ("openai", "files", {"data": [{"id": "file-2"}], "has_more": True, "last_id": "file-2"}, "after=file-2"),
    ("openalex", "works", {"meta": {"next_cursor": "Ils"}, "results": [{"id": "W1"}]}, "cursor=Ils"),
    (
        "pagerduty",
        "incidents",
        {"incidents": [{"id": "P1"}] * 100, "limit": 100, "offset": 0, "more": True},
        "offset=100",
    ),
    (
        "paypal",
        "transactions",
        {"transaction_details": [{"transaction_info": {}}] * 500, "page": 1, "total_pages": 2},
        "page=2",
    ),
    ("pipedrive", "deals", {"data": [{"id": 1}], "additional_data": {"next_cursor": "c2"}}, "cursor=c2"),
    ("reddit", "new_posts", {"data": {"children": [{"data": {"id": "a"}}], "after": "t3_a"}}, "after=t3_a"),
    (
        "salesforce",
        "query",
        {"records": [{"Id": "1"}], "done": False, "nextRecordsUrl": "/services/data/v60.0/query/01g-2000"},
        "/query/01g-2000",
    ),
    (
        "slack",
        "channels",
        {"ok": True, "channels": [{"id": "C"}], "response_metadata": {"next_cursor": "dGVh"}},
        "cursor=dGVh",
    ),
    ("square", "payments", {"payments": [{"id": "p"}], "cursor": "c2"}, "cursor=c2"),
    ("stripe", "customers", {"data": [{"id": "cus_1"}, {"id": "cus_2"}], "has_more": True}, "starting_after=cus_2"),
    (
        "twilio",
        "messages",
        {"messages": [{"sid": "SM1"}], "next_page_uri": "/2010-04-01/Accounts/AC/Messages.json?Page=1"},
        "Page=1",
    ),
    ("worldbank", "indicator", [{"page": 1, "pages": 17}, [{"value": 1}] * 1000], "page=2"),
    ("x", "search", {"data": [{"id": "1"}], "meta": {"next_token": "7140"}}, "next_token=7140"),
    (
        "xero",
        "invoices",
        {"pagination": {"page": 1, "pageCount": 2}, "Invoices": [{"InvoiceID": "i"}] * 1000},
        "page=2",
    ),
    ("zoom", "users", {"users": [{"id": "u"}], "next_page_token": "w7"}, "next_page_token=w7"),
    ("notion", "search", {"results": [{"id": "p"}], "next_cursor": "c-2"}, '"start_cursor": "c-2"'),
    ("monday", "boards", {"data": {"boards": [{"id": "1"}] * 100}}, '"page": 2'),
    (
        "linear",
        "issues",
        {"data": {"issues": {"nodes": [{"id": "1"}], "pageInfo": {"hasNextPage": True, "endCursor": "e1"}}}},
        '"after": "e1"',
    ),
    (
        "shopify",
        "products",
        {"data": {"products": {"nodes": [{"id": "1"}], "pageInfo": {"hasNextPage": True, "endCursor": "e1"}}}},
        '"after": "e1"',
    ),
    ("plaid", "institutions", {"institutions": [{"institution_id": "i"}] * 500, "total": 900}, '"offset": 500'),
]


@pytest.mark.parametrize(("name", "call", "answer", "expected"), ANSWERS, ids=[f"{a[0]}.{a[1]}" for a in ANSWERS])
def test_its_next_page_is_found(name: str, call: str, answer: Any, expected: str) -> None:
    filled = preset(name).filled(sample(preset(name)))
    saved = filled.calls[call]
    template = request.parse(saved["request"])
    values = dict.fromkeys(template.names(), "value") | saved.get("params", {})
    first = request.build(template, request.Shared(filled.base_url), values, frozenset())
    rows = jmespath.search(saved["records"], answer)
    assert rows
    response = httpx.Response(200, json=answer, request=first)
    following = paginator_named(saved["paginate"]).advance(first, response, answer, len(rows))
    assert following is not None
    assert expected in str(following.url) + json.dumps(json.loads(following.content or b"null"))
