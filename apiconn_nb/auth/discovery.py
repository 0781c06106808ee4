"""What a provider says about itself by its issuer: OpenID Connect Discovery 1.0 §4, RFC 8414 §3.

A flow like the others: it yields requests and does no I/O. What was found is kept for the life of the process.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from apiconn_nb.errors import ApiConnError, AuthError
from apiconn_nb.fields import check_url

_OIDC = "/.well-known/openid-configuration"
_RFC8414 = "/.well-known/oauth-authorization-server"

_found: dict[str, Metadata] = {}


class MetadataError(AuthError):
    """There is no usable metadata. `stated` is the issuer that the document names instead (empty: none was found)."""

    def __init__(self, message: str, stated: str = "") -> None:
        super().__init__(message)
        self.stated = stated


@dataclass(frozen=True)
class Metadata:
    """The metadata document of one issuer, whose own ``issuer`` is the one that was asked for."""

    issuer: str
    members: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""

    def text(self, name: str) -> str:
        """A member that is a text; empty where there is none."""
        value = self.members.get(name)
        return value if isinstance(value, str) else ""

    def listed(self, name: str) -> tuple[str, ...]:
        """A member that is a list of texts."""
        value = self.members.get(name)
        return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()

    def endpoint(self, name: str) -> str:
        """The URL of an endpoint; empty where there is none. Raises ConfigError for one that is not encrypted."""
        url = self.text(name)
        if url:
            check_url(url, f"Issuer, {name}")
        return url

    @property
    def sends_iss(self) -> bool:
        """Whether every authorization answer carries ``iss`` (RFC 9207 §3)."""
        return self.members.get("authorization_response_iss_parameter_supported") is True


Discovering = Generator[httpx.Request, httpx.Response, Metadata]


def discover(issuer: str) -> Discovering:
    """The metadata of `issuer`, asked for once in this process.

    Raises MetadataError where there is none, or where the document names another issuer (RFC 8414 §3.3: they must be
    identical, or somebody else's endpoints could be slipped in).
    """
    if issuer in _found:
        return _found[issuer]
    check_url(issuer, "Issuer")
    tried, other = [], ""
    for url in places(issuer):
        response = yield httpx.Request("GET", url, headers={"Accept": "application/json"})
        tried.append(f"{url} ({response.status_code})")
        members = _read(response)
        if members is None:
            continue
        if members.get("issuer") == issuer:
            _found[issuer] = Metadata(issuer, members, url)
            return _found[issuer]
        other = other or str(members.get("issuer", ""))[:200]
    if other:
        raise MetadataError(
            f"Issuer: the metadata found for {issuer} says that its issuer is {other!r}, and the two must be the same "
            f"(RFC 8414 §3.3): --issuer {other}, or leave it out and set the endpoints.",
            other,
        )
    raise MetadataError(f"Issuer: no metadata for {issuer}: tried {', '.join(tried)}. Check it, or set the endpoints.")


def known(issuer: str) -> Metadata | None:
    """What `discover` has found before."""
    return _found.get(issuer)


def forget(issuer: str = "") -> None:
    """Ask again the next time: for one issuer, or for all."""
    if issuer:
        _found.pop(issuer, None)
    else:
        _found.clear()


def places(issuer: str) -> list[str]:
    """Where the metadata of `issuer` may be: OpenID Connect appends, RFC 8414 §3.1 inserts before the path."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")

    def at(whole: str) -> str:
        return urlunsplit((parts.scheme, parts.netloc, whole, "", ""))

    return list(dict.fromkeys([at(path + _OIDC), at(_RFC8414 + path), at(_OIDC + path)]))


def _read(response: httpx.Response) -> dict[str, Any] | None:
    if response.status_code != 200:
        return None
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


Filled = Generator[httpx.Request, httpx.Response, dict[str, str]]


def endpoints(issuer: str, wanted: Mapping[str, str], given: Mapping[str, str], needed: tuple[str, ...]) -> Filled:
    """The endpoints that a method lacks, by setting: what is `given` stands, the rest comes from the metadata.

    Parameters: `wanted`, the metadata's name for each setting; `needed`, the settings that nothing works without.
    Where those are given, a provider without metadata is no error. Raises MetadataError and ConfigError.
    """
    missing = [name for name in wanted if not given.get(name)]
    if not issuer or not missing:
        return {}
    lacks = [name for name in needed if not given.get(name)]
    try:
        metadata = yield from discover(issuer)
    except (ApiConnError, httpx.RequestError):
        if lacks:
            raise
        return {}
    found = {name: metadata.endpoint(wanted[name]) for name in missing}
    for name in lacks:
        if not found[name]:
            option = "--" + name.replace("_", "-")
            raise MetadataError(f"Issuer: the metadata of {issuer} has no {wanted[name]}: set it with {option}.")
    return {name: url for name, url in found.items() if url}
