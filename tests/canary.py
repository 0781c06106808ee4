"""Secrets that are easy to recognise, in whatever form they leak."""

from __future__ import annotations

import base64
import html
import json
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

AWKWARD = ' /+"&%é'  # what percent-encoding, JSON, HTML and form encoding each change


class Canary:
    """Makes ``CANARY-…`` values and finds them in text, bytes, files and folders."""

    def __init__(self) -> None:
        self.values: list[str] = []

    def __call__(self, label: str = "secret", *, awkward: bool = False) -> str:
        """A fresh value ``CANARY-{label}-{random}``; `awkward` adds characters that every encoding changes."""
        value = f"CANARY-{label}-{secrets.token_hex(6)}" + (AWKWARD if awkward else "")
        return self.watch(value)

    def watch(self, value: str) -> str:
        """Look for `value` too: a key or a token that the test did not make with this canary."""
        self.values.append(value)
        return value

    def found_in(self, *artefacts: object) -> list[str]:
        """Where a value stands, one line each; an artefact is text, bytes, a file, a folder or anything with a repr."""
        return [
            f"{value[:24]}… as {form} in {place}"
            for artefact in artefacts
            for place, content in _contents(artefact)
            for value in self.values
            for form, needle in forms(value)
            if needle in content
        ]

    def assert_absent(self, *artefacts: object) -> None:
        """Fail when any value stands in any artefact, in plain, percent-encoded, base64, JSON or HTML form."""
        assert self.values, "no canary was made: this would pass whatever leaks"
        assert artefacts, "nothing to search: this would pass whatever leaks"
        leaks = self.found_in(*artefacts)
        assert not leaks, "a secret leaked:\n  " + "\n  ".join(leaks)


def forms(value: str) -> Iterable[tuple[str, bytes]]:
    """The forms in which `value` can stand in an artefact, with their names."""
    raw = value.encode()
    found = {
        "plain text": raw,
        "percent-encoding": quote(value, safe="").encode(),
        "percent-encoding, lower case": _lower_escapes(quote(value, safe="")).encode(),
        "form encoding": quote_plus(value).encode(),
        "JSON": json.dumps(value)[1:-1].encode(),
        "JSON in JSON": json.dumps(json.dumps(value)[1:-1])[1:-1].encode(),
        "repr": repr(value)[1:-1].encode(),
        "HTML": html.escape(value).encode(),
        "hex": raw.hex().encode(),
        "UTF-16": value.encode("utf-16-le"),
        "Latin-1": value.encode("latin-1", "replace"),
    }
    # Base64 of a longer text holds ours at one of three alignments; the characters at its edges mix with neighbours.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        middle = encoded[(0, 2, 3)[shift] : len(encoded) - 1]
        found[f"base64 (shift {shift})"] = middle.encode()
        found[f"base64url (shift {shift})"] = middle.translate(str.maketrans("+/", "-_")).encode()
    seen: set[bytes] = set()
    for name, needle in found.items():
        if needle and needle not in seen:
            seen.add(needle)
            yield name, needle


def _lower_escapes(text: str) -> str:
    parts = text.split("%")
    return parts[0] + "".join("%" + part[:2].lower() + part[2:] for part in parts[1:])


def _contents(artefact: object) -> Iterator[tuple[str, bytes]]:
    if isinstance(artefact, Path):
        assert artefact.exists(), f"{artefact} does not exist: nothing would be searched"
        files = [artefact] if artefact.is_file() else sorted(f for f in artefact.rglob("*") if f.is_file())
        for file in files:
            yield f"the name of {file.name}", str(file).encode()
            yield str(file.relative_to(artefact.parent)), file.read_bytes()
    elif isinstance(artefact, bytes | bytearray | memoryview):
        yield "bytes", bytes(artefact)
    else:
        text = artefact if isinstance(artefact, str) else repr(artefact)
        yield f"{type(artefact).__name__} {text[:40]!r}", text.encode("utf-8", "surrogatepass")


@pytest.fixture
def canary() -> Canary:
    """Makes the test's secrets, ``canary("client-secret")``, and looks for them: ``canary.assert_absent(...)``."""
    return Canary()
