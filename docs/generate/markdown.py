"""Pieces of MyST Markdown."""

from __future__ import annotations

import html
import inspect
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what stands in a cell is Markdown already (`text` escapes)."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def text(words: str) -> str:
    """Words as they are: nothing in them is markup, or the end of a table's cell."""
    escaped = html.escape(words, quote=False)
    for character in "\\`*_[]|$":
        escaped = escaped.replace(character, "\\" + character)
    return escaped


def code(words: str) -> str:
    """Words as inline code, also in a table's cell; nothing for no words."""
    if not words:
        return ""
    fence = "``" if "`" in words else "`"
    return f"{fence}{words}{fence}".replace("|", "\\|")


def block(content: str, language: str = "text") -> str:
    """A block of code."""
    return f"```{language}\n{content.strip(chr(10))}\n```"


def rst(docstring: str | None) -> str:
    """A docstring, which is reStructuredText."""
    return f"```{{eval-rst}}\n{inspect.cleandoc(docstring or '')}\n```"


def page(title: str, *parts: str) -> str:
    """A page with its title."""
    return "\n\n".join([f"# {title}", *filter(None, parts)]) + "\n"
