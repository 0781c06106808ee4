"""How many rows a page has that is no JSON: CSV, TSV, lines of JSON."""

from __future__ import annotations

import csv
import io

import httpx

_LINES = ("ndjson", "jsonl", "json-seq", "json-lines")
_TABLES = ("csv", "tab-separated", "tsv")


def count_text_rows(response: httpx.Response) -> int:
    """The records of a CSV or TSV answer without its header, the lines of NDJSON; 1 for any other body, 0 for none."""
    try:
        content = response.content
    except httpx.ResponseNotRead:
        return 0
    kind = str(response.headers.get("content-type", "")).lower()
    if any(word in kind for word in _LINES):
        return sum(1 for line in content.splitlines() if line.strip())
    if any(word in kind for word in _TABLES):
        return max(0, _records(content) - 1)
    return 1 if content.strip() else 0


def _records(content: bytes) -> int:
    """Quoted line ends belong to their record (RFC 4180 §2)."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding="latin-1", newline="")  # no byte of a line end is elsewhere
    try:
        return sum(1 for record in csv.reader(text) if record)
    except csv.Error:  # a field of more than 128 kB
        return content.count(b"\n")
