"""cmd.exe's text → words, as browsers copy a command on Windows."""

from __future__ import annotations

import re

from apiconn_nb.importers.draft import mark


def is_cmd(text: str) -> bool:
    """Whether the text is for cmd.exe: a caret escapes and continues lines."""
    return re.search(r"\^[ \t]*(\n|$)", text) is not None or '^"' in text


def cmd_commands(text: str) -> list[list[str]]:
    """The words of each command: cmd.exe takes the carets away, then the program's runtime splits at its quotes."""
    return [words for line in _lines(text) if (words := _words(line))]


def _lines(text: str) -> list[str]:
    lines: list[str] = []
    parts: list[str] = []
    at, is_quoted = 0, False
    while at < len(text):
        character = text[at]
        if character == "^" and not is_quoted:
            following = text[at + 1 : at + 2]
            if following == "\n":
                # A caret takes the line's end away; a second one right after it is the character that it protects.
                parts.append("\n" if text[at + 2 : at + 3] == "\n" else " ")
                at += 3 if text[at + 2 : at + 3] == "\n" else 2
                continue
            parts.append(following)
            at += 2
            continue
        if character == '"':
            is_quoted = not is_quoted
        if character == "\n" or (character == "&" and not is_quoted):
            lines.append("".join(parts))
            parts, is_quoted = [], False
        elif named := _PERCENT.match(text, at):
            parts.append(mark(named[1]))
            at = named.end()
            continue
        else:
            parts.append(character)
        at += 1
    return [*lines, "".join(parts)]


_PERCENT = re.compile(r"%([A-Za-z_][A-Za-z0-9_]*)%")


def _words(line: str) -> list[str]:
    """Microsoft's rules: a backslash counts before a quote alone; two quotes inside quotes are one."""
    words: list[str] = []
    word: list[str] | None = None
    at, is_quoted = 0, False
    while at < len(line):
        character = line[at]
        slashes = re.compile(r'(\\+)(")?').match(line, at)
        if slashes:
            word = word if word is not None else []
            count, has_quote = len(slashes[1]), slashes[2] is not None
            word.append("\\" * (count // 2 if has_quote else count))
            at += count
            if has_quote and count % 2:
                word.append('"')
                at += 1
            continue
        if character == '"':
            word = word if word is not None else []
            if is_quoted and line[at + 1 : at + 2] == '"':
                word.append('"')
                at += 1
            else:
                is_quoted = not is_quoted
        elif character in " \t\n" and not is_quoted:
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            word = word if word is not None else []
            word.append(character)
        at += 1
    return words if word is None else [*words, "".join(word)]
