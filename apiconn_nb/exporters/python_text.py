"""Python source for values, texts with names in them, and places in a document."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from apiconn_nb.exporters.texts import HELD, Name, Pieces, angle

_PLAIN_PATH = re.compile(
    r"(?:[A-Za-z_]\w*|\"(?:[^\"\\]|\\.)*\"|\[-?\d+\])(?:\.(?:[A-Za-z_]\w*|\"(?:[^\"\\]|\\.)*\")|\[-?\d+\])*"
)
_STEP = re.compile(r"([A-Za-z_]\w*)|\"((?:[^\"\\]|\\.)*)\"|\[(-?\d+)\]")
_WIDE = 100  # characters of a literal on one line


def text_literal(text: str) -> str:
    """A string literal in double quotes."""
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\x7f", "\\x7f")


def f_string(pieces: Pieces, wrap: Callable[[str], str] = str) -> str:
    """A text with names as an f-string; `wrap` gives the expression for a name, ``quote(name, safe='')`` say."""
    if not any(isinstance(piece, Name) for piece in pieces):
        return text_literal("".join(str(piece) for piece in pieces))
    parts = [
        "{" + wrap(piece.name) + "}"
        if isinstance(piece, Name)
        else text_literal(piece)[1:-1].replace("{", "{{").replace("}", "}}")
        for piece in pieces
    ]
    return 'f"' + "".join(parts) + '"'


def literal(value: Any, indent: int = 0) -> str:
    """A JSON-like value as Python source; a string that `held_json` made becomes the name itself."""
    if isinstance(value, str):
        if value.startswith(HELD):
            return value[len(HELD) :]
        return f_string(angle(value))
    if isinstance(value, dict):
        return _several(
            [f"{text_literal(str(key))}: {literal(each, indent + 4)}" for key, each in value.items()], "{}", indent
        )
    if isinstance(value, list):
        return _several([literal(each, indent + 4) for each in value], "[]", indent)
    return repr(value)


def _several(items: list[str], brackets: str, indent: int) -> str:
    line = brackets[0] + ", ".join(items) + brackets[1]
    if len(line) + indent < _WIDE and "\n" not in line:
        return line
    inner = " " * (indent + 4)
    return brackets[0] + "\n" + "".join(f"{inner}{item},\n" for item in items) + " " * indent + brackets[1]


def is_plain(path: str) -> bool:
    """Whether a JMESPath is a chain of names and positions."""
    return path == "@" or _PLAIN_PATH.fullmatch(path) is not None


def steps(path: str) -> list[str | int]:
    """The names and positions of a plain path."""
    if path == "@":
        return []
    found: list[str | int] = []
    for name, quoted, position in _STEP.findall(path):
        found.append(int(position) if position else name or json.loads(f'"{quoted}"'))
    return found


def at(path: str, root: str = "document") -> str:
    """The expression for a place that must be there; ``jmespath`` where the path is more than a chain."""
    if not is_plain(path):
        return f"jmespath.search({text_literal(path)}, {root})"
    return root + "".join(f"[{text_literal(step) if isinstance(step, str) else step}]" for step in steps(path))


def maybe_at(path: str, root: str = "document") -> str:
    """The expression for a place that may be missing: None then."""
    chain = steps(path) if is_plain(path) else []
    if not chain or any(isinstance(step, int) for step in chain):
        return f"jmespath.search({text_literal(path)}, {root})"
    *first, last = [text_literal(str(step)) for step in chain]
    inner = root
    for name in first:
        inner = f"({inner}.get({name}) or {{}})"
    return f"{inner}.get({last})"


def comment(text: str) -> str:
    """A text that may stand behind ``#`` and in a docstring."""
    return re.sub(r"[^\x20-\x7e\u00a0-\uffff]", " ", text).replace('"""', "'''").replace("\\", "/")
