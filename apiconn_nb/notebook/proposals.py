"""A setup to be confirmed, from what an API says of itself or from a preset: the next cell, run, confirms it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apiconn_nb.errors import UsageError
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook.display import Block
from apiconn_nb.settings import CollectionSettings


def discovered(shell: Any, name: str, url: str) -> Block:
    """What the API at `url` says about its authentication, and the cell that sets it up.

    Nothing is saved, and no credential is sent. Raises ConfigError and NetworkError.
    """
    from apiconn_nb.discovery import propose  # start-up cost: rarely used

    with Collection(CollectionSettings(name, connection={"base_url": url})) as asking:
        proposal = propose(url, asking.door.send_aside, name=name)
    return _offer(shell, list(proposal.facts), proposal.settings, proposal.missing, proposal.others)


def from_preset(shell: Any, name: str, preset: str, values: Mapping[str, Any]) -> Block:
    """A provider's preset, and the cell that sets it up; `values` fill its variables (a tenant, a shop).

    Raises UnknownNameError for a preset that there is not, and UsageError naming a variable without a value.
    """
    from apiconn_nb import layout, presets  # start-up cost: the data files

    chosen = presets.preset(preset)
    asked = [each.name for each in chosen.asks() if each.name not in values]
    if asked:
        wanted = " ".join(f"-p {each}=…" for each in asked)
        raise UsageError(f"{chosen.title} needs {', '.join(asked)}: %apiconn_auth {name} --preset {preset} {wanted}")
    settings = layout.from_table(name, chosen.collection({key: str(value) for key, value in values.items()}))
    facts = [chosen.title, *([chosen.note] if chosen.note else []), *sorted(set(chosen.sources.values()))]
    return _offer(shell, facts, settings)


def _offer(
    shell: Any,
    facts: list[str],
    settings: CollectionSettings,
    missing: Sequence[str] = (),
    others: Sequence[CollectionSettings] = (),
) -> Block:
    from apiconn_nb.notebook.as_magic import as_magic  # start-up cost: rarely used

    cell = as_magic(settings)
    shell.set_next_input(cell)
    lines = [*facts, "", "To set it up, run (in a notebook it is the next cell):", cell]
    if missing:
        lines += ["", f"To add: {', '.join(missing)}."]
    if others:
        lines += ["", "Other ways that were found:", *map(as_magic, others)]
    return Block("\n".join(lines))
