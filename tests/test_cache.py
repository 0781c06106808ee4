"""Answers that survive a restart: whose they are, how old they may be, and what a disk can do to them."""

from __future__ import annotations

import gzip
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import apiconn_nb
from apiconn_nb import redaction
from apiconn_nb.cache import Cache, Cached, Entry, account, as_of, cache_folder, fingerprint, parse_ttl
from apiconn_nb.cache.entry import read_entries, written
from apiconn_nb.errors import UsageError
from tests.canary import Canary
from tests.servers.httpbin import Httpbin

GET = httpx.Request("GET", "https://api.example.org/items?limit=2", headers={"Accept": "application/json"})
# Another process finds the package where it is not installed, too.
FINDABLE = {**os.environ, "PYTHONPATH": str(Path(apiconn_nb.__file__).parent.parent)}
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Counts; answers with what it was given."""

    def __init__(self, content: bytes = b'[{"id": 1}]', status: int = 200, **headers: str) -> None:
        self.content, self.status = content, status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        etag = self.headers.get("etag")
        if etag and request.headers.get("if-none-match") == etag:
            return httpx.Response(304, headers=self.headers, request=request)
        return httpx.Response(self.status, content=self.content, headers=self.headers, request=request)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(tmp_path: Path, clock: Clock) -> Cache:
    return Cache("github", folder=tmp_path / "cache", clock=clock)


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "answers").rglob("*") if path.is_file()]


# Age.


def test_an_answer_is_asked_for_once_within_its_time(cache: Cache, clock: Clock) -> None:
    server = Server(content_type="application/json")
    assert cache.through(GET, 60, server).stored_at is None
    clock.now += 59
    again = cache.through(GET, 60, server)
    assert again.stored_at == clock.now - 59
    assert again.response.json() == [{"id": 1}]
    assert again.response.headers["content-type"] == "application/json"
    assert again.response.request is GET
    clock.now += 2
    assert cache.through(GET, 60, server).stored_at is None
    assert len(server.asked) == 2


def test_fresh_asks_in_any_case_and_keeps_the_answer(cache: Cache, clock: Clock) -> None:
    server = Server(etag='"a"')
    cache.through(GET, 60, server)
    server.content = b"[2]"
    assert cache.through(GET, 60, server, fresh=True).response.content == b"[2]"
    assert "if-none-match" not in server.asked[1].headers
    assert cache.through(GET, 60, server).response.content == b"[2]"
    assert len(server.asked) == 2


def test_it_survives_a_restart_and_is_where_people_look_for_caches(home: Path, clock: Clock) -> None:
    Cache("github", clock=clock).through(GET, 60, Server())
    again = Cache("github", clock=clock).through(GET, 60, Server(b"[9]"))
    assert again.response.content == b'[{"id": 1}]'
    assert cache_folder() == home / ".cache" / "apiconn_nb"
    assert len(files(cache_folder())) == 1


def test_a_clock_that_was_set_back_makes_no_answer_eternal(cache: Cache, clock: Clock) -> None:
    server = Server()
    cache.through(GET, 60, server)
    clock.now -= 86_400
    cache.through(GET, 60, server)
    assert len(server.asked) == 2


def test_no_time_is_no_cache(cache: Cache) -> None:
    server = Server()
    cache.through(GET, 0, server)
    cache.through(GET, 0, server)
    assert len(server.asked) == 2


def test_what_send_raises_is_not_kept(cache: Cache) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    with pytest.raises(httpx.ConnectError):
        cache.through(GET, 60, broken)
    assert cache.find(GET) is None


# Revalidation.


def test_an_unchanged_answer_is_not_sent_again(cache: Cache, clock: Clock) -> None:
    server = Server(etag='W/"v1"', last_modified="Tue, 14 Nov 2023 22:13:20 GMT", x_quota="9")
    cache.through(GET, 60, server)
    clock.now += 100
    server.headers["x-quota"] = "8"
    again = cache.through(GET, 60, server)
    assert server.asked[1].headers["if-none-match"] == 'W/"v1"'
    assert server.asked[1].headers["if-modified-since"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert server.asked[1].headers["accept"] == "application/json"
    assert (again.confirmed, again.stored_at) == (True, clock.now)
    assert again.response.status_code == 200
    assert again.response.content == b'[{"id": 1}]'
    assert again.response.headers["x-quota"] == "8"
    clock.now += 59
    cache.through(GET, 60, server)
    assert len(server.asked) == 2, "its time began anew"


def test_a_changed_answer_replaces_the_old_one(cache: Cache, clock: Clock) -> None:
    server = Server(etag='"v1"')
    cache.through(GET, 60, server)
    clock.now += 100
    server.headers["etag"], server.content = '"v2"', b"[2]"
    again = cache.through(GET, 60, server)
    assert (again.confirmed, again.response.content) == (False, b"[2]")
    assert cache.through(GET, 60, server).response.content == b"[2]"


def test_a_post_is_not_made_conditional(cache: Cache, clock: Clock) -> None:
    """If-None-Match of a POST is a precondition: 412 (RFC 9110 §13.1.2)."""
    search = httpx.Request("POST", "https://api.example.org/search", json={"q": 1})
    server = Server(etag='"v1"')
    cache.through(search, 60, server)
    clock.now += 100
    cache.through(search, 60, server)
    assert "if-none-match" not in server.asked[1].headers


def test_a_call_that_is_conditional_itself_is_left_alone(cache: Cache) -> None:
    own = httpx.Request("GET", GET.url, headers={"If-None-Match": '"mine"'})
    server = Server(etag='"mine"')
    cache.through(GET, 60, server)
    assert cache.through(own, 60, server).response.status_code == 304
    assert cache.through(own, 60, server).note.startswith("not kept: the request is conditional")
    assert len(server.asked) == 3


# Whose it is.


@pytest.mark.parametrize(
    "other",
    [
        {"account": "bob"},
        {"environment": "development"},
        {"collection": "gitlab"},
    ],
)
def test_no_answer_goes_to_another_account_environment_or_collection(tmp_path: Path, other: dict[str, str]) -> None:
    mine = {"collection": "github", "environment": "live", "account": "ada"}
    Cache(**mine, folder=tmp_path).through(GET, 60, Server(b"ada's"))
    theirs = Cache(**{**mine, **other}, folder=tmp_path).through(GET, 60, Server(b"theirs"))
    assert theirs.response.content == b"theirs"
    assert Cache(**mine, folder=tmp_path).through(GET, 60, Server()).response.content == b"ada's"


@pytest.mark.parametrize(
    "other",
    [
        httpx.Request("GET", "https://api.example.org/items?limit=3", headers=GET.headers),
        httpx.Request("GET", "https://api.example.org:444/items?limit=2", headers=GET.headers),
        httpx.Request("POST", GET.url, headers=GET.headers),
        httpx.Request("GET", GET.url, headers={"Accept": "text/csv"}),
        httpx.Request("GET", GET.url, headers={**GET.headers, "X-Tenant": "acme"}),
        httpx.Request("GET", GET.url, headers=GET.headers, content=b"{}"),
    ],
)
def test_another_request_has_another_answer(cache: Cache, other: httpx.Request) -> None:
    cache.through(GET, 60, Server(b"one"))
    assert cache.through(other, 60, Server(b"other")).response.content == b"other"


def test_how_the_answer_travels_makes_no_other_request(cache: Cache) -> None:
    cache.through(GET, 60, Server(b"one"))
    headers = {**GET.headers, "User-Agent": "x/2", "Accept-Encoding": "br", "Traceparent": "00-1-2-03"}
    assert cache.through(httpx.Request("GET", GET.url, headers=headers), 60, Server()).response.content == b"one"


def test_the_names_of_scope_cannot_run_into_each_other(tmp_path: Path) -> None:
    one, other = Cache("a", "b", "c", folder=tmp_path), Cache("a", "b', 'c", "", folder=tmp_path)
    assert one.key(GET) != other.key(GET)


def test_a_fingerprint_tells_keys_apart_and_holds_none(tmp_path: Path, canary: Canary) -> None:
    key, other = canary("api-key", awkward=True), canary("other-key")
    mine = fingerprint(key, tmp_path)
    assert mine == fingerprint(key, tmp_path)
    assert mine != fingerprint(other, tmp_path)
    assert mine != fingerprint(key, tmp_path / "elsewhere"), "salted"
    began = time.perf_counter()
    fingerprint(key, tmp_path)
    assert time.perf_counter() - began < 0.01, "slow once only"
    Cache("github", account=mine, folder=tmp_path).through(GET, 60, Server())
    canary.assert_absent(mine, tmp_path)
    canary.assert_absent(account._made)


def test_a_fingerprint_is_the_same_in_the_next_kernel(tmp_path: Path) -> None:
    code = "import pathlib, sys, apiconn_nb.cache as c; print(c.fingerprint('k', pathlib.Path(sys.argv[1])))"
    other = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, env=FINDABLE
    )
    assert other.stdout.strip() == fingerprint("k", tmp_path)


def test_nothing_secret_is_written(cache: Cache, tmp_path: Path, canary: Canary) -> None:
    session = canary("session")
    server = Server(set_cookie=f"sid={session}", www_authenticate=f"Bearer {session}", x_kept="yes")
    cache.through(GET, 60, server)
    canary.assert_absent(tmp_path)
    assert cache.through(GET, 60, server).response.headers["x-kept"] == "yes"


@pytest.mark.parametrize("place", ["body", "header", "url"])
def test_an_answer_that_repeats_a_secret_is_not_kept(cache: Cache, tmp_path: Path, canary: Canary, place: str) -> None:
    key = canary("api-key")
    redaction.register(key)
    request = httpx.Request("GET", f"https://api.example.org/x?k={key}") if place == "url" else GET
    server = Server(
        f'{{"next": "/x?api_key={key}"}}'.encode() if place == "body" else b"{}",
        **({"link": f"</x?api_key={key}>; rel=next"} if place == "header" else {}),
    )
    assert cache.through(request, 60, server).note == "not kept: the answer repeats a secret"
    assert files(tmp_path / "cache") == []


# What may be kept.


@pytest.mark.parametrize("directives", ["no-store", "private, No-Store", "max-age=60,no-store"])
def test_no_store_is_respected_unless_the_call_says_otherwise(cache: Cache, directives: str) -> None:
    server = Server(cache_control=directives)
    assert cache.through(GET, 60, server).note == "not kept: the server forbids it (Cache-Control: no-store)"
    cache.through(GET, 60, server)
    assert len(server.asked) == 2
    assert cache.through(GET, 60, server, despite_no_store=True).note == ""
    assert cache.through(GET, 60, server).stored_at is not None


@pytest.mark.parametrize("directives", ["no-cache", "private", "max-age=0, must-revalidate", "public, max-age=3"])
def test_the_persons_own_time_counts_more_than_the_servers(cache: Cache, directives: str) -> None:
    server = Server(cache_control=directives, vary="Accept, Authorization", expires="0")
    cache.through(GET, 60, server)
    assert cache.through(GET, 60, server).stored_at is not None
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [201, 204, 206, 301, 401, 404, 429, 500])
def test_only_whole_successes_are_kept(cache: Cache, status: int) -> None:
    assert cache.through(GET, 60, Server(status=status)).note == f"not kept: the status is {status}"
    assert cache.find(GET) is None


def test_vary_star_is_not_kept(cache: Cache) -> None:
    assert "Vary: *" in cache.through(GET, 60, Server(vary="*")).note


def test_a_compressed_answer_is_kept_as_it_was_read(cache: Cache) -> None:
    server = Server(gzip.compress(b'{"a": 1}'), content_encoding="gzip", content_type="application/json")
    assert cache.through(GET, 60, server).response.json() == {"a": 1}
    again = cache.through(GET, 60, server)
    assert again.stored_at is not None
    assert again.response.json() == {"a": 1}
    assert "content-encoding" not in again.response.headers


# The disk.


@posix_only
def test_only_the_person_can_read_it(cache: Cache, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        cache.through(GET, 60, Server())
        fingerprint("k", tmp_path / "cache")
    finally:
        os.umask(old)
    for path in (tmp_path / "cache").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700


@posix_only
def test_a_wider_mode_is_taken_back(cache: Cache, tmp_path: Path) -> None:
    cache.through(GET, 60, Server())
    (tmp_path / "cache").chmod(0o755)
    (tmp_path / "cache" / "answers").chmod(0o777)
    cache.put(GET, Server()(GET))
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "cache" / "answers").stat().st_mode) == 0o700


@posix_only
def test_somebody_elses_folder_is_not_used(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.through(GET, 60, Server(b"planted"))
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    answered = cache.through(GET, 60, Server(b"true"))
    assert answered.response.content == b"true"
    assert "belongs to somebody else" in answered.note


def only_file(tmp_path: Path) -> Path:
    (path,) = files(tmp_path / "cache")
    return path


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[:40],
        lambda content: content + b"x",
        lambda content: content.replace(b"apiconn-cache 1", b"apiconn-cache 2"),
        lambda content: content.replace(b'"id": 1', b'"id": 2'),
        lambda content: content.replace(b'"status":200', b'"status":"ok"'),
        lambda content: content.replace(b'"length":11', b'"length":-1'),
        lambda content: b"\x80\x04\x95" + content,
        lambda content: b"apiconn-cache 1\n" + b"[" * 100_000 + b"\n",
    ],
)
def test_a_damaged_answer_is_none(cache: Cache, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    cache.through(GET, 60, Server())
    path = only_file(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.through(GET, 60, Server(b"[2]")).response.content == b"[2]"
    assert cache.through(GET, 60, Server(b"[3]")).response.content == b"[2]"


headers = st.lists(
    st.tuples(st.from_regex(r"[a-z-]{1,10}", fullmatch=True), st.text(alphabet="abc ,;=\"'é", max_size=9)), max_size=4
)
entries = st.builds(
    Entry,
    st.sampled_from(["GET", "POST"]),
    st.text(max_size=20).filter(lambda text: text.isprintable()),
    st.integers(100, 599),
    headers.map(tuple),
    st.binary(max_size=60),
    st.floats(0, 4e9),
)


@given(st.lists(entries, min_size=1, max_size=3))
def test_what_is_written_is_read(stored: list[Entry]) -> None:
    assert read_entries(written(stored)) == tuple(stored)


@given(st.lists(entries, min_size=1, max_size=2), st.data())
def test_a_flipped_byte_is_noticed_or_changes_no_body(stored: list[Entry], data: st.DataObject) -> None:
    content = bytearray(written(stored))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    read = read_entries(bytes(content))
    assert read == () or [entry.content for entry in read] == [entry.content for entry in stored]


@given(st.binary(max_size=200))
def test_any_file_is_an_answer_or_none(content: bytes) -> None:
    assert read_entries(content) == ()
    assert read_entries(b"apiconn-cache 1\n" + content + b"\n") == ()


def test_a_full_disk_or_a_read_only_folder_is_said_and_breaks_no_call(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("apiconn_nb.cache.answers.write_private", full)
    answered = cache.through(GET, 60, Server())
    assert answered.response.content == b'[{"id": 1}]'
    assert answered.note == "not kept: No space left on device"


def test_a_folder_that_is_a_file_breaks_no_call(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    answered = Cache("github", folder=tmp_path / "cache").through(GET, 60, Server())
    assert answered.response.status_code == 200
    assert answered.note.startswith("not kept: ")


KILLED = """
import itertools, sys
from pathlib import Path
import httpx
from apiconn_nb.cache import Cache
cache = Cache("github", folder=Path(sys.argv[1]))
print("ready", flush=True)
for n in itertools.count():
    request = httpx.Request("GET", f"https://api.example.org/{n % 20}")
    cache.put(request, httpx.Response(200, content=str(n % 20).encode() * 50_000, request=request))
