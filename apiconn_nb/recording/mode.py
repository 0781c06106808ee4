"""Whether this process records, replays, or neither."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from apiconn_nb.errors import ConfigError


@dataclass(frozen=True)
class Mode:
    """Where answers are recorded, or replayed from; `shown` is the folder as the person wrote it."""

    record: Path | None = None
    replay: Path | None = None
    shown: str = ""

    def check(self) -> None:
        """Raise ConfigError for both at once, and for a folder to replay from that is not there."""
        if self.record is not None and self.replay is not None:
            raise ConfigError("record and replay are both set: empty one of them (%config ApiConn.record = '').")
        if self.replay is not None and not self.replay.is_dir():
            raise ConfigError(
                f"{self.shown} is no folder of recordings: make one with %config ApiConn.record = '{self.shown}'."
            )


_mode: Mode | None = None


def use(*, record: str = "", replay: str = "") -> None:
    """Record into a folder, replay from one, or (both empty) neither.

    Raises ConfigError for both at once, and for a folder to replay from that is not there. What was asked for holds
    all the same, and every call says so: `%config` only prints an error, and a replay must not turn into live calls.
    """
    global _mode
    _mode = Mode(_folder(record), _folder(replay), replay or record)
    _mode.check()


def _folder(text: str) -> Path | None:
    # Absolute now: a later %cd must not move the recordings.
    return Path(text).expanduser().absolute() if text else None


def current() -> Mode:
    """The mode: what `use` said last, else ``APICONN_REPLAY`` or ``APICONN_RECORD``, else neither."""
    global _mode
    if _mode is None:
        record, replay = os.environ.get("APICONN_RECORD", ""), os.environ.get("APICONN_REPLAY", "")
        _mode = Mode(_folder(record), _folder(replay), replay or record)
    return _mode


def is_replaying() -> bool:
    """Whether answers come from recordings: then nobody has to sign in, and no secret is read."""
    return current().replay is not None


def is_recording() -> bool:
    """Whether answers are recorded: then they have to be asked for."""
    return current().record is not None
