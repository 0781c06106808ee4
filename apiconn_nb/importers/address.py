"""The URL of a draft's call → the base URL of its collection, and the target below it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

import httpx

from apiconn_nb.errors import ConfigError
from apiconn_nb.fields import check_url, is_loopback
from apiconn_nb.importers.draft import MARK, Variable, names_in, replaced

_DEEPEST = 8  # variables in the values of variables
_LONGEST = 20_000  # characters that a text may grow to
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_AUTHORITY_END = re.compile(r"[/?#]")


@dataclass
class Address:
    """Where a call goes.

    `base` is empty where the source does not say; `missing` says then what is to be filled in, `lost` what was changed.
    """

    base: str
    target: str
    userinfo: tuple[str, str] | None = None
    lost: list[str] = field(default_factory=list)
    missing: str = ""


def resolved(text: str, variables: Mapping[str, Variable]) -> str:
    """`text` with the variables that have a value replaced by it, however deep; the others stay marked."""
    for _ in range(_DEEPEST):
        known = [name for name in names_in(text) if name in variables and variables[name].value is not None]
        if not known or len(text) > _LONGEST:
            break
        text = replaced(text, lambda name: _value(name, variables))
    return text


def _value(name: str, variables: Mapping[str, Variable]) -> str:
    found = variables.get(name)
    return f"\ue000{name}\ue001" if found is None or found.value is None else found.value[:_LONGEST]


def address_of(url: str, base: str, variables: Mapping[str, Variable]) -> Address:
    """Where `url` (below `base`, if that is given) goes. Raises ConfigError for a scheme that is not HTTP."""
    url = url.strip()
    if base:
        return _below(resolved(base.strip(), variables).rstrip("/"), url)
    leading = MARK.match(url)
    if leading and not _SCHEME.match(url):
        value = resolved(leading[0], variables).strip()
        rest = url[leading.end() :]
        if MARK.match(value):
            address = Address("", rest if rest.startswith(("/", "?")) else f"/{rest}")
            address.missing = f"the base URL, which is the variable {leading[1]} without a value"
            return address
        if not value.startswith("/"):
            return _below(value if _SCHEME.match(value) else _with_scheme(value), rest)
        url = value + rest
    if url.startswith(("/", "?")) or not url:
        return Address("", url or "/", missing="the base URL, which is not said")
    whole = url if _SCHEME.match(url) else _with_scheme(url)
    return _split(whole, variables)


def _with_scheme(url: str) -> str:
    host = _AUTHORITY_END.split(url.removeprefix("//"))[0].rpartition("@")[2].partition(":")[0]
    return ("http://" if is_loopback(host) else "https://") + url.removeprefix("//")


def _below(base: str, target: str) -> Address:
    """A target below a base that has a path of its own."""
    address = _split(base, {})
    origin, path = address.base, address.target
    if "?" in path or "#" in path or names_in(path):
        return Address(origin, path + target, address.userinfo, address.lost, address.missing)
    address.base = origin + path.rstrip("/") if origin else ""
    if address.base:
        check_url(address.base, "Base URL")
    address.target = target if not target or target.startswith(("/", "?")) else f"/{target}"
    return address


def _split(url: str, variables: Mapping[str, Variable]) -> Address:
    scheme = _SCHEME.match(url)
    if scheme is None or scheme[1].lower() not in ("http", "https"):
        raise ConfigError(f"{scheme[1] if scheme else url[:30]!r} is not HTTP")
    rest = url[scheme.end() :]
    end = _AUTHORITY_END.search(rest)
    authority, target = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    authority = resolved(authority, variables)
    user, at, host = authority.rpartition("@")
    address = Address("", target)
    if at:
        name, _, password = user.partition(":")
        address.userinfo = (unquote(name), unquote(password))
    if names_in(host):
        address.missing = f"the base URL, whose host is the variable {names_in(host)[0]} without a value"
        return address
    address.base = _checked(f"{scheme[1].lower()}://{host}", address.lost)
    return address


def _checked(base: str, lost: list[str]) -> str:
    """`base` as a collection can have it: https, but on loopback. Raises ConfigError for what is no URL."""
    host = base.partition("://")[2]
    try:
        bare = httpx.URL(base).host
    except (httpx.InvalidURL, ValueError):
        raise ConfigError(f"{base[:60]!r} is no URL") from None
    if base.startswith("http://") and not is_loopback(bare):
        lost.append(f"{base} became https://{host}: credentials never go unencrypted")
        base = f"https://{host}"
    check_url(base, "Base URL")
    return base
