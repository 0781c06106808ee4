"""Every kind of answer: told by its type, by looking when that lies, and refused in one line when it is no table."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pytest

from apiconn_nb import frames
from apiconn_nb.errors import FrameError
from tests.conftest import need

TEXT = pd.Series(["text"]).dtype
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize(
    ("content", "content_type", "kind"),
    [
        (b'{"a": 1}', "application/json", "json"),
        (b'{"a": 1}', "application/vnd.github+json; charset=utf-8", "json"),
        (b'{"a": 1}', "text/plain", "json"),
        (b'{"a": 1}', "text/html", "json"),
        (b'{"error": "x"}', "text/csv", "json"),
        (b' \n[{"a": 1}]', "", "json"),
        (b"\xef\xbb\xbf[1]", "", "json"),
        (b"42", "application/octet-stream", "json"),
        (b'{"a": 1}\n{"a": 2}\n', "application/json", "ndjson"),
        (b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson", "ndjson"),
        (b'{"a":\n {"b": 1}}', "application/json", "json"),
        (b'[{"a": 1},\n{"a": 2}]', "application/json", "json"),
        (b"a,b\n1,2\n", "text/csv; header=present", "csv"),
        (b"a,b\n1,2\n", "text/plain", "csv"),
        (b"a\tb\n1\t2\n", "", "tsv"),
        (b"{curly},b\n1,2\n", "text/csv", "csv"),
        (b"<?xml version='1.0'?><a/>", "application/json", "xml"),
        (b"<feed/>", "application/atom+xml", "xml"),
        (b"<!DOCTYPE html><html></html>", "application/json", "html"),
        (b"  <html><body>Sign in</body></html>", "", "html"),
        (b"PAR1xxxxPAR1", "application/octet-stream", "parquet"),
        (b"ARROW1\x00\x00", "", "arrow"),
        (b"\x89PNG\r\n\x1a\n", "application/json", "image"),
        (b"\x00\x01\x02\x03\xff", "", "binary"),
        (b"\x14&\xff\x01g", "application/octet-stream", "binary"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "application/pdf", "binary"),
        (b"%PDF-1.4\n1 0 obj", "application/pdf", "binary"),
        (b"ID3\x03\xff\xfb", "audio/mpeg", "binary"),
        (b"PK\x03\x04\x14archive", "application/zip", "binary"),
        (b"Gr\xfc\xdfe", "text/plain", "text"),
        (b"Gr\xfc\xdfe", "", "text"),
        ("Grüße".encode(), "application/octet-stream", "text"),
        ("Grüße".encode("utf-16"), "application/octet-stream", "text"),
        (b"\x1b[31mred\x1b[0m", "text/plain", "text"),
        (b"Hello, world", "text/plain", "text"),
        (b"", "application/json", "empty"),
        (b"\r\n", "", "empty"),
        (b"data: x\n\n", "text/event-stream", "events"),
    ],
)
def test_what_an_answer_is(content: bytes, content_type: str, kind: str) -> None:
    assert frames.kind_of(content, content_type) == kind


# ── CSV ──


def csv(text: str | bytes, content_type: str = "text/csv", **options: Any) -> pd.DataFrame:
    content = text if isinstance(text, bytes) else text.encode()
    return frames.to_frame(content, content_type=content_type, options=frames.FrameOptions(**options)).frame


def test_csv_columns_are_typed_only_where_every_cell_is_plain() -> None:
    frame = csv(
        "id,code,price,gap,ok,at,big,zone,empty\n"
        "1,007,1.50,1,true,2024-01-31T10:00:00Z,9007199254740993,NA,\n"
        '2,7,-2e3,,false,2024-02-01T10:00:00Z,18446744073709551616,"None",\n'
    )

    assert frames.pins_of(frame) == {
        "id": "int64",
        "code": str(TEXT),
        "price": "float64",
        "gap": "Int64",
        "ok": "bool",
        "at": "datetime64[ns, UTC]",
        "big": "object",
        "zone": str(TEXT),
        "empty": "object",
    }
    assert frame["code"].tolist() == ["007", "7"]
    assert frame["big"].tolist() == [2**53 + 1, 2**64]
    assert frame["zone"].tolist() == ["NA", "None"]


@pytest.mark.parametrize(
    "cell", ["+1", "1,5", "1 000", "0x10", "1_000", "NaN", "inf", "1e400", "1e-400", ".5", "5.", "٣", "01.5"]
)
def test_what_is_no_plain_number_stays_text(cell: str) -> None:
    frame = csv(f'n;m\n"{cell}";1\n2;2\n')

    assert frame["n"].tolist() == [cell, "2"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_told_by_looking(separator: str) -> None:
    text = "\n".join(
        separator.join(row) for row in (["a", "b"], ["1", "x, y" if separator != "," else "x"], ["2", "z"])
    )

    assert list(csv(text).columns) == ["a", "b"]
    assert csv(text)["a"].tolist() == [1, 2]


def test_csv_quotes_line_breaks_and_encodings() -> None:
    frame = csv('name,note\r\n"Müller, ""A""","two\nlines"\r\n'.encode("cp1252"))

    assert frame.to_dict("records") == [{"name": 'Müller, "A"', "note": "two\nlines"}]
    assert csv("a,a,b.c\n1,2,3\n").shape == (1, 3)
    assert csv("1,2\n3,4\n", "text/csv; header=absent").shape == (2, 2)
    assert csv("a,b\n").shape == (0, 2)


