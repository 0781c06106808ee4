"""What an answer is: its media type, or, when that is missing or lies, what its first bytes say."""

from __future__ import annotations

import codecs
import re
from typing import Literal

Kind = Literal[
    "empty",
    "json",
    "ndjson",
    "csv",
    "tsv",
    "xml",
    "excel",
    "parquet",
    "arrow",
    "events",
    "html",
    "image",
    "text",
    "binary",
]

_TYPES: dict[str, Kind] = {
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
    "application/jsonlines": "ndjson",
    "application/json-lines": "ndjson",
    "application/stream+json": "ndjson",
    "application/x-json-stream": "ndjson",
    "application/json-seq": "ndjson",
    "text/csv": "csv",
    "application/csv": "csv",
    "text/comma-separated-values": "csv",
    "text/tab-separated-values": "tsv",
    "text/tsv": "tsv",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "excel",
    "application/vnd.ms-excel": "excel",
    "application/vnd.ms-excel.sheet.macroenabled.12": "excel",
    "application/vnd.oasis.opendocument.spreadsheet": "excel",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
    "application/parquet": "parquet",
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.apache.arrow.file": "arrow",
    "text/event-stream": "events",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/json": "json",
    "text/x-json": "json",
    "text/javascript": "json",
    "application/javascript": "json",
}
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel"),
)
_CONTROL = re.compile(rb"[\x01-\x07\x0e-\x1a\x1c-\x1f]")
_LINE = 2**20  # bytes; no NDJSON has a longer first line
_BLANK = b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"
_HTML = re.compile(
    rb"\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|title|meta|script|style|div|p|h1|table)\b",
    re.IGNORECASE | re.DOTALL,
)


def kind_of(content: bytes, content_type: str = "") -> Kind:
    """What `content` is.

    `content_type` is the Content-Type header's value. A binary signature beats it; JSON under any type is found by
    looking; a type that says JSON over bytes that cannot be JSON is not believed.
    """
    head = content[:512].strip(_BLANK)
    if not head and not content[:4096].strip(_BLANK):
        return "empty" if not content.strip(_BLANK) else "text"
    if signed := _signed(content):
        return signed
    named = _named(content_type)
    if named in {"ndjson", "csv", "tsv", "events", "parquet", "arrow"}:
        return _unless_json(named, head) if named in {"csv", "tsv"} else named
    if head[:1] in b"{[":
        return "json" if not _many_lines(content) else "ndjson"
    if _HTML.match(content[:2048]):
        return "html"
    if head[:1] == b"<" and named in {None, "text", "json", "xml"}:
        return "xml"
    if named == "json":
        return "json"
    if named is not None:
        return named
    looked = _looked(content)
    return "binary" if looked == "text" and _is_no_text(content[:4096], content_type) else looked


def media_type(content_type: str) -> str:
    """The media type without parameters, in lower case (RFC 9110 §8.3.1)."""
    return content_type.split(";", 1)[0].strip().lower()


def _named(content_type: str) -> Kind | None:
    media = media_type(content_type)
    if known := _TYPES.get(media):
        return known
    if media.endswith("+json") or media in {"application/json", "json"}:
        return "json"
    if media.endswith("+xml") and not media.startswith("image/"):
        return "xml"
    if media.startswith("image/"):
        return "image"
    if media.startswith("text/") and media != "text/plain":
        return "text"
    return None  # text/plain, application/octet-stream and none at all say nothing: look


def _signed(content: bytes) -> Kind | None:
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind
    if content.startswith(b"PK\x03\x04") and (b"xl/" in content or b"spreadsheet" in content[:200]):
        return "excel"
    return None


def _unless_json(named: Kind, head: bytes) -> Kind:
    """A type that says CSV over a JSON error message, which many servers send, is not believed."""
    return (
        "json" if head[:1] in b"{[" and (head[:2] in (b"{}", b"[]") or re.match(rb"[{\[]\s*[\"{\[]", head)) else named
    )


def _many_lines(content: bytes) -> bool:
    """NDJSON under a JSON type: the first line is whole by itself and the second starts a value as well."""
    start = len(content[:512]) - len(content[:512].lstrip(_BLANK))
    end = content.find(b"\n", start, start + _LINE)
    if end < 0:
        return False
    first, second = content[:end].strip(_BLANK), content[end : end + 512].lstrip(_BLANK)
    if not second or second[:1] not in b"{[" or first[-1:] not in b"}]":
        return False
    return first.count(b"{") == first.count(b"}") and first.count(b"[") == first.count(b"]")


def _is_no_text(head: bytes, content_type: str) -> bool:
    """Whether bytes that look like nothing else are none to read: a PDF, a sound, an archive.

    Bytes that no text has, or a type that says no text over what is not UTF-8. UTF-16 has NUL in it, and is text.
    """
    if b"\x00" not in head and _CONTROL.search(head):
        return True
    if not media_type(content_type) or media_type(content_type).startswith("text/"):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # its last character may be cut
    except UnicodeDecodeError:
        return b"\x00" not in head
    return head.startswith(b"%PDF-")


def _looked(content: bytes) -> Kind:
    head = content[:4096]
    if b"\x00" in head and not re.match(rb"(\xff\xfe|\xfe\xff)?((\x00.){2}|(.\x00){2})", head, re.DOTALL):
        return "binary"
    text = head.strip()
    if re.fullmatch(rb"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null|\"[^\n]*\"", text):
        return "json"
    lines = [line for line in head.splitlines()[:6] if line.strip()]
    for mark, kind in ((b"\t", "tsv"), (b",", "csv"), (b";", "csv")):
        counts = {line.count(mark) for line in lines[: -1 if len(content) > 4096 else None]}
        if len(lines) > 1 and len(counts) == 1 and counts != {0}:
            return kind  # type: ignore[return-value]
    return "text"
