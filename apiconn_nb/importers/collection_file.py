"""A collection file of somebody else (``apiconn.toml``): taken as it is, and not trusted as it is."""

from __future__ import annotations

import tomllib
from typing import Any, ClassVar

from apiconn_nb.errors import ApiConnError, ConfigError
from apiconn_nb.importers.base import Importer
from apiconn_nb.importers.draft import Draft
from apiconn_nb.importers.source import Source
from apiconn_nb.layout import from_table


class CollectionFile(Importer):
    """Its collections, each untrusted."""

    slug: ClassVar[str] = "toml"
    label: ClassVar[str] = "collection file (apiconn.toml)"
    order: ClassVar[int] = 50

    @classmethod
    def fits(cls, source: Source) -> bool:
        """Whether it is TOML with a base URL in one of its tables."""
        return any(isinstance(table, dict) and "base_url" in table for table in _tables(source).values())

    @classmethod
    def read(cls, source: Source) -> Draft:
        """The collections, ready made. Raises ConfigError for what the file reader would refuse too."""
        draft = Draft("collection file")
        for name, table in _tables(source).items():
            try:
                settings = from_table(name, table)
                settings.check()
            except (ApiConnError, TypeError, AttributeError, KeyError, ValueError) as error:
                raise ConfigError(f"{source.name}: [{name}] does not hold: {error}") from None
            draft.ready.append(settings)
        return draft


def _tables(source: Source) -> dict[str, Any]:
    if "base_url" not in source.text:
        return {}
    try:
        return tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
