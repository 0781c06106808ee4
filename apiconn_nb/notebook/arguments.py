"""A magic line's words and options. argparse reads them; its complaints become ours."""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from apiconn_nb.errors import UnknownNameError, UsageError
from apiconn_nb.secrets import Secret, is_reference

_CHOICE = re.compile(r"invalid choice: (['\"])(.*)\1 \(choose from (.*)\)")
_NUMBER = re.compile(r"invalid (int|float) value: '(.*)'")
_NUMBERS = {"int": "whole number", "float": "number"}


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError, abbreviates nothing and never exits."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog=prog, add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of leaving the kernel, in the words of the other messages."""
        option, colon, said = message.removeprefix("argument ").partition(": ")
        if not colon:
            raise UsageError(f"{self.prog}: {message}")
        option = option.rpartition("/")[2]  # the long one of -p/--param
        if choice := _CHOICE.fullmatch(said):
            known = [each.strip(" '") for each in choice[3].split(",")]
            close = difflib.get_close_matches(choice[2], known, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            raise UsageError(f"{option} takes {' or '.join(known)}, not {choice[2]!r}.{meant}")
        if number := _NUMBER.fullmatch(said):
            raise UsageError(f"{option} takes a {_NUMBERS[number[1]]}, not {number[2]!r}.")
        if said.startswith("expected "):
            action = self._option_string_actions[option]
            what = action.metavar or "|".join(map(str, action.choices or ["VALUE"]))
            raise UsageError(f"{option} takes a value: {option} {what}")
        if said.startswith("ignored explicit"):
            raise UsageError(f"{option} takes no value: write it alone.")
        raise UsageError(f"{self.prog}: {option}: {said}")

    def read(self, words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """The options by name, and the words that belong to none. Raises UnknownNameError for an unknown option."""
        found, rest = self.parse_known_args(list(words))
        for word in rest:
            if word.startswith("--") or (len(word) == 2 and word[0] == "-" and word[1].isalpha()):
                raise UnknownNameError.among("option", word.partition("=")[0], self.options())
        return vars(found), rest

    def options(self) -> list[str]:
        """Every option string."""
        return sorted(self._option_string_actions)


class Word(str):
    """A word of a line; `written` is how it stands there, quotes and all."""

    written: str

    def __new__(cls, text: str, written: str) -> Word:
        word = super().__new__(cls, text)
        word.written = written
        return word


def split(line: str) -> list[str]:
    """The words of a line, quotes respected. Raises UsageError for a quote without an end."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    start = 0
    try:
        while (word := lexer.get_token()) is not None:
            end = lexer.instream.tell()  # type: ignore[attr-defined]  # a StringIO, which counts characters
            words.append(Word(word, line[start:end].strip()))
            start = end
    except ValueError as error:
        raise UsageError(
            f"The line cannot be split into words ({error}): close the quote, or escape it with \\."
        ) from None
    return words


def as_request(words: Sequence[str], methods: Sequence[str]) -> str:
    """The request that a line's words are: HTTP as it is typed, less the quotes around its whole URL.

    A quote inside it is part of it: ``GET /People?$filter=Name eq 'Scott'``.
    """
    url = 1 if words and words[0] in methods else 0
    return " ".join(
        str(word) if number <= url and _is_quoted(_written(word)) else _written(word)
        for number, word in enumerate(words)
    )


def _written(word: str) -> str:
    return word.written if isinstance(word, Word) else word


def _is_quoted(written: str) -> bool:
    quote = written[:1]
    return quote in ("'", '"') and len(written) > 1 and written.find(quote, 1) == len(written) - 1


def row(text: str, option: str) -> tuple[str, str]:
    """``NAME=VALUE`` of a repeated option."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{option} takes NAME=VALUE, not {text if not equals else '=…'!r}.")
    return name.strip(), value


def parameter(text: str) -> tuple[str, Any]:
    """``NAME=VALUE`` or ``NAME:=JSON`` of ``-p``; a reference becomes a private value."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip(": "):
        raise UsageError(f"-p takes NAME=VALUE or NAME:=JSON, not {text!r}.")
    if name.endswith(":"):
        name = name[:-1]
        try:
            return name.strip(), json.loads(value)
        except (ValueError, RecursionError):
            raise UsageError(f'-p {name}:= takes JSON: a number, true, null, "text", [list] or {{object}}.') from None
    name = name.strip()
    if is_reference(value):
        return name, Secret.from_reference(value, label=name, owner=name)
    return name, value
