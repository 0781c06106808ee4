"""What an authentication method is. A subclass registers itself; magics, form, file and docs find it by `methods`."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import apiconn_nb.auth
from apiconn_nb.errors import ConfigError, UnknownNameError
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.secrets import MASK, Secret

if TYPE_CHECKING:
    import ssl

    import httpx

    from apiconn_nb.auth.slot import TokenSlot

_registered: dict[str, type[AuthMethod]] = {}
_imported: set[tuple[str, ...]] = set()  # folders whose files have been imported


@dataclasses.dataclass(frozen=True)
class Action:
    """Something more a person can do with a method: its button in the form and its magic option.

    `name` is the option without hyphens (``login``), `label` the button's text.
    """

    name: str
    label: str
    help: str = ""


@dataclasses.dataclass(frozen=True)
class AuthMethod:
    """How a collection proves who is calling, with its settings for one environment.

    A subclass is a frozen dataclass whose members are made by `fields.setting`, `secret` and `rows`. It names its
    `slug` (code, options, TOML), its `label` (the form) and its `order` in lists.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    order: ClassVar[int] = 1000
    # Standard the method follows, shown in help and docs.
    standard: ClassVar[str] = ""
    actions: ClassVar[tuple[Action, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        slug = cls.__dict__.get("slug")
        if slug is None:
            return
        known = _registered.get(slug)
        if known is not None and known.__module__ != cls.__module__:
            raise TypeError(f"two authentication methods are called {slug!r}: {known.__module__}, {cls.__module__}")
        _registered[slug] = cls

    def check(self) -> None:
        """Look at the settings before anything is sent; raise ConfigError in the words of a label."""

    def check_secrets(self) -> None:
        """Look at the secrets too, where they can be had without asking; raise ConfigError in words."""

    def auth(self, slot: TokenSlot) -> httpx.Auth | None:
        """What signs a request, as an httpx flow (`httpx.Auth.auth_flow`); None: nothing is added.

        `slot` is where this collection's token rests, for the methods that have one.
        """
        return None

    def preview(self, request: httpx.Request, slot: TokenSlot) -> httpx.Request:
        """`request` as it would be signed, every secret masked: for a dry run. Nothing is resolved or sent."""
        masked = dataclasses.replace(self, **masked_settings(self))
        auth = masked.auth(slot)
        return request if auth is None else next(auth.auth_flow(request))

    def present_certificate(self, context: ssl.SSLContext) -> None:
        """Add to the collection's TLS context what the method proves itself with there."""

    def test_url(self) -> str:
        """Where a test call goes when the collection has no saved ``test`` call; empty: the base URL."""
        return ""

    def query_names(self) -> frozenset[str]:
        """The query parameters that the method adds: cut from next-page links that echo them."""
        return frozenset()


def masked_settings(method: AuthMethod) -> dict[str, Any]:
    """The secret settings of `method`, each replaced by a mask."""
    masked: dict[str, Any] = {}
    for field in fields_of(type(method)):
        value = getattr(method, field.name, None)
        if isinstance(value, Secret) and value:
            masked[field.name] = Secret(MASK)
        elif field.kind == "rows" and value:
            masked[field.name] = {
                key: Secret(MASK) if isinstance(each, Secret) else each for key, each in value.items()
            }
    return masked


def methods() -> tuple[type[AuthMethod], ...]:
    """Every method, in the reference system's order; a file added to this folder is among them."""
    folders = tuple(apiconn_nb.auth.__path__)
    if folders not in _imported:
        for module in pkgutil.iter_modules(folders):
            importlib.import_module(f"apiconn_nb.auth.{module.name}")  # a subclass registers itself
        _imported.add(folders)
    return tuple(sorted(_registered.values(), key=lambda each: (each.order, each.slug)))


def method(slug: str) -> type[AuthMethod]:
    """The method called `slug`. Raises UnknownNameError with the close names."""
    known = {each.slug: each for each in methods()}
    if slug not in known:
        raise UnknownNameError.among("authentication method", slug, known)
    return known[slug]


def build(
    chosen: type[AuthMethod], values: Mapping[str, Any], *, environment: str, owner: str, check: bool = True
) -> tuple[AuthMethod, dict[str, str]]:
    """The method with its settings for one environment, and which environment each twin was taken from.

    Parameters: `values`, the settings as the file holds them, by field name; `environment`, ``live`` or
    ``development``; `owner`, the collection's name; `check`, whether its files are looked at (a replay has none).
    Raises ConfigError naming the label of what is missing or wrong, and UnknownNameError for a setting the method does
    not have.
    """
    fields = {field.name: field for field in fields_of(chosen)}
    check_names(chosen, values)
    typed = {name: fields[name].parse(raw, owner=owner) for name, raw in values.items()}
    taken: dict[str, str] = {}
    settings: dict[str, Any] = {}
    for field in fields.values():
        if field.dev_of:
            continue
        twin = f"dev_{field.name}"
        if environment == "development" and typed.get(twin):
            settings[field.name], taken[field.name] = typed[twin], "development"
        else:
            settings[field.name] = typed.get(field.name, field.default)
            if twin in fields:
                taken[field.name] = "live"
        _require(field, settings[field.name])
    built = chosen(**settings)
    if check:
        built.check()
    return built, taken


def check_names(chosen: type[AuthMethod], values: Mapping[str, Any]) -> None:
    """Raise UnknownNameError for a setting that the method does not have."""
    names = [field.name for field in fields_of(chosen)]
    for name in values:
        if name not in names:
            raise UnknownNameError.among(f"setting of {chosen.slug}", name, names)


def _require(field: Field, value: Any) -> None:
    if field.required and not value:
        raise ConfigError(f"{field.label} is missing: set it with {field.option} or in the form.")
