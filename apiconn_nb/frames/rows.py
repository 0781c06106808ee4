"""Where the rows of an answer are: found by looking, said in one line, overruled by one word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from apiconn_nb.frames import vocabulary as words
from apiconn_nb.frames.candidates import (
    DEPTH,
    SAYS_LIST,
    Candidate,
    Path,
    candidates_in,
    record_likeness,
    size_of,
)
from apiconn_nb.frames.names import path_text
from apiconn_nb.frames.orient import rows_at
from apiconn_nb.frames.records import asked_for

Shape = tuple[tuple[str, Any], ...]
ALSO = 4
RECORD = 7.0  # as record-like as an object with two fields of its own


@dataclass(frozen=True, slots=True)
class Found:
    """Where the rows are.

    `path` is what `records=` takes (after ``$``); `kind` one of `candidates.Candidate`'s, or ``asked`` for a path that
    was given; `count` the number of rows; `also` other places with their counts, best first; `rows` the rows
    themselves, objects wherever the kind gives them names.
    """

    path: str
    kind: str
    count: int
    also: tuple[tuple[str, int], ...] = ()
    rows: Sequence[Any] = field(default=(), repr=False, compare=False)
    steps: Path | None = field(default=None, repr=False, compare=False)

    def explain(self) -> str:
        """The words of the status line: ``from $.users (200); also $.errors (0)``."""
        number = "1 record" if self.kind == "record" else str(self.count)
        text = f"from {self.path} ({number})"
        if self.also:
            text += "; also " + ", ".join(f"{path} ({count})" for path, count in self.also)
        return text


def find_rows(document: Any, records: str | None = None) -> Found:
    """Find the rows of a document.

    `document`: a parsed answer, any JSON value. `records`: a JMESPath (https://jmespath.org) that settles it.
    Raises FrameError when `records` does not parse, or matches nothing; it names what is there.
    """
    found = candidates_in(document)
    if records is not None:
        rows, kind = asked_for(document, records, found)
        return Found(_shown(records), kind, size_of(rows), rows=rows)
    taken = choose(document, found)
    return Found(path_of(taken), taken.kind, taken.count, _also(found, taken), rows_at(document, taken), taken.path)


def _also(found: list[Candidate], taken: Candidate) -> tuple[tuple[str, int], ...]:
    """What else there was, best first."""
    others = [one for one in found if one.path != taken.path and not _inside(one, taken)]
    best = sorted(others, key=lambda one: (one.last_resort, -one.score))
    return tuple({path_text(one.path): one.count for one in best}.items())[:ALSO]


def found_again(document: Any, first: Found) -> Found | None:
    """The rows of a later page, where those of the first were; None where this page has none there."""
    if first.steps is None or first.kind == "record":
        return None  # a record is no candidate: it is told by looking at all of them, once
    found = candidates_in(document)
    same = [one for one in found if one.path == first.steps]
    kinds = [one for one in same if one.kind == first.kind] or [one for one in same if not one.count]
    if not kinds:
        return None
    taken = kinds[0]
    return Found(first.path, taken.kind, taken.count, _also(found, taken), rows_at(document, taken), taken.path)


def shape_of(document: Any) -> Shape | None:
    """All that `find_rows` can tell one record's document from another's by: keys, kinds, how long lists are.

    None for what has lists of objects or of lists, which are looked at themselves, and for what is nested too deep.
    """
    return _shape(document, DEPTH) if isinstance(document, dict) else None


def _shape(value: dict[str, Any], depth: int) -> Shape | None:
    parts: list[tuple[str, Any]] = []
    for key, child in value.items():
        kind = type(child)
        if kind is dict:
            inner = _shape(child, depth - 1) if depth else None
            if inner is None:
                return None
            parts.append((key, inner))
        elif kind is list:
            if any(type(item) is dict or type(item) is list for item in child):
                return None
            parts.append((key, len(child)))
        elif kind is str and words.word(key) in SAYS_LIST:
            parts.append((key, child))
        else:
            parts.append((key, None if child is None else ""))
    return tuple(parts)


def choose(document: Any, found: list[Candidate]) -> Candidate:
    """The best candidate; the record around it where that is better; last resorts where there is nothing else."""
    record = _record(document)
    better = [one for one in found if not one.last_resort]
    if better:
        best = max(better, key=lambda one: one.score)
        if best.score > 0 or record is None:
            return best
    if record is not None and (record.score > 0 or not found):
        return record
    if found:
        return max(found, key=lambda one: one.score)
    return record or Candidate((), "value", 0 if document is None else 1, 0.0)


def path_of(taken: Candidate) -> str:
    """The path as it is shown, and as `records=` takes it."""
    text = path_text(taken.path)
    return f"{text}[].node" if taken.kind == "edges" else text


def _record(document: Any) -> Candidate | None:
    """The single record: the document, or what stands alone in its envelopes (``{"ok": true, "user": {…}}``)."""
    if not isinstance(document, dict):
        return None
    path: Path = ()
    value = document
    while True:
        own = record_likeness(value)
        inner = _alone(value)
        if own > 0 or inner is None:
            return Candidate(path, "record", 1, own)
        path = (*path, inner)
        value = value[inner]


def _alone(value: dict[str, Any]) -> str | None:
    """The one object that an envelope is around, beside what describes the answer."""
    for key, child in value.items():
        if words.word(key) in words.WRAPPERS and isinstance(child, dict) and record_likeness(child) >= RECORD:
            return key
    inner: str | None = None
    for key, child in value.items():
        name = words.word(key)
        if name in words.NEVER:
            continue
        if isinstance(child, dict) and child:
            if inner is not None:
                return None
            inner = key
        elif (isinstance(child, list) and child) or (child is not None and name not in words.ENVELOPE):
            return None
    return inner


def _inside(other: Candidate, taken: Candidate) -> bool:
    """Within the rows themselves (not beside them): nothing that was left out."""
    return taken.kind not in {"record", "value"} and other.path[: len(taken.path)] == taken.path


def _shown(records: str) -> str:
    records = records.strip()
    if records.startswith("$"):
        return records
    return "$" if records == "@" else f"${records}" if records.startswith("[") else f"$.{records}"


__all__ = ["Found", "choose", "find_rows", "path_of", "size_of"]
