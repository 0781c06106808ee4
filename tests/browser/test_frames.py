"""What a person sees of frames in JupyterLab: status line, progress bar, growing events, child tables, what is kept."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any

from tests.echo import Answer, Arrived, Echo
from tests.raw import Connection, RawServer

ORDERS = [
    {
        "id": number,
        "customer": {"name": name, "city": city},
        "total": number * 12.5,
        "paid": number % 2 == 0,
        "created": f"2026-03-0{number}T09:30:00Z",
        "lines": [{"sku": f"A-{line}", "count": line} for line in range(1, number % 3 + 2)],
    }
    for number, (name, city) in enumerate([("Ada", "London"), ("Zoë", "Köln"), ("Grace", "New York")], 1)
]
SETUP = "%load_ext apiconn_nb\n%apiconn_auth shop none --base-url {url}"


def picture(page: Any, folder: Path, name: str) -> Path:
    """A screenshot, to be looked at."""
    file = folder / f"{name}.png"
    page.page.screenshot(path=file)
    return file


def slow(seconds: float) -> Any:
    def answer(arrived: Arrived) -> Answer | None:
        if not arrived.target.startswith("/items/"):
            return None
        time.sleep(seconds)
        number = int(arrived.target.rpartition("/")[2])
        return Answer(404, {"message": "no such item"}) if number % 25 == 7 else Answer(body={"id": number, "ok": True})

    return answer


def test_the_status_line_and_the_child_tables(lab: Any, echo: Echo, tmp_path: Path) -> None:
    echo.answer("/orders", Answer(body={"orders": ORDERS, "next": f"{echo.url}/orders?page=2", "total": 9}))
    page = lab.open(
        "frames.ipynb",
        SETUP.format(url=echo.url),
        "df = %apicall shop GET /orders\ndf",
        "df.api.tables",
        "df.api.tables['lines']",
        "df.api",
    )
    page.run_all()
    assert not page.errors()
    page.see(1, "3 rows × 7 columns from $.orders")
    page.see(1, "--pages all for the rest")
    page.see(1, "customer.city")
    page.see(2, "lines")
    page.see(3, "_parent_id")
    page.see(4, f"<GET {echo.url}/orders · from $.orders (3)>")
    line = page.cell(1).locator(".apiconn-line")
    table = page.cell(1).locator(".jp-RenderedHTML table")
    assert line.bounding_box()["y"] > table.bounding_box()["y"], "the line stands under the table"
    picture(page, tmp_path, "status-and-tables")


def test_a_sweep_shows_how_far_it_is(lab: Any, echo: Echo, tmp_path: Path) -> None:
    echo.rules.insert(0, slow(0.06))
    page = lab.open(
        "sweep.ipynb",
        SETUP.format(url=echo.url),
        "import pandas as pd\nrows = pd.DataFrame({'n': range(400)})",
        "df = %apicall shop --each rows --concurrency 6 GET /items/[n]\ndf.tail(3)",
        "df.api.failures.head(3)",
    )
    page.run_cell(0)
    page.run_cell(1)
    page.run_cell(2, wait=False)
    page.see(2, "400 calls, 6 at a time · about ")
    page.see(2, "failed=")
    picture(page, tmp_path, "sweep-under-way")
    page.wait_idle()
    page.run_cell(3)
    assert not page.errors()
    page.see(2, "400 calls (16 failed)")
    page.see(3, "no such item")
    assert "█" not in page.text(2)
    picture(page, tmp_path, "sweep-done")
    saved = page.save()
    assert "HBoxModel" not in str(saved["cells"][2]["outputs"]), "a bar that is gone leaves no empty widget"


def test_pages_that_were_interrupted_are_kept(lab: Any, echo: Echo, tmp_path: Path) -> None:
    stuck = threading.Event()

    def answer(arrived: Arrived) -> Answer:
        page = int(dict(arrived.query).get("page", "1"))
        if page == 4 and not stuck.is_set():
            stuck.set()
            time.sleep(6)
        return Answer(body={"items": [{"id": page}], "next": f"{echo.url}/list?page={page + 1}" if page < 6 else None})

    echo.answer("/list", answer)
    page = lab.open(
        "pages.ipynb", SETUP.format(url=echo.url), "%apicall shop --pages all GET /list", "%apicall --partial",
        "%apicall --resume",
    )  # fmt: skip
    page.run_cell(0)
    page.run_cell(1, wait=False)
    assert stuck.wait(20)
    page.interrupt()
    page.wait_idle()
    page.see(1, "Kept: 3 pages, 3 rows. %apicall --partial shows them, %apicall --resume goes on.")
    assert "Traceback" not in page.text(1)
    page.run_cell(2)
    page.see(2, "partial · GET")
    page.run_cell(3)
    page.see(3, "6 rows × 1 column")
    picture(page, tmp_path, "interrupted")


def test_events_grow_and_end_with_the_stop_button(lab: Any, raw: RawServer, tmp_path: Path) -> None:
    def ticks(each: Connection) -> None:
        each.read_request()
        each.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        number = 0
        while not each._server.stopped.is_set():
            each.send(b'event: tick\ndata: {"n": %d, "price": %d.5}\n\n' % (number, number % 7), pause=0.1)
            number += 1

    raw.script(ticks)
    page = lab.open("events.ipynb", SETUP.format(url=raw.url), "df = %apicall shop GET /ticks\nlen(df)")
    page.run_cell(0)
    page.run_cell(1, wait=False)
    page.see(1, "data.price")
    page.see(1, re.compile(r"([89]|\d\d) rows so far"))
    picture(page, tmp_path, "events-growing")
    page.interrupt()
    page.wait_idle()
    assert not page.errors()
    page.see(1, "ended by an interrupt")
    assert "rows so far" not in page.text(1)
    picture(page, tmp_path, "events-ended")
