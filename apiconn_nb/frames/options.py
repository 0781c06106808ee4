"""What a person may ask of a frame, in one place: the options of ``%%apicall`` and of a saved call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FrameOptions:
    """How an answer becomes a frame.

    `dates`: ISO 8601 date-time columns become datetime64 (False keeps the text).
    `explode`: the path of a list (``"lines"``, ``"owner.emails"``) of which each element becomes a row.
    `wide`: lists become numbered columns, at most this many (``tags.0``, ``tags.1``, …).
    `columns`: pinned columns, name → dtype name; an answer that differs says how.
    `strict`: a difference from `columns` is a FrameError instead of a note.
    """

    dates: bool = True
    explode: str | None = None
    wide: int | None = None
    columns: Mapping[str, str] | None = None
    strict: bool = False


DEFAULT = FrameOptions()
