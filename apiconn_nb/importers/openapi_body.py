"""A request body's schema → a body whose members are parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apiconn_nb.importers.draft import Body, Call, mark
from apiconn_nb.importers.names import identifier
from apiconn_nb.importers.openapi_document import Document, names, text
from apiconn_nb.importers.openapi_parameters import Parameters
from apiconn_nb.importers.written import FORM

_MEMBERS = 200
# A person writes JSON most easily, and a file not at all.
_PREFERRED = ("application/json", "+json", "json", FORM, "multipart/form-data", "xml", "text/")


class Bodies:
    """Writes the bodies of a document's operations."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._in_json = True

    def put(self, call: Call, body: Any, parameters: Parameters) -> None:
        """Give `call` the body that an operation's ``requestBody`` describes (OpenAPI 3)."""
        described = self._document.at(body)
        content = dict(self._document.named(described.get("content")))
        if not content:
            return
        kind = _best(list(content))
        self.write(call, kind, content[kind].get("schema"), parameters)

    def write(self, call: Call, kind: str, schema: Any, parameters: Parameters) -> None:
        """Give `call` a body of the media type `kind`."""
        lowered = kind.lower()
        merged = self._document.schema(schema)
        members = self._members(merged)
        self._in_json = "json" in lowered
        if "json" in lowered and members:
            lines = [f'  "{_json_key(name)}": {self._member(call, name, each, parameters)}' for name, each in members]
            call.body = Body("json", "{\n" + ",\n".join(lines) + "\n}", content_type="" if _is_json(lowered) else kind)
        elif lowered.startswith((FORM, "multipart/")) and members:
            pairs = [(name, self._member(call, name, each, parameters)) for name, each in members]
            for name, each in members:
                if text(each, "format") in ("binary", "byte") or text(each, "type") == "file":
                    call.lost.append(f"the form field {name[:40]}, which is a file: give its text as -p")
            call.body = Body("form" if lowered.startswith(FORM) else "multipart", pairs=pairs)
        else:
            name = parameters.name("body", "body")
            call.body = Body(_kind(lowered), mark(name), content_type="" if _is_json(lowered) else kind)
            parameters.note(name, merged, required=True)

    def _members(self, schema: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """The members that a client sends: the required ones first."""
        required = names(schema, "required")
        found = [
            (name, {**self._document.schema(each), "required": name in required})
            for name, each in self._document.at(schema.get("properties")).items()
            if isinstance(name, str)
        ]
        sent = [(name, each) for name, each in found if each.get("readOnly") is not True]
        return sorted(sent, key=lambda pair: not pair[1]["required"])[:_MEMBERS]

    def _member(self, call: Call, name: str, schema: dict[str, Any], parameters: Parameters) -> str:
        if "const" in schema:
            const = schema["const"]
            return json.dumps(const, ensure_ascii=False) if self._in_json or not isinstance(const, str) else const
        chosen = parameters.name(identifier(name), "body")
        parameters.take(call, chosen, schema, required=schema["required"] is True, label=name)
        return mark(chosen)


def _is_json(kind: str) -> bool:
    return kind.partition(";")[0].strip() == "application/json"


def _kind(kind: str) -> str:
    return "json" if "json" in kind else "xml" if "xml" in kind else "text"


def _json_key(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _best(kinds: list[str]) -> str:
    for wanted in _PREFERRED:
        for kind in kinds:
            if wanted in kind.lower():
                return kind
    return kinds[0]
