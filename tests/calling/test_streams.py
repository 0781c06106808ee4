"""Answers that become rows while they arrive: lines of JSON, CSV, event streams; secrets in them, and their end."""

from __future__ import annotations

import gzip
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd
import pytest

from apiconn_nb import receiving, sending, streams
from apiconn_nb.calling import prepare, run
from apiconn_nb.errors import FrameError, NetworkError, TooLargeError
from apiconn_nb.frames import to_frame
from apiconn_nb.progress import Progress
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.opened import Open
from tests.raw import Connection, RawServer

NDJSON, CSV, EVENTS = "application/x-ndjson", "text/csv; charset=utf-8", "text/event-stream"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_backoff", lambda attempt: 0.001)


class Cut(NamedTuple):
    """How an answer is cut: bytes of a chunk on the wire (0: one chunk), and bytes that become rows at a time."""

    wire: int
    block: int


@pytest.fixture(params=[Cut(0, 1 << 20), Cut(13, 50), Cut(1, 7)], ids=lambda cut: f"{cut.wire}-{cut.block}")
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Cut:
    """Each way of cutting."""
    monkeypatch.setattr(streams, "BLOCK", request.param.block)
    found: Cut = request.param
    return found


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


def serving(
    raw: RawServer, content: bytes, content_type: str, *, cut: int = 0, status: str = "200 OK", **headers: str
) -> None:
    """Have every connection answer `content` in chunks of so many bytes (RFC 9112 §7.1), or, with 0, in one."""

    def script(each: Connection) -> None:
        each.read_request()
        lines = {"Content-Type": content_type, "Transfer-Encoding": "chunked", "Connection": "close"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        each.send(f"HTTP/1.1 {status}\r\n{head}\r\n".encode())
        for piece in pieces(content, cut or max(1, len(content))):
            each.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        each.send(b"0\r\n\r\n")

    raw.script(script)


def records(count: int) -> list[dict[str, Any]]:
    return [
        {"id": number, "name": f"Zoë {number}\nß", "deep": {"x": [number]}, "half": number / 2, "none": None}
        for number in range(count)
    ]


def lines(count: int) -> bytes:
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in records(count))


TABLE = (
    'id,name,note\n1,Ada,plain\n2,"Lovelace, A.","two\nlines"\n3,"quote "" and\r\nmore",\n'
    + "".join(f"{number},n{number},x\n" for number in range(4, 60))
).encode()
EVENT_TEXT = b": hello\n\n" + b"".join(b'event: tick\nid: %d\ndata: {"n": %d}\n\n' % (each, each) for each in range(30))


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        pytest.param(lines(25), NDJSON, id="ndjson"),
        pytest.param(lines(25).rstrip(b"\n"), "application/jsonl", id="ndjson without a last line end"),
        pytest.param(lines(25).replace(b"\n", b"\r\n\n"), NDJSON, id="ndjson with CRLF and empty lines"),
        pytest.param(TABLE, CSV, id="csv"),
        pytest.param(TABLE.rstrip(b"\n"), CSV, id="csv without a last line end"),
        pytest.param(TABLE.replace(b",", b"\t"), "text/tab-separated-values", id="tsv"),
        pytest.param(TABLE.replace(b",", b";"), "text/csv", id="csv with semicolons"),
        pytest.param(b"\xef\xbb\xbf" + TABLE, CSV, id="csv with a byte order mark"),
        pytest.param(b"1,a\n2,b\n" * 9, "text/csv; header=absent", id="csv without a header"),
        pytest.param(EVENT_TEXT, EVENTS, id="events"),
        pytest.param(EVENT_TEXT.replace(b"\n", b"\r\n"), EVENTS, id="events with CRLF"),
        pytest.param(b"", NDJSON, id="nothing"),
        pytest.param(b"id,name\n", CSV, id="csv of a header"),
        pytest.param(b'[{"id": 1}, {"id": 2}]', CSV, id="JSON that says it is CSV"),
        pytest.param(TABLE.decode().encode("utf-16"), "text/csv", id="csv in UTF-16"),
    ],
)
def test_the_table_is_the_one_of_the_whole_answer(
    content: bytes, content_type: str, cut: Cut, raw: RawServer, opened: Open
) -> None:
    serving(raw, content, content_type, cut=cut.wire)
    outcome = run(opened(raw.url), parse("GET /stream"))
    frame = outcome.frame()
    whole = to_frame(content, content_type=content_type)
    pd.testing.assert_frame_equal(frame, whole.frame)
    assert frame.api.raw == content
    assert outcome.table.found.path == whole.found.path
    pd.testing.assert_frame_equal(frame.api.table(), whole.frame)


