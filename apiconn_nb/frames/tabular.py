"""Answers that are tables already: CSV, TSV, Excel, Parquet, Arrow."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from apiconn_nb.errors import FrameError
from apiconn_nb.frames.columns import typed_cells
from apiconn_nb.frames.encoding import text_of
from apiconn_nb.frames.inferred import inferred, text_cells
from apiconn_nb.frames.limits import check_parquet, check_workbook
from apiconn_nb.frames.names import escape
from apiconn_nb.frames.text import pa
from apiconn_nb.frames.typed import frame_of


def separated(content: bytes, content_type: str, tab: bool) -> tuple[pd.DataFrame, list[str]]:
    """CSV (RFC 4180) or TSV as a frame of texts, and notes; `infer` gives it types once all pages are there.

    Raises FrameError, naming the line, for rows that do not fit the header.
    """
    text, notes = text_of(content, content_type)
    separator = "\t" if tab else _separator(text)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            dtype=str,
            # Only an empty cell is missing: "NA" is Namibia, "None" and "null" may be names.
            keep_default_na=False,
            na_values=[""],
            index_col=False,
            header=None if "header=absent" in content_type.replace(" ", "").lower() else 0,
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame(), notes
    except (pd.errors.ParserError, csv.Error, ValueError) as error:
        reason = " ".join(str(error).split())
        raise FrameError(
            f"Not a table of equally long rows: {reason}; --as text shows the answer as it came."
        ) from None
    frame.columns = [str(name) for name in frame.columns]
    return frame, notes


def infer(frame: pd.DataFrame, dates: bool) -> pd.DataFrame:
    """A frame of texts with the types that its columns are plainly written in."""
    return frame_of({str(name): inferred(text_cells(frame[name]), dates) for name in frame.columns}, len(frame))


def _separator(text: str) -> str:
    """The separator that splits the first lines into the same number of cells, most of them; else the comma."""
    lines = [line for line in text[:20_000].splitlines()[:12] if line.strip()]
    best, most = ",", 1
    for separator in ",;\t|":
        counts = {len(row) for row in csv.reader(lines, delimiter=separator)}
        if len(counts) == 1 and (count := counts.pop()) > most:
            best, most = separator, count
    return best


def excel(content: bytes) -> dict[str, pd.DataFrame]:
    """The sheets of a workbook by name, in order (extra ``excel``)."""
    check_workbook(content)
    try:
        sheets = pd.read_excel(
            io.BytesIO(content), sheet_name=None, dtype=object, keep_default_na=False, na_values=[""]
        )
    except ImportError:
        raise FrameError("An Excel answer needs one more package: pip install 'apiconn_nb[excel]'.") from None
    except Exception as error:  # openpyxl and zipfile raise what they like on a broken workbook
        raise FrameError(f"Not a workbook that can be read: {' '.join(str(error).split())}") from None
    return {str(name): _typed_sheet(sheet) for name, sheet in sheets.items()}


def _typed_sheet(sheet: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name in sheet.columns:
        values = list(sheet[name].astype(object).where(sheet[name].notna(), None))
        kinds = set(map(type, values))
        plain = kinds <= {int, float, bool, str, type(None)}
        columns[str(name)] = typed_cells(values) if plain else pd.Series(values, dtype=object).infer_objects().array
    return frame_of(columns, len(sheet))


def parquet(content: bytes) -> pd.DataFrame:
    """A Parquet file (extra ``arrow``)."""
    _need_arrow("Parquet")
    from pyarrow import parquet as reader  # 60 ms that only a Parquet answer has to pay

    file = _read("Parquet", lambda: reader.ParquetFile(pa.BufferReader(content)))
    check_parquet(file.metadata, len(content))
    return _from_arrow(_read("Parquet", file.read))


def arrow(content: bytes) -> pd.DataFrame:
    """An Arrow IPC file or stream (extra ``arrow``)."""
    _need_arrow("Arrow")
    from pyarrow import ipc  # only an Arrow answer needs it

    opened = ipc.open_file if content.startswith(b"ARROW1") else ipc.open_stream
    return _from_arrow(_read("Arrow", lambda: opened(pa.BufferReader(content)).read_all()))


def _need_arrow(what: str) -> None:
    if pa is None:
        raise FrameError(f"A {what} answer needs one more package: pip install 'apiconn_nb[arrow]'.")


def _read(what: str, reader: Any) -> Any:
    try:
        return reader()
    except (pa.ArrowException, OSError) as error:
        raise FrameError(f"Not {what} that can be read: {' '.join(str(error).split())}") from None


def _from_arrow(table: Any) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name, cells in _flat(table):
        columns[name] = _cells(cells)
    return frame_of(columns, table.num_rows)


def _flat(table: Any) -> Iterator[tuple[str, Any]]:
    """Struct columns as dotted columns, as nested objects of JSON are."""
    for name, cells in zip(table.column_names, table.columns, strict=True):
        yield from _flat_column(escape(name), cells)


def _flat_column(name: str, cells: Any) -> Iterator[tuple[str, Any]]:
    if not pa.types.is_struct(cells.type):
        yield name, cells
        return
    for field, inner in zip(cells.type, cells.flatten(), strict=True):
        yield from _flat_column(f"{name}.{escape(field.name)}", inner)


def _cells(cells: Any) -> Any:
    kind = cells.type
    if pa.types.is_nested(kind):
        values = np.empty(len(cells), dtype=object)
        for row, value in enumerate(cells.to_pylist()):
            values[row] = value
        return values
    if cells.null_count and pa.types.is_integer(kind):
        return pd.array(
            cells.to_pylist(), dtype=str(kind).replace("uint", "UInt").replace("int", "Int").replace("UInt", "UInt")
        )
    if cells.null_count and pa.types.is_boolean(kind):
        return pd.array(cells.to_pylist(), dtype="boolean")
    return cells.to_pandas().array
