"""What an import did, in words: what was made, where each secret went, and what could not be carried over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from apiconn_nb.redaction import redact

_SHOWN = 25  # sentences of one kind


@dataclass(frozen=True)
class FoundSecret:
    """A secret of the source, by the place that needs it.

    `setting` is the option or parameter (``--key``, ``-p password``), `suggested` the environment variable to put it
    into; `has_value` says whether the source had the value itself.
    """

    collection: str
    label: str
    setting: str
    suggested: str
    has_value: bool

    def __str__(self) -> str:
        place = f"{self.collection}: {self.label}"
        command = f"%apiconn_auth {self.collection} {self.setting} env:{self.suggested}"
        if not self.setting.startswith("--"):
            command = f'[{self.collection}.calls.….params] {self.setting} = "env:{self.suggested}"'
        if self.has_value:
            return f"{place} was in the source; kept out of the file. To keep it: set {self.suggested}, then {command}"
        return f"{place} is needed: set the environment variable {self.suggested}"


@dataclass
class Report:
    """`lost` could not be carried over, `unneeded` has no effect here, `refused` are whole calls that are not there."""

    source: str
    kind: str
    collections: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    secrets: list[FoundSecret] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unneeded: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    next: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """``imported``, ``partly`` (something was lost or refused) or ``refused`` (no call is there)."""
        if not self.calls:
            return "refused"
        return "partly" if self.lost or self.refused else "imported"

    def text(self) -> str:
        """The report as a person reads it; no secret is in it."""
        calls = "1 call" if len(self.calls) == 1 else f"{len(self.calls):,} calls"
        lines = [f"{self.source} ({self.kind}): {calls}", *self.collections]
        lines += _block("calls", self.calls)
        lines += _block("secrets", map(str, self.secrets))
        lines += _block("to be filled in", self.missing)
        lines += _block("not carried over", counted(self.lost))
        lines += _block("left out, without effect here", counted(self.unneeded))
        lines += _block("not imported", counted(self.refused))
        lines += _block("next", self.next)
        return redact("\n".join(lines))


def _block(title: str, sentences: Iterable[str]) -> list[str]:
    said = list(sentences)
    if not said:
        return []
    more = [f"  … and {len(said) - _SHOWN:,} more"] if len(said) > _SHOWN else []
    return [f"{title}:", *(f"  {each}" for each in said[:_SHOWN]), *more]


def counted(sentences: Iterable[str]) -> list[str]:
    """Each sentence once, with how often it was said."""
    counts: dict[str, int] = {}
    for each in sentences:
        counts[each] = counts.get(each, 0) + 1
    return [each if count == 1 else f"{each} ({count} times)" for each, count in counts.items()]
