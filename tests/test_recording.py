"""Record a notebook's calls against the demo, then play them back with the demo gone and every credential unset."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apiconn_nb import recording, redaction, workspace
from apiconn_nb.demo import serve
from apiconn_nb.errors import ConfigError, NotRecorded
from apiconn_nb.live_collection import Collection
from apiconn_nb.recording import REPLAYED
from apiconn_nb.recording.entry import Entry, keys_of, request_of, response_of
from apiconn_nb.recording.masking import masked_json
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.canary import Canary
from tests.shell import NotebookShell


@pytest.fixture(autouse=True)
def _neither(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No mode before and after; every collection that the test opened is closed."""
    opened: list[Collection] = []
    begin = Collection.__init__

    def noted(self: Collection, *args: Any, **options: Any) -> None:
        opened.append(self)
        begin(self, *args, **options)

    monkeypatch.setattr(Collection, "__init__", noted)
    workspace.use("apiconn.toml")
    redaction._known.clear()  # another test's secret may be a word of our answers
    yield
    recording.use()
    for each in opened:
        each.close()


@pytest.fixture(scope="module")
def demo() -> Iterator[Any]:
    with serve() as api:
        yield api


def _collection(demo: Any, door: str, method: str, **auth: Any) -> Collection:
    return Collection(CollectionSettings("shop", method, {"base_url": f"{demo.url}/{door}"}, auth))


NOTEBOOK = (
    "%apiconn_auth shop key-in-header --base-url {url}/key-in-header --key-name X-Api-Key --key env:SHOP_KEY",
    "pages = %apicall shop GET /customers --pages 3",
    "one = %apicall shop GET /customers/7",
    "csv = %apicall shop GET /customers.csv",
    "picture = %apicall shop GET /customers/7/portrait.png --as bytes",
    "%apiconn_auth robot oauth2-client-credentials --base-url {url}/oauth2-client-credentials "
    "--client-id demo-service --client-secret env:ROBOT_SECRET --token-endpoint {url}/oauth/token",
    "events = %apicall robot GET /events?limit=40 --pages 2",
    "made = %apicall robot POST /echo --as json -p word=env:PRIVATE_WORD",
)
ECHO = '%%apicall robot --as json -o echoed -p word=env:PRIVATE_WORD\nPOST /echo\n\n{"word": <word>, "list": [1, 2]}'


def _run(shell: NotebookShell, url: str) -> dict[str, Any]:
    for line in NOTEBOOK[:-1]:
        shell.run(line.format(url=url))
    shell.run(ECHO)
    return {name: shell.user_ns[name] for name in ("pages", "one", "csv", "picture", "events", "echoed")}


def test_the_same_notebook_runs_without_network_and_credentials(
    magics: NotebookShell, monkeypatch: pytest.MonkeyPatch, canary: Canary, tmp_path: Path
) -> None:
    word = canary("word")
    with serve() as demo:
        monkeypatch.setenv("SHOP_KEY", canary.watch(demo.credentials.live.api_key))
        monkeypatch.setenv("ROBOT_SECRET", canary.watch(demo.credentials.live.service_client_secret))
        monkeypatch.setenv("PRIVATE_WORD", word)
        magics.run("%config ApiConn.record = 'recordings'")
        live = _run(magics, demo.url)
        assert "recorded in recordings" in magics.display_text()
        url = demo.url
    canary.assert_absent(tmp_path / "recordings")

    # The demo is gone, the variables too, and so is the collection file.
    for name in ("SHOP_KEY", "ROBOT_SECRET", "PRIVATE_WORD"):
        monkeypatch.delenv(name)
    Path("apiconn.toml").unlink()
    with pytest.raises(Exception, match=r"no connection|Connection refused|env:"):
        _run(magics, url)
    magics.displays.clear()
    magics.run("%config ApiConn.record = ''")
    magics.run("%config ApiConn.replay = 'recordings'")
    again = _run(magics, url)
    for name in ("pages", "one", "csv", "events"):
        pd.testing.assert_frame_equal(again[name], live[name])
    assert again["picture"] == live["picture"]
    assert again["echoed"]["json"]["list"] == [1, 2]
    assert again["echoed"]["json"]["word"] == redaction.MASK
    assert "replayed from recordings (recorded 20" in magics.display_text()