"""


@posix_only
def test_a_killed_kernel_leaves_whole_answers_only(tmp_path: Path) -> None:
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, env=FINDABLE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.15)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    cache, whole = Cache("github", folder=tmp_path), 0
    for n in range(20):
        entry = cache.find(httpx.Request("GET", f"https://api.example.org/{n}"))
        whole += entry is not None
        assert entry is None or entry.content == str(n).encode() * 50_000
    assert whole


def test_many_write_at_once(tmp_path: Path) -> None:
    def use(n: int) -> Cached:
        content = str(n % 5).encode() * 10_000
        request = httpx.Request("GET", f"https://api.example.org/{n % 5}")
        return Cache("github", folder=tmp_path).through(request, 60, Server(content))

    with ThreadPoolExecutor(8) as pool:
        for n, cached in enumerate(pool.map(use, range(200))):
            assert cached.response.content == str(n % 5).encode() * 10_000
            assert cached.note == ""
    assert len(files(tmp_path)) == 5


# Size.


def item(n: int) -> httpx.Request:
    return httpx.Request("GET", f"https://api.example.org/{n}")


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = Cache("github", folder=tmp_path, max_bytes=100_000)
    for n in range(9):
        cache.put(item(n), Server(b"x" * 10_000)(item(n)))
        os.utime(max(files(tmp_path), key=lambda path: path.stat().st_mtime), (n, n))
        time.sleep(0.002)
    assert cache.find(item(0)) is not None, "used just now"
    cache.put(item(9), Server(b"x" * 10_000)(item(9)))
    kept = [n for n in range(10) if cache.find(item(n)) is not None]
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 100_000
    assert {0, 9} <= set(kept)
    assert 1 not in kept


def test_one_cap_for_all_collections(tmp_path: Path) -> None:
    for n in range(40):
        Cache(f"collection-{n}", folder=tmp_path, max_bytes=50_000).put(GET, Server(b"x" * 5_000)(GET))
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 50_000


def test_a_huge_answer_is_not_kept_and_said(tmp_path: Path) -> None:
    cache = Cache("github", folder=tmp_path, max_bytes=4 << 20)
    assert (
        cache.through(GET, 60, Server(b"x" * (2 << 20))).note == "not kept: larger than a quarter of the cache (1 MB)"
    )


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    cache = Cache("github", folder=tmp_path)
    cache.put(GET, Server()(GET))
    left, recent = files(tmp_path)[0].parent / ".abc-123", files(tmp_path)[0].parent / ".abc-124"
    for path in (left, recent):
        path.write_bytes(b"half")
    os.utime(left, (1, 1))
    Cache("github", folder=tmp_path).put(item(1), Server()(item(1)))
    assert (left.exists(), recent.exists()) == (False, True)


def test_clear_removes_this_collections_answers_only(tmp_path: Path) -> None:
    mine, theirs = Cache("a", account="x", folder=tmp_path), Cache("b", folder=tmp_path)
    for cache in (mine, theirs, Cache("a", account="y", folder=tmp_path)):
        cache.put(GET, Server()(GET))
    mine.clear()
    assert len(files(tmp_path)) == 1
    assert theirs.find(GET) is not None


# The previous answer.


def test_the_last_answer_is_kept_with_all_its_pages(cache: Cache, clock: Clock) -> None:
    assert cache.last(GET) == ()
    pages = [Server(content)(item(n)) for n, content in enumerate([b"[1]", b"[2]", b"[3]"])]
    assert cache.keep_last(GET, pages) == ""
    clock.now += 1e6
    last = cache.last(GET)
    assert [entry.content for entry in last] == [b"[1]", b"[2]", b"[3]"]
    assert cache.age(last[0]) == 1e6
    assert cache.find(GET) is None, "not an answer to be given instead of a call"
    cache.keep_last(GET, pages[:1])
    assert [entry.content for entry in cache.last(GET)] == [b"[1]"]


def test_a_last_answer_that_may_not_be_kept_is_none(cache: Cache) -> None:
    pages = [Server()(GET), Server(cache_control="no-store")(GET)]
    assert "no-store" in cache.keep_last(GET, pages)
    assert cache.last(GET) == ()
    assert cache.keep_last(GET, pages, despite_no_store=True) == ""


# Words.


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h", 3600),
        ("30m", 1800),
        ("2d", 172_800),
        ("45s", 45),
        ("1w", 604_800),
        ("1h30m", 5400),
        ("1 h 30 M", 5400),
        ("0.5h", 1800),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_a_time_is_read(text: str, seconds: float) -> None:
    assert parse_ttl(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "1y", "-1h", "1h!", "1e9h", "one hour", "1,5h", "٣h", "9999999d"])
def test_a_time_that_is_none_is_answered_by_how_to_write_it(text: str) -> None:
    with pytest.raises(UsageError, match="is no time: write a number and s, m, h, d or w"):
        parse_ttl(text)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_one_line(text: str) -> None:
    try:
        assert parse_ttl(text) >= 0
    except UsageError:
        return


def test_the_status_line_says_when() -> None:
    now = datetime(2024, 5, 3, 18, 0)
    stored = [datetime(2024, 5, 3, 12, 4), datetime(2024, 5, 1, 12, 4), datetime(2023, 12, 31, 9, 0)]
    assert [as_of(moment.timestamp(), now) for moment in stored] == ["12:04", "1 May 12:04", "31 Dec 2023 09:00"]


# A server nobody here wrote.


def test_httpbin_confirms_by_etag(httpbin: Httpbin, tmp_path: Path) -> None:
    clock = Clock()
    cache = Cache("httpbin", folder=tmp_path, clock=clock)
    request = httpx.Request("GET", f"{httpbin.url}/etag/v1")
    statuses: list[int] = []
    with httpx.Client(trust_env=False) as client:

        def send(asked: httpx.Request) -> httpx.Response:
            response = client.send(asked)
            statuses.append(response.status_code)
            return response

        first = cache.through(request, 60, send)
        clock.now += 61
        second = cache.through(request, 60, send)
        third = cache.through(request, 60, send)
    assert statuses == [200, 304]
    assert second.confirmed
    assert first.response.json() == second.response.json() == third.response.json()
