"""Asking an API how it wants to be called, and the collection that follows from its answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.basic import Basic
from apiconn_nb.auth.key_in_header import KeyInHeader
from apiconn_nb.auth.none import NoAuthentication
from apiconn_nb.discovery import servers
from apiconn_nb.discovery.candidates import HINT, SAID_IN_REFUSAL, Candidate, merged
from apiconn_nb.discovery.challenges import Challenge, challenges
from apiconn_nb.discovery.schemes import PLACES, Description
from apiconn_nb.errors import ApiConnError, NetworkError
from apiconn_nb.fields import check_url
from apiconn_nb.redaction import redact
from apiconn_nb.settings import CollectionSettings

Send = Callable[[httpx.Request], httpx.Response]
_MOST_SERVERS = 3
_MOST_FACTS = 40


@dataclass(frozen=True)
class Proposal:
    """A setup to be confirmed.

    `settings` is the collection, without its secrets; `missing` are the labels of what the person has to add; `facts`
    is what was found, one line each, with its source; `others` are the other ways that were found, the likeliest first.
    """

    settings: CollectionSettings
    missing: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    others: tuple[CollectionSettings, ...] = field(default=())


def propose(url: str, send: Send, *, name: str = "api") -> Proposal:
    """The setup that the API at `url` asks for.

    Parameters: `url`, its base URL; `send`, what sends a request without credentials and reads the answer (a
    collection's ``door.send_aside``); `name`, of the collection. It follows no redirect, and asks no address of this
    machine that a public API names. Raises ConfigError for what is no URL, and NetworkError where nobody answers.
    """
    check_url(url, "URL")
    return _Search(url, send, name).run()


class _Search:
    def __init__(self, url: str, send: Send, name: str) -> None:
        self._url = url
        self._send = send
        self._name = name
        self._facts: list[str] = []
        self._found: list[Candidate] = []
        self._base_url = url.partition("?")[0].partition("#")[0]
        self._title = ""

    def run(self) -> Proposal:
        first = self._knock()
        refusals = challenges(first.headers.get_list("WWW-Authenticate")) if first is not None else []
        self._read_challenges(refusals)
        issuers = self._read_resource(refusals)
        self._read_description(first)
        if not issuers:
            self._read_own_server(refusals)
        return self._proposal(first)

    # ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _knock(self) -> httpx.Response | None:
        """The API's own answer to a call without credentials."""
        try:
            response = self._send(httpx.Request("GET", self._url, headers={"Accept": "application/json"}))
        except (httpx.RequestError, ApiConnError) as error:
            if isinstance(error, ApiConnError):
                self._note(f"{self._url}: {error}")
                return None
            raise NetworkError(f"{self._url}: nobody answers ({type(error).__name__}: {redact(str(error))}).") from None
        self._note(f"{self._url} answers {response.status_code} without credentials")
        return response

    def _get(self, url: str) -> httpx.Response | None:
        if not servers.may_ask(url, self._url):
            return None
        try:
            return self._send(httpx.Request("GET", url, headers={"Accept": "application/json"}))
        except (httpx.RequestError, ApiConnError) as error:
            self._note(f"{url}: {redact(str(error))[:160]}")
            return None

    def _note(self, fact: str) -> None:
        line = " ".join("".join(each if each.isprintable() else " " for each in redact(fact)).split())
        if line not in self._facts and len(self._facts) < _MOST_FACTS:
            self._facts.append(line[:300])

    # ── sources ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_challenges(self, refusals: list[Challenge]) -> None:
        for challenge in refusals:
            self._note(f"its refusal asks for {challenge}")
            why = f"the refusal of {self._url}"
            if challenge.scheme == "basic":
                self._found.append(Candidate(Basic, {}, why, SAID_IN_REFUSAL - 10))
            elif challenge.scheme == "bearer":
                values = {"key_name": "Authorization", "key_prefix": "Bearer "}
                self._found.append(Candidate(KeyInHeader, values, why, HINT + 5))
            elif challenge.scheme in ("apikey", "api-key", "token"):
                values = {"key_name": "Authorization", "key_prefix": f"{challenge.scheme.capitalize()} "}
                self._found.append(Candidate(KeyInHeader, values, why, HINT + 5))

    def _read_resource(self, refusals: list[Challenge]) -> list[str]:
        """The issuers that the API names as its own (RFC 9728)."""
        named = [each.parameters["resource_metadata"] for each in refusals if "resource_metadata" in each.parameters]
        for place in [*named, *servers.resource_places(self._url)]:
            metadata = servers.read_resource(self._get(place), self._url)
            if not metadata:
                continue
            issuers = [each for each in metadata["authorization_servers"] if isinstance(each, str)][:_MOST_SERVERS]
            self._note(f"{place} names the authorization server {', '.join(issuers)}")
            asked = next((each.parameters["scope"] for each in refusals if each.parameters.get("scope")), "")
            listed = metadata.get("scopes_supported")
            scopes = asked.split() or ([str(each) for each in listed] if isinstance(listed, list) else [])
            return [issuer for issuer in issuers if self._read_server(issuer, scopes, SAID_IN_REFUSAL)]
        return []

    def _read_server(self, issuer: str, scopes: list[str], weight: int) -> bool:
        if not servers.may_ask(issuer, self._url):
            self._note(f"the authorization server {issuer} is not asked: not encrypted, or an address of this machine")
            return False
        metadata = servers.metadata_of(issuer, self._get)
        if metadata is None:
            return False
        self._note(f"{metadata.url}: login page {metadata.text('authorization_endpoint') or 'none'}")
        self._note(f"{metadata.url}: token endpoint {metadata.text('token_endpoint') or 'none'}")
        if grants := metadata.listed("grant_types_supported"):
            self._note(f"{metadata.url}: grants {', '.join(grants)}")
        self._found += servers.candidates(metadata, scopes, metadata.url, weight)
        return True

    def _read_own_server(self, refusals: list[Challenge]) -> None:
        """An API that names no server may be its own."""
        parts = urlsplit(self._url)
        wants_token = any(each.scheme in ("bearer", "dpop") for each in refusals)
        weight = SAID_IN_REFUSAL - 20 if wants_token else HINT - 20
        self._read_server(f"{parts.scheme}://{parts.netloc}", [], weight)

    def _read_description(self, first: httpx.Response | None) -> None:
        for place in self._description_places(first):
            response = self._get(place)
            if response is None or response.status_code != 200:
                continue
            described = Description.read(_json(response), place)
            if described is None:
                continue
            self._title = described.title
            self._note(f"{place} describes the API{f' “{described.title}”' if described.title else ''}")
            self._found += described.candidates(self._url)
            self._take_base_url(described)
            return

    def _description_places(self, first: httpx.Response | None) -> list[str]:
        linked = []
        if first is not None and first.links.get("service-desc"):  # RFC 8631
            linked.append(urljoin(self._url, first.links["service-desc"]["url"]))
        parts = urlsplit(self._url)
        folders = list(dict.fromkeys([parts.path.rstrip("/"), ""]))
        usual = [
            urlunsplit((parts.scheme, parts.netloc, folder + place, "", ""))
            for folder in folders
            for place in (PLACES if folder == "" else PLACES[:2])
        ]
        return [*linked, *usual]

    def _take_base_url(self, described: Description) -> None:
        """The document's server, where the person gave no path and it lies at the same origin."""
        base = described.base_url()
        mine, theirs = urlsplit(self._url), urlsplit(base)
        if base and mine.path.strip("/") == "" and (mine.scheme, mine.netloc) == (theirs.scheme, theirs.netloc):
            self._base_url = base
            self._note(f"{described.place}: the calls lie below {base}")

    # ── the proposal ───────────────────────────────────────────────────────────────────────────────────────────────

    def _proposal(self, first: httpx.Response | None) -> Proposal:
        if first is not None and first.status_code < 400:
            why = f"{self._url} answers without credentials"
            self._found.append(Candidate(NoAuthentication, {}, why, HINT + 10))
        ways = merged(self._found) or [Candidate(NoAuthentication)]
        best = ways[0]
        return Proposal(
            self._settings(best.method, dict(best.values)),
            tuple(best.missing()),
            (*self._facts, *([f"proposed: {best.method.label} ({best.why})"] if best.why else [])),
            tuple(self._settings(each.method, dict(each.values)) for each in ways[1:]),
        )

    def _settings(self, method: type[AuthMethod], values: dict[str, Any]) -> CollectionSettings:
        return CollectionSettings(self._name, method.slug, {"base_url": self._base_url}, values)


def _json(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None
