"""Tab: collections, methods, options, saved calls."""

from __future__ import annotations

from typing import Any

from apiconn_nb import auth, workspace
from apiconn_nb.errors import ApiConnError
from apiconn_nb.settings import default_method


def complete(event: Any) -> list[str]:
    """What can stand where the cursor is, for IPython's ``complete_command`` hook."""
    from apiconn_nb.notebook import auth_magic, call_magic  # loaded as a whole on the first Tab

    words = event.line.split()
    word = event.symbol
    before = words[1:] if not word else words[1:-1]
    try:
        known = workspace.current().all()
    except ApiConnError:
        return []  # a broken file is said when a magic runs; Tab stays quiet
    if "apiconn_auth" in words[0]:
        found = _auth_words(before, list(known), auth_magic)
    elif not before:
        found = [*known, *(f"{name}.{call}" for name, each in known.items() for call in each.calls)]
    else:
        found = call_magic.parser().options()
    return [each for each in found if each.startswith(word)]


def _auth_words(before: list[str], known: list[str], auth_magic: Any) -> list[str]:
    if not before:
        return known
    slugs = [each.slug for each in auth.methods()]
    chosen = next((word for word in before[1:] if word in slugs), "")
    if not chosen and before[0] in known:
        chosen = workspace.current().all()[before[0]].method
    options = list(auth_magic.parser(auth.method(chosen or default_method())).options())
    return [*slugs, *options] if len(before) == 1 else options
