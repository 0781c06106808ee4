"""``--since last``: what is new, changed and gone since the last such call, compared by key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from apiconn_nb.cache import cache_folder
from apiconn_nb.calling import run
from apiconn_nb.errors import FrameError, UsageError
from apiconn_nb.outcome import Outcome
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import SavedCall
from tests.calling.listing import listing
from tests.canary import Canary
from tests.echo import Answer, Echo
from tests.opened import Open
from tests.shell import NotebookShell

BEFORE = [{"id": 1, "name": "a", "tags": ["x"]}, {"id": 2, "name": "b", "tags": []}, {"id": 3, "name": "c", "tags": []}]
NOW = [{"id": 2, "name": "b", "tags": []}, {"id": 3, "name": "C", "tags": ["y"]}, {"id": 4, "name": "d", "tags": []}]


def since(collection: Any, text: str = "GET /x", **options: Any) -> Outcome:
    return run(collection, parse(text), since="last", **options)


def test_the_rows_that_differ_are_marked(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(body=BEFORE), Answer(body=NOW))
    first = since(opened(echo.url))
    assert list(first.frame()["change"]) == ["+"] * 3
    assert "There is no previous answer of this call yet: every row is new." in first.notes
    outcome = since(opened(echo.url))  # in another kernel
    frame = outcome.frame()
    assert list(zip(frame["change"], frame["id"], strict=True)) == [("~", 3), ("+", 4), ("−", 1)]
    assert frame["changed"].tolist() == [["name", "tags"], [], []]
    assert "+1 new ~1 changed −1 gone (by id) since " in outcome.status()
    assert "3 rows × 3 columns from $" in outcome.status()
    assert frame.attrs["apiconn"]["changes"] == "+1 new ~1 changed −1 gone (by id)"
    assert list(frame.api.table()["id"]) == [2, 3, 4], "the whole answer is there"


def test_nothing_new(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(body=BEFORE))
    since(opened(echo.url))
    outcome = since(opened(echo.url))
    assert outcome.frame().empty
    assert list(outcome.frame().columns) == ["change", "changed", "id", "name", "tags"]
    assert "+0 new ~0 changed −0 gone" in outcome.status()


def test_a_key_of_several_columns(echo: Echo, opened: Open) -> None:
    day = [{"city": "A", "day": 1, "t": 3}, {"city": "B", "day": 1, "t": 4}]
    echo.answer("/x", Answer(body=day), Answer(body=[*day, {"city": "A", "day": 2, "t": 3}]))
    collection = opened(echo.url, calls={"weather": SavedCall("GET /x", key=("city", "day"))})
    saved = collection.saved("weather")
    for expected in (2, 1):
        outcome = run(collection, parse(saved.request), saved=saved, since="last")
        assert list(outcome.frame()["change"]) == ["+"] * expected
    assert "(by city, day)" in outcome.status()


def test_no_key_is_said_with_the_way_out(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(body=[{"t": 3}, {"t": 3}]))
    with pytest.raises(FrameError, match=r"No column tells the rows apart.*there is t\. \(--key COLUMN,…\)"):
        since(opened(echo.url))
    with pytest.raises(FrameError, match="--key"):
        since(opened(echo.url), key=("nothing",))


def test_all_pages_are_compared_and_one_page_is_another_answer(echo: Echo, opened: Open) -> None:
    listing(echo, "/list", 3)
    collection = opened(echo.url)
    assert len(since(collection, "GET /list", pages="all").frame()) == 9
    assert len(since(collection, "GET /list").frame()) == 3, "the first page alone was not asked for before"
    assert since(collection, "GET /list", pages="all").frame().empty
    assert since(collection, "GET /list").frame().empty


def test_an_answer_that_failed_half_way_is_not_the_next_ones_past(echo: Echo, opened: Open) -> None:
    listing(echo, "/list", 3, lambda page, time: Answer(500) if page == 2 and time == 2 else None)
    collection = opened(echo.url)
    since(collection, "GET /list", pages="all")
    with pytest.raises(Exception, match="500"):
        since(collection, "GET /list", pages="all")
    assert since(collection, "GET /list", pages="all").frame().empty


def test_it_asks_also_where_an_answer_is_cached(echo: Echo, opened: Open) -> None:
    echo.answer("/x", Answer(body=BEFORE), Answer(body=NOW))
    collection = opened(echo.url)
    since(collection, cache="1h")
    assert list(since(collection, cache="1h").frame()["change"]) == ["~", "+", "−"]


def test_each_account_has_a_past_of_its_own(echo: Echo, opened: Open, canary: Canary) -> None:
    echo.answer("/x", lambda arrived: Answer(body=[{"id": arrived.headers["X-Key"][-3:], "v": 1}]))
    for name in ("a", "b"):
        auth = {"key_name": "X-Key", "key": Secret(canary(name))}
        assert list(since(opened(echo.url, "key-in-header", auth)).frame()["change"]) == ["+"]
    canary.assert_absent(cache_folder())


def test_actions_are_refused(echo: Echo, opened: Open) -> None:
    with pytest.raises(UsageError, match="--since is for data calls"):
        since(opened(echo.url), "DELETE /x")
    with pytest.raises(UsageError, match="--since takes last"):
        run(opened(echo.url), parse("GET /x"), since="yesterday")


def test_in_a_notebook(magics: NotebookShell, echo: Echo) -> None:
    echo.answer("/x", Answer(body=BEFORE), Answer(body=NOW))
    magics.run(f"%apiconn_auth shop none --base-url {echo.url}")
    magics.run("%apicall shop --key id,name --since last GET /x")
    frame = magics.run("%apicall shop --key id,name --since last GET /x")
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["change"]) == ["+", "+", "−", "−"]
    assert "(by id, name) since " in magics.display_text()
    magics.run("%apicall shop --key id --cache 2h --save list GET /x")
    text = Path("apiconn.toml").read_text()
    assert 'cache = "2h"' in text
    assert 'key = ["id"]' in text
    magics.run("%apicall shop.list")
    magics.run("%apicall shop.list --fresh")
