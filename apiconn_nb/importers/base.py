"""What an importer is. A subclass registers itself: a new format is one new file here."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, ClassVar

import apiconn_nb.importers
from apiconn_nb.errors import ConfigError, UnknownNameError
from apiconn_nb.importers.draft import Draft
from apiconn_nb.importers.source import Source

_registered: dict[str, type[Importer]] = {}


class Importer:
    """Reads one format. It names its `slug`, its `label`, and its `order` among those that are asked if they fit."""

    slug: ClassVar[str]
    label: ClassVar[str]
    order: ClassVar[int] = 100

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _registered[cls.slug] = cls

    @classmethod
    def fits(cls, source: Source) -> bool:
        """Whether the source is of this format, by a look at it."""
        raise NotImplementedError

    @classmethod
    def read(cls, source: Source) -> Draft:
        """What the source holds. Raises ConfigError for what cannot be read at all."""
        raise NotImplementedError


def importers() -> tuple[type[Importer], ...]:
    """Every importer, in the order in which they are asked."""
    for module in pkgutil.iter_modules(apiconn_nb.importers.__path__):
        importlib.import_module(f"apiconn_nb.importers.{module.name}")  # a subclass registers itself
    return tuple(sorted(_registered.values(), key=lambda each: (each.order, each.slug)))


def choose(source: Source, slug: str = "") -> type[Importer]:
    """The importer called `slug`, else the first that fits. Raises UnknownNameError and ConfigError."""
    known = {each.slug: each for each in importers()}
    if slug:
        if slug not in known:
            raise UnknownNameError.among("format", slug, known)
        return known[slug]
    found = next((each for each in known.values() if each.fits(source)), None)
    if found is None:
        formats = ", ".join(each.label for each in known.values())
        raise ConfigError(f"{source.name} is in no format that can be imported: {formats}.")
    return found
