"""Another kernel on the same token file: a process that calls when it is told to, and says what it got.

As a program: ``python -m tests.login.kernel``, with what to do as JSON on the first line of stdin, and one line more
for each call. With ``die`` it kills itself (SIGKILL) when a rotated token has been stored and has not been used.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

from apiconn_nb.auth.store import FileStore
from apiconn_nb.auth.tokens import Placement
from apiconn_nb.errors import ApiConnError
from apiconn_nb.live_collection import Collection
from apiconn_nb.settings import CollectionSettings

ROOT = Path(__file__).parents[2]


class Kernel:
    """The process, from the test's side."""

    def __init__(self, collection: Collection, token_file: Path, **more: Any) -> None:
        settings = collection.settings
        work = {
            "name": settings.name,
            "method": settings.method,
            "connection": dict(settings.connection),
            "auth": dict(settings.auth),
            "environment": collection.environment,
            "token_file": str(token_file),
            **more,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.login.kernel"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        self._say(json.dumps(work))
        assert self._hear() == "ready"

    def ask(self, path: str) -> None:
        """Have it call `path`."""
        self._say(path)

    def answer(self) -> str:
        """What came of the call: a status, or the error."""
        return self._hear()

    def end(self) -> int:
        """End it; its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def _say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def main() -> None:
    work = json.loads(sys.stdin.readline())
    collection = Collection(
        CollectionSettings(work["name"], work["method"], work["connection"], work["auth"]),
        environment=work["environment"],
        store=FileStore(Path(work["token_file"])),
    )
    if work.get("die"):
        _die_after_rotation(collection)
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            print(collection.send(f"GET {line.strip()}").status_code, flush=True)
        except ApiConnError as error:
            print(f"{type(error).__name__}: {error}", flush=True)


def _die_after_rotation(collection: Collection) -> None:
    before = collection.slot.token
    assert before is not None
    sign = Placement.sign

    def signing(self: Placement, request: Any, token: Any) -> Any:
        if token.access_token != before.access_token:
            _die()
        return sign(self, request, token)

    Placement.sign = signing  # type: ignore[method-assign]


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


if __name__ == "__main__":
    main()
