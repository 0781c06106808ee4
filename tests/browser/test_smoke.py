"""Each front end opens a notebook, runs a cell, shows and saves its output, and proxies to the kernel's machine."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest


class Hello(http.server.BaseHTTPRequestHandler):
    """Answers every GET with the path it was asked for."""

    def do_GET(self) -> None:
        body = f"hello {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hello_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


CELLS = (
    "import ipywidgets as w, os\n6 * 7",
    "field, out = w.Text(description='Name:'), w.Label()\n"
    "button = w.Button(description='Greet')\n"
    "button.on_click(lambda _: setattr(out, 'value', 'Hello ' + field.value))\n"
    "w.VBox([field, button, out])",
    "1 / 0",
)


@pytest.mark.browser
@pytest.mark.parametrize("front_end", ["lab", "notebook7", "hub"])
def test_a_front_end_runs_cells(front_end: str, request: pytest.FixtureRequest, hello_port: int) -> None:
    bench: Any = request.getfixturevalue(front_end)
    page = bench.open("smoke.ipynb", *CELLS)
    page.run_cell(0)
    assert page.text(0) == "42"
    page.see(0, "42")
    assert page.kernel("os.getcwd()") == str(bench.folder)

    page.run_cell(1)
    page.fill("Name:", "Ada")
    page.click("Greet")
    page.see(1, "Hello Ada")

    page.run_cell(2)
    assert page.errors() == [(2, "ZeroDivisionError", "division by zero")]

    saved = page.save()
    assert saved["cells"][0]["outputs"][0]["data"]["text/plain"] == ["42"]

    proxied = bench.context.request.get(f"{bench.server.url}proxy/{hello_port}/over/there?code=1")
    assert proxied.text() == "hello /over/there?code=1"
    assert not [text for kind, text in bench.console if "jupyter-widgets" in text and kind == "error"]


def test_a_hub_gives_each_user_a_prefix(hub: Any) -> None:
    page = hub.open("where.ipynb", "import os")
    page.run_all()
    assert page.kernel("os.environ['JUPYTERHUB_SERVICE_PREFIX']") == "/user/ada/"
    assert hub.server.url.endswith("/user/ada/")


def test_pages_reach_loopback_only(lab: Any) -> None:
    page = lab.context.new_page()
    with pytest.raises(Exception, match=r"ERR_FAILED|ERR_NAME_NOT_RESOLVED|ERR_BLOCKED"):
        page.goto("https://example.org/")
    assert lab.blocked == ["https://example.org/"]
