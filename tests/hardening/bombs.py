"""Small answers that unfold, and large ones that do not end, by name: Content-Type, Content-Encoding, and the pieces.

As a program it calls each with a limit on its own memory: ``python -m tests.hardening.bombs URL MEGABYTES NAME…``
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import resource
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

JSON, XML, CSV = "application/json", "application/xml", "text/csv"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CAP = 20_000_000  # bytes of a decoded answer
TIMEOUT = 4.0  # seconds
Bomb = tuple[str, str, Iterable[bytes]]
BOMBS: dict[str, Callable[[], Bomb]] = {}


def bomb(make: Callable[[], Bomb]) -> Callable[[], Bomb]:
    BOMBS[make.__name__] = make
    return make


def packed(wbits: int, megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join([packer.compress(b" " * 1_000_000) for _ in range(megabytes)]) + packer.flush()


def endless(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


@bomb
def gzip_200_megabytes_in_200_kilobytes() -> Bomb:
    return JSON, "gzip", [packed(31, 200)]


@bomb
def a_gigabyte_of_rows() -> Bomb:
    rows = b'{"id": 1, "name": "somebody"},\n' * 20_000
    return JSON, "", itertools.chain([b"["], itertools.repeat(rows, 1_000_000_000 // len(rows)), [b"{}]"])


@bomb
def a_gigabyte_of_rows_in_two_megabytes() -> Bomb:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    rows = b'{"id": 1, "name": "somebody"},\n' * 20_000
    middle = (packer.compress(rows) for _ in range(1_000_000_000 // len(rows)))
    last = (packer.compress(b"{}]") + packer.flush() for _ in range(1))
    return JSON, "gzip", itertools.chain([packer.compress(b"[")], middle, last)


@bomb
def deflate() -> Bomb:
    return JSON, "deflate", [packed(15, 200)]


@bomb
def gzip_in_gzip() -> Bomb:
    return JSON, "gzip, gzip", [gzip.compress(packed(31, 200))]


@bomb
def gzip_members_without_end() -> Bomb:
    return JSON, "gzip", endless(gzip.compress(b"") * 1000)


@bomb
def brotli() -> Bomb:
    return JSON, "br", [bytes.fromhex("5b ff ff 6f 02 80") + b"\x92" * 1000]


@bomb
def zstandard() -> Bomb:
    return JSON, "zstd", [bytes.fromhex("28b52ffd a4 00ca9a3b") + b"\x02\x00\x10\x20" * 4000]


@bomb
def a_body_without_end() -> Bomb:
    return JSON, "", endless(b"[1],\n" * 10_000)


@bomb
def rows_without_end() -> Bomb:
    return "application/x-ndjson", "", endless(b'{"id": 1}\n' * 10_000)


@bomb
def ten_thousand_deep() -> Bomb:
    return JSON, "", [b"[" * 10_000, b"]" * 10_000]


@bomb
def a_million_deep() -> Bomb:
    return JSON, "", [b'{"a":' * 1_000_000, b"1", b"}" * 1_000_000]


@bomb
def deep_in_a_row() -> Bomb:
    return JSON, "", [b'[{"id": 1, "x": ', b"[" * 100_000, b"]" * 100_000, b"}]"]


@bomb
def a_number_of_ten_million_digits() -> Bomb:
    return JSON, "", [b'[{"id": ', b"9" * 10_000_000, b"}]"]


@bomb
def a_name_for_every_row() -> Bomb:
    return JSON, "", [json.dumps([{f"name{number}": number} for number in range(100_000)]).encode()]


@bomb
def five_names_for_every_row() -> Bomb:
    return JSON, "", [json.dumps([{f"n{n}-{m}": 1 for m in range(5)} for n in range(30_000)]).encode()]


@bomb
def lists_beside_lists() -> Bomb:
    return JSON, "", [json.dumps([{"a": [1] * 2000, "b": [1] * 2000, "c": [[1] * 50] * 50}] * 100).encode()]


@bomb
def entities() -> Bomb:
    inner = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return XML, "", [f'<!DOCTYPE a [<!ENTITY e0 "aaaaaaaaaa">{inner}]><a>&e11;</a>'.encode()]


@bomb
def one_long_entity_many_times() -> Bomb:
    return XML, "", [b'<!DOCTYPE a [<!ENTITY e "' + b"a" * 100_000 + b'">]><a>' + b"&e;" * 10_000 + b"</a>"]


@bomb
def an_external_entity() -> Bomb:
    return XML, "", [b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a><b>&e;</b></a>']


@bomb
def xml_a_million_deep() -> Bomb:
    return XML, "", [b"<a>" * 1_000_000, b"</a>" * 1_000_000]


@bomb
def a_line_of_fifteen_megabytes() -> Bomb:
    return CSV, "", [b"a,b\n1,", b"x" * 15_000_000]


@bomb
def a_quote_that_is_never_closed() -> Bomb:
    return CSV, "", [b'a,b\n1,"', b"x\n" * 5_000_000]


@bomb
def five_thousand_columns() -> Bomb:
    return CSV, "", [b",".join(b"c%d" % n for n in range(5_000)), b"\n", b",".join([b"1"] * 5_000)]


def workbook(*members: tuple[str, bytes]) -> bytes:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    parts = {
        "[Content_Types].xml": f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}worksheet+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://'
        'schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="s"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        'relationships"><Relationship Id="s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        for name, content in members:
            archive.writestr(name, content)
    return made.getvalue()


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s<sheetData>%s</sheetData></worksheet>'


@bomb
def a_workbook_with_one_cell_far_away() -> Bomb:
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return EXCEL, "", [workbook(("xl/worksheets/sheet1.xml", SHEET % (b"", cells)))]


@bomb
def a_workbook_that_says_it_is_large() -> Bomb:
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row>'
    return EXCEL, "", [workbook(("xl/worksheets/sheet1.xml", SHEET % (b'<dimension ref="A1:XFD1048576"/>', cells)))]


@bomb
def a_workbook_of_half_a_gigabyte() -> Bomb:
    return EXCEL, "", [workbook(("xl/worksheets/sheet1.xml", SHEET % (b"", b" " * 500_000_000)))]


@bomb
def a_workbook_with_entities() -> Bomb:
    cells = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>' + SHEET % (
        b"",
        b"&b;",
    )
    return EXCEL, "", [workbook(("xl/worksheets/sheet1.xml", cells))]


@bomb
def a_parquet_file_of_a_hundred_million_rows() -> Bomb:
    import pyarrow as pa
    from pyarrow import parquet

    # Written in groups, so that making the bomb costs no memory.
    made = io.BytesIO()
    with parquet.ParquetWriter(made, pa.schema([("a", pa.int64())]), compression="zstd") as writer:
        for _ in range(100):
            writer.write_table(pa.table({"a": pa.nulls(1_000_000, pa.int64())}))
    return "application/vnd.apache.parquet", "", [made.getvalue()]


def main(url: str, megabytes: int, names: list[str]) -> None:
    """Call each bomb under the limit; what became of it as one line of JSON."""
    from apiconn_nb.calling import run
    from apiconn_nb.errors import ApiConnError
    from apiconn_nb.live_collection import Collection
    from apiconn_nb.request import parse
    from apiconn_nb.settings import CollectionSettings

    collection = Collection(CollectionSettings("demo", "none", {"base_url": url, "max_bytes": CAP, "retries": 0}))
    run(collection, parse("GET /rows"))  # what a first call loads
    with open("/proc/self/statm") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + megabytes * 1_000_000, resource.RLIM_INFINITY))
    for name in names:
        began = time.monotonic()
        try:
            frame = run(collection, parse(f"GET /{name}"), timeout=TIMEOUT).frame()
            became: Any = list(frame.shape)
        except ApiConnError as error:
            became = str(error)
        print(json.dumps({"bomb": name, "became": became, "took": time.monotonic() - began}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