def test_csv_rows_that_do_not_fit_are_said_with_their_line() -> None:
    with pytest.raises(FrameError, match=r"^Not a table of equally long rows: .*line 3"):
        csv("a,b\n1,2\n1,2,3,4\n")


def test_csv_pages_are_typed_together() -> None:
    builder = frames.FrameBuilder()
    assert [builder.add(page, "text/csv") for page in (b"id,code\n1,7\n", b"id,code\n2,007\n")] == [1, 1]

    assert builder.finish().frame.to_dict("list") == {"id": [1, 2], "code": ["7", "007"]}


def test_pages_of_different_kinds_are_no_one_table() -> None:
    builder = frames.FrameBuilder()
    builder.add(b"a,b\n1,2\n", "text/csv")
    with pytest.raises(FrameError, match="This page is json, the ones before it were csv"):
        builder.add(b'[{"a": 1}]')

    assert builder.finish().frame.shape == (1, 2)


# ── XML ──

FEED = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<r:feed xmlns:r="urn:r" version="2"><!-- c --><title>Caf\xe9</title>
 <entry id="1"><name>A</name><size unit="cm">12</size><tag>x</tag><tag>y</tag></entry>
 <entry id="2"><name>B</name><size unit="cm">7</size><empty/></entry>
</r:feed>"""


def test_xml_becomes_rows() -> None:
    need("defusedxml", "pip install 'apiconn_nb[xml]'")
    table = frames.to_frame(FEED, content_type="application/xml")

    assert table.found.explain() == "from $.feed.entry (2)"
    assert table.frame[["@id", "name", "size.@unit", "size.#text"]].to_dict("list") == {
        "@id": [1, 2],
        "name": ["A", "B"],
        "size.@unit": ["cm", "cm"],
        "size.#text": [12, 7],
    }
    assert table.frame["tag"][0] == ["x", "y"]


def test_one_xml_element_in_a_list_is_one_row() -> None:
    need("defusedxml", "pip install 'apiconn_nb[xml]'")
    content = b"<result><orders><order><id>1</id><total>2</total></order></orders></result>"

    assert len(frames.to_frame(content, records="result.orders.order").frame) == 1


@pytest.mark.parametrize(
    "attack",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]><x/>',
    ],
)
def test_xml_entities_are_not_read(attack: bytes) -> None:
    need("defusedxml", "pip install 'apiconn_nb[xml]'")
    with pytest.raises(FrameError, match="XML with entities of its own is not read"):
        frames.to_frame(b"<?xml version='1.0'?>" + attack, content_type="text/xml")


def test_broken_xml_is_said_with_its_place() -> None:
    need("defusedxml", "pip install 'apiconn_nb[xml]'")
    with pytest.raises(FrameError, match=r"^Not XML: .*line 1"):
        frames.to_frame(b"<a><b></a>", content_type="text/xml")
    with pytest.raises(FrameError, match=r"Nested deeper|Not XML"):
        frames.to_frame(b"<a>" * 5000 + b"</a>" * 5000, content_type="text/xml")


# ── Excel, Parquet, Arrow ──


def test_excel_sheets() -> None:
    need("openpyxl", "pip install 'apiconn_nb[excel]'")
    book = io.BytesIO()
    with pd.ExcelWriter(book, engine="openpyxl") as writer:
        pd.DataFrame({"id": [1, 2], "code": ["007", "7"], "gap": [1, None]}).to_excel(
            writer, sheet_name="Main", index=False
        )
        pd.DataFrame({"x": ["NA"]}).to_excel(writer, sheet_name="Other", index=False)
    table = frames.to_frame(book.getvalue(), content_type="application/octet-stream")

    assert frames.pins_of(table.frame) == {"id": "int64", "code": str(TEXT), "gap": "Int64"}
    assert table.tables["Other"]["x"].tolist() == ["NA"]
    with pytest.raises(FrameError, match="Not a workbook"):
        frames.to_frame(b"PK\x03\x04 xl/ broken", content_type=XLSX)


def test_parquet_and_arrow() -> None:
    pa = need("pyarrow", "pip install 'apiconn_nb[arrow]'")
    need("pyarrow.parquet")
    table = pa.table(
        {
            "id": pa.array([1, None], pa.int32()),
            "ok": pa.array([True, None]),
            "tags": [["x"], []],
            "owner": pa.array(
                [{"login": "a", "age": 3}, {"login": "b", "age": None}],
                pa.struct([("login", pa.string()), ("age", pa.int64())]),
            ),
            "a.b": ["x", None],
        }
    )
    parquet, file, stream = io.BytesIO(), io.BytesIO(), io.BytesIO()
    pa.parquet.write_table(table, parquet)
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)

    for content, content_type in (
        (parquet.getvalue(), ""),
        (file.getvalue(), ""),
        (stream.getvalue(), "application/vnd.apache.arrow.stream"),
    ):
        frame = frames.to_frame(content, content_type=content_type).frame
        assert list(frame.columns) == ["id", "ok", "tags", "owner.login", "owner.age", "a\\.b"]
        assert frame["id"].dtype == "Int32"
        assert frame["ok"].dtype == "boolean"
        assert frame["tags"].tolist() == [["x"], []]
        assert frame["owner.age"].tolist()[0] == 3
    for broken in (b"PAR1broken", b"ARROW1broken"):
        with pytest.raises(FrameError, match=r"^Not (Parquet|Arrow) that can be read"):
            frames.to_frame(broken)


# ── the rest ──


def test_text_is_a_row_a_line() -> None:
    assert frames.to_frame(b"one\ntwo\n", content_type="text/plain").frame["text"].tolist() == ["one", "two"]


def test_events_are_rows() -> None:
    stream = b': hi\nevent: add\nid: 7\ndata: {"n": 1,\ndata: "m": 2}\n\nevent: ping\n\ndata: [DONE]\n\n'
    frame = frames.to_frame(stream, content_type="text/event-stream").frame

    assert frame.to_dict("list")["event"][0] == "add"
    assert frame["data.n"][0] == 1
    assert frame["data"].tolist()[1] == "[DONE]"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!doctype html><title>Sign in</title>", "web page"),
        (b"\x89PNG\r\n\x1a\n....", "image"),
        (b"\x00\x01\x02\x03", "neither data nor text"),
    ],
)
def test_what_is_no_data_is_said(content: bytes, said: str) -> None:
    with pytest.raises(FrameError, match=said):
        frames.to_frame(content)
