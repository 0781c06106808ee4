"""Several kernels share one token: one of them renews, and a kernel that dies in between loses nothing."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apiconn_nb.auth.slot import slot_key
from apiconn_nb.auth.store import FileStore
from apiconn_nb.errors import ConfigError
from apiconn_nb.live_collection import slot_of
from apiconn_nb.settings import CollectionSettings
from tests.auth.test_renewal import Provider, held
from tests.echo import Answer, Arrived, Echo

KERNEL = """
import json, os, sys, threading, time
from pathlib import Path
from apiconn_nb.auth.store import FileStore
from apiconn_nb.live_collection import Collection
from apiconn_nb.settings import CollectionSettings

given = json.loads(sys.argv[1])
settings = CollectionSettings("demo", given["method"], {"base_url": given["url"]}, given["auth"])
collection = Collection(settings, environment="live", store=FileStore(Path(given["store"])))
print("ready", flush=True)
sys.stdin.readline()
codes = []
def call():
    codes.append(collection.send("GET /items").status_code)
threads = [threading.Thread(target=call) for _ in range(given["threads"])]
[each.start() for each in threads]
[each.join() for each in threads]
print(json.dumps(codes), flush=True)
"""


@pytest.fixture
def provider(echo: Echo) -> Provider:
    return Provider(echo, delay=0.3)


@pytest.fixture
def settings(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> CollectionSettings:
    monkeypatch.setenv("APP_SECRET", "CANARY-app")
    url = provider.echo.url
    auth = {"client_id": "app", "client_secret": "env:APP_SECRET", "token_endpoint": f"{url}/token",
            "authorization_endpoint": f"{url}/authorize"}  # fmt: skip
    return CollectionSettings("demo", "oauth2-user-agent", {"base_url": url}, auth)


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def kernel(settings: CollectionSettings, tmp_path: Path) -> Iterator[Start]:
    """Starts a process with the collection of `settings`, whose tokens rest in ``tokens.json``; it waits for a line."""
    started: list[subprocess.Popen[str]] = []

    def start(threads: int = 8) -> subprocess.Popen[str]:
        given = {"method": settings.method, "url": settings.connection["base_url"], "auth": dict(settings.auth),
                 "store": str(tmp_path / "tokens.json"), "threads": threads}  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-c", KERNEL, json.dumps(given)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ},
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def result(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    found: list[int] = json.loads(process.stdout.readline())
    return found


def wait_for(condition: Callable[[], Any], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def stored(tmp_path: Path) -> dict[str, Any]:
    (record,) = json.loads((tmp_path / "tokens.json").read_text()).values()
    return dict(record)


def test_two_kernels_with_many_threads_make_one_refresh(
    kernel: Start, provider: Provider, settings: CollectionSettings, tmp_path: Path
) -> None:
    slot_of(settings, "live", FileStore(tmp_path / "tokens.json")).keep(held(provider))
    first, second = kernel(), kernel()
    go(first, second)
    assert result(first) == result(second) == [200] * 8
    assert (provider.asked, provider.reused) == (1, 0)
    assert stored(tmp_path)["refresh_token"] == f"CANARY-refresh-{provider.number}"


def test_a_kernel_sees_what_another_one_renewed(
    kernel: Start, provider: Provider, settings: CollectionSettings, tmp_path: Path
) -> None:
    slot = slot_of(settings, "live", FileStore(tmp_path / "tokens.json"))
    slot.keep(held(provider))
    other = kernel(threads=1)
    go(other)
    assert result(other) == [200]
    assert slot.token is not None
    assert slot.token.access_token.reveal() == f"CANARY-access-{provider.number}"
    slot.drop()
    assert json.loads((tmp_path / "tokens.json").read_text()) == {}


def test_a_kernel_killed_after_the_rotation_has_stored_it(
    kernel: Start, provider: Provider, settings: CollectionSettings, tmp_path: Path
) -> None:
    """The new refresh token is on the disk before the new access token is used: the call that carries it is held."""
    slot_of(settings, "live", FileStore(tmp_path / "tokens.json")).keep(held(provider))
    seen: list[str] = []

    def hold(arrived: Arrived) -> Answer:
        seen.append(stored(tmp_path)["refresh_token"])
        time.sleep(1)
        return Answer()

    provider.echo.answer("/items", hold)
    process = kernel(threads=1)
    go(process)
    wait_for(lambda: seen)
    os.kill(process.pid, signal.SIGKILL)
    assert seen == [f"CANARY-refresh-{provider.number}"]
    provider.echo.answer("/items", Answer())
    after = kernel(threads=1)
    go(after)
    assert result(after) == [200]
    assert (provider.asked, provider.reused) == (1, 0)


def test_a_kernel_killed_while_it_renews_holds_nobody_up(
    kernel: Start, provider: Provider, settings: CollectionSettings, tmp_path: Path
) -> None:
    slot_of(settings, "live", FileStore(tmp_path / "tokens.json")).keep(held(provider))
    provider.delay = 5
    process = kernel(threads=1)
    go(process)
    wait_for(lambda: provider.asked == 1)
    os.kill(process.pid, signal.SIGKILL)
    provider.delay = 0
    begun = time.monotonic()
    after = kernel(threads=1)
    go(after)
    assert result(after) == [200]
    assert time.monotonic() - begun < 5
    assert provider.reused == 0


# ── the file itself ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_file_is_private_and_a_wider_mode_is_repaired_and_said(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "folder" / "tokens.json")
    store.write("a", {"access_token": "CANARY-a"})
    path = tmp_path / "folder" / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    assert store.read("a") == {"access_token": "CANARY-a"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "its mode was 0644, now 0600" in store.where()
    assert [each.name for each in path.parent.iterdir()] == ["tokens.json"], "no temporary file is left"


@pytest.mark.parametrize("content", ["", "{", "\x00"])
def test_a_file_that_is_broken_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokens.json").write_text(content)
    with pytest.raises(ConfigError, match="move it away and sign in again"):
        FileStore(tmp_path / "tokens.json").read("a")


@pytest.mark.parametrize("content", ["[]", '{"a": 1}', '{"b": {}}', "null"])
def test_a_file_with_something_else_in_it_has_no_token(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokens.json").write_text(content)
    assert FileStore(tmp_path / "tokens.json").read("a") is None


def test_a_key_holds_no_secret_and_differs_by_client() -> None:
    keys = {slot_key("demo", env, {"client_id": each}) for env in ("live", "development") for each in ("a", "b")}
    assert len(keys) == 4
    assert all("client_id" not in key for key in keys)
