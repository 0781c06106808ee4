"""Who gives tokens for an API: its protected-resource metadata (RFC 9728), and what its authorization server says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.discovery import Metadata, discover
from apiconn_nb.auth.oauth2_client_credentials import ClientCredentials
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.discovery.candidates import Candidate
from apiconn_nb.errors import ApiConnError
from apiconn_nb.fields import check_url, is_loopback

Get = Callable[[str], httpx.Response | None]
"""GETs a URL; None where nobody answers or the URL may not be asked."""

_WELL_KNOWN = "/.well-known/oauth-protected-resource"


def resource_places(url: str) -> list[str]:
    """Where RFC 9728 §3.1 puts the metadata of the resource `url`."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")

    def at(whole: str) -> str:
        return urlunsplit((parts.scheme, parts.netloc, whole, "", ""))

    return list(dict.fromkeys([at(_WELL_KNOWN + path), at(_WELL_KNOWN)]))


def read_resource(response: httpx.Response | None, url: str) -> dict[str, Any]:
    """The protected-resource metadata in a response; empty where it is none, or one of another resource (§3.3)."""
    if response is None or response.status_code != 200:
        return {}
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or not isinstance(found.get("authorization_servers"), list):
        return {}
    return found if _covers(str(found.get("resource", "")), url) else {}


def _covers(resource: str, url: str) -> bool:
    """Whether `url` is the resource or lies below it, at the same origin."""
    mine, theirs = urlsplit(url), urlsplit(resource)
    same_origin = (mine.scheme, mine.netloc.lower()) == (theirs.scheme, theirs.netloc.lower())
    below = theirs.path.rstrip("/")
    return same_origin and (mine.path.rstrip("/") == below or mine.path.startswith(f"{below}/"))


def metadata_of(issuer: str, get: Get) -> Metadata | None:
    """The metadata of an issuer; None where there is none."""
    flow = discover(issuer)
    try:
        request = next(flow)
        while True:
            response = get(str(request.url))
            # To the flow a URL that may not be asked is one without a document.
            request = flow.send(response if response is not None else httpx.Response(404, request=request))
    except StopIteration as ended:
        found: Metadata = ended.value
        return found
    except ApiConnError:
        return None


def may_ask(url: str, asked: str) -> bool:
    """Whether a URL that an API has named may be asked: encrypted, and on this machine only if the API is, too."""
    try:
        check_url(url, "URL")
    except ApiConnError:
        return False
    return is_loopback(urlsplit(asked).hostname or "") or not is_loopback(urlsplit(url).hostname or "")


def candidates(metadata: Metadata, scopes: list[str], why: str, weight: int) -> list[Candidate]:
    """The ways to a token that an authorization server offers."""
    # RFC 8414 §2: a server that names no grant types offers the code.
    grants = metadata.listed("grant_types_supported") or ("authorization_code",)
    shared: dict[str, Any] = {"issuer": metadata.issuer}
    ways = metadata.listed("token_endpoint_auth_methods_supported")
    # Without a list it is Basic (§2); Basic is taken where the body is not.
    if "client_secret_post" not in ways and ("client_secret_basic" in ways or not ways):
        shared["client_auth_basic"] = True
    found: list[tuple[type[AuthMethod], dict[str, Any]]] = []
    if "authorization_code" in grants and metadata.text("authorization_endpoint"):
        values = dict(shared)
        methods = metadata.listed("code_challenge_methods_supported")
        if methods and "S256" not in methods:
            values["pkce"] = False
        offered = metadata.listed("scopes_supported")
        asked = [*scopes, *(["offline_access"] if "offline_access" in offered and scopes else [])]
        if asked:
            values["scope"] = " ".join(dict.fromkeys(asked))
        found.append((AuthorizationCode, values))
    if "client_credentials" in grants:
        found.append((ClientCredentials, {**shared, **({"scope": " ".join(scopes)} if scopes else {})}))
    return [Candidate(method, values, why, weight - place) for place, (method, values) in enumerate(found)]
