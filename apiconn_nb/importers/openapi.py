"""OpenAPI 3.0 to 3.2 and Swagger 2.0, JSON or YAML: operations become calls, security schemes become methods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from apiconn_nb.errors import ConfigError
from apiconn_nb.importers.address import address_of
from apiconn_nb.importers.base import Importer
from apiconn_nb.importers.draft import Call, Draft, mark
from apiconn_nb.importers.openapi_body import Bodies
from apiconn_nb.importers.openapi_document import Document, names, text
from apiconn_nb.importers.openapi_parameters import Parameters
from apiconn_nb.importers.openapi_security import Requirement, Security
from apiconn_nb.importers.source import Source
from apiconn_nb.importers.written import FORM

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_TRIAL = re.compile(r"sandbox|staging|development|\bdev\b|\btest(ing)?\b|\bstage\b|\bqa\b|\bdemo\b", re.IGNORECASE)


class OpenApi(Importer):
    """One collection for each server and security scheme that the operations need."""

    slug: ClassVar[str] = "openapi"
    label: ClassVar[str] = "OpenAPI or Swagger"
    order: ClassVar[int] = 10

    @classmethod
    def fits(cls, source: Source) -> bool:
        """Whether the document says which version it is."""
        return isinstance(source.members.get("openapi", source.members.get("swagger")), str | float | int)

    @classmethod
    def read(cls, source: Source) -> Draft:
        """The operations. Raises ConfigError for a version that is not known."""
        document = Document(source.members)
        version = str(document.root.get("openapi", document.root.get("swagger", "")))
        if not version.startswith(("3.", "2")):
            raise ConfigError(f"{source.name}: OpenAPI {version[:10]!r} is not known here; 2.0 and 3.x are.")
        return _Reading(document, version).draft


class _Reading:
    """One document becomes a draft."""

    def __init__(self, document: Document, version: str) -> None:
        self._document = document
        kind = f"Swagger {version}" if document.is_swagger else f"OpenAPI {version}"
        self.draft = Draft(kind, title=text(document.at(document.root.get("info")), "title"))
        self._base = self._root_base()
        self._security = Security(document, self.draft, self._base)
        self._bodies = Bodies(document)
        waiting: list[tuple[Call, list[Requirement] | None]] = []
        for path, item in document.named(document.root.get("paths")):
            waiting += self._path(path, item)
        # Chosen last: which scheme most operations take is known then.
        for call, alternatives in waiting:
            call.auth, call.no_auth = self._security.choose(alternatives)
            self.draft.calls.append(call)
        if document.root.get("webhooks"):
            self.draft.lost.append("webhooks, which are calls to you")
        for reference in dict.fromkeys(document.external):
            self.draft.lost.append(f"$ref {reference}, which leads out of the document")

    # ── servers ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _root_base(self) -> str:
        if self._document.is_swagger:
            return self._swagger_base()
        servers = self._document.items(self._document.root.get("servers"))
        urls = [self._server(each) for each in servers]
        trials = [
            url
            for url, each in zip(urls, servers, strict=True)
            if _TRIAL.search(f"{url.partition('://')[2]} {text(each, 'description')}")
        ]
        live = [url for url in urls if url not in trials]
        if live and trials and (twin := self._checked(trials[0])):
            self.draft.connection["dev_base_url"] = twin
        return (live or urls or [""])[0]

    def _swagger_base(self) -> str:
        root = self._document.root
        host, path = text(root, "host"), text(root, "basePath")
        schemes = names(root, "schemes")
        scheme = "http" if schemes and "https" not in schemes else "https"
        return f"{scheme}://{host}/{path.strip('/')}".rstrip("/") if host else ""

    def _server(self, server: Mapping[str, Any]) -> str:
        """A server's URL with its variables at their defaults; empty for a relative one."""
        url = text(server, "url").rstrip("/")
        for name, variable in self._document.named(server.get("variables")):
            url = url.replace("{" + name + "}", text(variable, "default"))
        if url.startswith("//"):
            url = f"https:{url}"
        return url if "://" in url else ""

    def _checked(self, url: str) -> str:
        try:
            address = address_of(url, "", {})
        except ConfigError:
            return ""
        return (address.base + address.target).partition("?")[0].partition("#")[0].rstrip("/")

    # ── operations ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _path(self, path: str, item: Mapping[str, Any]) -> list[tuple[Call, list[Requirement] | None]]:
        found: list[tuple[Call, list[Requirement] | None]] = []
        if not path.startswith("/"):
            return found
        operations = [
            (method, self._document.at(item[method])) for method in _METHODS if isinstance(item.get(method), dict)
        ]
        operations += [(name.lower(), each) for name, each in self._document.named(item.get("additionalOperations"))]
        for method, operation in operations:
            call = self._operation(path, method, item, operation)
            found.append((call, self._security.alternatives(operation)))
        return found

    def _operation(self, path: str, method: str, item: Mapping[str, Any], operation: Mapping[str, Any]) -> Call:
        call = Call(path, method.upper(), base=self._base)
        servers = self._document.items(operation.get("servers")) or self._document.items(item.get("servers"))
        if servers and (own := self._server(servers[0])):
            call.base = own
        call.name = text(operation, "operationId")
        parameters = Parameters(self._document)
        for described in self._parameters(item, operation):
            parameters.put(call, described)
        # A name in the path that nobody describes is a parameter all the same.
        call.url = re.sub(r"\{([^{}/]+)\}", lambda match: mark(parameters.name(match[1], "path")), call.url)
        self._body(call, operation, parameters)
        summary = text(operation, "summary") or text(operation, "description")
        deprecated = "Deprecated. " if operation.get("deprecated") is True else ""
        call.doc = deprecated + " ".join(summary.split())[:300]
        if about := parameters.doc():
            call.doc += f" Parameters: {about}"
        if operation.get("callbacks"):
            call.lost.append("callbacks, which are calls to you")
        return call

    def _parameters(self, item: Mapping[str, Any], operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Those of the path and of the operation; the operation's own come in the place of the path's."""
        described = [*self._document.items(item.get("parameters")), *self._document.items(operation.get("parameters"))]
        return list({(text(each, "name"), text(each, "in")): each for each in described}.values())

    def _body(self, call: Call, operation: Mapping[str, Any], parameters: Parameters) -> None:
        if not self._document.is_swagger:
            self._bodies.put(call, operation.get("requestBody"), parameters)
            return
        described = self._document.items(operation.get("parameters"))
        kinds = names(operation, "consumes") or names(self._document.root, "consumes") or ["application/json"]
        for each in described:
            if text(each, "in") == "body":
                kind = next((kind for kind in kinds if "json" in kind), kinds[0])
                self._bodies.write(call, kind, each.get("schema"), parameters)
        fields = {text(each, "name"): each for each in described if text(each, "in") == "formData"}
        if fields:
            required = [name for name, each in fields.items() if each.get("required") is True]
            has_file = any(text(each, "type") == "file" for each in fields.values())
            kind = "multipart/form-data" if has_file or ("multipart/form-data" in kinds and FORM not in kinds) else FORM
            properties = {name: {**each, "required": []} for name, each in fields.items()}
            self._bodies.write(call, kind, {"properties": properties, "required": required}, parameters)
