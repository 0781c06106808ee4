"""What an OpenAPI 3 or Swagger 2 document says about authentication, and about the calls below one URL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.basic import Basic
from apiconn_nb.auth.client_certificate import ClientCertificate
from apiconn_nb.auth.key_in_header import KeyInHeader
from apiconn_nb.auth.key_in_url import KeyInUrl
from apiconn_nb.auth.none import NoAuthentication
from apiconn_nb.auth.oauth2_client_credentials import ClientCredentials
from apiconn_nb.auth.oauth2_password import PasswordGrant
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.discovery.candidates import SAID_OF_API, SAID_OF_CALLS, Candidate

PLACES = (
    "/openapi.json",
    "/swagger.json",
    "/v3/api-docs",
    "/.well-known/openapi.json",
    "/api/openapi.json",
    "/api-docs",
    "/swagger/v1/swagger.json",
    "/v2/api-docs",
)
"""Where servers put their description: FastAPI, springdoc, Swagger, Redoc, .NET, springfox."""

_VERBS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


class Description:
    """An OpenAPI or Swagger document found at `place`."""

    def __init__(self, document: Mapping[str, Any], place: str) -> None:
        self.place = place
        self._document = document

    @classmethod
    def read(cls, document: Any, place: str) -> Description | None:
        """The description in a parsed JSON document; None where it is none."""
        if not isinstance(document, Mapping) or not ("openapi" in document or "swagger" in document):
            return None
        return cls(document, place)

    @property
    def title(self) -> str:
        """What the API calls itself."""
        return str(_at(self._document, "info").get("title", ""))[:120]

    def base_url(self) -> str:
        """The URL that the calls lie below: the first server, or Swagger's host and base path; empty: not said."""
        servers = self._document.get("servers")
        if isinstance(servers, list) and servers and isinstance(servers[0], Mapping):
            url = str(servers[0].get("url", ""))
            return "" if "{" in url else urljoin(self.place, url).partition("?")[0].partition("#")[0].rstrip("/")
        host, path = self._document.get("host"), str(self._document.get("basePath", ""))
        if isinstance(host, str) and host:
            schemes = self._document.get("schemes")
            scheme = "https" if not isinstance(schemes, list) or "https" in schemes else str(schemes[0])
            return f"{scheme}://{host}{path}".rstrip("/")
        return urljoin(self.place, path).rstrip("/") if path else ""

    def candidates(self, url: str) -> list[Candidate]:
        """The ways to call the API that the document describes, those of the calls below `url` first."""
        used = self._used_below(url)
        found = []
        if used.pop("", 0) and not used:
            why = f"{self.place}: the calls here ask for nothing"
            found.append(Candidate(NoAuthentication, {}, why, SAID_OF_CALLS))
        for name, scheme in self._schemes().items():
            for method, values in _methods(scheme, self.place):
                if name in used:
                    rank = list(used).index(name)
                    why = f"{self.place}: {name} opens {used[name]} of the calls here"
                    found.append(Candidate(method, values, why, SAID_OF_CALLS - min(rank, 10)))
                else:
                    found.append(Candidate(method, values, f"{self.place}: {name}", SAID_OF_API - 10))
        return found

    def _schemes(self) -> dict[str, Mapping[str, Any]]:
        held = _at(self._document, "components", "securitySchemes") or _at(self._document, "securityDefinitions")
        return {str(name): scheme for name, scheme in list(held.items())[:50] if isinstance(scheme, Mapping)}

    def _used_below(self, url: str) -> dict[str, int]:
        """The schemes that the calls below `url` ask for, the most used first, with the number of calls.

        Calls that ask for nothing are counted under the empty name.
        """
        base, wanted = urlsplit(self.base_url()).path.rstrip("/"), urlsplit(url).path.rstrip("/")
        near: Counter[str] = Counter()
        everywhere: Counter[str] = Counter()
        for path, operation in self._operations():
            names = [str(name) for name in self._asked(operation)] or [""]
            everywhere.update(names)
            whole = base + path
            if whole == wanted or whole.startswith(f"{wanted}/"):
                near.update(names)
        return dict((near or everywhere).most_common())

    def _operations(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for path, item in list(_at(self._document, "paths").items())[:5000]:
            if not isinstance(item, Mapping):
                continue
            for verb in _VERBS:
                if isinstance(item.get(verb), Mapping):
                    yield str(path), item[verb]

    def _asked(self, operation: Mapping[str, Any]) -> list[str]:
        """The schemes of an operation: its own list, else the document's."""
        asked = operation.get("security", self._document.get("security"))
        if not isinstance(asked, list):
            return []
        return [name for each in asked if isinstance(each, Mapping) for name in each]


def _at(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _methods(scheme: Mapping[str, Any], place: str) -> Iterator[tuple[type[AuthMethod], dict[str, Any]]]:
    """The methods that one security scheme (OpenAPI 3.1 §4.8.27, Swagger 2 §5.2.15) stands for."""
    kind, name = scheme.get("type"), str(scheme.get("name", ""))
    if kind == "apiKey" and scheme.get("in") == "query" and name:
        yield KeyInUrl, {"key_name": name}
    elif kind == "apiKey" and scheme.get("in") == "header" and name:
        yield KeyInHeader, {"key_name": name}
    elif kind == "basic" or (kind == "http" and str(scheme.get("scheme", "")).lower() == "basic"):
        yield Basic, {}
    elif kind == "http" and str(scheme.get("scheme", "")).lower() == "bearer":
        yield KeyInHeader, {"key_name": "Authorization", "key_prefix": "Bearer "}
    elif kind == "mutualTLS":
        yield ClientCertificate, {}
    elif kind == "openIdConnect":
        issuer = str(scheme.get("openIdConnectUrl", "")).removesuffix("/.well-known/openid-configuration")
        if issuer:
            yield AuthorizationCode, {"issuer": urljoin(place, issuer)}
    elif kind == "oauth2":
        yield from _flows(scheme, place)


def _flows(scheme: Mapping[str, Any], place: str) -> Iterator[tuple[type[AuthMethod], dict[str, Any]]]:
    flows = scheme.get("flows")
    if not isinstance(flows, Mapping):
        flows = {str(scheme.get("flow", "")): scheme}  # Swagger 2: one flow, in the scheme itself
    for name, flow in flows.items():
        if not isinstance(flow, Mapping):
            continue
        token = {"token_endpoint": urljoin(place, str(flow.get("tokenUrl", "")))} if flow.get("tokenUrl") else {}
        page = str(flow.get("authorizationUrl", ""))
        if name in ("authorizationCode", "accessCode") and token and page:
            yield AuthorizationCode, {"authorization_endpoint": urljoin(place, page), **token}
        elif name in ("clientCredentials", "application") and token:
            yield ClientCredentials, token
        elif name == "password" and token:
            yield PasswordGrant, token
