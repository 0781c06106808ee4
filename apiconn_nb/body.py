"""The body of a cell: what kind it is, and its ``<name>`` put in as that kind wants it."""

from __future__ import annotations

import json
import re

from apiconn_nb import placeholders
from apiconn_nb.errors import UsageError
from apiconn_nb.placeholders import Needed

FORM = "application/x-www-form-urlencoded"
BODY_TYPES = {"json": "application/json", "form": FORM, "xml": "application/xml"}
"""The content type that a body without one is sent as; text for all else."""


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
    if FORM in lowered or (not lowered and re.fullmatch(r"[\w.\-\[\]]+=[^\n]*", body.strip())):
        return "form"
    return "text"


def fill_body(content_type: str, body: str, needed: Needed) -> tuple[bytes, str]:
    """A body with its ``<name>`` filled in, and its kind. Raises PlaceholderError, UsageError for broken JSON."""
    if not body:
        return b"", ""
    kind = kind_of_body(content_type, body)
    filler = {
        "json": placeholders.fill_json,
        "ndjson": placeholders.fill_json,
        "form": placeholders.fill_form,
        "xml": placeholders.fill_xml,
    }.get(kind, placeholders.fill_text)
    text = filler(body.strip() if kind == "form" else body, needed)
    if kind == "json":
        _check_json(text)
    if kind == "ndjson" and not text.endswith("\n"):
        text += "\n"  # a cell ends without one, and bulk endpoints want it behind the last document
    if kind == "multipart":
        # RFC 2046 §5.1.1: CRLF around each boundary, and a cell's lines end with LF.
        text = text.rstrip("\n").replace("\n", "\r\n") + "\r\n"
    return text.encode("utf-8"), kind


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
