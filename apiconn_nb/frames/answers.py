"""An answer → a document or, where it is one already, a table: by what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from apiconn_nb.errors import FrameError
from apiconn_nb.frames import documents, tabular, xml
from apiconn_nb.frames.content import Kind
from apiconn_nb.frames.encoding import text_of
from apiconn_nb.frames.events import events_of

TABULAR = frozenset({"csv", "tsv", "excel", "parquet", "arrow"})
_NO_TABLE = {
    "html": "The answer is a web page, not data; --as text shows it. Is this an API's address?",
    "image": "The answer is an image, not data; --as auto shows it, --as bytes gives its bytes.",
    "binary": "The answer is neither data nor text; --as bytes gives it as it came.",
}


@dataclass(slots=True)
class Sheet:
    """A table as it came: `others` are further sheets of a workbook by name."""

    frame: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    others: dict[str, pd.DataFrame] = field(default_factory=dict)


def document_of(content: bytes, content_type: str, kind: Kind) -> tuple[Any, list[str]]:
    """The document of an answer that is no table, and notes. Raises FrameError when it holds no data."""
    match kind:
        case "json":
            return documents.document_of(content, content_type)
        case "ndjson":
            return documents.lines_of(content, content_type)
        case "xml":
            return xml.document_of(content), []
        case "events":
            text, notes = text_of(content, content_type)
            events, _ = events_of(text.rstrip("\r\n") + "\n\n")
            return events, notes
        case "text":
            text, notes = text_of(content, content_type)
            return [{"text": line} for line in text.splitlines()], notes
    raise FrameError(_NO_TABLE.get(kind, _NO_TABLE["binary"]))


def table_of(content: bytes, content_type: str, kind: Kind) -> Sheet:
    """The table of an answer that is one (`TABULAR`)."""
    match kind:
        case "csv" | "tsv":
            frame, notes = tabular.separated(content, content_type, tab=kind == "tsv")
            return Sheet(frame, notes)
        case "excel":
            sheets = tabular.excel(content)
            taken = next((name for name, sheet in sheets.items() if len(sheet)), next(iter(sheets)))
            return Sheet(sheets.pop(taken), others=sheets)
        case "parquet":
            return Sheet(tabular.parquet(content))
    return Sheet(tabular.arrow(content))
