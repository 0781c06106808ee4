"""Servers repeat what they are sent, in debug routes, error texts and links: a call's secrets are masked there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx

from apiconn_nb.private_values import PRIVATE
from apiconn_nb.redaction import MASK, Collected, encoded_forms
from apiconn_nb.secrets import Secret

_SHORTEST = 8  # characters: shorter texts stand in data by chance, and the data must stay what it is


def mask_echoes(response: httpx.Response, secrets: Collected) -> bool:
    """Mask the call's own secrets in `response` and its history, body and headers; whether there was one."""
    masked = False
    for each in [*response.history, response]:
        head = b"\n".join(value for _, value in each.headers.raw)
        found = secrets.found_in(each.content, head, shortest=_SHORTEST)
        if found:
            _mask(each, found)
        cut = secrets.begun_at_the_end(each.content, _SHORTEST)
        if cut:  # an answer that broke off in the middle of a secret
            each._content = each.content[:-cut] + MASK.encode()
        masked = masked or bool(found or cut)
    return masked


class EchoMask:
    """Masks the call's own secrets in an answer that arrives in pieces, also where the cut goes through one.

    Parameters: `secrets`, those of the call; `request`, the public one. `has_masked` says whether there was one.
    """

    def __init__(self, secrets: Collected, request: httpx.Request) -> None:
        self._secrets = secrets
        self._names = _masks_of_private_values(request)
        self._beginnings = secrets.beginnings(_SHORTEST)
        self._held = b""
        self.has_masked = False

    def passed(self, piece: bytes) -> bytes:
        """What may go on of the text so far; the beginning of what may be a secret is held back."""
        text = self._masked(self._held + piece)
        short = (len(text[-length:]) for length in range(_SHORTEST - 1, 0, -1) if text[-length:] in self._beginnings)
        hold = self._secrets.begun_at_the_end(text, _SHORTEST) or next(short, 0)
        self._held = text[len(text) - hold :]
        return text[: len(text) - hold]

    def rest(self) -> bytes:
        """What was held back when nothing comes any more; half a secret is masked."""
        cut = self._secrets.begun_at_the_end(self._held, _SHORTEST)
        self.has_masked = self.has_masked or bool(cut)
        return self._held[:-cut] + MASK.encode() if cut else self._held

    def _masked(self, text: bytes) -> bytes:
        for form, raw in self._secrets.found_in(text, shortest=_SHORTEST):
            self.has_masked = True
            text = text.replace(raw, self._names.get(form, MASK).encode())
        return text


def _mask(response: httpx.Response, found: list[tuple[str, bytes]]) -> None:
    names = _masks_of_private_values(response.request)
    content, headers = response.content, response.headers.raw
    for form, raw in found:
        mask = names.get(form, MASK)
        content = content.replace(raw, mask.encode())
        # A header is ASCII, and an address in one (Link, Location) may be called again.
        headers = [(name, value.replace(raw, quote(mask, safe="").encode())) for name, value in headers]
    response._content = content
    response.headers = httpx.Headers(headers)


def _masks_of_private_values(request: httpx.Request) -> Mapping[str, str]:
    """The form of each private value → its own mask, so that a next-page link that repeats it still leads on."""
    hidden: dict[str, Secret] = request.extensions.get(PRIVATE, {})
    return {form: mask for mask, secret in hidden.items() for form in encoded_forms(secret.reveal())}
