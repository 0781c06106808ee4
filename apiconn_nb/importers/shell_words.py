"""A shell's text → commands and their words: the part of bash that pasted ``curl`` lines use.

Nothing is run or read: ``$NAME`` becomes a variable of the draft, ``$(…)`` one without a value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from apiconn_nb.importers.cmd_words import cmd_commands, is_cmd
from apiconn_nb.importers.draft import clean, mark

_ANSI = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_OPERATORS = ("&&", "||", ";;", "|&", ";", "|", "&", "\n", "(", ")")
_REDIRECT = re.compile(r"\d*(<<<|<<-?|<&|>&|&>>|&>|>>|>\||<>|<|>)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_LONGEST = 2_000_000  # characters


@dataclass
class Command:
    """A simple command: its words, what it reads from a here-document, and the files it reads or writes."""

    words: list[str] = field(default_factory=list)
    stdin: str | None = None
    redirects: list[str] = field(default_factory=list)


@dataclass
class Script:
    """The commands of a text, the values that it gives to variables, and what could not be read of it."""

    commands: list[Command] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


def read_script(text: str) -> Script:
    """The commands of a bash or cmd text."""
    text = clean(text)[:_LONGEST].replace("\r\n", "\n")
    if is_cmd(text):
        return Script([Command(words) for words in cmd_commands(text)])
    lexer = _Bash(text)
    return lexer.script()


class _Bash:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._script = Script()
        self._command = Command()
        self._documents: list[tuple[Command, str, bool, bool]] = []  # command, end word, tabs cut, literal

    def script(self) -> Script:
        while self._at < len(self._text):
            self._step()
        self._end_command()
        return self._script

    def _step(self) -> None:
        character = self._text[self._at]
        if character == "\n":
            self._at += 1
            self._end_command()
            self._read_documents()
        elif character in " \t" or self._text.startswith("\\\n", self._at):
            self._at += 2 if character == "\\" else 1
        elif character == "#":
            self._at = self._line_end()
        elif (redirect := _REDIRECT.match(self._text, self._at)) and not self._text.startswith(("<(", ">("), self._at):
            self._at = redirect.end()
            self._redirect(redirect[1])
        elif operator := next((each for each in _OPERATORS if self._text.startswith(each, self._at)), ""):
            self._at += len(operator)
            self._end_command()
            if operator in ("|", "|&"):
                self._script.lost.append("a pipe between commands")
        else:
            self._command.words.append(self._word())

    def _line_end(self) -> int:
        end = self._text.find("\n", self._at)
        return len(self._text) if end < 0 else end

    def _end_command(self) -> None:
        words = self._command.words
        while words and words[0] in ("export", "set", "env", "sudo", "time", "command", "$", ">", "then", "do"):
            words.pop(0)
        while words and (assigned := _ASSIGNMENT.fullmatch(words[0])):
            self._script.variables[assigned[1]] = assigned[2]
            words.pop(0)
        if words:
            self._script.commands.append(self._command)
        self._command = Command()

    # ── words ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _word(self) -> str:
        parts: list[str] = []
        start = self._at
        while self._at < len(self._text):
            character = self._text[self._at]
            if character in " \t\n;|&()" or (character in "<>" and self._at > start):
                break
            parts.append(self._piece(character))
        if self._at == start:  # a lone character that begins no word, such as an unmatched bracket
            self._at += 1
            return self._text[start]
        return "".join(parts)

    def _piece(self, character: str) -> str:
        if character == "'":
            return self._single()
        if character == '"':
            return self._double()
        if character == "\\":
            self._at += 2
            return self._text[self._at - 1 : self._at].replace("\n", "")
        if character == "$" and self._text.startswith("$'", self._at):
            return self._ansi()
        if character == "$" and self._text.startswith('$"', self._at):
            self._at += 1
            return self._double()
        if character in "$`":
            return self._expansion()
        self._at += 1
        return character

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            self._script.lost.append("a quote that does not end")
            end = len(self._text)
        text = self._text[self._at + 1 : end]
        self._at = end + 1
        return text

    def _double(self) -> str:
        parts: list[str] = []
        self._at += 1
        while self._at < len(self._text) and (character := self._text[self._at]) != '"':
            if character == "\\":
                following = self._text[self._at + 1 : self._at + 2]
                self._at += 2
                parts.append("" if following == "\n" else following if following in '$`"\\' else "\\" + following)
            elif character in "$`":
                parts.append(self._expansion())
            else:
                self._at += 1
                parts.append(character)
        if self._at >= len(self._text):
            self._script.lost.append("a quote that does not end")
        self._at += 1
        return "".join(parts)

    def _ansi(self) -> str:
        """``$'…'``: C's escapes (bash manual §3.1.2.4)."""
        self._at += 2
        parts: list[str] = []
        while self._at < len(self._text) and (character := self._text[self._at]) != "'":
            if character != "\\":
                parts.append(character)
                self._at += 1
                continue
            escape = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}|c.|.)", re.DOTALL)
            match = escape.match(self._text, self._at)
            self._at = match.end() if match else self._at + 1
            parts.append(_unescaped(match[1]) if match else "")
        self._at += 1
        # Consecutive surrogates, as DevTools writes an emoji, are one character.
        return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _expansion(self) -> str:
        """``$NAME``, ``${NAME}``, ``$(…)`` and ``…`` in backquotes."""
        text, at = self._text, self._at
        if text[at] == "`":
            end = text.find("`", at + 1)
            self._at = (end if end >= 0 else len(text)) + 1
            return self._not_run()
        if text.startswith("$(", at):
            self._at = _closing(text, at + 1) + 1
            return self._not_run()
        if braced := re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)([^}]*)\}").match(text, at):
            self._at = braced.end()
            if braced[2]:
                self._script.lost.append(f"how the shell would change ${{{braced[1]}{braced[2][:20]}}}")
            return mark(braced[1])
        if named := re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)").match(text, at):
            self._at = named.end()
            return mark(named[1])
        self._at += 1
        return "$" if text[at] == "$" else text[at]

    def _not_run(self) -> str:
        self._script.lost.append("a command inside the command ($(…)), which is not run: give its value with -p")
        return mark("value")

    # ── redirects ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _redirect(self, operator: str) -> None:
        while self._at < len(self._text) and self._text[self._at] in " \t":
            self._at += 1
        start = self._at
        word = self._word() if self._at < len(self._text) and self._text[self._at] != "\n" else ""
        if operator == "<<<":
            self._command.stdin = f"{word}\n"
        elif operator.startswith("<<"):
            literal = any(quote in self._text[start : self._at] for quote in "'\"\\")
            self._documents.append((self._command, word, operator == "<<-", literal))
        else:
            self._command.redirects.append(operator)

    def _read_documents(self) -> None:
        for command, end, cuts_tabs, is_literal in self._documents:
            lines: list[str] = []
            while self._at < len(self._text):
                line_end = self._line_end()
                line = self._text[self._at : line_end]
                self._at = line_end + 1
                line = line.lstrip("\t") if cuts_tabs else line
                if line == end:
                    break
                lines.append(line + "\n")
            content = "".join(lines)
            command.stdin = content if is_literal else _NAMED.sub(lambda match: mark(match[1] or match[2]), content)
        self._documents.clear()


_NAMED = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")


def _unescaped(escape: str) -> str:
    if escape[0] in "xuU" and len(escape) > 1:
        code = int(escape[1:], 16)
        return chr(code) if code <= 0x10FFFF else ""
    if escape[0] in "01234567":
        return chr(int(escape, 8) & 0xFF)
    if escape[0] == "c" and len(escape) > 1:
        return chr(ord(escape[1].upper()) & 0x1F)
    return _ANSI.get(escape, escape)


def _closing(text: str, at: int) -> int:
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for place in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return len(text)
