"""The challenges of a 401: schemes and parameters of ``WWW-Authenticate`` (RFC 9110 §11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}(?:[^\s,"]*)))\s*(?:,|$)')
_SCHEME = re.compile(rf"\s*,?\s*({_TOKEN})(?=\s|,|$)")
_TOKEN68 = re.compile(r"\s+[A-Za-z0-9._~+/-]+=*\s*(?:,|$)")


@dataclass(frozen=True)
class Challenge:
    """One challenge: its `scheme` in lower case, its parameters by name in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.scheme.capitalize(), *(f'{name}="{value}"' for name, value in self.parameters.items())])


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """The challenges in the values of ``WWW-Authenticate``; what cannot be read ends its own header alone."""
    return [challenge for header in headers for challenge in _read(header[:8192])]


def _read(text: str) -> Iterator[Challenge]:
    position = 0
    while match := _SCHEME.match(text, position):
        position = match.end()
        parameters: dict[str, str] = {}
        while found := _PARAMETER.match(text, position):
            position = found.end()
            value = found[3] if found[2] is None else re.sub(r"\\(.)", r"\1", found[2])
            parameters.setdefault(found[1].lower(), value)
        if not parameters and (opaque := _TOKEN68.match(text, position)):
            position = opaque.end()
        yield Challenge(match[1].lower(), parameters)
