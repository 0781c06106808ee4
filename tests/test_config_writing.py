"""Writing the collection file: whole or not at all, through links, beside others who write; and back again."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apiconn_nb import config
from apiconn_nb.errors import ConfigError
from apiconn_nb.file_comments import held, released
from apiconn_nb.settings import CollectionSettings, SavedCall

WRITER = """
import sys
from pathlib import Path
from apiconn_nb import config
from apiconn_nb.settings import CollectionSettings
path, name = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
url = "https://x.example/" + "x" * 20000
for number in range(int(sys.argv[3])):
    config.save(path, CollectionSettings(name, connection={"base_url": url, "retries": number}))
"""


def some(name: str = "a", **connection: Any) -> CollectionSettings:
    return CollectionSettings(name, connection={"base_url": "https://x.example", **connection})


def start(path: Path, name: str, times: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(times)], stdout=subprocess.PIPE, text=True,
        env=dict(os.environ),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "apiconn.toml"
    config.save(path, some("kept"))
    for attempt in range(5):
        process = start(path, "big", 100000)
        time.sleep(0.05 + 0.03 * attempt)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert "kept" in config.load(path)
        tomllib.loads(path.read_text())
    config.save(path, some("after"))
    assert {"kept", "after"} <= config.load(path).keys(), "a killed writer's lock holds nobody up"
    assert [each.name for each in tmp_path.iterdir()] == ["apiconn.toml"], "what it left behind is cleared away"


def test_a_change_of_type_alone_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "apiconn.toml"
    for value, written in ((1, "a = 1\n"), (True, "a = true\n"), (1.0, "a = 1.0\n"), ("1", 'a = "1"\n')):
        config.save(path, CollectionSettings("x", calls={"c": SavedCall("GET /", params={"a": value})}))
        assert written in path.read_text()


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "apiconn.toml"
    writers = [start(path, name, 15) for name in ("one", "two", "three")]
    assert [each.wait(60) for each in writers] == [0, 0, 0]
    for each in writers:
        each.communicate()
    assert {name: each.connection["retries"] for name, each in config.load(path).items()} == {
        "one": 14, "two": 14, "three": 14,
    }  # fmt: skip


def test_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "apis.toml", tmp_path / "apiconn.toml"
    target.write_text("# mine\n")
    link.symlink_to(target)
    config.save(link, some())
    assert link.is_symlink()
    assert target.read_text().startswith("# mine\n")
    assert config.load(target) == {"a": some()}


def test_a_link_to_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    link = tmp_path / "apiconn.toml"
    link.symlink_to(tmp_path / "later.toml")
    assert config.load(link) == {}
    config.save(link, some())
    assert (tmp_path / "later.toml").exists()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_mode_is_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "apiconn.toml"
    path.write_text("")
    path.chmod(mode)
    config.save(path, some())
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        config.save(tmp_path / "apiconn.toml", some())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "apiconn.toml").stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root no mode stops a write, so the refusal is what the system gives everybody else."""

    def refused(path: Path) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("apiconn_nb.config._create", refused)
    with pytest.raises(ConfigError, match=r"apiconn\.toml cannot be written: Permission denied\. Nothing was saved"):
        config.save(tmp_path / "apiconn.toml", some())
    assert not (tmp_path / "apiconn.toml").exists()


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        config.save(tmp_path / "none" / "apiconn.toml", some())


def test_a_folder_in_the_files_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "apiconn.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "apiconn.toml")


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "apiconn.toml"
    config.save(path, some())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        config.save(path, some(retries=9))
    assert config.load(path) == {"a": some()}
    assert [each.name for each in tmp_path.iterdir()] == ["apiconn.toml"]


# ── there and back ─────────────────────────────────────────────────────────────────────────────────────────────────

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
ONE_LINE = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)  # what a header may hold
LINES = st.lists(ONE_LINE, max_size=4).map("\n".join)
NAMES = st.from_regex(r"\A[a-zA-Z0-9_][a-zA-Z0-9_-]{0,20}\Z")
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT.filter(bool), inner, max_size=3),
    max_leaves=6,
)


def has_none(value: Any) -> bool:
    """TOML has no null."""
    if isinstance(value, dict):
        return any(map(has_none, value.values()))
    return any(map(has_none, value)) if isinstance(value, list) else value is None


