"""Answers become frames: bytes in, tables out; no HTTP and no notebook in here.

``to_frame`` for one answer, ``FrameBuilder`` for pages and streams, ``find_rows`` for where the rows are, ``attach``
for ``df.api``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apiconn_nb.frames.accessor import Answer, Origin, answer_of, attach
    from apiconn_nb.frames.builder import FrameBuilder, to_frame
    from apiconn_nb.frames.content import kind_of
    from apiconn_nb.frames.encoding import text_of
    from apiconn_nb.frames.options import FrameOptions
    from apiconn_nb.frames.pins import pins_of
    from apiconn_nb.frames.raw import Raw
    from apiconn_nb.frames.rows import Found, find_rows
    from apiconn_nb.frames.table import Table

_ROOMS = {
    "Answer": "accessor",
    "FrameBuilder": "builder",
    "FrameOptions": "options",
    "Found": "rows",
    "Origin": "accessor",
    "Raw": "raw",
    "Table": "table",
    "attach": "accessor",
    "find_rows": "rows",
    "kind_of": "content",
    "answer_of": "accessor",
    "pins_of": "pins",
    "text_of": "encoding",
    "to_frame": "builder",
}

__all__ = [
    "Answer",
    "Found",
    "FrameBuilder",
    "FrameOptions",
    "Origin",
    "Raw",
    "Table",
    "answer_of",
    "attach",
    "find_rows",
    "kind_of",
    "pins_of",
    "text_of",
    "to_frame",
]


def __getattr__(name: str) -> Any:
    # pandas takes 0.4 s to import; who only asks what a content type means does not need it.
    if room := _ROOMS.get(name):
        return getattr(importlib.import_module(f"apiconn_nb.frames.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
