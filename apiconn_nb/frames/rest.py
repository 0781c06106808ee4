"""What an answer holds beside its rows: the table ``$``, one row a page, read from the bytes when asked for."""

from __future__ import annotations

from typing import Any

from apiconn_nb.errors import FrameError
from apiconn_nb.frames.candidates import Path
from apiconn_nb.frames.content import kind_of
from apiconn_nb.frames.documents import document_of
from apiconn_nb.frames.flatten import Node, add_rows
from apiconn_nb.frames.options import FrameOptions
from apiconn_nb.frames.raw import Raw
from apiconn_nb.frames.rows import Found
from apiconn_nb.frames.typed import Typed, typed_columns


def rest_of(raw: Raw, options: FrameOptions, found: Found) -> Typed | None:
    """The table; None when there is nothing beside the rows, or a path was given."""
    if found.steps is None:
        return None
    rests: list[Any] = []
    for content, content_type in raw.pages():
        if kind_of(content, content_type) != "json":
            continue
        try:
            document, _ = document_of(content, content_type)
        except FrameError:
            continue
        rests.append(without(document, found.steps, found.kind))
    if not any(rests):
        return None
    root = Node()
    add_rows(root, rests, 0)
    return typed_columns(root, len(rests), options)


def without(document: Any, path: Path, kind: str) -> Any:
    """The document less what is in the rows; what is around the rows is copied, the rest shared."""
    if not path:
        return _left(document, kind)
    step, *deeper = path
    try:
        inner = without(document[step], tuple(deeper), kind)
    except (KeyError, IndexError, TypeError):
        return document
    if isinstance(document, list):
        around = [inner if number == step else item for number, item in enumerate(document)]
        others = [item for item in around if item is not None]
        if len(others) == 1 and isinstance(others[0], dict) and others[0]:
            return others[0]
        return around if others else None
    kept = {key: inner if key == step else value for key, value in document.items()}
    if inner is None:
        del kept[step]
    return kept or None


def _left(rows: Any, kind: str) -> Any:
    """What the rows themselves leave over: the edges around GraphQL's nodes."""
    if kind != "edges" or not isinstance(rows, list):
        return None
    around = [{key: value for key, value in edge.items() if key != "node"} for edge in rows]
    return around if any(around) else None
