"""Config, tokens, recordings and cache: never torn, whatever ends the writing, and nobody's write is lost."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb import config
from apiconn_nb.auth.locks import file_lock
from apiconn_nb.auth.store import FileStore
from apiconn_nb.demo import certificates
from apiconn_nb.errors import ConfigError
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.echo import Answer, Echo
from tests.hardening import evidence
from tests.hardening.disk import KINDS
from tests.login.kernel import ROOT
from tests.opened import Open
from tests.shell import NotebookShell

SAID, CACHE_SAID, KILLED, HAD_ENDED = 3, 5, -9, 0
WRITERS, WRITES = 4, 12


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What every trial left of every kind of file."""
    folder, runtime = tmp_path_factory.mktemp("disk"), tmp_path_factory.mktemp("run")
    runtime.chmod(0o700)
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.getuid() and each != Path("/"):
            each.chmod(each.stat().st_mode | 0o055)  # another user is to see the files, and not to write them
    done = subprocess.run(
        [sys.executable, "-m", "tests.hardening.disk", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_each_step(trials: Any, kind: str) -> None:
    steps = trials["killed_at_each_step"][kind]
    assert len(steps) >= 10
    assert {each["status"] for each in steps} <= {KILLED, HAD_ENDED}
    assert sum(each["status"] == KILLED for each in steps) >= 8
    assert all(each["whole"] for each in steps), [each for each in steps if not each["whole"]]
    assert all(each["again"] for each in steps), "a kill locks nobody out"
    assert {each["left"] for each in steps} == {"old", "new"}
    if kind in ("config", "tokens"):
        # What was half written is swept by the next one: there may be tokens in it.
        assert {name for each in steps for name in each["names"]} <= {"apiconn.toml", "tokens.json"}
    evidence.count("disk", kills=len(steps))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trial", ["full_at_each_step", "beyond_the_limit", "not_allowed"])
def test_a_disk_that_does_not_take_it(trials: Any, kind: str, trial: str) -> None:
    steps = trials[trial][kind]
    assert all(each["whole"] for each in steps), [each for each in steps if not each["whole"]]
    assert {each["status"] for each in steps} <= {SAID, CACHE_SAID if kind == "cache" else SAID, HAD_ENDED}
    assert any(each["status"] in (SAID, CACHE_SAID) for each in steps), "it is said"
    evidence.count("disk", refusals=len(steps))


def _write_tokens(folder: str, number: int) -> None:
    store = FileStore(Path(folder) / "tokens.json")
    for each in range(WRITES):
        store.write(f"{number}-{each}", {"access_token": "x" * 500})


def _write_config(folder: str, number: int) -> None:
    for each in range(WRITES):
        config.save(Path(folder) / "apiconn.toml", CollectionSettings(f"c{number}-{each}"))


@pytest.mark.parametrize("write", [_write_tokens, _write_config])
def test_several_processes_write_and_nothing_is_lost(tmp_path: Path, write: Any) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write, args=(str(tmp_path), number)) for number in range(WRITERS)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(60)
        assert each.exitcode == 0
    path = tmp_path / ("tokens.json" if write is _write_tokens else "apiconn.toml")
    kept = json.loads(path.read_text()) if write is _write_tokens else config.load(path)
    assert len(kept) == WRITERS * WRITES
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    evidence.count("disk", writes=WRITERS * WRITES)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def flock(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    store = FileStore(tmp_path / "tokens.json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # filelock says that it found none
        for each in range(3):
            store.write(f"k{each}", {"access_token": "x"})
            config.save(tmp_path / "apiconn.toml", CollectionSettings(f"c{each}"))
        assert len(json.loads((tmp_path / "tokens.json").read_text())) == 3
        assert len(config.load(tmp_path / "apiconn.toml")) == 3
        with file_lock("one"), pytest.raises(TimeoutError):
            file_lock("one").acquire(timeout=0.1)  # and it does keep others out
    evidence.count("disk", writes=6)


def test_a_runtime_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "apiconn_nb").write_text("in the way")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    with pytest.raises(ConfigError, match="XDG_RUNTIME_DIR") as caught:
        FileStore(tmp_path / "tokens.json").write("k", {})
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory are Linux's")
def test_a_clients_key_is_never_on_the_disk(tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ssl module takes a path: it leads to memory, where a kill leaves nothing behind."""
    client = certificates.make(tmp_path).client

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    settings = {"certificate": client.certificate, "private_key": Secret(client.private_key)}
    context = opened("https://127.0.0.1", "client-certificate", settings).tls_context()
    assert context.post_handshake_auth


def test_what_is_kept_for_oneself_is_for_oneself(
    magics: NotebookShell, echo: Echo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user of the machine sees no token, no cached answer, no lock; with the umask that most have."""
    monkeypatch.setenv("SECRET", "x" * 20)
    before = os.umask(0o022)
    try:
        magics.run(f"%config ApiConn.token_file = '{tmp_path / 'tokens' / 'tokens.json'}'")
        echo.answer("/token", Answer(body={"access_token": "t" * 20, "expires_in": 60}))
        magics.run(
            f"%apiconn_auth shop oauth2-client-credentials --base-url {echo.url} --client-id a "
            f"--client-secret env:SECRET --token-endpoint {echo.url}/token"
        )
        magics.run("%apicall shop GET /x --cache 1h")
        magics.run("%apicall shop GET /x --since last")
    finally:
        os.umask(before)
    kept = [tmp_path / "tokens", *(each for each in Path.home().rglob("apiconn_nb"))]
    found = [each for folder in kept for each in (folder, *folder.rglob("*"))]
    assert {each.name for each in kept} == {"tokens", "apiconn_nb"}
    assert len(found) >= 8
    for each in found:
        assert each.stat().st_mode & 0o777 == (0o700 if each.is_dir() else 0o600), each
    evidence.count("disk", refusals=1)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o666, 0o777])
def test_a_token_file_that_others_can_read_is_narrowed_and_said(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "tokens.json"
    FileStore(path).write("k", {"access_token": "x"})
    path.chmod(mode)
    store = FileStore(path)
    assert store.read("k") == {"access_token": "x"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"{mode:04o}" in store.where()
    evidence.count("disk", refusals=1)
