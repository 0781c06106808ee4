"""PEM texts: stray spaces, CRLF and literal ``\\n`` are mended; anything else is named precisely (RFC 7468)."""

from __future__ import annotations

import base64
import binascii
import re

from apiconn_nb.errors import ConfigError

_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_WIDTH = 64


def mend(text: str, label: str) -> str:
    """`text` as clean PEM blocks of one kind or several.

    Raises ConfigError that says which line of which block is wrong; the text itself is never repeated.
    """
    text = text.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise ConfigError(f"{label}: it is empty; paste the full PEM, from -----BEGIN to -----END.")
    blocks = []
    position = 0
    while (begin := _BEGIN.search(text, position)) is not None:
        kind = begin[1]
        end = text.find(f"-----END {kind}-----", begin.end())
        if end < 0:
            raise ConfigError(f"{label}: the {kind} begins but does not end: the line -----END {kind}----- is missing.")
        first_line = text.count("\n", 0, begin.end()) + 1
        blocks.append(_block(kind, text[begin.end() : end], label, first_line))
        position = end + len(f"-----END {kind}-----")
    if not blocks:
        raise ConfigError(f"{label}: no -----BEGIN …----- line in it; paste the full PEM, not just its middle.")
    return "\n".join(blocks) + "\n"


def _block(kind: str, body: str, label: str, first_line: int) -> str:
    headers, lines = [], []
    for offset, line in enumerate(body.split("\n")):
        if ":" in line:  # Proc-Type and DEK-Info of an encrypted PKCS#1 key (RFC 1421)
            headers.append(line.strip())
            continue
        stripped = re.sub(r"\s", "", line)
        if not re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", stripped):
            raise ConfigError(f"{label}: line {first_line + offset} of the PEM has a character that is not base64.")
        lines.append(stripped)
    content = "".join(lines)
    if not content:
        raise ConfigError(f"{label}: the {kind} is empty between BEGIN and END.")
    try:
        raw = base64.b64decode(content, validate=True)
    except binascii.Error:
        raise ConfigError(f"{label}: the {kind} is cut short or has lost characters: copy it once more.") from None
    if not headers and (promised := _promised_length(raw)) not in (0, len(raw)):
        few = "cut short" if len(raw) < promised else "not whole"
        raise ConfigError(
            f"{label}: the {kind} is {few}: it says that it has {promised} bytes, and {len(raw)} are there. Copy it "
            "once more."
        )
    wrapped = "\n".join(content[start : start + _WIDTH] for start in range(0, len(content), _WIDTH))
    head = "\n".join(headers) + "\n\n" if headers else ""
    return f"-----BEGIN {kind}-----\n{head}{wrapped}\n-----END {kind}-----"


def _promised_length(raw: bytes) -> int:
    """How many bytes a DER sequence says that it has, its own head counted (X.690 §8.1.3); 0 where it is none."""
    if len(raw) < 2 or raw[0] != 0x30:
        return 0
    if raw[1] < 0x80:
        return 2 + raw[1]
    size = raw[1] & 0x7F
    return 2 + size + int.from_bytes(raw[2 : 2 + size]) if 0 < size <= 4 else 0
