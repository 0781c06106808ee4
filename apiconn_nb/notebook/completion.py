"""Tab: collections, methods, options and their choices, saved calls."""

from __future__ import annotations

import argparse
import re
from typing import Any

from apiconn_nb import auth, workspace
from apiconn_nb.errors import ApiConnError
from apiconn_nb.fields import fields_of
from apiconn_nb.notebook import auth_magic, call_magic
from apiconn_nb.notebook.arguments import Parser
from apiconn_nb.request import parse
from apiconn_nb.settings import CONNECTION_FIELDS, CollectionSettings, default_method

_MAGIC = re.compile(r"(?:^|=)\s*%{0,2}(apiconn_\w+|apicall)\s")
_ASSIGNED = re.compile(r"(?:^|=)\s*%{0,2}(?:apiconn_\w+|apicall)$")


def complete(event: Any) -> list[str]:
    """What can stand where the cursor is, for IPython's ``complete_command`` hook."""
    word, found = words_for(str(getattr(event, "text_until_cursor", event.line)))
    # IPython replaces what it takes for the word, which begins anew after some signs.
    cut = len(word) - len(event.symbol) if word.endswith(event.symbol) else 0
    return [each[cut:] for each in found]


def words_for(typed: str) -> tuple[str, list[str]]:
    """The word that is begun at the end of a line, and the whole words that it can become."""
    found = _MAGIC.search(typed)
    if found is None or _ASSIGNED.search(typed):
        return "", []
    words = typed[found.end() :].split()
    word = words.pop() if words and not typed[-1:].isspace() else ""
    try:
        known = dict(workspace.current().all())
    except ApiConnError:
        return word, []  # a broken file is said when a magic runs; Tab stays quiet
    return word, [each for each in _candidates(found[1], words, known) if each.startswith(word)]


def _candidates(magic: str, before: list[str], known: dict[str, CollectionSettings]) -> list[str]:
    if magic == "apiconn_auth":
        return _auth_words(before, known)
    if magic != "apicall":
        return list(known) if not before else []
    if not before:
        return [*known, *(f"{name}.{call}" for name, each in known.items() for call in each.calls)]
    parser = call_magic.parser()
    if before[-1] in ("-p", "--param"):
        return _values(before[0], known)
    return _choices(parser, before[-1])


def _auth_words(before: list[str], known: dict[str, CollectionSettings]) -> list[str]:
    if not before:
        return list(known)
    slugs = [each.slug for each in auth.methods()]
    chosen = next((word for word in before[1:] if word in slugs), "")
    if not chosen and before[0] in known:
        chosen = known[before[0]].method
    method = auth.method(chosen or default_method())
    parser = auth_magic.parser(method)
    fields = {each.option: each for each in (*CONNECTION_FIELDS.values(), *fields_of(method))}
    if before[-1] in fields and fields[before[-1]].choices:
        return [choice for choice in fields[before[-1]].choices if choice]
    return (slugs if len(before) == 1 else []) + _choices(parser, before[-1])


def _values(called: str, known: dict[str, CollectionSettings]) -> list[str]:
    """The dynamic values of a saved call, as ``-p`` takes them."""
    name, _, call = called.partition(".")
    saved = known[name].calls.get(call) if name in known else None
    try:
        return [f"{each}=" for each in parse(saved.request).names()] if saved is not None else []
    except ApiConnError:
        return []


def _choices(parser: Parser, before: str) -> list[str]:
    """What an option can be followed by, where that is a list; nothing where it takes any text; else the options."""
    action: argparse.Action | None = parser._option_string_actions.get(before)
    if action is None or action.nargs == 0:
        return parser.options()
    return list(map(str, action.choices or ()))
