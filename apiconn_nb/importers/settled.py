"""A draft → collections: its calls grouped by base URL and credential."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from apiconn_nb import auth, fence
from apiconn_nb.errors import ConfigError
from apiconn_nb.importers import credentials
from apiconn_nb.importers.address import Address, address_of
from apiconn_nb.importers.draft import Call, Draft
from apiconn_nb.importers.names import collection_name, host_name, unique
from apiconn_nb.importers.report import Report
from apiconn_nb.importers.writing import Group, Writing
from apiconn_nb.importers.written import shown
from apiconn_nb.settings import CollectionSettings

MOST_CALLS = 5000


@dataclass(frozen=True)
class Imported:
    """Collections and what there is to say about them.

    A secret of the source stands in the settings as a `Secret`; `Workspace.save` puts it away and writes a reference.
    """

    settings: list[CollectionSettings]
    report: Report


def settle(draft: Draft, source: str, name: str = "") -> Imported:
    """The collections of a draft. `source` is how the report calls it, `name` the (first) collection's name."""
    report = Report(source, draft.kind, lost=list(draft.lost), unneeded=list(draft.unneeded))
    report.refused = list(draft.refused)
    if len(draft.calls) > MOST_CALLS:
        report.refused.append(f"{len(draft.calls) - MOST_CALLS:,} calls beyond the first {MOST_CALLS:,}")
    groups = _grouped(draft, report)
    settings = [_untrusted(each, report) for each in draft.ready]
    for group in groups:
        taken = {each.name for each in settings}
        chosen = _group_name(group, draft, name, taken, settings)
        settings.append(Writing(draft, group, chosen, report).settings())
    return Imported([each for each in settings if each.calls or len(settings) == 1], report)


def _untrusted(ready: CollectionSettings, report: Report) -> CollectionSettings:
    """A collection in our own words, with the origins that its sender let through forgotten."""
    report.collections.append(
        f"{ready.name} · {ready.connection.get('base_url', '')} · {auth.method(ready.method).label}"
    )
    report.calls += [f"{ready.name}.{call}" for call in ready.calls]
    report.next.append(f"%apiconn_auth {ready.name} --trust    shows where its credentials would go")
    return replace(ready, connection={**ready.connection, "trusted_origins": fence.NO_ORIGIN})


def _grouped(draft: Draft, report: Report) -> list[Group]:
    groups: dict[tuple[Any, ...], Group] = {}
    plain: list[tuple[Call, Address]] = []
    for call in draft.calls[:MOST_CALLS]:
        try:
            address = address_of(call.url, call.base, draft.variables)
        except ConfigError as error:
            report.refused.append(f"{call.method} {shown(call.url)}: {error}")
            continue
        call.url = address.target
        credentials.take_out(call, draft, address.userinfo)
        address.target = call.url
        if call.auth is None:
            plain.append((call, address))
            continue
        key = (address.base, *call.auth.key())
        groups.setdefault(key, Group(address.base, call.auth)).calls.append((call, address))
    _place_plain(groups, plain)
    return sorted(groups.values(), key=lambda each: -len(each.calls))


def _place_plain(groups: dict[tuple[Any, ...], Group], plain: list[tuple[Call, Address]]) -> None:
    """Calls that need no credential go to the largest collection of their base URL."""
    sizes = Counter({key: len(group.calls) for key, group in groups.items()})
    for call, address in plain:
        # A base URL that is not said is that of the others, where there is one.
        homes = [key for key in groups if key[0] == address.base] or ([*groups][:1] if not address.base else [])
        if homes:
            home = groups[max(homes, key=lambda key: sizes[key])]
        else:
            home = groups.setdefault((address.base, None), Group(address.base, None))
        home.calls.append((call, address))


def _group_name(group: Group, draft: Draft, given: str, taken: set[str], before: list[CollectionSettings]) -> str:
    """The first collection has the name that was given, or the source's; the others say in what they differ."""
    named = given or collection_name(draft.title)
    host = host_name(group.base) if group.base else "api"
    if not before:
        return named or host
    is_new_host = all(each.connection.get("base_url") != group.base for each in before)
    if not named and is_new_host:
        return unique(host, taken)
    label = group.credential.label or group.credential.method if group.credential else "none"
    suffix = host if is_new_host and group.base else label
    return unique(collection_name(f"{named or before[0].name}_{suffix}")[:60], taken)
