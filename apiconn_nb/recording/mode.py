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


_mode: Mode | None = None


def use(*, record: str = "", replay: str = "") -> None:
    """Record into a folder, replay from one, or (both empty) neither.

    Raises ConfigError for both at once, and for a folder to replay from that is not there.
    """
    global _mode
    if record and replay:
        raise ConfigError("record and replay are both set: empty one of them (%config ApiConn.record = '').")
    if replay and not Path(replay).expanduser().is_dir():
        raise ConfigError(f"{replay} is no folder of recordings: make one with %config ApiConn.record = '{replay}'.")
    # Absolute now: a later %cd must not move the recordings.
    folder = Path(record or replay or ".").expanduser().absolute()
    _mode = Mode(folder if record else None, folder if replay else None, record or replay)


def current() -> Mode:
    """The mode: what `use` said last, else ``APICONN_REPLAY`` or ``APICONN_RECORD``, else neither."""
    if _mode is None:
        use(record=os.environ.get("APICONN_RECORD", ""), replay=os.environ.get("APICONN_REPLAY", ""))
    assert _mode is not None
    return _mode


def is_replaying() -> bool:
    """Whether answers come from recordings: then nobody has to sign in, and no secret is read."""
    return current().replay is not None
