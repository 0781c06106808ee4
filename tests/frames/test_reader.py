"""Large answers are read by a learned shape: the table is the one that the generic reader makes, cell for cell."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apiconn_nb import frames
from apiconn_nb.frames import gathered, learned, reader, sketch
from tests.benchmarks.frames_records import KINDS, answer
from tests.frames.test_lossless import NUMBERS, OBJECTS, SCALARS, VALUES, flat, same

SHAPED = st.fixed_dictionaries(
    {"id": st.integers(0, 9)},
    optional={
        "n": NUMBERS | st.none(),
        "s": st.none() | st.text(max_size=3),
        "flag": st.none() | st.booleans(),
        "owner": st.none()
        | st.fixed_dictionaries({"login": st.text(max_size=3)}, optional={"age": NUMBERS, "more": OBJECTS}),
        "meta": st.dictionaries(st.sampled_from(["k", "l", 'q"']), SCALARS, max_size=2),
        "tags": st.lists(SCALARS, max_size=3),
        "any": VALUES,
    },
)


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "LARGE", 0)
    monkeypatch.setattr(sketch, "SAMPLE", 2)
    monkeypatch.setattr(learned, "OPENED", 0)
    monkeypatch.setattr(learned, "LEARN", 30)
    monkeypatch.setattr(learned, "SPREAD", 2)
    monkeypatch.setattr(reader, "PIECE", 50)


def generic(content: bytes, **options: Any) -> frames.Table:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathered, "LARGE", 2**62)
        return frames.to_frame(content, **options)


def assert_same(large: frames.Table, small: frames.Table) -> None:
    assert list(large.frame.columns) == list(small.frame.columns)
    assert large.frame.dtypes.to_dict() == small.frame.dtypes.to_dict()
    pd.testing.assert_frame_equal(large.frame, small.frame, check_exact=True)
    assert large.found == small.found
    assert set(large.notes) == set(small.notes)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SHAPED, min_size=3, max_size=9))
@example([{"a": {}}, {"a": {"b": 1}}, {"a": None}, {"a": {"b": None}}])
@example([{"a": {"b": 1}}, {"a": {"b": 1}}, {"a": {}}, {"a": {"c": 1}}])
@example([{"n": 1.5}, {"n": 1.5}, {"n": 2.5}, {"n": 2**53 + 1}])
@example([{"n": 1}, {"n": 1}, {"n": 2}, {"n": 2**64}, {"n": None}])
@example([{"n": 1}, {"n": 2}, {"n": 3}, {"n": "x"}, None, 7])
def test_the_table_is_the_generic_readers(records: list[dict[str, Any]]) -> None:
    content = json.dumps(records).encode()

    large, small = frames.to_frame(content), generic(content)

    assert set(large.frame.columns) == set(small.frame.columns)
    pd.testing.assert_frame_equal(large.frame[list(small.frame.columns)], small.frame, check_exact=True)
    assert large.found == small.found


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OBJECTS, min_size=3, max_size=8))
def test_every_cell_is_the_source_value(records: list[dict[str, Any]]) -> None:
    lines = "\n".join(map(json.dumps, records)).encode()
    frame = frames.to_frame(
        lines, content_type="application/x-ndjson", records="@", options=frames.FrameOptions(dates=False)
    ).frame

    for row, record in enumerate(records):
        wanted = dict(flat(record))
        for name in frame.columns:
            assert same(frame[name].array[row], wanted.get(name)), (name, row)


@pytest.mark.parametrize("kind", KINDS)
def test_records_of_real_apis(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = answer(kind, 300)
    small = generic(content)
    monkeypatch.setattr(reader, "PIECE", 2**16)

    assert_same(frames.to_frame(content), small)


def test_pages_share_the_shape() -> None:
    builder = frames.FrameBuilder()
    whole = answer("github", 30)
    records = json.loads(whole)
    for page in range(0, 30, 10):
        assert builder.add(json.dumps(records[page : page + 10]).encode()) == 10

    assert_same(builder.finish(), generic(whole))


@pytest.mark.parametrize(
    ("literal", "value"),
    [("1e-400", "1E-400"), ("1e400", "1E+400"), ("-1.5E-5000", "-1.5E-5000"), ("1E-0400", "1E-400")],
)
def test_a_number_beyond_doubles_is_kept(literal: str, value: str) -> None:
    content = (
        '[{"n": 1.5}, {"n": 0.0}, {"n": 2.5}, {"n": 0.5}, {"n": ' + literal + '}, {"n": [' + literal + "]}]"
    ).encode()

    frame = frames.to_frame(content).frame

    assert str(frame["n"][4]) == value
    assert [str(item) for item in frame["n"][5]] == [value]


@pytest.mark.parametrize("literal", ["1e-400", "-1e-400", "0." + "0" * 400 + "1"])
@pytest.mark.parametrize("record", ['{"n": [1, {"m": %s}]}', '{"n": {"m": %s}}', '{"n": %s}'])
def test_a_number_that_rounds_to_zero_is_kept_wherever_it_stands(literal: str, record: str) -> None:
    before = ",".join(record % number for number in ("1.5", "2.5", "0.5", "3.5"))
    content = f"[{before},{record % literal},{record % '0.0'},{record % literal}]".encode()

    frame = frames.to_frame(content, options=frames.FrameOptions(dates=False)).frame

    cells = frame.iloc[:, 0].tolist()
    numbers = [cell[1]["m"] if isinstance(cell, list) else cell for cell in cells]
    assert numbers[:4] == [1.5, 2.5, 0.5, 3.5]
    assert [str(number) for number in numbers[4:]] == [str(Decimal(literal)), "0.0", str(Decimal(literal))]


@pytest.mark.parametrize(
    "rest", ['{"o": {}}', '{"o": null}', "{}", '{"o": {"b": null}}', '{"o": {"b": {}}}', '{"o": 1}']
)
def test_an_object_that_may_be_empty_is_read_without_being_learned_again(
    rest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty, null, missing, and with a null in it are four different things, and the shape holds them all."""
    widened: list[int] = []
    learn = reader.Reader._widen
    monkeypatch.setattr(reader.Reader, "_widen", lambda self, rows: (widened.append(len(rows)), learn(self, rows))[1])
    monkeypatch.setattr(learned, "LEARN", 200)
    some = ['{"o": {"a": 1}}', '{"o": {}}', '{"o": {"b": {"c": "x"}}}', '{"o": null}', "{}", '{"o": {"b": {}}}']
    content = f"[{','.join([*some * 4, rest, *some])}]".encode()

    large = frames.to_frame(content)

    assert_same(large, generic(content))
    assert len(widened) == (2 if rest == '{"o": 1}' else 1)


def test_text_that_is_not_utf8_is_read_as_the_whole_answer_would_be() -> None:
    records = [b'{"n": "a"}'] * 5 + [b'{"n": "M\xfcller"}']
    table = frames.to_frame(b"[" + b",".join(records) + b"]")

    assert table.frame["n"].tolist() == ["a"] * 5 + ["Müller"]
    assert [note for note in table.notes if "Windows-1252" in note]
