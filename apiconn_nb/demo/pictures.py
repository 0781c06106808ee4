"""A small picture drawn from a number, so that the demo API has an image to give."""

from __future__ import annotations

import hashlib
import struct
import zlib

_CELLS = 8
_SCALE = 16


def portrait(number: int) -> bytes:
    """A PNG of 128 × 128 pixels: a left-right symmetric pattern in one colour, the same for the same number."""
    digest = hashlib.sha256(str(number).encode()).digest()
    ink, paper = bytes(64 + value // 2 for value in digest[:3]), b"\xf4\xf2\xec"
    half = [
        [digest[3 + (row * _CELLS // 2 + column) % 29] & 1 for column in range(_CELLS // 2)] for row in range(_CELLS)
    ]
    lines = bytearray()
    for row in half:
        pixels = b"".join((ink if cell else paper) * _SCALE for cell in (*row, *reversed(row)))
        lines += (b"\x00" + pixels) * _SCALE  # each scan line starts with its filter type, here none
    side = _CELLS * _SCALE
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(bytes(lines))), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
