"""Packed tables that unfold without measure are refused before they are unpacked: a few kilobytes, a billion cells.

The size of an answer says nothing of them: a workbook is a zip whose last cell may stand in the last row of the last
column, and a Parquet file keeps a column of equal values in a few bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from apiconn_nb.errors import FrameError

# What any answer may hold, and what each of its bytes adds: real tables need about a byte for a cell, and more.
_CELLS, _CELLS_PER_BYTE = 5_000_000, 4
_UNPACKED, _UNPACKED_PER_BYTE = 64 << 20, 100
_CHUNK = 1 << 20  # bytes of a sheet looked at at a time
_CELL = re.compile(rb'<c[^>]*?\sr="([A-Z]{1,4})([0-9]{1,8})"')
_ROW = re.compile(rb'<row[^>]*?\sr="([0-9]{1,8})"')


def check_workbook(content: bytes) -> None:
    """Raise FrameError for a workbook whose sheets unfold beyond all proportion to its size."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError):
        return  # an old .xls, or none at all: the reader says so
    with archive:
        # zipfile gives out no more bytes of a member than are declared here.
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > _UNPACKED + _UNPACKED_PER_BYTE * len(content):
            raise FrameError(f"The workbook unpacks to {unpacked / 1e6:,.0f} MB, {_REFUSED}")
        for member in archive.infolist():
            if member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml"):
                _check_cells(*_extent(archive, member), len(content))


def check_parquet(metadata: Any, size: int) -> None:
    """Raise FrameError for a Parquet file of `size` bytes whose metadata tells of cells beyond all proportion."""
    _check_cells(metadata.num_rows, metadata.num_columns, size)


def _check_cells(rows: int, columns: int, size: int) -> None:
    if rows * columns > _CELLS + _CELLS_PER_BYTE * size:
        raise FrameError(f"{rows:,} rows × {columns:,} columns in {size:,} bytes, {_REFUSED}")


_REFUSED = "out of all proportion: it is not unpacked. --as bytes gives the answer as it came."


def _extent(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[int, int]:
    """The last row and the last column that a sheet names."""
    last_row = last_column = 0
    kept = b""
    with archive.open(member) as sheet:
        while chunk := sheet.read(_CHUNK):
            text = kept + chunk
            for column, row in _CELL.findall(text):
                last_row, last_column = max(last_row, int(row)), max(last_column, _number(column))
            last_row = max([last_row, *map(int, _ROW.findall(text))])
            kept = text[-200:]  # a tag may be cut by the chunk's end
    return last_row, last_column


def _number(column: bytes) -> int:
    """27 for ``AA``."""
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number
