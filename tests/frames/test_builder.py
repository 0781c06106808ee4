"""Pages and streams become one table; what an answer holds beside its rows, and its bytes, are kept with it."""

from __future__ import annotations

import gc
import json
import os
import pickle
import subprocess
import sys
import weakref
from typing import Any

import pandas as pd
import pytest

from apiconn_nb import frames
from apiconn_nb.errors import FrameError
from apiconn_nb.frames import raw
from apiconn_nb.frames.accessor import Origin


def page(rows: list[Any], **beside: Any) -> bytes:
    return json.dumps({"items": rows, **beside}).encode()


def test_pages_are_one_table() -> None:
    builder = frames.FrameBuilder()
    counts = [
        builder.add(page([{"id": 1, "x": None}, {"id": 2}], errors=[])),
        builder.add(page([], errors=[])),
        builder.add(page([{"id": 3, "x": {"y": 1}, "new": "z"}], errors=[{"code": 1}])),
    ]
    table = builder.finish()

    assert counts == [2, 0, 1]
    assert table.frame["id"].tolist() == [1, 2, 3]
    assert list(table.frame.columns) == ["id", "x.y", "new"]
    assert table.found.explain() == "from $.items (3); also $.errors (1)"
    assert table.tables["$.errors"]["code"].tolist() == [1]
    assert table.notes == []


def test_types_are_of_all_pages() -> None:
    builder = frames.FrameBuilder()
    for value in (1, 2.5, None):
        builder.add(page([{"n": value, "m": value and int(value), "s": value and str(value)}]))
    frame = builder.finish().frame

    assert frames.pins_of(frame[["n", "m"]]) == {"n": "float64", "m": "Int64"}
    assert frame["n"].tolist()[:2] == [1.0, 2.5]


def test_an_integer_is_not_rounded_by_a_later_page() -> None:
    builder = frames.FrameBuilder()
    builder.add(page([{"n": 2**53 + 1}]))
    builder.add(page([{"n": 0.5}]))

    assert builder.finish().frame["n"].tolist() == [2**53 + 1, 0.5]


def test_mixed_pages_keep_their_values() -> None:
    builder = frames.FrameBuilder()
    for value in (1, "x", True, [1], None, {"y": 2}):
        builder.add(page([{"n": value}]))
    table = builder.finish()

    assert table.frame["n"].tolist() == [1, "x", True, [1], None, None]
    assert table.frame["n.y"].tolist()[5] == 2
    assert table.notes == ["mixed types, kept as they came: n (boolean, integer, list, text)"]


def test_a_page_that_fails_adds_nothing() -> None:
    builder = frames.FrameBuilder()
    builder.add(page([{"id": 1}]))
    with pytest.raises(FrameError):
        builder.add(b"<!doctype html><title>Sign in</title>", "text/html")
    with pytest.raises(FrameError):
        builder.add(b'{"items": [', "application/json")
    builder.add(page([{"id": 2}]))

    assert builder.rows == 2
    assert builder.finish().frame["id"].tolist() == [1, 2]


def test_rows_elsewhere_on_a_later_page_are_said() -> None:
    builder = frames.FrameBuilder()
    builder.add(page([{"id": 1}]))
    builder.add(b'{"other": [{"id": 2}]}')

    assert builder.finish().notes == ["rows of page 2 are from $.other, of the first from $.items"]


def test_a_path_must_hold_on_the_first_page_only() -> None:
    builder = frames.FrameBuilder(records="items")
    builder.add(page([{"id": 1}]))
    builder.add(b'{"message": "no more"}')
    table = builder.finish()

    assert table.frame["id"].tolist() == [1]
    assert table.notes == ["page 2 has nothing at $.items"]
    with pytest.raises(FrameError, match="matches nothing"):
        frames.FrameBuilder(records="items").add(b'{"message": "none"}')


# ── streams ──


@pytest.mark.parametrize("cut", [1, 2, 7, 1000])
def test_ndjson_is_read_as_it_comes(cut: int) -> None:
    records = [{"id": number, "text": "é\u2028" * number} for number in range(6)]
    stream = "\r\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()
    builder = frames.FrameBuilder()
    counts = [builder.feed(stream[start : start + cut]) for start in range(0, len(stream), cut)]
    table = builder.finish()

    assert table.frame.to_dict("records") == records
    assert sum(counts) == len(records) - 1  # the last line has no end
    assert table.raw.content == stream
    assert table.reshape(records="[?id > `3`]").frame["id"].tolist() == [4, 5]


