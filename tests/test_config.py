"""The collection file: read and edited by people, written by us; nothing of theirs is lost, nothing half-saved."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb import config
from apiconn_nb.errors import ApiConnError, ConfigError, SecretError, UnknownNameError, UsageError
from apiconn_nb.live_collection import Collection
from apiconn_nb.settings import CollectionSettings, SavedCall

FILE = """\
# Ours: ask Ada before you change this.
[github]   # the code host
base_url = "https://api.github.com"
retries = 5

[github.auth]
# A personal token.
method = "key-in-header"
key_name = "Authorization"
key_prefix = "Bearer "
key = "env:GITHUB_TOKEN"          # a reference

[github.headers]                  # shared by all calls
Accept = "application/vnd.github+json"

[github.calls.issues]
request = "GET /repos/[owner]/[repo]/issues?state=[state]"   # newest first
pages = "all"
[github.calls.issues.params]
state = "open"   # not closed

[weather]
base_url = 'https://weather.example.org' # the other one
auth = { method = "key-in-url", key_name = "appid", key = "env:WEATHER" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "apiconn.toml"
    path.write_text(FILE)
    return path


def change(path: Path, name: str, **connection: Any) -> CollectionSettings:
    before = config.load(path)[name]
    return dataclasses.replace(before, connection={**before.connection, **connection})


# ── what people wrote stays ────────────────────────────────────────────────────────────────────────────────────────


def test_a_save_that_changes_nothing_changes_no_byte(file: Path) -> None:
    for name, each in config.load(file).items():
        config.save(file, each)
        assert file.read_text() == FILE, name


def test_one_value_changes_and_nothing_else(file: Path) -> None:
    config.save(file, change(file, "github", retries=2))
    assert file.read_text() == FILE.replace("retries = 5", "retries = 2")


def test_a_new_key_stands_in_its_table_and_comments_stay_where_they_are(file: Path) -> None:
    config.save(file, change(file, "github", call_timeout=30))
    text = file.read_text()
    for line in FILE.splitlines():
        assert line in text.splitlines()
    assert config.load(file)["github"].connection["call_timeout"] == 30
    assert config.load(file)["weather"] == config.loads(FILE, file)["weather"]


def test_a_call_is_added_and_taken_away_again(file: Path) -> None:
    before = config.load(file)["github"]
    saved = SavedCall('POST /x\n\n{"a": <a>}', params={"a": 1, "b": [1, 2]}, private=("b",), strict=True, pages="2")
    config.save(file, dataclasses.replace(before, calls={**before.calls, "new": saved}))
    assert config.load(file)["github"].calls["new"] == saved
    assert "# newest first" in file.read_text()
    config.save(file, before)
    assert config.load(file)["github"] == before


def test_a_new_collection_stands_after_the_others(file: Path) -> None:
    made = CollectionSettings("new", "basic", {"base_url": "https://x.example"}, {"username": "a"})
    config.save(file, made)
    text = file.read_text()
    assert text.startswith(FILE.rstrip("\n"))
    assert config.load(file)["new"] == made


def test_a_deleted_collection_takes_its_tables_and_no_others(file: Path) -> None:
    config.delete(file, "github")
    assert list(config.load(file)) == ["weather"]
    assert "# the other one" in file.read_text()
    config.delete(file, "no-such-name")


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_endings_and_unicode_stay(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "apiconn.toml"
    path.write_bytes('# Zoë 🔑\n[a]\nbase_url = "https://x.example"\nretries = 1\n'.replace("\n", ending).encode())
    config.save(path, change(path, "a", retries=2))
    lines = path.read_bytes().count(b"\n")
    assert path.read_bytes().count(b"\r\n") == (lines if ending == "\r\n" else 0)
    assert "Zoë 🔑".encode() in path.read_bytes()


def test_the_first_save_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "apiconn.toml"
    assert config.load(path) == {}
    config.save(path, CollectionSettings("a", connection={"base_url": "https://x.example"}))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert path.read_text().startswith("[a]\n")


# ── what does not hold is said with its line ───────────────────────────────────────────────────────────────────────

WRONG: list[tuple[str, type[ApiConnError], str]] = [
    ('[a]\nbase_ulr = "https://x.example"', UnknownNameError, "line 2: .*base_ulr.*did you mean base_url"),
    ('[a]\nbase_url = "api.example.org"', ConfigError, "line 2: Base URL.*begin with https://"),
    ('[a]\nbase_url = "http://api.example.org"', ConfigError, "line 2: .*not encrypted"),
    ("[a]\n\nretries = true", ConfigError, "line 3: Retries.*whole number"),
    ('[a]\nretries = "3"', ConfigError, "line 2: Retries.*whole number"),
    ("[a]\nbase_url = 1", ConfigError, "line 2: Base URL.*write text"),
    ('[a.auth]\nmethod = "basik"', UnknownNameError, "line 2: .*basik.*did you mean basic"),
    ('[a.auth]\n# x\nmethod = "basic"\nuser = "x"', UnknownNameError, "line 4: .*'user'.*username"),
    ('[a]\nauth = {method = "basic", password = "CANARY"}', SecretError, "line 2: Password: a secret never stands"),
    ('[a.auth]\nmethod = "key-in-header"\nkey = "CANARY-literal"', SecretError, "line 3: Private key"),
    ('[a.auth]\nmethod = "key-in-header"\n"key" = "CANARY"', SecretError, "line 3: Private key"),
    ('[a]\nauth.method = "basic"\nauth.password = "CANARY"', SecretError, "line 3: Password"),
    ('[a.headers]\nAuthorization = "CANARY"', SecretError, "line 2: .*Authorization.*looks like a credential"),
    ('[a]\nheaders = "x"', ConfigError, "line 2: Shared headers.*rows"),
    ("[a.headers]\nX = [1]", ConfigError, "line 2: Shared headers, row 'X'"),
    ('[a.calls.b]\nrecords = "x"', ConfigError, r"line 1: \[a.calls.b\] needs request"),
    ('[a.calls.b]\nrequest = "GET /"\npage = 1', UnknownNameError, "line 3: .*'page'.*pages"),
    ("[a.calls.b]\nrequest = 1", ConfigError, "line 2: request is text"),
    ('[a.calls]\nb = "GET /"', ConfigError, "line 2: 'b' is no table"),
    ('[a]\ncalls = "x"', ConfigError, "line 2: write each call as"),
    ("a = 1", ConfigError, "line 1: 'a' is no table"),
    ("[a]\nauth = 1", ConfigError, r"line 2: \[a.auth\] needs method"),
    ('["a b"]\nbase_url = "https://x.example"', ConfigError, "line 1: 'a b' is no collection name"),
    (
        '[a.calls.b]\nrequest = """GET /\n\n[a.headers]\nb = 1"""\npages = true',
        ConfigError,
        "line 6: pages is text",
    ),
    ('[a.calls.b]\nrequest = "GET /"\nuse_as = "both"', ConfigError, "line 3: use_as.*data.*action"),
    ('[a.calls.b]\nrequest = "GET /"\npages = "some"', ConfigError, "line 3: .*pages.*number.*all"),
    ('[a.calls.b]\nrequest = "FETCH /"', UsageError, "line 2: .*FETCH"),
    ("[a\n", ConfigError, "not TOML.*line 1"),
    ("[a]\nx = \n", ConfigError, "not TOML.*line 2"),
    ('[a]\nbase_url = "https://x.example"\n[a]\n', ConfigError, "not TOML"),
]


@pytest.mark.parametrize(("text", "kind", "words"), WRONG, ids=[each[2] for each in WRONG])
def test_what_does_not_hold_is_said_with_its_line(
    tmp_path: Path, text: str, kind: type[ApiConnError], words: str
) -> None:
    path = tmp_path / "apiconn.toml"
    path.write_text(text)
    with pytest.raises(ApiConnError, match=words) as caught:
        config.load(path)
    assert isinstance(caught.value, kind), type(caught.value)
    message = str(caught.value)
    assert message.startswith("apiconn.toml")
    assert "CANARY" not in message
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[a]\nx = '\xe9'"])
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "apiconn.toml").write_bytes(content)
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        config.load(tmp_path / "apiconn.toml")


def test_a_byte_order_mark_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "apiconn.toml").write_bytes(b"\xef\xbb\xbf" + FILE.encode())
    assert list(config.load(tmp_path / "apiconn.toml")) == ["github", "weather"]


