"""What is kept on disk, written by a child process that is killed at each of its steps, or whose disk is full.

As a program: ``python -m tests.hardening.disk FOLDER`` forks one child for each step and says what each left, as JSON.
Forking from a process that has imported everything makes a step cost milliseconds.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from apiconn_nb import config
from apiconn_nb.auth.store import FileStore
from apiconn_nb.cache import Cache
from apiconn_nb.errors import ApiConnError
from apiconn_nb.recording.entry import FORMAT, Entry, RecordedRequest, RecordedResponse
from apiconn_nb.recording.library import Library
from apiconn_nb.settings import CollectionSettings, SavedCall

STEPS = ("open", "write", "fsync", "chmod", "fchmod", "replace", "rename", "unlink", "mkdir", "close", "utime")
OLD, NEW = "old" * 4000, "new" * 4000  # longer than one block, so that half of it can be written


class Kept:
    """One kind of file: how it is written, and what stands in it (None: it is torn)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str) -> None: ...

    def read(self) -> str | None: ...


class ConfigFile(Kept):
    """apiconn.toml."""

    @property
    def path(self) -> Path:
        return self.folder / "apiconn.toml"

    def write(self, text: str) -> None:
        config.save(self.path, CollectionSettings("shop", calls={"one": SavedCall("GET /x", doc=text)}))

    def read(self) -> str | None:
        try:
            return config.load(self.path)["shop"].calls["one"].doc
        except (ApiConnError, KeyError):
            return None


class Tokens(Kept):
    """The token file."""

    def write(self, text: str) -> None:
        FileStore(self.folder / "tokens.json").write("shop", {"access_token": text})

    def read(self) -> str | None:
        try:
            found = FileStore(self.folder / "tokens.json").read("shop")
        except ApiConnError:
            return None
        return found["access_token"] if found else None


class Recordings(Kept):
    """A recording."""

    def write(self, text: str) -> None:
        request, answer = RecordedRequest("GET", "https://example.org/x"), RecordedResponse(200, {}, text=[text])
        Library(self.folder / "recordings").keep(Entry(FORMAT, "shop", "live", "2024", ["k" * 32], request, answer))

    def read(self) -> str | None:
        try:
            (entry,) = Library(self.folder / "recordings").entries("shop").values()
        except (ApiConnError, ValueError):
            return None
        return "".join(entry.response.text)


class Answers(Kept):
    """A cached answer."""

    def request(self) -> httpx.Request:
        return httpx.Request("GET", "https://example.org/x")

    def write(self, text: str) -> None:
        note = self.cache().put(self.request(), httpx.Response(200, content=text.encode(), request=self.request()))
        if note:
            raise OSError(errno.EIO, note)

    def read(self) -> str | None:
        entry = self.cache().find(self.request())
        return entry.content.decode() if entry else None

    def cache(self) -> Cache:
        return Cache("shop", folder=self.folder / "cache")


KINDS: dict[str, type[Kept]] = {
    "config": ConfigFile, "tokens": Tokens, "recordings": Recordings, "cache": Answers
}  # fmt: skip


class Steps:
    """Counts the steps of `os` that change the disk, and does `act` before or after the one of number `at`."""

    def __init__(self, at: int, act: Callable[[], Any], *, after: bool) -> None:
        self.count = 0
        self._at = at
        self._act = act
        self._after = after
        for name in STEPS:
            setattr(os, name, self._step(getattr(os, name)))

    def _step(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            self.count += 1
            is_it = self.count == self._at
            if is_it and not self._after:
                self._act()
            result = real(*args, **options)
            if is_it and self._after:
                self._act()
            return result

        return step


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a child; its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        status = 0
        try:
            work()
        except ApiConnError as error:
            status = 3 if "\n" not in str(error) else 4
        except OSError:
            status = 5
        except BaseException:
            traceback.print_exc()
            status = 6
        os._exit(status)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def number_of_steps(kept: Kept) -> int:
    """How many steps it takes to write over what is there."""
    reader, writer = os.pipe()

    def work() -> None:
        real = os.write
        steps = Steps(-1, lambda: None, after=False)
        kept.write(NEW)
        real(writer, str(steps.count).encode())

    assert in_child(work) == 0
    os.close(writer)
    return int(os.read(reader, 20))


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def killed_at_each_step(kept: Kept) -> list[dict[str, Any]]:
    """What stands in the file after a kill at each step, and whether the next one can write."""
    kept.write(OLD)
    found = []
    for at in range(1, number_of_steps(kept) + 1):
        for after in (False, True):
            kept.write(OLD)

            def work(at: int = at, after: bool = after) -> None:
                Steps(at, kill, after=after)
                kept.write(NEW)

            status = in_child(work)
            left = kept.read()
            kept.write(OLD)
            names = [each.name for each in kept.folder.rglob("*") if each.is_file()]
            found.append({"at": at, "after": after, "status": status, "left": left and left[:3], "names": names,
                          "whole": left in (OLD, NEW), "again": kept.read() == OLD})  # fmt: skip
    return found


def full_at_each_step(kept: Kept) -> list[dict[str, Any]]:
    """The same with a full disk at each step; the writer says so in one line."""
    kept.write(OLD)
    found = []
    for at in range(1, number_of_steps(kept) + 1):

        def work(at: int = at) -> None:
            Steps(at, full, after=False)
            kept.write(NEW)

        status = in_child(work)
        left = kept.read()
        found.append({"at": at, "status": status, "whole": left in (OLD, NEW), "left": left and left[:3]})
        kept.write(OLD)
    return found


def beyond_the_limit(kept: Kept) -> list[dict[str, Any]]:
    """The kernel itself refuses to write more than a hundred bytes."""
    kept.write(OLD)

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        kept.write(NEW)

    return [{"status": in_child(work), "whole": kept.read() == OLD}]


def not_allowed(kept: Kept) -> list[dict[str, Any]]:
    """The folder belongs to somebody else and may only be read."""
    kept.write(OLD)
    kept.read()  # loads what another user may not load from where Python is installed

    def work() -> None:
        if os.getuid() == 0:
            for each in [kept.folder, *kept.folder.rglob("*")]:
                os.chmod(each, 0o755 if each.is_dir() else 0o644)
            os.environ["XDG_RUNTIME_DIR"] = "/tmp"
            os.setuid(65534)
        else:
            for each in kept.folder.rglob("*"):
                os.chmod(each, 0o500 if each.is_dir() else 0o400)
            os.chmod(kept.folder, 0o500)
        kept.write(NEW)

    status = in_child(work)
    for each in [kept.folder, *kept.folder.rglob("*")]:
        os.chmod(each, 0o700 if each.is_dir() else 0o600)
    return [{"status": status, "whole": kept.read() == OLD}]


TRIALS = {each.__name__: each for each in (killed_at_each_step, full_at_each_step, beyond_the_limit, not_allowed)}


def main(folder: str) -> None:
    """Every trial with every kind, as JSON: trial → kind → what each step left."""
    found: dict[str, dict[str, Any]] = {trial: {} for trial in TRIALS}
    for trial, make in TRIALS.items():
        for kind, kept in KINDS.items():
            place = Path(folder, trial, kind)
            place.mkdir(parents=True)
            found[trial][kind] = make(kept(place))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
