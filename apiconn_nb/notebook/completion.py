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
from apiconn_nb.settings import CONNECTION_FIELDS, CollectionSettings, default_method

_MAGIC = re.compile(r"(?:^|=)\s*%{0,2}(apiconn_\w+|apicall)\s")
_ASSIGNED = re.compile(r"(?:^|=)\s*%{0,2}(?:apiconn_\w+|apicall)$")


def complete(event: Any) -> list[str]:
    """What can stand where the cursor is, for IPython's ``complete_command`` hook."""
    typed = str(getattr(event, "text_until_cursor", event.line))
    found = _MAGIC.search(typed)
    if found is None or _ASSIGNED.search(typed):
        return []
    words = typed[found.end() :].split()
    word = words.pop() if words and not typed[-1:].isspace() else ""
    try:
        known = dict(workspace.current().all())
    except ApiConnError:
        return []  # a broken file is said when a magic runs; Tab stays quiet
    candidates = _candidates(found[1], words, known)
    # IPython replaces what it takes for the word, which begins anew after some signs.
    cut = len(word) - len(event.symbol) if word.endswith(event.symbol) else 0
    return [each[cut:] for each in candidates if each.startswith(word)]


def _candidates(magic: str, before: list[str], known: dict[str, CollectionSettings]) -> list[str]:
    if magic == "apiconn_auth":
        return _auth_words(before, known)
    if magic != "apicall":
        return list(known) if not before else []
    if not before:
        return [*known, *(f"{name}.{call}" for name, each in known.items() for call in each.calls)]
    parser = call_magic.parser()
    return _choices(parser, before[-1]) or parser.options()


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
    found = _choices(parser, before[-1])
    return found or ([*slugs, *parser.options()] if len(before) == 1 else parser.options())


def _choices(parser: Parser, option: str) -> list[str]:
    """What an option can be followed by, where that is a list."""
    action: argparse.Action | None = parser._option_string_actions.get(option)
    return list(map(str, action.choices)) if action is not None and action.choices else []