def test_events_are_read_as_they_come() -> None:
    builder = frames.FrameBuilder()
    stream = b'data: {"n": 1}\n\nevent: end\r\ndata: {"n": 2}\r\n\r\ndata: {"n"'
    for start in range(0, len(stream), 5):
        builder.feed(stream[start : start + 5], "text/event-stream")
    table = builder.finish()

    assert table.frame["data.n"].tolist()[:2] == [1, 2]


# ── reshaping ──

ORDERS = [
    {
        "id": "a",
        "lines": [{"sku": 1, "taxes": [{"rate": 7}, {"rate": 19}]}, {"sku": 2, "taxes": []}],
        "tags": ["x", "y"],
    },
    {"id": "b", "lines": [], "tags": []},
    {"id": "c", "tags": ["z"]},
]


def orders(**options: Any) -> frames.Table:
    return frames.to_frame(json.dumps(ORDERS).encode(), options=frames.FrameOptions(**options))


def test_explode_makes_rows_of_a_list() -> None:
    frame = orders(explode="lines").frame

    assert frame["id"].tolist() == ["a", "a", "b", "c"]
    assert frame["lines.sku"].tolist()[:2] == [1, 2]
    assert frame["lines.sku"].isna().tolist() == [False, False, True, True]
    assert orders(explode="tags").frame["tags"].tolist()[:2] == ["x", "y"]


def test_explode_goes_through_lists_in_lists() -> None:
    frame = orders(explode="lines.taxes").frame

    assert frame["lines.taxes.rate"].dropna().tolist() == [7, 19]
    assert frame["lines.sku"].dropna().tolist() == [1, 1, 2]


def test_explode_that_finds_no_list_names_those_there_are() -> None:
    with pytest.raises(FrameError, match=r"--explode line names no list: there is lines, tags\."):
        orders(explode="line")


def test_wide_makes_numbered_columns() -> None:
    table = orders(wide=1)

    assert table.frame["tags"].tolist() == [["x", "y"], [], None]
    assert table.frame["tags.0"].tolist()[2] == "z"
    assert table.notes == ["2 lists of more than 1 elements stay lists"]
    assert orders(wide=2).frame["lines.0.taxes.1.rate"].tolist()[0] == 19


def test_reshape_needs_no_call() -> None:
    table = orders()

    assert table.reshape(explode="lines").frame["lines.sku"].dropna().tolist() == [1, 2]
    assert table.reshape(records="[].lines[]").frame["sku"].tolist() == [1, 2]
    assert table.reshape(wide=5).frame["tags.1"].tolist()[0] == "y"


def test_child_tables_have_their_parents_key_and_position() -> None:
    tables = orders().tables

    assert sorted(tables) == ["lines", "lines.taxes"]
    assert tables["lines"][["_parent_id", "_position", "sku"]].to_dict("list") == {
        "_parent_id": ["a", "a"],
        "_position": [0, 1],
        "sku": [1, 2],
    }
    assert tables["lines.taxes"][["_parent_row", "_position", "rate"]].to_numpy().tolist() == [[0, 0, 7], [0, 1, 19]]
    assert tables["lines"] is tables["lines"]
    assert "lines: 2 × 4" in repr(tables)
    with pytest.raises(KeyError):
        tables["line"]


def test_child_tables_without_a_key_have_the_row() -> None:
    table = frames.to_frame(b'[{"id": 1, "l": [{"a": 1}]}, {"id": 1, "l": [{"a": 2}, 7]}]')
    merged = table.frame.merge(table.tables["l"], left_index=True, right_on="_parent_row")

    assert merged["_parent_row"].tolist() == [0, 1, 1]
    assert merged["value"].tolist()[2] == 7


def test_child_columns_do_not_hide_the_childs_own() -> None:
    table = frames.to_frame(b'[{"id": 1, "l": [{"_position": 5, "_parent_id": 6}]}]')

    assert table.tables["l"].to_dict("records") == [
        {"__parent_id": 1, "__position": 0, "_position": 5, "_parent_id": 6},
    ]


# ── raw ──


def test_bytes_above_the_cap_go_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "LARGE", 100)
    kept = raw.Raw(keep=50)
    pages = [b"a" * 40, b"b" * 40, b"c" * 400, b""]
    for content in pages:
        kept.add(content, "text/x")
    kept.extend(b"dd")
    kept.extend(b"e" * 300)

    assert list(kept.pages()) == [(content, "text/x") for content in [*pages[:3], b"dd" + b"e" * 300]]
    assert repr(kept) == "<4 pages of raw answer, in part on disk>"
    assert list(pickle.loads(pickle.dumps(kept)).pages()) == list(kept.pages())


