"""Answers gathered into one table: each of them whole or not at all, whatever interrupts the adding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from apiconn_nb.errors import ApiConnError
from apiconn_nb.frames import FrameBuilder, Raw, Table, kind_of
from apiconn_nb.options import Options


class Gathering:
    """Answers as they come, and the table of them; the table may be asked for in between.

    `counts`: the rows of each whole answer. A builder can be finished once and may be half way through an answer when
    a person interrupts it; then the bytes that were kept are read again, so that the table is the one that an
    uninterrupted call would have given.
    """

    def __init__(self, options: Options) -> None:
        self.counts: list[int] = []
        self._options = options
        self._table: Table | None = None
        self._is_sound = True
        self._is_open = False
        self._before = 0  # rows before the answer that is arriving
        self._raw = Raw()
        self._builder = self._new_builder(self._raw)

    def _new_builder(self, raw: Raw) -> FrameBuilder:
        return FrameBuilder(records=self._options.records, options=self._options.frames(), raw=raw)

    def add(self, content: bytes, content_type: str) -> int:
        """Add one answer; returns its rows. Raises FrameError, and has nothing of it then."""
        self._make_sound()
        with self._watched():
            rows = self._builder.add(content, content_type)
            self._raw.add(content, content_type)
            self.counts.append(rows)
        return rows

    def extend(self, answers: Iterable[tuple[bytes, str]]) -> None:
        """Add several answers (content, content type)."""
        for content, content_type in answers:
            self.add(content, content_type)

    def keep(self, answers: int) -> None:
        """Forget all but the first `answers`."""
        if len(self.counts) > answers:
            del self.counts[answers:]
            self._is_sound = False

    def pages(self) -> Iterator[tuple[bytes, str]]:
        """The whole answers as they came, each with its content type."""
        return islice(self._raw.pages(), len(self.counts))

    @property
    def rows(self) -> int:
        """How many rows there are, those of an answer that is still arriving among them."""
        return self._builder.rows

    def table(self) -> Table:
        """The table of all that has come, also of an answer that was cut off while it arrived."""
        if not self._is_sound:
            self._rebuild(len(self.counts) + self._is_open)
        if self._table is None:
            self._is_sound = False  # until it is made: a builder that failed to finish is of no use
            self._table = self._builder.finish()
            self._is_sound = True
        return self._table

    # ── an answer that arrives piece by piece ──────────────────────────────────────────────────────────────────────

    def open(self, content_type: str) -> None:
        """Begin an answer that arrives piece by piece; one that was not closed is forgotten."""
        self._make_sound()
        with self._watched():
            self._before = self._builder.rows
            self._raw.add(b"", content_type)
            self._is_open = True

    def feed(self, block: bytes, content_type: str, header: bytes = b"") -> int:
        """The next whole lines (or events) of the open answer; returns their rows.

        A block of CSV is a table by itself where `header` stands before it. Raises FrameError, and has nothing of it.
        """
        with self._watched():
            try:
                kind = kind_of(block, content_type)
                if kind == "empty":
                    rows = 0
                elif kind == "events":
                    rows = self._builder.feed(re.sub(rb"\r\n?", b"\n", block) + b"\n\n", content_type)
                elif kind == "ndjson":
                    rows = self._builder.feed(block if block.endswith(b"\n") else block + b"\n", content_type)
                else:
                    rows = self._builder.add(header + block, content_type)
            except KeyboardInterrupt:
                self._raw.extend(block)  # it has come all the same
                raise
            self._raw.extend(block)
        return rows

    def close(self) -> int:
        """The open answer is whole; returns its rows."""
        rows = self._builder.rows - self._before
        with self._watched():
            self.counts.append(rows)
            self._is_open = False
        return rows

    # ── after an interrupt ─────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except ApiConnError:
            raise  # the builder has taken nothing
        except BaseException:
            self._is_sound = False
            raise

    def _make_sound(self) -> None:
        """Have a builder that holds the whole answers and nothing else, and can go on."""
        if self._is_open or self._table is not None or not self._is_sound:
            self._rebuild(len(self.counts))

    def _rebuild(self, answers: int) -> None:
        """Read the first `answers` again from their bytes."""
        raw = Raw()
        builder = self._new_builder(raw)
        for content, content_type in islice(self._raw.pages(), answers):
            builder.add(content, content_type)
            raw.add(content, content_type)
        self._raw, self._builder, self._table = raw, builder, None
        self._is_sound, self._is_open = True, answers > len(self.counts)
