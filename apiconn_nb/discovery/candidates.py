"""One way to call an API, and how much speaks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.fields import fields_of

# How sure a source makes: what the API says in its own refusal, what its description says of these calls, a hint.
SAID_IN_REFUSAL = 100
SAID_OF_CALLS = 80
SAID_OF_API = 60
HINT = 30


@dataclass(frozen=True)
class Candidate:
    """A method with the settings that were found for it; `why` says where, `weight` how much speaks for it."""

    method: type[AuthMethod]
    values: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    weight: int = HINT

    def missing(self) -> list[str]:
        """The labels of what the person has to add: required settings, and secrets, which no API tells."""
        return [
            each.label
            for each in fields_of(self.method)
            if not each.dev_of
            and not each.advanced
            and not self.values.get(each.name)
            and ((each.required and not each.default) or each.kind == "secret")
        ]


def merged(candidates: Iterable[Candidate]) -> list[Candidate]:
    """One candidate for each method, the likeliest first.

    Sources that agree add up, and a weaker one fills what a stronger one lacks.
    """
    found: dict[type[AuthMethod], Candidate] = {}
    for each in sorted(candidates, key=lambda candidate: -candidate.weight):
        before = found.get(each.method)
        if before is None:
            found[each.method] = each
        elif _agree(before, each):
            values = {**each.values, **before.values}
            found[each.method] = replace(before, values=values, weight=before.weight + each.weight)
    return sorted(found.values(), key=lambda candidate: -candidate.weight)


def _agree(one: Candidate, other: Candidate) -> bool:
    """Whether two sources speak of the same thing: an endpoint or a key's name that both have is equal."""
    return all(one.values[name] == value for name, value in other.values.items() if name in one.values)
