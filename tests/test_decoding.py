"""An answer's bytes, decoded: bombs end at the cap, and what was cut off is never taken for complete."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiconn_nb.decoding import TooLargeToDecode, read_decoded
from apiconn_nb.errors import NetworkError, TokenError, TooLargeError
from apiconn_nb.secrets import Secret
from tests.echo import Answer, Echo
from tests.opened import Open

ROWS = b'[{"id": 1, "name": "Zo\xc3\xab"}]' * 500


class Pieces(httpx.SyncByteStream):
    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces


def decoded(coding: str, *pieces: bytes, cap: int = 1 << 30) -> bytes:
    response = httpx.Response(200, headers={"Content-Encoding": coding}, stream=Pieces(*pieces))
    return b"".join(read_decoded(response, cap))


def bare_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


PACKED = {"gzip": gzip.compress, "x-gzip": gzip.compress, "GZIP": gzip.compress, "deflate": zlib.compress,
          "": bytes, "identity": bytes}  # fmt: skip


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize("size", [1, 2, 7, 100, 10**9])
def test_in_pieces_of_any_size(coding: str, size: int) -> None:
    packed = PACKED[coding](ROWS)
    assert decoded(coding, *(packed[at : at + size] for at in range(0, len(packed), size))) == ROWS


@given(st.binary(max_size=3000), st.integers(1, 50))
def test_whatever_was_packed_comes_out(content: bytes, size: int) -> None:
    for coding, packed in (("gzip", gzip.compress(content)), ("deflate", bare_deflate(content))):
        assert decoded(coding, *(packed[at : at + size] for at in range(0, len(packed), size))) == content


def test_every_member_of_a_gzip_file_is_read() -> None:
    packed = gzip.compress(b"one,") + gzip.compress(b"two,") + gzip.compress(b"three")
    assert decoded("gzip", packed) == b"one,two,three"
    assert decoded("gzip", *(bytes([each]) for each in packed)) == b"one,two,three"
    assert decoded("gzip", packed + b"\0" * 100) == b"one,two,three", "padding is nothing"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("cut", [1, 4, 8, 20])
def test_what_was_cut_off_is_an_error(coding: str, cut: int) -> None:
    with pytest.raises(httpx.DecodingError, match="cut off"):
        decoded(coding, PACKED[coding](ROWS)[:-cut])


@pytest.mark.parametrize("content", [b"<html>", b"\x1f\x8b\xff\xff", b"\0" * 50])
def test_what_is_no_gzip_is_an_error(content: bytes) -> None:
    with pytest.raises(httpx.DecodingError, match="no gzip"):
        decoded("gzip", content)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "x" * 5000])
def test_another_coding_is_refused(coding: str) -> None:
    with pytest.raises(httpx.DecodingError, match="only gzip and deflate") as caught:
        decoded(coding, gzip.compress(gzip.compress(ROWS)))
    assert len(str(caught.value)) < 200


def test_no_body_is_no_error() -> None:
    assert decoded("gzip") == b""
    assert decoded("gzip", b"") == b""


def test_a_bomb_ends_at_the_cap_and_takes_no_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(200)) + packer.flush()
    assert len(bomb) < 300_000
    tracemalloc.start()
    try:
        response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Pieces(bomb))
        with pytest.raises(TooLargeToDecode):
            for _ in read_decoded(response, 10 << 20):
                pass
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


# ── in a call ──────────────────────────────────────────────────────────────────────────────────────────────────────


def packed_answer(content: bytes, coding: str = "gzip") -> Answer:
    return Answer(body=content, headers={"Content-Encoding": coding, "Content-Type": "application/json"})


def test_in_a_call(echo: Echo, opened: Open) -> None:
    echo.answer("/x", packed_answer(gzip.compress(b'[{"id": 1}]')))
    response = opened(echo.url).send("GET /x")
    assert response.json() == [{"id": 1}]
    assert echo.last.headers["Accept-Encoding"] == "gzip, deflate"


def test_a_bomb_in_a_call_is_one_sentence(echo: Echo, opened: Open) -> None:
    echo.answer("/x", packed_answer(gzip.compress(b" " * (64 << 20))))
    with pytest.raises(TooLargeError, match="10 MB decoded"):
        opened(echo.url, max_bytes=10_000_000).send("GET /x")
    assert echo.count("/x") == 1


@pytest.mark.parametrize(("content", "coding"), [(gzip.compress(ROWS)[:-9], "gzip"), (b"<html>", "gzip"), (b"x", "br")])
def test_a_damaged_answer_is_one_sentence_and_not_asked_for_again(
    echo: Echo, opened: Open, content: bytes, coding: str
) -> None:
    echo.answer("/x", packed_answer(content, coding))
    with pytest.raises(NetworkError, match="cannot be decoded"):
        opened(echo.url).send("GET /x")
    assert echo.count("/x") == 1


def test_a_bomb_at_the_token_endpoint(echo: Echo, opened: Open) -> None:
    echo.answer("/token", packed_answer(gzip.compress(b" " * (64 << 20))))
    auth = {"client_id": "a", "client_secret": Secret("CANARY-s"), "token_endpoint": f"{echo.url}/token"}
    with pytest.raises(TokenError, match="larger than 1 MiB"):
        opened(echo.url, "oauth2-client-credentials", auth).send("GET /x")
    assert echo.count("/token") == 1
