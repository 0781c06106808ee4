"""An answer's bytes, kept until its frame is gone: in memory up to a cap, above it in a file nobody else can open."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Iterator
from typing import IO

from apiconn_nb.errors import FrameError

KEEP = 256 * 2**20  # bytes in memory
STREAMED = 32 * 2**20  # bytes in memory of what comes piece by piece, or page by page: nobody else holds those
LARGE = 8 * 2**20  # bytes; a piece that is written while the frame is being made

# In memory the bytes themselves, on disk their offset and length.
_Piece = bytes | tuple[int, int]


class Raw:
    """The pages of an answer as they came, each with its Content-Type.

    `keep`: bytes held in memory; what comes above it goes to an unnamed temporary file (mode 0600, gone with the last
    reference). `lost` says why bytes could not be kept.
    """

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._held = 0
        self._pages: list[tuple[str, list[_Piece]]] = []
        self._file: IO[bytes] | None = None
        self._end = 0
        self._writer: threading.Thread | None = None
        self.lost = ""

    def add(self, content: bytes, content_type: str = "") -> None:
        """Keep one more page."""
        self._pages.append((content_type, []))
        self._add(content, self._keep if len(self._pages) == 1 else min(self._keep, STREAMED))

    def extend(self, content: bytes) -> None:
        """More of the last page, as a stream brings it."""
        self._add(content, min(self._keep, STREAMED))

    def _add(self, content: bytes, cap: int) -> None:
        pieces = self._pages[-1][1]
        if self._held + len(content) <= cap:
            self._held += len(content)
            pieces.append(content)
            return
        before = pieces[-1] if pieces else b""
        if isinstance(before, tuple) and sum(before) == self._end:
            pieces[-1] = (before[0], before[1] + len(content))
        else:
            pieces.append((self._end, len(content)))
        self._end += len(content)
        self._written()
        if len(content) < LARGE:
            self._write(content)
        else:
            self._writer = threading.Thread(target=self._write, args=(content,), name="apiconn-raw")
            self._writer.start()

    def _write(self, content: bytes) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="apiconn-", buffering=0)  # noqa: SIM115 - see finalize
                weakref.finalize(self, self._file.close)
            view = memoryview(content)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self.lost = f"the answer's bytes could not all be kept ({error.strerror})"

    def _written(self) -> None:
        """Wait for what is still being written."""
        if self._writer is not None:
            self._writer.join()
            self._writer = None

    def __len__(self) -> int:
        return len(self._pages)

    def pages(self) -> Iterator[tuple[bytes, str]]:
        """Each page and its Content-Type. Raises FrameError when they could not be kept."""
        self._written()
        if self.lost:
            raise FrameError(f"There is no raw answer: {self.lost}.")
        for content_type, pieces in self._pages:
            # A page in one piece is not copied.
            yield (self._read(pieces[0]) if len(pieces) == 1 else b"".join(map(self._read, pieces))), content_type

    def _read(self, piece: _Piece) -> bytes:
        if isinstance(piece, bytes):
            return piece
        assert self._file is not None
        self._file.seek(piece[0])
        return self._file.read(piece[1])

    @property
    def content(self) -> bytes | list[bytes]:
        """The bytes of the answer; a list of them where there were several pages."""
        pages = [page for page, _ in self.pages()]
        return pages[0] if len(pages) == 1 else pages

    def __repr__(self) -> str:
        where = ", in part on disk" if self._end else ""
        return f"<{len(self)} page{'' if len(self) == 1 else 's'} of raw answer{where}>"

    def __reduce__(self) -> tuple[object, tuple[list[tuple[bytes, str]]]]:
        return _restored, (list(self.pages()),)


def _restored(pages: list[tuple[bytes, str]]) -> Raw:
    raw = Raw()
    for content, content_type in pages:
        raw.add(content, content_type)
    return raw