@pytest.mark.parametrize("text", ["[broken\n", '[a]\nretries = "x"\n'])
def test_nothing_is_saved_into_a_file_that_does_not_hold(tmp_path: Path, text: str) -> None:
    path = tmp_path / "apiconn.toml"
    path.write_text(text)
    with pytest.raises(ApiConnError):
        config.save(path, CollectionSettings("b", connection={"base_url": "https://x.example"}))
    assert path.read_text() == text


@pytest.mark.parametrize(
    "wrong",
    [{"connection": {"base_url": "no url"}}, {"method": "basic", "auth": {"password": "CANARY"}},
     {"method": "none", "auth": {"x": 1}}, {"name": "a b"}],
)  # fmt: skip
def test_what_does_not_hold_is_not_saved(file: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ApiConnError):
        config.save(file, CollectionSettings(**{"name": "new", **wrong}))
    assert file.read_text() == FILE


# ── two at once ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_persons_edit_and_ours_are_both_kept(file: Path) -> None:
    before = config.load(file)["github"]
    file.write_text(FILE.replace('state = "open"', 'state = "closed"').replace("retries = 5", "retries = 9"))
    ours = dataclasses.replace(before, connection={**before.connection, "call_timeout": 30})
    config.save(file, ours, before)
    now = config.load(file)["github"]
    assert now.connection["retries"] == 9
    assert now.connection["call_timeout"] == 30
    assert now.calls["issues"].params == {"state": "closed"}
    assert "# Ours: ask Ada" in file.read_text()