def test_rows_are_there_before_the_answer_is(raw: RawServer, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BLOCK", 100)
    seen = threading.Event()

    def script(each: Connection) -> None:
        each.read_request()
        each.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n", lines(50))
        assert seen.wait(10), "the client waited for the end"
        each.send(b'{"id": 50}\n')

    raw.script(script)
    progress: list[Progress] = []

    def watch(now: Progress) -> None:
        progress.append(now)
        seen.set()

    outcome = prepare(opened(raw.url), parse("GET /stream")).run(watch)
    assert len(outcome.frame()) == 51
    assert progress[0].rows > 0
    assert progress[0].size > 100


def test_a_packed_stream(raw: RawServer, opened: Open, cut: Cut) -> None:
    serving(raw, gzip.compress(lines(40)), NDJSON, cut=20, Content_Encoding="gzip")
    assert list(run(opened(raw.url), parse("GET /x")).frame()["id"]) == list(range(40))


def test_options_that_need_the_whole_answer_get_it(raw: RawServer, opened: Open) -> None:
    serving(raw, lines(5), NDJSON, cut=30)
    frame = run(opened(raw.url), parse("GET /x"), records="[1:3]").frame()
    assert list(frame["id"]) == [1, 2]
    assert run(opened(raw.url), parse("GET /x"), returned="text").value == lines(5).decode()
    assert len(run(opened(raw.url), parse("GET /x"), cache="1h").frame()) == 5
    assert "as of" in run(opened(raw.url), parse("GET /x"), cache="1h").status()


def test_pages_of_lines_follow_each_other(raw: RawServer, opened: Open) -> None:
    def script(each: Connection) -> None:
        head = each.read_request()
        last = b"page=2" in head
        link = {} if last else {"Link": f'<{raw.url}/x?page=2>; rel="next"'}
        each.answer(b'{"id": 3}' if last else b'{"id": 1}\n{"id": 2}', Content_Type=NDJSON, **link)

    raw.script(script)
    assert list(run(opened(raw.url), parse("GET /x"), pages="all").frame()["id"]) == [1, 2, 3]
    first = run(opened(raw.url), parse("GET /x"))
    assert list(first.frame()["id"]) == [1, 2]
    assert "--pages all for the rest" in first.status()


# ── the end that comes too soon ────────────────────────────────────────────────────────────────────────────────────


def broken(content: bytes, content_type: str, end: Callable[[Connection], None]) -> Callable[[Connection], None]:
    def script(each: Connection) -> None:
        each.read_request()
        each.send(f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        each.send(b"%x\r\n%b\r\n" % (len(content), content))
        end(each)

    return script


def reset(each: Connection) -> None:
    time.sleep(0.1)
    each.reset()


def good(each: Connection) -> None:
    each.read_request()
    each.answer(lines(4), Content_Type=NDJSON)


def test_a_broken_stream_is_read_again_from_its_start(raw: RawServer, opened: Open, cut: Cut) -> None:
    raw.script(broken(lines(3)[:-9], NDJSON, reset), broken(lines(2), NDJSON, reset), good)
    outcome = run(opened(raw.url), parse("GET /x"))
    assert list(outcome.frame()["id"]) == [0, 1, 2, 3]
    assert "3 attempts" in outcome.status()
    assert outcome.frame().api.raw == lines(4)


def test_what_came_of_a_broken_stream_is_kept(raw: RawServer, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BLOCK", 10)
    raw.script(broken(lines(3)[:-9], NDJSON, reset), good)
    walk = prepare(opened(raw.url, retries=0), parse("GET /x"))
    with pytest.raises(NetworkError) as caught:
        walk.run()
    assert caught.value.unfinished is walk  # type: ignore[attr-defined]
    assert list(walk.partial().frame()["id"]) == [0, 1]
    assert walk.so_far() == "2 rows of an answer that was cut off"
    assert list(walk.run().frame()["id"]) == [0, 1, 2, 3]


def test_a_line_that_is_no_json_is_said_with_where_it_stands(
    raw: RawServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BLOCK", 10)
    serving(raw, lines(3) + b"{broken\n" + lines(1), NDJSON, cut=40)
    walk = prepare(opened(raw.url), parse("GET /x"))
    with pytest.raises(FrameError, match=r"After 3 rows: Line 1: Not JSON"):
        walk.run()
    assert len(walk.partial().frame()) == 3
    assert len(raw.arrived) == 1, "it would be the same again"


def test_an_interrupt_keeps_what_came_of_a_stream(
    raw: RawServer, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BLOCK", 10)
    raw.script(broken(lines(5), NDJSON, lambda each: each.hang(5)))
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    walk = prepare(opened(raw.url), parse("GET /x"))
    with pytest.raises(KeyboardInterrupt):
        walk.run()
    assert list(walk.partial().frame()["id"]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("how", ["interrupt", "time", "break"])
def test_an_event_stream_ends_in_any_way_with_what_came(raw: RawServer, opened: Open, how: str) -> None:
    end: Callable[[Connection], None] = reset if how == "break" else lambda each: each.hang(8)
    raw.script(broken(EVENT_TEXT + b'event: half\ndata: {"n": 3', EVENTS, end))
    if how == "interrupt":
        threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    outcome = run(opened(raw.url, retries=0), parse("GET /x"), timeout=1.0 if how == "time" else None)
    assert time.monotonic() - began < 4
    assert list(outcome.frame()["data.n"]) == list(range(30)), "half an event is none"
    said = {"interrupt": "an interrupt", "time": "its time (--timeout)", "break": "a broken connection"}[how]
    assert f"ended by {said}" in outcome.status()
    assert not [each for each in threading.enumerate() if each.name.startswith("apiconn-call")]


def test_a_silent_event_stream_is_waited_for(raw: RawServer, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence ends an answer, not an event stream."""
    original = sending.Policy
    monkeypatch.setattr("apiconn_nb.live_collection.Policy", lambda **options: original(silence=0.4, **options))

    def script(each: Connection) -> None:
        each.read_request()
        each.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        each.send(b"data: 1\n\n", pause=1.2)
        each.send(b"data: 2\n\n")

    raw.script(script)
    assert len(run(opened(raw.url, retries=0), parse("GET /x")).frame()) == 2


def test_events_are_seen_as_they_come(raw: RawServer, opened: Open) -> None:
    seen: list[int] = []
    step = threading.Event()

    def script(each: Connection) -> None:
        each.read_request()
        each.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for number in range(5):
            step.clear()
            each.send(b'data: {"n": %d}\n\n' % number)
            assert step.wait(5), f"event {number} was not seen"

    def watch(progress: Progress) -> None:
        if progress.latest is not None:
            seen.append(progress.latest()["data.n"].iloc[-1])
            step.set()

    raw.script(script)
    frame = prepare(opened(raw.url), parse("GET /x")).run(watch).frame()
    assert seen == list(frame["data.n"]) == [0, 1, 2, 3, 4]


# ── caps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stream_has_a_cap_of_its_own(raw: RawServer, opened: Open) -> None:
    serving(raw, lines(1000), NDJSON, cut=4096)
    size = len(lines(1000))
    assert len(run(opened(raw.url, max_bytes=size // receiving.STREAMED + 1), parse("GET /x")).frame()) == 1000
    with pytest.raises(TooLargeError, match="--max-bytes"):
        run(opened(raw.url, max_bytes=size // receiving.STREAMED - 1), parse("GET /x"))


def test_a_whole_answer_keeps_the_cap(raw: RawServer, opened: Open) -> None:
    serving(raw, b"[" + b",".join([b'{"id": 1}'] * 100) + b"]", "application/json", cut=100)
    with pytest.raises(TooLargeError, match="--max-bytes"):
        run(opened(raw.url, max_bytes=500), parse("GET /x"))


def test_a_line_without_an_end_meets_the_cap(raw: RawServer, opened: Open, cut: Cut) -> None:
    serving(raw, b'{"a": "' + b"x" * 20_000, NDJSON, cut=512)
    with pytest.raises(TooLargeError):
        run(opened(raw.url, max_bytes=2_000), parse("GET /x"))


# ── secrets in a stream ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def keyed(opened: Open, raw: RawServer, canary: Canary) -> tuple[Any, str]:
    """A collection with a key, and the key."""
    value = canary("key") + '+/"end'
    return opened(raw.url, "key-in-header", {"key_name": "X-Key", "key": Secret(value)}), value


@pytest.mark.parametrize("wire", [0, 1, 5, 11, 64])
@pytest.mark.parametrize("content_type", [NDJSON, EVENTS])
def test_an_echoed_secret_is_masked_wherever_the_answer_is_cut(
    keyed: tuple[Any, str],
    raw: RawServer,
    canary: Canary,
    wire: int,
    content_type: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "BLOCK", 50)
    collection, value = keyed
    row = json.dumps({"id": 1, "you_sent": value, "hex": value.encode().hex()}).encode()
    line = b"data: " + row + b"\n\n" if content_type == EVENTS else row + b"\n"
    serving(raw, line * 7, content_type, cut=wire)
    outcome = run(collection, parse("GET /x"))
    prefix = "data." if content_type == EVENTS else ""
    assert list(outcome.frame()[f"{prefix}you_sent"]) == ["•••"] * 7
    assert list(outcome.frame()[f"{prefix}hex"]) == ["•••"] * 7
    assert any("repeated a secret" in note for note in outcome.notes)
    canary.assert_absent(outcome.frame().to_csv(), outcome.frame().api.raw, outcome.status())


@pytest.mark.parametrize("cut", [1, 9])
def test_a_secret_that_the_end_cuts_in_two_is_masked(
    keyed: tuple[Any, str], raw: RawServer, canary: Canary, cut: int
) -> None:
    collection, value = keyed
    serving(raw, b"id,key\n1," + value[:20].encode(), "text/csv", cut=cut)
    outcome = run(collection, parse("GET /x"))
    assert list(outcome.frame()["key"]) == ["•••"]
    assert value[:20] not in str(outcome.frame().api.raw)


def test_what_looks_like_the_beginning_of_a_secret_passes(keyed: tuple[Any, str], raw: RawServer, cut: Cut) -> None:
    collection, value = keyed
    texts = [value[:length] for length in range(1, 8)] + ["CAN", "C"]
    content = b"".join(json.dumps({"t": text}).encode() + b"\n" for text in texts)
    serving(raw, content, NDJSON, cut=1)
    assert list(run(collection, parse("GET /x")).frame()["t"]) == texts


def test_an_event_stream_is_not_cached(raw: RawServer, opened: Open) -> None:
    """Its bytes went by: an empty answer must not stand for it the next time."""
    serving(raw, EVENT_TEXT, EVENTS, cut=40)
    for _ in range(2):
        outcome = run(opened(raw.url), parse("GET /x"), cache="1h")
        assert len(outcome.frame()) == 30
        assert "cache: not kept: it was read as it arrived" in outcome.notes
    assert len(raw.arrived) == 2
