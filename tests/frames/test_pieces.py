"""Where a long answer is cut is guessed from its beginning and proven by reading: wrong guesses change no table."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apiconn_nb import frames
from apiconn_nb.errors import FrameError
from apiconn_nb.frames import gathered, learned, opening, pieces, reader

LINE = {"id": 5, "sku": '},{"id":', "n": None}


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "LARGE", 0)
    monkeypatch.setattr(learned, "OPENED", 0)
    monkeypatch.setattr(learned, "LEARN", 60)
    monkeypatch.setattr(reader, "PIECE", 120)
    monkeypatch.setattr(opening, "_HEADS", (100, 400))


def generic(content: bytes, **options: Any) -> frames.Table:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathered, "LARGE", 2**62)
        return frames.to_frame(content, **options)


def opened(content: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[frames.Table, bool]:
    """The table, and whether it was made by cutting the answer as its beginning suggests."""
    seen: list[Any] = []
    read = learned.Learned._read_opened

    def watched(self: learned.Learned, content: bytes, start: int) -> Any:
        seen.append(None)
        made = read(self, content, start)
        seen.append(made)
        return made

    monkeypatch.setattr(learned.Learned, "_read_opened", watched)
    table = frames.to_frame(content)
    return table, seen[-1] is not None


def assert_same(table: frames.Table, wanted: frames.Table) -> None:
    assert table.found == wanted.found
    assert table.notes == wanted.notes
    assert list(table.tables) == list(wanted.tables)
    pd.testing.assert_frame_equal(table.frame, wanted.frame, check_exact=True)


RECORDS: list[dict[str, Any]] = [{"id": number, "name": f"n{number} {{", "lines": []} for number in range(40)]
NESTED: list[dict[str, Any]] = [{"id": number, "lines": [LINE] * (number % 4)} for number in range(40)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("separators", [None, (",", ":")])
@pytest.mark.parametrize(
    "document",
    [
        RECORDS,
        {"meta": {"page": 1, "é": "ü"}, "data": RECORDS, "links": {"next": None}},
        {"data": RECORDS, "included": [{"id": 900 + number, "type": "x"} for number in range(30)]},
        {"result": {"data": RECORDS, "more": [1, 2]}, "errors": []},
        [{"page": 1, "total": 40}, RECORDS],
    ],
    ids=["list", "envelope", "the same seam behind the list", "deep", "world bank"],
)
def test_the_beginning_says_how_to_cut(
    document: Any, indent: int | None, separators: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.dumps(document, indent=indent, separators=separators, ensure_ascii=False).encode()
    table, by_opening = opened(content, monkeypatch)

    assert by_opening
    assert len(table.frame) == len(RECORDS)
    assert_same(table, generic(content))


def test_seams_within_records_are_not_cut_at(monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps({"data": NESTED, "page": 1}, separators=(",", ":")).encode()

    assert_same(frames.to_frame(content), generic(content))
    monkeypatch.setattr(pieces, "_TRIES", 0)
    assert_same(frames.to_frame(content), generic(content))


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"errors": RECORDS, "data": NESTED}),
        json.dumps({"included": RECORDS, "data": RECORDS[:3]}),
        json.dumps({"data": RECORDS})[:-1] + ', "data": []}',
        json.dumps({"data": RECORDS})[:-1] + ', "data": [{"id": 1}]}',
        json.dumps({"id": 7, "name": "one record", "state": "open", "lines": RECORDS}),
        json.dumps({"data": RECORDS[:2], "rows": RECORDS}),
        json.dumps({str(number): record for number, record in enumerate(RECORDS)}),
    ],
    ids=["errors", "included", "twice", "twice, short", "record", "a short list first", "keyed"],
)
def test_rows_that_are_elsewhere_are_found_there(content: str) -> None:
    assert_same(frames.to_frame(content.encode()), generic(content.encode()))


@pytest.mark.parametrize("tail", ["", "}", "]]", "] x", ',{"id": 1}'])
def test_an_answer_that_is_cut_off_is_an_error(tail: str) -> None:
    with pytest.raises(FrameError, match="Not JSON"):
        frames.to_frame((json.dumps(RECORDS)[:-1] + tail).encode(), content_type="application/json")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": st.integers(0, 9)},
            optional={
                "lines": st.lists(st.fixed_dictionaries({"id": st.sampled_from([1, '},{"id":', "]", "{", "é"])}))
            },
        ),
        min_size=2,
        max_size=30,
    ),
    st.sampled_from([None, (",", ":")]),
)
def test_any_cut_gives_the_same_table(records: list[dict[str, Any]], separators: Any) -> None:
    content = json.dumps({"data": records, "more": [{"id": 1}]}, separators=separators, ensure_ascii=False).encode()

    table, wanted = frames.to_frame(content), generic(content)
    assert table.found == wanted.found
    assert set(table.frame.columns) == set(wanted.frame.columns)
    pd.testing.assert_frame_equal(table.frame[list(wanted.frame.columns)], wanted.frame, check_exact=True)


def test_a_number_that_would_round_to_nothing_is_kept_in_a_list_where_none_had_a_fraction() -> None:
    records = [{"id": number, "tags": [number, {"n": [1]}]} for number in range(40)]
    content = json.dumps(records).encode()[:-1] + b', {"id": 40, "tags": [{"n": [1e-400]}]}]'

    assert str(frames.to_frame(content).frame["tags"][40][0]["n"][0]) == "1E-400"


@pytest.mark.parametrize("heads", [(8,), (40, 2**20)])
def test_a_beginning_that_is_too_short_is_no_harm(heads: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps({"meta": {"note": "x" * 100}, "data": RECORDS}).encode()
    monkeypatch.setattr(opening, "_HEADS", heads)

    assert_same(frames.to_frame(content), generic(content))