def test_the_same_key_changed_by_both_is_refused_by_name(file: Path) -> None:
    before = config.load(file)["github"]
    theirs = FILE.replace("retries = 5", "retries = 9")
    file.write_text(theirs)
    with pytest.raises(ConfigError, match=r"github\.retries was changed in the file to 9 while it is 2 here"):
        config.save(file, change(file, "github", retries=2), before)
    assert file.read_text() == theirs


def test_what_both_took_away_or_changed_alike_is_no_quarrel(file: Path) -> None:
    before = config.load(file)["github"]
    file.write_text(FILE.replace("retries = 5\n", ""))
    connection = {name: value for name, value in before.connection.items() if name != "retries"}
    config.save(file, dataclasses.replace(before, connection=connection), before)
    assert "retries" not in config.load(file)["github"].connection


def test_a_key_that_one_took_away_and_the_other_left_is_gone(file: Path) -> None:
    before = config.load(file)["github"]
    file.write_text(FILE.replace("retries = 5\n", ""))
    config.save(file, dataclasses.replace(before, connection={**before.connection, "call_timeout": 3}), before)
    assert set(config.load(file)["github"].connection) == {"base_url", "headers", "call_timeout"}


@pytest.mark.parametrize("url", ["https://api.example.org/v1?api_key=CANARY-key", "https://api.example.org/v1#CANARY"])
@pytest.mark.parametrize("name", ["base_url", "dev_base_url"])
def test_a_base_url_has_no_query_of_its_own(tmp_path: Path, name: str, url: str) -> None:
    """Calls are written below it: `…?key=x` and `/users` would be one parameter, and a key a literal in the file."""
    (tmp_path / "apiconn.toml").write_text(f'[shop]\n{name} = "{url}"\n')
    with pytest.raises(ConfigError, match=r"below https://api.example.org/v1, so it has no query.*--query") as caught:
        config.load(tmp_path / "apiconn.toml")
    assert "CANARY" not in str(caught.value)
    with pytest.raises(ConfigError):
        Collection(CollectionSettings("shop", connection={"base_url": url}))
