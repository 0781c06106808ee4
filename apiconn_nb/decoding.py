"""The bytes of an answer, decoded under a cap (RFC 9110 §8.4).

httpx decodes a chunk whole before anybody can count it, reads the first member of a gzip file alone, and takes one that
was cut off for complete: a table with rows missing and no error. So the two codings that we ask for are undone here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import httpx

_PIECE = 1 << 20  # bytes decoded at a time
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS


class TooLargeToDecode(Exception):
    """The decoded bytes passed the cap."""


def read_decoded(response: httpx.Response, cap: int) -> Iterator[bytes]:
    """The decoded body of `response`, piece by piece, at most `cap` bytes in all.

    Raises TooLargeToDecode, and httpx.DecodingError for bytes that are damaged, cut off, or in a coding other than gzip
    and deflate: a brotli bomb unfolds without limit, and so does gzip in gzip.
    """
    if response.is_stream_consumed:  # it was made from its bytes: a replay
        pieces: Iterable[bytes] = [response.content]
    else:
        pieces = _decoded(response.iter_raw(), response.headers.get("Content-Encoding", "").strip().lower())
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > cap:
            raise TooLargeToDecode
        yield piece


def _decoded(pieces: Iterable[bytes], coding: str) -> Iterable[bytes]:
    if coding in ("gzip", "x-gzip", "deflate"):
        return _inflated(pieces, coding)
    if coding in ("", "identity"):
        return pieces
    raise httpx.DecodingError(f"it is encoded as {coding[:40]!r}, and only gzip and deflate are read")


def _inflated(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    stream: zlib._Decompress | None = None
    members = 0
    for piece in pieces:
        while piece:
            if stream is None:
                if members and not _begins_another(piece, coding):
                    break  # padding after the last member is nothing
                stream = zlib.decompressobj(_window(coding, piece))
                members += 1
            try:
                decoded = stream.decompress(piece, _PIECE)
            except zlib.error as error:
                raise httpx.DecodingError(f"it is no {coding}: {error}") from None
            if decoded:
                yield decoded
            piece = stream.unconsumed_tail
            if stream.eof:
                piece, stream = stream.unused_data, None
    if stream is not None:
        yield from _rest(stream)


def _rest(stream: zlib._Decompress) -> Iterator[bytes]:
    while decoded := stream.decompress(b"", _PIECE):
        yield decoded
    if not stream.eof:
        raise httpx.DecodingError("it was cut off")


def _window(coding: str, start: bytes) -> int:
    if coding != "deflate":
        return _GZIP
    # RFC 9110 §8.4.1.2: deflate is zlib (its first byte says method 8); some servers send it without that wrapper.
    return _ZLIB if start[0] & 0x0F == 8 else _RAW


def _begins_another(rest: bytes, coding: str) -> bool:
    """Whether another gzip member follows a finished one (RFC 1952 §2.2)."""
    return coding != "deflate" and rest[:2] == b"\x1f\x8b"[: len(rest)]
