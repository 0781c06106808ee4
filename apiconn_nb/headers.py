"""A request's headers: ours, the collection's, then the cell's; a credential in them stands behind its mask."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

from apiconn_nb import placeholders
from apiconn_nb.auth.header import USER_AGENT
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.placeholders import Needed
from apiconn_nb.private_values import Hidden
from apiconn_nb.secrets import Secret, is_reference

_OWN = {
    "Accept": "application/json, text/csv;q=0.9, */*;q=0.5",
    # Not br: a brotli bomb unfolds without limit in one step, gzip by a thousand at most.
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": USER_AGENT,
}
_ONCE = {"authorization", "content-length", "content-type", "host"}  # RFC 9110: one value, and the last one typed
_SCHEME = re.compile(r"(?i)(?:(?:apikey|basic|bearer|digest|key|token) +)?")


def filled_headers(
    written: tuple[tuple[str, str], ...],
    shared: Mapping[str, str | Secret],
    needed: Needed,
    private: frozenset[str],
    hidden: Hidden,
) -> httpx.Headers:
    """The headers that are sent; one that the cell writes twice is sent twice (RFC 9110 §5.3).

    Parameters: `written`, the cell's; `shared`, the collection's, which the cell overrides; `private`, the names that
    are shown nowhere; `hidden` takes what stands behind a mask. Raises PlaceholderError.
    """
    headers = httpx.Headers(_OWN, encoding="utf-8")
    for name, value in shared.items():
        headers[name] = hidden.mask(name, value.strip(" \t") if isinstance(value, str) else value)
    hide = {name.lower() for name in private}
    typed: list[tuple[bytes, bytes]] = []
    for name, text in written:
        if name.lower() in _ONCE:
            typed = [each for each in typed if each[0].decode().lower() != name.lower()]
        typed.append((name.encode(), _filled(name, text, needed, name.lower() in hide, hidden).encode()))
        headers.pop(name, None)
    return httpx.Headers([*headers.raw, *typed], encoding="utf-8")  # raw: as they are written, Capitals too


def _filled(name: str, text: str, needed: Needed, is_private: bool, hidden: Hidden) -> str:
    value = placeholders.fill_header(text, needed)
    is_credential = looks_like_credential(name)
    scheme, reference = scheme_and_rest(text) if is_credential else ("", text)
    if is_reference(reference):  # as it is written: a dynamic value must not name a file to send
        return scheme + hidden.mask(name, Secret.from_reference(reference, label=name, owner=name))
    return hidden.credential(name, value) if is_private or is_credential else value


def scheme_and_rest(value: str) -> tuple[str, str]:
    """A credential's scheme with the space behind it (RFC 9110 §11.4; empty: none), and what follows."""
    found = _SCHEME.match(value)
    scheme = found[0] if found else ""
    return scheme, value[len(scheme) :]