def test_an_api_at_another_address_replays_too(magics: NotebookShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo has a port of its own each time; next-page links in the answers lead to the old one."""
    with serve() as demo:
        recording.use(record="recordings")
        live = _collection(demo, "none", "none").get("/customers", pages=3)
    recording.use(replay="recordings")
    settings_ = CollectionSettings("shop", "none", {"base_url": "http://127.0.0.1:9/none"})
    pd.testing.assert_frame_equal(Collection(settings_).get("/customers", pages=3), live)


def test_what_was_not_recorded_names_the_nearest(demo: Any) -> None:
    collection = _collection(demo, "none", "none")
    recording.use(record="recordings")
    collection.send("GET /customers?country=DE")
    collection.send("GET /orders?limit=3")
    collection.send('POST /echo\n\n{"a": 1}')
    recording.use(replay="recordings")
    with pytest.raises(NotRecorded, match=r"customers\?country=FR is not recorded .* nearest .*customers\?country=DE"):
        collection.send("GET /customers?country=FR")
    with pytest.raises(NotRecorded, match="the same URL with another accept"):
        collection.send("GET /orders?limit=3\nAccept: text/csv")
    with pytest.raises(NotRecorded, match="the same URL with another body"):
        collection.send('POST /echo\n\n{"a": 2}')
    assert collection.send('POST /echo\n\n{"a":1}').json()["json"] == {"a": 1}  # spaces tell nothing apart
    other = Collection(CollectionSettings("other", "none", {"base_url": f"{demo.url}/none"}))
    with pytest.raises(NotRecorded, match="no recording of other; there is shop"):
        other.send("GET /customers")


def test_a_recorded_refusal_is_not_waited_for(demo: Any) -> None:
    collection = Collection(
        CollectionSettings("shop", "none", {"base_url": f"{demo.url}/none", "retries": 0}), environment="live"
    )
    recording.use(record="recordings")
    missing = collection.send("GET /customers/999999")
    recording.use(replay="recordings")
    assert collection.send("GET /customers/999999").status_code == missing.status_code == 404


def test_a_login_is_not_needed_in_a_replay(magics: NotebookShell, demo: Any) -> None:
    Path("recordings").mkdir()
    magics.run("%config ApiConn.replay = 'recordings'")
    magics.run(
        f"%apiconn_auth crm oauth2-user-agent --client-id demo-app --base-url {demo.url}/oauth2-user-agent "
        f"--authorization-endpoint {demo.url}/oauth/authorize --token-endpoint {demo.url}/oauth/token"
    )
    said = magics.run("%apiconn_auth crm --login --wait")
    assert "replay" in repr(said)
    with pytest.raises(NotRecorded):
        magics.run("%apicall crm GET /me")


def test_a_certificate_file_need_not_be_there_in_a_replay(demo: Any) -> None:
    Path("recordings").mkdir()
    recording.use(replay="recordings")
    auth = {"certificate": "file:gone.pem", "private_key": "file:gone.key"}
    collection = _collection(demo, "client-certificate", "client-certificate", **auth)
    with pytest.raises(NotRecorded):
        collection.send("GET /me")


def test_files_are_canonical_and_stay_when_nothing_changed(demo: Any) -> None:
    recording.use(record="recordings")
    collection = _collection(demo, "none", "none")
    collection.send("GET /customers/1")
    (file,) = Path("recordings/shop").iterdir()
    assert file.name.startswith("GET-none-customers-1-")
    assert file.suffix == ".json"
    before = file.read_text()
    document = json.loads(before)
    document["recorded"] = "2020-01-01T00:00:00+00:00"
    file.write_text(before.replace(json.loads(before)["recorded"], "2020-01-01T00:00:00+00:00"))
    collection.send("GET /customers/1")
    assert json.loads(file.read_text())["recorded"].startswith("2020"), "the same answer leaves the file as it is"
    assert document["response"]["json"]["id"] == 1
    assert "date" not in document["response"]["headers"]
    assert not list(Path("recordings/shop").glob(".*")), "no temporary file is left"


def test_settings_that_cannot_be_are_refused(magics: NotebookShell) -> None:
    """IPython prints what `%config` raises and goes on: so the next call says it again, and never goes out live."""
    magics.run("%apiconn_auth shop none --base-url http://127.0.0.1:9")
    magics.run("%config ApiConn.replay = 'nowhere'")
    with pytest.raises(ConfigError, match="no folder of recordings"):
        magics.run("%apicall shop GET /x")
    Path("recordings").mkdir()
    magics.run("%config ApiConn.replay = 'recordings'")
    magics.run("%config ApiConn.record = 'recordings'")
    with pytest.raises(ConfigError, match="both set"):
        magics.run("%apicall shop GET /x")


def test_the_environment_can_ask_for_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("recordings").mkdir()
    monkeypatch.setenv("APICONN_REPLAY", "recordings")
    monkeypatch.setattr("apiconn_nb.recording.mode._mode", None)
    assert recording.is_replaying()


def test_a_broken_file_is_named() -> None:
    Path("recordings/shop").mkdir(parents=True)
    Path("recordings/shop/x.json").write_text("{")
    recording.use(replay="recordings")
    collection = Collection(CollectionSettings("shop", "none", {"base_url": "https://api.example.org"}))
    with pytest.raises(ConfigError, match=r"shop/x\.json is no recording"):
        collection.send("GET /")


# ── what a recording holds ─────────────────────────────────────────────────────────────────────────────────────────


def _round(content: bytes, **headers: str) -> bytes:
    request = httpx.Request("GET", "https://api.example.org/x")
    entry = Entry(
        "recording 1", "c", "live", "2026-01-01", keys_of(request, "c", "live", ""), request_of(request),
        response_of(200, httpx.Headers(headers), content),
    )  # fmt: skip
    read = Entry.from_bytes(entry.to_bytes(), "x")
    return read.answer(request, "replayed", REPLAYED).content


@pytest.mark.parametrize(
    "text",
    [
        '{"big": 123456789012345678901234567890, "exact": 1.10, "tiny": 1E-400, "minus": -0}',
        '{"a": 1, "a": 2}',
        '["\\ud800", "\\u00e9", "é"]',
        '{"x": NaN}',
        "a,b\r\n1,2\r\n",
        "",
        "plain",
        '{"unfinished": ',
    ],
)
def test_every_digit_comes_back(text: str) -> None:
    came = _round(text.encode())
    assert "".join(came.decode().split()) == "".join(text.split())


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_come_back(content: bytes) -> None:
    if content.lstrip()[:1] not in (b"{", b"["):
        assert _round(content) == content


def test_secrets_are_masked_and_json_stays_json(canary: Canary) -> None:
    long, number, short = canary("long", awkward=True), "8273645182", "hun9"
    for value in (long, number, short):
        Secret(value)
    document = {
        "echo": f"Bearer {long}", "n": int(number), "short": short, "part": f"x{short}x", "refresh_token": "whatever",
        "next_page_token": "keep-me", "api_key": "another",
    }  # fmt: skip
    text = masked_json(json.dumps(document).encode()).decode()
    found = json.loads(text)
    canary.assert_absent(text)
    assert found["n"] == found["short"] == found["refresh_token"] == found["api_key"] == redaction.MASK
    assert found["next_page_token"] == "keep-me", "paging goes on"
    assert found["part"] == f"x{short}x", "a short secret is cut as a whole word alone"


def test_headers_of_the_answer(canary: Canary) -> None:
    secret = canary()
    Secret(secret)
    kept = response_of(
        200,
        httpx.Headers(
            {"Set-Cookie": f"s={secret}", "X-Auth-Token": secret, "Link": f'<https://a/?k={secret}>; rel="next"',
             "ETag": '"1"', "X-RateLimit-Remaining": "0", "Content-Type": "application/json"}
        ),
        b"{}",
    )  # fmt: skip
    canary.assert_absent(json.dumps(kept.headers))
    assert kept.headers["etag"] == '"1"'
    assert set(kept.headers) == {"x-auth-token", "link", "etag", "content-type"}
