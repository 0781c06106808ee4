"""Answers that unfold or do not end: a frame or one clear error, in time, in little memory, and the process lives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.hardening import evidence
from tests.hardening.bombs import BOMBS, CAP, TIMEOUT
from tests.login.kernel import ROOT
from tests.needs import need

MEGABYTES = 450  # beyond what the process holds before; the cap is 20 MB, and a table takes several times its text
ROWS = {"five_thousand_columns", "a_name_for_every_row", "five_names_for_every_row", "lists_beside_lists",
        "a_line_of_fifteen_megabytes", "ten_thousand_deep", "a_workbook_that_says_it_is_large",
        "a_number_of_ten_million_digits"}  # fmt: skip
"""Those that may be a frame; all others must be refused."""
SHORT = ("gzip_200_megabytes_in_200_kilobytes", "brotli", "a_body_without_end", "ten_thousand_deep", "entities",
         "a_workbook_with_one_cell_far_away", "a_name_for_every_row", "a_gigabyte_of_rows")  # fmt: skip
CHOSEN = tuple(BOMBS) if evidence.LONG else SHORT

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the limit on memory is Linux's")


@pytest.fixture(scope="module")
def bombs() -> Iterator[str]:
    """A server that answers with each bomb at the path of its name."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self.path.strip("/")
            kind, coding, pieces = BOMBS[name]() if name in BOMBS else ("application/json", "", [b'[{"id": 1}]'])
            self.send_response(200)
            self.send_header("Content-Type", kind)
            if coding:
                self.send_header("Content-Encoding", coding)
            self.send_header("Connection", "close")
            self.end_headers()
            for piece in pieces:
                self.wfile.write(piece)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # a client that had enough

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.timeout(300)
def test_each_bomb_is_a_frame_or_one_clear_error(bombs: str) -> None:
    need("pyarrow")
    need("openpyxl")
    done = subprocess.run(
        [sys.executable, "-m", "tests.hardening.bombs", bombs, str(MEGABYTES), *CHOSEN],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-600:] + done.stderr[-1500:]
    became = {each["bomb"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert set(became) == set(CHOSEN)
    for name, each in became.items():
        assert each["took"] < TIMEOUT + 8, each
        assert isinstance(each["became"], str) or name in ROWS, each
        assert len(str(each["became"])) < 500, each
        assert "\n" not in str(each["became"]), each
    assert sum("cap" in str(each["became"]) for each in became.values()) >= 2, f"the cap of {CAP:,} bytes is not kept"
    evidence.count("bombs", survived=len(CHOSEN))
