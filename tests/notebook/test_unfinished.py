"""``%apicall --partial`` and ``--resume`` in a notebook: what an error or Ctrl-C says, keeps and goes on with."""

from __future__ import annotations

import os
import signal
import threading

import pandas as pd
import pytest

from apiconn_nb.errors import StatusError, UsageError
from apiconn_nb.notebook.unfinished import Interrupted
from tests.calling.listing import listing, rows
from tests.echo import Answer, Echo
from tests.shell import NotebookShell


@pytest.fixture
def shop(magics: NotebookShell, echo: Echo) -> NotebookShell:
    magics.run(f"%apiconn_auth shop none --base-url {echo.url}")
    magics.displays.clear()
    return magics


def fails_once(page: int, time: int) -> Answer | None:
    return Answer(500) if page == 3 and time == 1 else None


def test_the_error_says_what_is_kept_and_how_to_go_on(shop: NotebookShell, echo: Echo) -> None:
    listing(echo, "/list", 4, fails_once)
    with pytest.raises(StatusError, match=r"500.*Kept: 2 of 4 pages, 6 rows\. %apicall --partial shows them"):
        shop.run("df = %apicall shop --pages all GET /list")
    assert "df" not in shop.user_ns
    partial = shop.run("%apicall --partial")
    assert list(partial["id"]) == rows(2)
    assert "partial · GET" in shop.display_text()
    whole = shop.run("df = %apicall --resume\ndf")
    assert list(whole["id"]) == rows(4)
    with pytest.raises(UsageError, match="Nothing is unfinished"):
        shop.run("%apicall --resume")


def test_out_gets_what_has_come(shop: NotebookShell, echo: Echo) -> None:
    listing(echo, "/list", 4, fails_once)
    with pytest.raises(StatusError, match="6 rows, in df"):
        shop.run("%apicall shop -o df --pages all GET /list")
    partial = shop.user_ns["df"]
    assert isinstance(partial, pd.DataFrame)
    assert list(partial["id"]) == rows(2)
    assert partial.attrs["apiconn"]["partial"] == "2 of 4 pages"
    assert shop.run("%apicall --resume -o df") is None
    assert list(shop.user_ns["df"]["id"]) == rows(4)
    assert "partial" not in shop.user_ns["df"].attrs["apiconn"]


def test_another_call_in_between_changes_nothing(shop: NotebookShell, echo: Echo) -> None:
    listing(echo, "/list", 4, fails_once)
    with pytest.raises(StatusError):
        shop.run("%apicall shop --pages all GET /list")
    shop.run("%apicall shop GET /anything")
    echo.answer("/broken", Answer(500))
    with pytest.raises(StatusError):  # a call that failed with nothing to keep does not take its place
        shop.run("%apicall shop GET /broken")
    assert list(shop.run("%apicall --resume")["id"]) == rows(4)


def test_an_interrupt_says_what_is_kept(shop: NotebookShell, echo: Echo) -> None:
    waiting = threading.Event()

    def trouble(page: int, time: int) -> None:
        if page == 3 and time == 1:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
            waiting.wait(3)

    listing(echo, "/list", 4, trouble)
    with pytest.raises(Interrupted, match=r"Kept: 2 of 4 pages, 6 rows\.") as caught:
        shop.run("%apicall shop --pages all GET /list")
    waiting.set()
    assert not isinstance(caught.value, Exception)
    assert caught.value._render_traceback_() == [f"\x1b[31mInterrupted\x1b[0m: {caught.value}"]
    assert list(shop.run("%apicall --resume")["id"]) == rows(4)


def test_nothing_to_resume_is_said(shop: NotebookShell) -> None:
    for cell in ("%apicall --resume", "%apicall --partial"):
        with pytest.raises(UsageError, match="Nothing is unfinished"):
            shop.run(cell)
