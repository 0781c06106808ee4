"""dlt's half of `paging_detection`: shapes on stdin, what dlt makes of them on stdout (no import of ours)."""

from __future__ import annotations

import json
import sys
from typing import Any

import requests
from dlt.sources.helpers.rest_client.detector import PaginatorFactory, find_response_page_data

KINDS = {
    "HeaderLinkPaginator": "link",
    "JSONLinkPaginator": "next",
    "JSONResponseCursorPaginator": "cursor",
    "PageNumberPaginator": "page",
    "SinglePagePaginator": None,
}


def request_of(text: Any) -> requests.Request:
    if isinstance(text, str):
        method, _, url = text.partition(" ")
        return requests.Request(method, url)
    return requests.Request(text["method"], text["url"], json=text.get("json"), headers=text.get("headers"))


def run(entry: dict[str, Any]) -> dict[str, Any]:
    """The kind that is detected and the request that would follow, by the steps of dlt's `RESTClient.paginate`."""
    request, body = request_of(entry["request"]), entry["body"]
    response = requests.Response()
    response.status_code = 200
    response.url = request.url
    response.headers.update(entry["headers"])
    is_text = isinstance(body, dict) and "$text" in body
    response._content = body["$text"].encode() if is_text else json.dumps(body).encode()
    paginator, _ = PaginatorFactory().create_paginator(response)
    kind = KINDS.get(type(paginator).__name__, type(paginator).__name__)
    _, data = find_response_page_data(response.json())
    paginator.update_state(response, data if isinstance(data, list) else [data])
    if not paginator.has_next_page:
        return {"kind": kind, "next": None}
    paginator.update_request(request)
    sent = request.prepare()
    return {"kind": kind, "next": [sent.method, sent.url, json.loads(sent.body) if sent.body else None]}


def safely(entry: dict[str, Any]) -> dict[str, Any]:
    try:
        return run(entry)
    except Exception as error:
        return {"kind": f"{type(error).__name__}", "next": "error"}


if __name__ == "__main__":
    import dlt

    json.dump({"version": dlt.__version__, "answers": [safely(entry) for entry in json.load(sys.stdin)]}, sys.stdout)
