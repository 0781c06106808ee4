"""A body, or a part of a multipart body, that is a file's bytes: ``< ./photo.png`` on a line, as in ``.http`` files.

Only what a person types reads a file: a saved call comes with the collection file, whose writer may be somebody else.
"""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from typing import NamedTuple

from apiconn_nb.errors import UsageError

_FILE = re.compile(r"<(@?)[ \t]+(\S.*?)[ \t]*")


class FileBody(NamedTuple):
    """A file that is sent: its path as it is written; `is_filled`: values are put into its text (``<@ ./a.json``)."""

    path: str
    is_filled: bool

    @property
    def media_type(self) -> str:
        """What the file is by its name."""
        return mimetypes.guess_type(self.path)[0] or "application/octet-stream"

    def read(self) -> bytes:
        """The file's bytes. Raises UsageError."""
        try:
            return Path(self.path).expanduser().read_bytes()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(
                f"The body's file {self.path} cannot be read: {why}. To send the sign itself, double it: <<"
            ) from None

    def text(self) -> str:
        """The file as text. Raises UsageError."""
        try:
            return self.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError(f"{self.path} is no UTF-8 text, so no value can be put in: < sends it as it is.") from None


def file_on(line: str) -> FileBody | None:
    """The file that a line names; None for any other line."""
    found = _FILE.fullmatch(line)
    return FileBody(found[2], bool(found[1])) if found else None


def files_in(body: str) -> list[FileBody]:
    """The files that a body as it is written could send: it is one line that names one, or a line of a part does."""
    return [found for line in body.split("\n") if (found := file_on(line))]
