"""Starting a server that somebody else wrote: free port, ready check, log, and an end that leaves nothing running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from tests.isolation import MACHINE_ENVIRON

READY_WITHIN = 60.0  # seconds


class StartError(RuntimeError):
    """A server ended, or did not answer in time; holds the end of its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def answers(url: str, status: int = 200, **options: object) -> Callable[[], bool]:
    """A ready check: whether a GET of `url` gets this status (a proxy answers 404 before what it stands for is up)."""

    def check() -> bool:
        try:
            with httpx.Client(trust_env=False, timeout=5, **options) as client:  # type: ignore[arg-type]
                return client.get(url).status_code == status
        except httpx.TransportError:
            return False

    return check


class Process:
    """A server process with a folder of its own, which is also its HOME."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._stop_within = 5.0

    def start(
        self,
        *command: str | Path,
        ready: Callable[[], bool],
        environ: Mapping[str, str] | None = None,
        stop_within: float = 5.0,
    ) -> None:
        """Run `command` in the folder and return when `ready` says so; `stop` will give it `stop_within` seconds.

        Raises:
            StartError: it ended, or was not ready within `READY_WITHIN` seconds.
        """
        self._stop_within = stop_within
        kept = {name: MACHINE_ENVIRON[name] for name in ("PATH", "LANG", "TMPDIR") if name in MACHINE_ENVIRON}
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.folder,
                env={**kept, "HOME": str(self.folder), "PYTHONUNBUFFERED": "1", **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own: workers end with it
            )
        deadline = time.monotonic() + READY_WITHIN
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StartError(f"{self.name} did not start:\n{self.log()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it and whatever it started."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(self._stop_within)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)

    def log(self) -> str:
        """What it printed so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""


class ThirdParty:
    """The servers of one test session; `fixtures.third_party` ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[Process] = []

    def process(self, name: str) -> Process:
        """A process not started yet, with a folder of its own, which ends with the session."""
        process = Process(name, self.folder / f"{len(self._started)}-{name}")
        self._started.append(process)
        return process

    def stop(self) -> None:
        """End every server, the newest first."""
        while self._started:
            self._started.pop().stop()