PARAMS = st.dictionaries(TEXT.filter(bool), PLAIN.filter(lambda value: not has_none(value)), max_size=3)
CALLS = st.builds(
    SavedCall,
    request=st.tuples(st.sampled_from(["GET /", "POST /x?a=[a]"]), LINES).map("\n\n".join),
    records=TEXT, pages=st.sampled_from(["", "all", "3"]), use_as=st.sampled_from(["", "data", "action"]),
    params=PARAMS, private=st.lists(TEXT, max_size=2).map(tuple), columns=st.dictionaries(TEXT.filter(bool), TEXT),
    strict=st.booleans(), doc=LINES,
)  # fmt: skip
SETTINGS = st.builds(
    CollectionSettings,
    name=NAMES, method=st.just("none"),
    connection=st.fixed_dictionaries(
        {"base_url": st.just("https://x.example")},
        optional={
            "retries": st.integers(0, 9),
            "headers": st.dictionaries(st.from_regex(r"\AX-[a-z]{1,5}\Z"), ONE_LINE, min_size=1, max_size=2),
            "query": st.dictionaries(TEXT.map(lambda text: f"q{text}z"), TEXT, min_size=1, max_size=2),
        },
    ),
    calls=st.dictionaries(NAMES, CALLS, max_size=3),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(first=SETTINGS, second=SETTINGS)
def test_whatever_is_saved_is_loaded(tmp_path: Path, first: CollectionSettings, second: CollectionSettings) -> None:
    path = tmp_path / "apiconn.toml"
    path.unlink(missing_ok=True)
    config.save(path, first)
    config.save(path, second)
    expected = {first.name: first, second.name: second}
    assert config.load(path) == expected
    text = path.read_text()
    config.save(path, second)
    assert path.read_text() == text, "a second save changes nothing"
    assert json.dumps(tomllib.loads(text), default=str)


COMMENTED = '''# my collections

[a]
base_url = "https://a.example"  # where it begins
# how it knows me
[a.auth]  # the method
method = "none"

# the other one,
# in two lines
[b]
base_url = "https://b.example"
[b.auth]
method = "none"
[b.calls.x]
request = """POST /x

[
# no comment
[b]
]"""
# a note on the call

# the third
[c.auth]
method = "none"
# the end
'''


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("name", "change", "added"),
    [
        ("a", {"connection": {"environment": "live"}}, 'environment = "live"\n\n# how it knows me\n'),
        ("a", {"connection": {"headers": {"X": "1"}}}, '[a.headers]\nX = "1"\n\n# the other one,\n'),
        ("b", {"calls": {"y": SavedCall("GET /y")}}, 'request = "GET /y"\n\n# the third\n'),
        ("c", {"connection": {"base_url": "https://c.example"}}, '# the third\n[c]\nbase_url = "https://c.example"\n'),
    ],
)
def test_a_comment_stays_above_its_table(
    tmp_path: Path, name: str, change: dict[str, Any], added: str, end: str
) -> None:
    path = tmp_path / "apiconn.toml"
    path.write_bytes(COMMENTED.replace("\n", end).encode())
    before = config.load(path)[name]
    merged = {key: {**getattr(before, key), **value} for key, value in change.items()}
    config.save(path, dataclasses.replace(before, **merged))
    text = path.read_bytes().decode()
    # Whether a blank line stands between differs by tomlkit's release.
    assert re.sub(r"\n+", "\n", added) in re.sub(r"\n+", "\n", text.replace("\r", ""))
    comments = [line for line in COMMENTED.split("\n") if "#" in line]
    assert [line for line in text.split(end) if "#" in line] == comments
    assert "\ue000" not in text
    assert "\n" not in text.replace(end, "")


def test_a_deleted_table_takes_its_comments_along(tmp_path: Path) -> None:
    path = tmp_path / "apiconn.toml"
    path.write_text(COMMENTED)
    config.delete(path, "b")
    text = path.read_text()
    assert "# the third\n[c.auth]" in text
    assert "other one" not in text
    config.delete(path, "a")
    assert path.read_text().startswith("# my collections\n")


@given(
    st.lists(
        st.sampled_from(
            ["[a]", "[[a]]", "[a.b]", '["#]"]', "# c", "", "  # d", "k = 1", "k = [", "]", "[1],", 'k = """', '"""',
             "k = '''", "'''", "'", "#", "k = {a = [1]} # e", '"\\"', "\t", "\ue000"]
        ),
        max_size=12,
    )
)  # fmt: skip
@settings(deadline=None)
def test_comments_that_travel_come_back(lines: list[str]) -> None:
    for text in ("\n".join(lines), "\r\n".join(lines) + "\r\n"):
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        assert released(held(text)) == text
