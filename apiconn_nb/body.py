"""The body of a cell: what kind it is, and its ``<name>`` put in as that kind wants it."""

from __future__ import annotations

import json
import re
from typing import Any

from apiconn_nb import placeholders
from apiconn_nb.errors import UsageError
from apiconn_nb.file_body import file_on
from apiconn_nb.placeholders import Needed

FORM = "application/x-www-form-urlencoded"
BODY_TYPES = {"json": "application/json", "form": FORM, "xml": "application/xml"}
"""The content type that a body without one is sent as; text for all else."""


_PAIRS = re.compile(r"[\w.\-\[\]]+=[^\n]*(?:\n\s*&[^\n]*)*")
_NEXT_PAIR = re.compile(r"\s*\n\s*(?=&)")  # .http files write a form pair by pair, each line beginning with &


def kind_of_body(content_type: str, body: str) -> str:
    """What a body is: ``json``, ``ndjson``, ``form``, ``xml``, ``multipart`` or ``text``, by its type or its looks."""
    lowered, start = content_type.lower(), body.lstrip()[:5]
    if "ndjson" in lowered or "jsonl" in lowered:
        return "ndjson"
    if "json" in lowered or (not lowered and start[:1] in ("{", "[")):
        return "json"
    if lowered.startswith("multipart/"):
        return "multipart"
    if "xml" in lowered or (not lowered and start == "<?xml"):
        return "xml"
    if FORM in lowered or (not lowered and _PAIRS.fullmatch(body.strip())):
        return "form"
    return "text"


def fill_body(content_type: str, body: str, needed: Needed) -> tuple[bytes, str]:
    """A body with its ``<name>`` filled in, and its kind, of a file its media type.

    Raises PlaceholderError, UsageError for broken JSON and for a file that cannot be read.
    """
    if not body:
        return b"", ""
    if file := file_on(body.strip()):
        if not file.is_filled:
            return file.read(), file.media_type
        return fill_body(content_type or file.media_type, file.text(), needed)
    kind = kind_of_body(content_type, body)
    if kind == "multipart":
        return _fill_parts(body, needed), kind
    filler = {
        "json": placeholders.fill_json,
        "ndjson": placeholders.fill_json,
        "form": placeholders.fill_form,
        "xml": placeholders.fill_xml,
    }.get(kind, placeholders.fill_text)
    text = filler(_NEXT_PAIR.sub("", body.strip()) if kind == "form" else body, needed)
    if kind == "json":
        _check_json(text)
    if kind == "ndjson" and not text.endswith("\n"):
        text += "\n"  # a cell ends without one, and bulk endpoints want it behind the last document
    return text.encode("utf-8"), kind


def _fill_parts(body: str, needed: Needed) -> bytes:
    """A multipart body, a line that names a file replaced by its bytes."""
    lines = []
    for line in body.rstrip("\n").split("\n"):
        file = file_on(line)
        if file and not file.is_filled:
            lines.append(file.read())
            continue
        text = placeholders.fill_text(file.text() if file else line, needed)
        lines.append(text.replace("\n", "\r\n").encode("utf-8"))
    # RFC 2046 §5.1.1: CRLF around each boundary, and a cell's lines end with LF.
    return b"\r\n".join(lines) + b"\r\n"


def without_members(content_type: str, body: str, absent: set[str]) -> str:
    """A body as it is written, without the form pairs and the JSON members that need a name of `absent`."""
    kind = kind_of_body(content_type, body)
    if kind == "form":
        return "&".join(pair for pair in body.split("&") if not absent & set(placeholders.names_in_body(pair)))
    if kind != "json" or not absent & set(placeholders.names_in_body(body)):
        return body
    # A bare <name> is no JSON: it travels through the parser as a text with a mark in front.
    held = "".join(
        part if part[:1] == '"' else _BARE.sub(lambda name: f'"{_HELD}{name[1]}"', part)
        for part in _PARTS.findall(body)
    )
    try:
        document = json.loads(held)
    except (ValueError, RecursionError):
        return body  # what is wrong with it is said when it is filled in
    kept = json.dumps(_pruned(document, absent), ensure_ascii=False, indent=2)
    return re.sub(rf'"{_HELD}(\w+)"', r"<\1>", kept)


_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[^"]+|"', re.DOTALL)
_HELD = "\ue000"
_BARE = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>")


def _pruned(node: Any, absent: set[str]) -> Any:
    if isinstance(node, list):
        return [_pruned(each, absent) for each in node]
    if not isinstance(node, dict):
        return node
    return {name: _pruned(each, absent) for name, each in node.items() if not _is_absent(each, absent)}


def _is_absent(value: Any, absent: set[str]) -> bool:
    if not isinstance(value, str):
        return False
    is_bare, is_quoted = value.startswith(_HELD), value.startswith("<") and value.endswith(">")
    return (is_bare and value[1:] in absent) or (is_quoted and value[1:-1] in absent)


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"The body is not JSON at line {error.lineno}, character {error.colno}: {error.msg}. "
            "For another kind of body set its Content-Type header."
        ) from None
    except RecursionError:
        raise UsageError(
            "The body is nested too deeply to be checked: set its Content-Type header to text/plain."
        ) from None
