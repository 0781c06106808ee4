r"""Column names: nested keys joined by dots, one-to-one, so that no two leaves ever share a column.

A literal dot in a key is written ``\.`` and a literal backslash ``\\``: ``{"a.b": 1, "a": {"b": 2}}`` has the
columns ``a\.b`` and ``a.b``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPECIAL = re.compile(r"[.\\]")
_SEGMENT = re.compile(r"((?:[^.\\]|\\.|\\$)*)(\.|$)", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def escape(key: str) -> str:
    """The key as one segment of a column name."""
    return _SPECIAL.sub(r"\\\g<0>", key) if "." in key or "\\" in key else key


def join(keys: Iterable[str]) -> str:
    """The column name of a path of keys."""
    return ".".join(map(escape, keys))


def split(name: str) -> list[str]:
    """The keys of a column name: the inverse of `join`."""
    keys: list[str] = []
    position = 0
    while match := _SEGMENT.match(name, position):
        keys.append(re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL))
        position = match.end()
        if not match[2]:
            return keys
    return [name]


def path_text(path: Iterable[str | int]) -> str:
    """A place in a document as it is shown and as JMESPath takes it after ``$``: ``$.data[1]."my-key"``."""
    text = "$"
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += "." + step
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'."{quoted}"'
    return text
