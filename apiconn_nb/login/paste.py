"""An answer that a person copied: the whole address bar, its query, or the code alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from apiconn_nb.login.transaction import Answer, AnswerRefused, Transaction, find, plain

_MOST = 16384  # characters
_MOST_PARAMETERS = 40
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")


def read(text: str, transactions: Iterable[Transaction]) -> Answer:
    """The answer in `text` for one of `transactions`, whose state is spent with it.

    Raises AnswerRefused, in one sentence that says what to copy instead and repeats nothing of `text`.
    """
    waiting = list(transactions)
    pasted = text.strip().strip("<>\"'")
    if not pasted:
        raise AnswerRefused("Nothing was pasted: copy the whole address bar of the page where the sign-in ended.")
    if len(pasted) > _MOST:
        raise AnswerRefused("That is too long for an address: copy the address bar alone.")
    if "://" in pasted.split("?", 1)[0]:
        return _from_url(pasted, waiting)
    if "=" in pasted.strip("=") and ("code=" in pasted or "error=" in pasted or "state=" in pasted):
        return _from_query(pasted.lstrip("?#"), waiting, "")
    return _from_code(pasted, waiting)


def _from_url(pasted: str, waiting: list[Transaction]) -> Answer:
    try:
        parts = urlsplit(pasted)
        port = parts.port
    except ValueError:
        raise AnswerRefused(
            "That is no address: copy the whole address bar of the page where the sign-in ended."
        ) from None
    if parts.fragment and not parts.query:
        raise AnswerRefused("The answer stands behind a #: this provider was asked for a token instead of a code.")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    arrived = urlunsplit((parts.scheme.lower(), host + (f":{port}" if port else ""), parts.path, "", ""))
    return _from_query(parts.query, waiting, arrived)


def _from_query(query: str, waiting: list[Transaction], arrived: str) -> Answer:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise AnswerRefused("That has too many parameters for an answer: copy the address bar alone.") from None
    expected = sorted({each.redirect_url for each in waiting})
    if arrived and not any(_same_place(arrived, each) for each in expected):
        raise AnswerRefused(
            f"That is the address of another page ({plain(arrived, 80)}): sign in first, and copy the address that "
            f"begins with {' or '.join(expected)}."
        )
    found = find(waiting, pairs)
    if found is None:
        raise AnswerRefused("That is the answer to another sign-in (its state is not this one's): use the link here.")
    # A redirect URL with a query of its own comes back with it; what was compared above is all before it.
    return found.accept(pairs, found.redirect_url)


def _same_place(arrived: str, redirect_url: str) -> bool:
    expected = urlsplit(redirect_url)
    return arrived.rstrip("/") == urlunsplit((expected.scheme, expected.netloc, expected.path, "", "")).rstrip("/")


def _from_code(pasted: str, waiting: list[Transaction]) -> Answer:
    if any(character.isspace() or not character.isprintable() for character in pasted):
        raise AnswerRefused("That is neither an address nor a code: copy the whole address bar.")
    live = [each for each in waiting if not (each.is_spent or each.is_late)]
    if not live:
        raise AnswerRefused("No sign-in page was opened from the link yet, or it took too long: use the link again.")
    # Copied out of an address bar, a code is still percent-encoded; none that a provider makes has % and two digits.
    return live[-1].accept_bare(unquote(pasted) if _ENCODED.search(pasted) else pasted)
