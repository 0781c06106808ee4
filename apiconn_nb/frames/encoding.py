"""Bytes → text: the charset the answer names, its byte order mark, UTF-8; and a note where that was not enough."""

from __future__ import annotations

import codecs
import re

_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_NO_CHARSETS = {"undefined", "idna", "punycode", "unicode-escape", "unicode_escape", "raw-unicode-escape",
                "raw_unicode_escape", "oem", "mbcs"}  # fmt: skip
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def text_of(content: bytes, content_type: str = "") -> tuple[str, list[str]]:
    """Decode an answer.

    Returns the text and notes (empty when the bytes were what they claimed). Bytes that are not UTF-8 are read as
    Windows-1252, which is what servers that do not say so nearly always send; what even that lacks becomes U+FFFD.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding)
    named = charset_of(content_type)
    if named and named not in {"utf-8", "ascii"}:
        return _decoded(content, named)
    if wide := _wide(content):
        return _decoded(content, wide)
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError as error:
        where = error.start
    try:
        return content.decode("cp1252"), [f"not UTF-8 (byte {where}): read as Windows-1252"]
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    return text, [f"not UTF-8 (byte {where}): what could not be read is shown as \ufffd; --as bytes gives all"]


def charset_of(content_type: str) -> str | None:
    """The charset parameter of a media type as Python names it (RFC 9110 §8.3.2); None when absent or unknown."""
    match = _CHARSET.search(content_type)
    if match is None:
        return None
    try:
        found = codecs.lookup(match[1])
    except LookupError:
        return None
    # Python calls zlib, rot13 and base64 codecs too, and some texts in code are none that a server sends.
    is_charset = getattr(found, "_is_text_encoding", True) and found.name not in _NO_CHARSETS
    return found.name if is_charset else None


def _decoded(content: bytes, encoding: str) -> tuple[str, list[str]]:
    try:
        return content.decode(encoding), []
    except UnicodeDecodeError as error:
        text = content.decode(encoding, "replace")
        return text, [f"not {encoding} (byte {error.start}): what could not be read is shown as \ufffd"]


def _wide(content: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, told by the zero bytes of its first two ASCII characters (RFC 4627 §3)."""
    zeros = tuple(byte == 0 for byte in content[:4])
    match zeros:
        case (True, True, True, False):
            return "utf-32-be"
        case (False, True, True, True):
            return "utf-32-le"
        case (True, False, True, False):
            return "utf-16-be"
        case (False, True, False, True):
            return "utf-16-le"
    return None
