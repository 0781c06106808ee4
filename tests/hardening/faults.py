"""What can happen to an answer on its way, by name; each takes a `Passage` of the fault proxy."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

from tests.hardening.proxy import Passage

FAULTS: dict[str, Callable[[Passage], None]] = {}
UNHARMED = {"one_byte_at_a_time", "an_early_hint", "two_answers", "a_lower_case_head", "bare_line_feeds", "no_reason"}
"""Those after which the rows are there all the same."""


def fault(act: Callable[[Passage], None]) -> Callable[[Passage], None]:
    FAULTS[act.__name__] = act
    return act


def answered(passage: Passage) -> tuple[bytes, bytes]:
    passage.request()
    head, body = passage.answer()
    return re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", head) + b"\r\nConnection: close", body


def with_header(head: bytes, name: bytes, value: bytes | None) -> bytes:
    """A head with a header in place of the one of that name; None takes it away."""
    without = re.sub(rb"(?i)\r\n" + name + rb": [^\r]*", b"", head)
    return without if value is None else without + b"\r\n" + name + b": " + value


@fault
def refused_at_once(passage: Passage) -> None:
    passage.reset()


@fault
def accepted_and_silent(passage: Passage) -> None:
    passage.hang()


@fault
def closed_without_a_word(passage: Passage) -> None:
    passage.request()


@fault
def reset_before_the_head(passage: Passage) -> None:
    passage.request()
    passage.reset()


@fault
def reset_in_the_head(passage: Passage) -> None:
    head, _ = answered(passage)
    passage.say(head[: len(head) // 2])
    passage.reset()


@fault
def reset_in_the_body(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(head + b"\r\n\r\n" + body[: len(body) // 2], pause=0.02)
    passage.reset()


@fault
def closed_in_the_body(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(head + b"\r\n\r\n" + body[:-1])


@fault
def stalled_in_the_body(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(head + b"\r\n\r\n" + body[: len(body) // 2])
    passage.hang()


@fault
def slow_loris_in_the_head(passage: Passage) -> None:
    passage.request()
    passage.say(b"HTTP/1.1 200 OK\r\n", *[b"X-%d: 1\r\n" % number for number in range(10_000)], pause=0.05)


@fault
def slow_loris_in_the_body(passage: Passage) -> None:
    head, _ = answered(passage)
    head = with_header(head, b"Content-Length", b"1000000")
    passage.say(head + b"\r\n\r\n", *[b" "] * 10_000, pause=0.05)


@fault
def one_byte_at_a_time(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(head + b"\r\n\r\n", *[body[at : at + 1] for at in range(len(body))])


@fault
def a_length_too_large(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(with_header(head, b"Content-Length", b"%d" % (len(body) + 5000)) + b"\r\n\r\n" + body)


@fault
def a_length_too_small(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(with_header(head, b"Content-Length", b"%d" % (len(body) // 2)) + b"\r\n\r\n" + body)


@fault
def a_length_that_is_none(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(with_header(head, b"Content-Length", b"many") + b"\r\n\r\n" + body)


@fault
def two_lengths(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(head + b"\r\nContent-Length: 3\r\n\r\n" + body)


@fault
def chunks_without_an_end(passage: Passage) -> None:
    head, body = answered(passage)
    head = with_header(with_header(head, b"Content-Length", None), b"Transfer-Encoding", b"chunked")
    passage.say(head + b"\r\n\r\n" + b"%x\r\n" % len(body) + body + b"\r\n")


@fault
def chunks_with_broken_sizes(passage: Passage) -> None:
    head, body = answered(passage)
    head = with_header(with_header(head, b"Content-Length", None), b"Transfer-Encoding", b"chunked")
    passage.say(head + b"\r\n\r\n" + b"zz\r\n" + body + b"\r\n0\r\n\r\n")


@fault
def a_chunk_of_exabytes(passage: Passage) -> None:
    head, body = answered(passage)
    head = with_header(with_header(head, b"Content-Length", None), b"Transfer-Encoding", b"chunked")
    passage.say(head + b"\r\n\r\n" + b"fffffffffffffff\r\n" + body)


@fault
def gzip_that_was_cut(passage: Passage) -> None:
    head, body = answered(passage)
    packed = gzip.compress(body)[:-20]
    head = with_header(with_header(head, b"Content-Length", b"%d" % len(packed)), b"Content-Encoding", b"gzip")
    passage.say(head + b"\r\n\r\n" + packed)


@fault
def gzip_that_is_none(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(with_header(head, b"Content-Encoding", b"gzip") + b"\r\n\r\n" + body)


@fault
def gzip_with_a_flipped_bit(passage: Passage) -> None:
    head, body = answered(passage)
    packed = bytearray(gzip.compress(body))
    packed[len(packed) // 2] ^= 8
    head = with_header(with_header(head, b"Content-Length", b"%d" % len(packed)), b"Content-Encoding", b"gzip")
    passage.say(head + b"\r\n\r\n" + bytes(packed))


@fault
def a_coding_that_nobody_asked_for(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(with_header(head, b"Content-Encoding", b"br") + b"\r\n\r\n" + body)


@fault
def no_http_at_all(passage: Passage) -> None:
    passage.request()
    passage.say(b"SSH-2.0-OpenSSH_9.6\r\n" * 20)


@fault
def a_tls_alert_in_plain_http(passage: Passage) -> None:
    passage.request()
    passage.say(b"\x15\x03\x01\x00\x02\x02\x46")


@fault
def a_head_without_end(passage: Passage) -> None:
    passage.request()
    passage.say(b"HTTP/1.1 200 OK\r\n", *[b"X-Filler: %s\r\n" % (b"a" * 5000)] * 200)


@fault
def a_status_of_letters(passage: Passage) -> None:
    passage.request()
    passage.say(b"HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n")


@fault
def interim_answers_without_end(passage: Passage) -> None:
    passage.request()
    passage.say(*[b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 100_000, pause=0.0001)


@fault
def an_early_hint(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" + head + b"\r\n\r\n" + body)


@fault
def two_answers(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(2 * (head + b"\r\n\r\n" + body))


@fault
def a_lower_case_head(passage: Passage) -> None:
    head, body = answered(passage)
    start, _, rest = head.partition(b"\r\n")
    passage.say(start + b"\r\n" + rest.lower() + b"\r\n\r\n" + body)


@fault
def bare_line_feeds(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(head.replace(b"\r\n", b"\n") + b"\n\n" + body)


@fault
def no_reason(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(re.sub(rb"^HTTP/1.1 200 [^\r]*", b"HTTP/1.1 200", head) + b"\r\n\r\n" + body)


@fault
def a_header_with_a_null(passage: Passage) -> None:
    head, body = answered(passage)
    passage.say(head + b"\r\nX-A: a\x00b\r\n\r\n" + body)


@fault
def a_body_of_noise(passage: Passage) -> None:
    head, body = answered(passage)
    noise = bytes((number * 7919) % 256 for number in range(len(body)))
    passage.say(head + b"\r\n\r\n" + noise)