def test_bytes_that_cannot_be_kept_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(raw.tempfile, "TemporaryFile", full)
    kept = raw.Raw(keep=0)
    kept.add(b"x")

    assert kept.lost == "the answer's bytes could not all be kept (No space left on device)"
    with pytest.raises(FrameError, match="There is no raw answer"):
        list(kept.pages())


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the limit on memory is Linux's")
def test_a_full_memory_is_one_sentence_and_the_next_answer_a_table() -> None:
    """In a process of its own, with 60 MB left for a table that takes several times that."""
    script = """
import resource
from apiconn_nb.errors import FrameError
from apiconn_nb.frames import to_frame

large = b"[" + b",".join(b'{"id": %d, "name": "somebody %d", "tags": [1, 2]}' % (n, n) for n in range(500_000)) + b"]"
to_frame(large[: large.index(b"}", 2_000_000) + 1] + b"]")
with open("/proc/self/statm") as file:
    held = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 60_000_000, resource.RLIM_INFINITY))
try:
    print(to_frame(large).frame.shape)
except FrameError as error:
    print(error)
print(to_frame(b'[{"id": 1}, {"id": 2}]').frame.id.tolist())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    said, after = done.stdout.splitlines()
    assert said.startswith("The table does not fit into this machine's memory")
    assert (after, done.stderr) == ("[1, 2]", "")


# ── df.api ──


class Call:
    """What a collection knows, for these tests."""

    request = "GET https://api.example.org/orders?key=…"
    failures = pd.DataFrame()

    def __init__(self, table: frames.Table) -> None:
        self.table = table
        self.provenance: dict[str, Any] = {"request": self.request, "rows": "$"}
        self.again = lambda: Again()


class Again:
    """The same call again."""

    def frame(self) -> pd.DataFrame:
        return orders().frame


def attached() -> pd.DataFrame:
    table = orders()
    origin: Origin = Call(table)
    return frames.attach(table.frame, origin)


def test_the_frame_tells_where_it_came_from() -> None:
    frame = attached()

    assert frame.api.request == Call.request
    assert json.loads(frame.api.raw) == ORDERS
    assert frame.api.tables["lines"]["sku"].tolist() == [1, 2]
    assert frame.api.table(explode="lines")["lines.sku"].dropna().tolist() == [1, 2]
    assert frame.api.notes == []
    assert frame.api.failures.empty
    assert frame.api.refresh().equals(frame)
    assert repr(frame.api) == f"<{Call.request} · from $ (3)>"
    assert frame.attrs == {"apiconn": {"request": Call.request, "rows": "$"}}
    json.dumps(frame.attrs)


def test_the_answer_goes_with_its_frame() -> None:
    frame = attached()
    kept = weakref.ref(frame), weakref.ref(frames.answer_of(frame).table.raw)  # type: ignore[union-attr]
    assert frame.api.request
    derived = frame.head(1)
    gc.disable()
    try:
        del frame
        assert [reference() for reference in kept] == [None, None]  # at once, not with the next collection
    finally:
        gc.enable()
    with pytest.raises(FrameError, match="made from another"):
        derived.api.raw  # noqa: B018
    assert derived.attrs["apiconn"]["request"] == Call.request


def test_other_frames_have_no_answer() -> None:
    frame = pd.DataFrame({"a": [1]})

    assert frames.answer_of(frame) is None
    assert repr(frame.api) == "<no answer of a call>"
    with pytest.raises(FrameError, match="did not come from a call"):
        frame.api.raw  # noqa: B018


def test_a_pickled_frame_leaves_the_answer_behind() -> None:
    copy = pickle.loads(pickle.dumps(attached()))

    assert copy.attrs["apiconn"]["rows"] == "$"
    with pytest.raises(FrameError):
        copy.api.raw  # noqa: B018


def test_provenance_must_be_json() -> None:
    table = orders()
    call = Call(table)
    call.provenance = {"when": pd.Timestamp("2024-01-01")}
    with pytest.raises(TypeError):
        frames.attach(table.frame, call)


def test_importing_the_package_does_not_import_pandas() -> None:
    import subprocess
    import sys

    code = "import sys, apiconn_nb.frames as f; f.kind_of; f.FrameOptions; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
