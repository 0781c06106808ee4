"""Security schemes and requirements → credentials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx

from apiconn_nb.importers.draft import Credential, Draft, mark
from apiconn_nb.importers.openapi_document import Document, names, text

_DISCOVERY = "/.well-known/openid-configuration"
_FLOWS = ("authorizationCode", "accessCode", "deviceAuthorization", "clientCredentials", "application", "password")
Requirement = tuple[str, ...]
"""The schemes that are needed together; none: nothing is needed."""


class Security:
    """The schemes of a document, and which of them its operations take.

    `base` is the base URL that relative URLs of schemes stand below.
    """

    def __init__(self, document: Document, draft: Draft, base: str) -> None:
        self._document = document
        self._draft = draft
        self._base = base
        components = document.at(document.root.get("components"))
        listed = document.root.get("securityDefinitions") if document.is_swagger else components.get("securitySchemes")
        self._schemes = dict(document.named(listed))
        self._scopes: dict[str, dict[str, None]] = {name: {} for name in self._schemes}
        self._counts: Counter[str] = Counter()
        self._made: dict[Requirement, Credential | None] = {}

    def alternatives(self, operation: Mapping[str, Any]) -> list[Requirement] | None:
        """What an operation takes, one of these; None where nothing is said. Counts the schemes and their scopes."""
        said = operation.get("security", self._document.root.get("security"))
        if not isinstance(said, list):
            return None
        found = []
        for each in said:
            needed = self._document.at(each)
            found.append(tuple(str(name) for name in needed))
            for name in needed:
                self._scopes.setdefault(str(name), {}).update(dict.fromkeys(names(needed, name)))
        self._counts.update({name for requirement in found for name in requirement})
        return found

    def choose(self, alternatives: list[Requirement] | None) -> tuple[Credential | None, bool]:
        """The credential for one operation, and whether it is said to need none.

        Of several the one that most operations take, so that few collections are made of one document.
        """
        if alternatives is None:
            return None, False
        if not alternatives or (() in alternatives and len(alternatives) == 1):
            return None, True
        real = [each for each in alternatives if each]
        ranked = sorted(real, key=lambda each: (-max(self._counts[name] for name in each), len(each)))
        for requirement in ranked:
            if requirement not in self._made:
                self._made[requirement] = self._credential(requirement)
            if (made := self._made[requirement]) is not None:
                return made, False
        return None, True

    def _credential(self, requirement: Requirement) -> Credential | None:
        first: Credential | None = None
        for name in requirement:
            made = self._scheme(name)
            if made is None:
                continue
            if first is None:
                first = made
            elif made.method == "key-in-header" and not made.fields.get("key_prefix"):
                first.headers[str(made.fields["key_name"])] = mark(name)
            elif made.method == "key-in-url":
                first.query[str(made.fields["key_name"])] = mark(name)
            else:
                self._draft.lost.append(f"the security scheme {name} beside {first.label}")
        return first

    def _scheme(self, name: str) -> Credential | None:
        scheme = self._schemes.get(name, {})
        kind = text(scheme, "type")
        made = {
            "apiKey": self._api_key, "http": self._http, "basic": self._basic, "oauth2": self._oauth2,
            "openIdConnect": self._open_id, "mutualTLS": self._mutual_tls,
        }.get(kind, lambda _, __: None)(name, scheme)  # fmt: skip
        if made is None:
            words = text(scheme, "scheme") or kind or "not described"
            self._draft.lost.append(f"the security scheme {name[:40]} ({words[:40]}), which is not known here")
        else:
            made.label = name
        return made

    def _api_key(self, name: str, scheme: Mapping[str, Any]) -> Credential | None:
        key_name, place = text(scheme, "name"), text(scheme, "in")
        if not key_name:
            return None
        if place == "query":
            return Credential("key-in-url", {"key_name": key_name})
        if place == "cookie":
            return Credential("key-in-header", {"key_name": "Cookie", "key_prefix": f"{key_name}="})
        return Credential("key-in-header", {"key_name": key_name}) if place == "header" else None

    def _http(self, name: str, scheme: Mapping[str, Any]) -> Credential | None:
        word = text(scheme, "scheme").lower()
        if word == "basic":
            return self._basic(name, scheme)
        if word in ("bearer", "token", "apikey", "api-key"):
            return Credential("key-in-header", {"key_name": "Authorization", "key_prefix": f"{word.capitalize()} "})
        return None

    def _basic(self, name: str, scheme: Mapping[str, Any]) -> Credential | None:
        return Credential("basic", {"password": mark("password")})

    def _mutual_tls(self, name: str, scheme: Mapping[str, Any]) -> Credential | None:
        return Credential("client-certificate")

    def _open_id(self, name: str, scheme: Mapping[str, Any]) -> Credential | None:
        issuer = self._url(text(scheme, "openIdConnectUrl")).removesuffix(_DISCOVERY)
        return Credential("oauth2-user-agent", {"issuer": issuer, "scope": self._scope(name)})

    def _oauth2(self, name: str, scheme: Mapping[str, Any]) -> Credential | None:
        flows = dict(self._document.named(scheme.get("flows")))
        if self._document.is_swagger:
            flows = {text(scheme, "flow"): scheme}
        chosen = next((each for each in _FLOWS if each in flows), "")
        others = [each for each in flows if each not in (chosen, "implicit") and not each.startswith("x-")]
        if chosen and others:
            self._draft.unneeded.append(f"the flow {', '.join(others)} of {name} beside {chosen}")
        if not chosen:
            if "implicit" in flows:
                self._draft.lost.append(
                    f"the implicit flow of {name}, which RFC 9700 retires: ask the provider for its token endpoint"
                )
                return self._code(name, flows["implicit"])
            return None
        flow = flows[chosen]
        if chosen in ("clientCredentials", "application"):
            fields = {"token_endpoint": self._url(text(flow, "tokenUrl")), "scope": self._scope(name)}
            return Credential("oauth2-client-credentials", {**fields, "client_secret": mark("client_secret")})
        if chosen == "password":
            fields = {"token_endpoint": self._url(text(flow, "tokenUrl")), "scope": self._scope(name)}
            return Credential("oauth2-password", fields)
        return self._code(name, flow)

    def _code(self, name: str, flow: Mapping[str, Any]) -> Credential:
        urls = {
            "authorization_endpoint": "authorizationUrl",
            "token_endpoint": "tokenUrl",
            "refresh_endpoint": "refreshUrl",
            "device_authorization_endpoint": "deviceAuthorizationUrl",
        }
        fields = {field: self._url(text(flow, member)) for field, member in urls.items()}
        if fields["refresh_endpoint"] == fields["token_endpoint"]:
            fields["refresh_endpoint"] = ""
        return Credential("oauth2-user-agent", {**fields, "scope": self._scope(name)})

    def _scope(self, name: str) -> str:
        """What the operations ask for; a document that names none leaves it to the provider."""
        return " ".join(self._scopes.get(name, {}))

    def _url(self, url: str) -> str:
        if not url or not self._base:
            return url
        try:
            return str(httpx.URL(self._base + "/").join(url))
        except (httpx.InvalidURL, ValueError):
            return url
