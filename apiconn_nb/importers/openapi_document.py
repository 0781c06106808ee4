"""An OpenAPI or Swagger document, read with distrust: any node may be of any type, and references lead in circles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from apiconn_nb.importers.draft import clean

_HOPS = 30  # references that lead to references
_DEEPEST = 8  # allOf within allOf


class Document:
    """The root of a document. `external` collects the references that lead out of it, which are not followed."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.external: list[str] = []

    @property
    def is_swagger(self) -> bool:
        """Whether it is version 2."""
        return "swagger" in self.root and "openapi" not in self.root

    def at(self, node: Any) -> Mapping[str, Any]:
        """`node` as an object, its ``$ref`` followed; an empty one for anything else."""
        for _ in range(_HOPS):
            if not isinstance(node, dict):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            if not reference.startswith("#/"):
                self.external.append(reference[:80])
                return {}
            node = self._pointed(reference[2:])
        return {}

    def _pointed(self, pointer: str) -> Any:
        """The node at a JSON pointer (RFC 6901) below the root."""
        node: Any = self.root
        for part in pointer.split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and name in node:
                node = node[name]
            elif isinstance(node, list) and name.isdigit() and int(name) < len(node):
                node = node[int(name)]
            else:
                return None
        return node

    def items(self, node: Any) -> list[Mapping[str, Any]]:
        """The objects of a list, references followed."""
        return [found for each in node if (found := self.at(each))] if isinstance(node, list) else []

    def named(self, node: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The objects of an object by name, references followed."""
        for name, each in self.at(node).items():
            yield str(name), self.at(each)

    def schema(self, node: Any, depth: int = 0) -> Mapping[str, Any]:
        """A schema with its ``allOf`` merged; of ``oneOf`` and ``anyOf`` only what stands beside them."""
        found = self.at(node)
        if not isinstance(found.get("allOf"), list) or depth > _DEEPEST:
            return found
        merged: dict[str, Any] = {name: each for name, each in found.items() if name != "allOf"}
        for part in found["allOf"][:50]:
            schema = self.schema(part, depth + 1)
            properties = {**self.at(schema.get("properties")), **self.at(merged.get("properties"))}
            required = [*_names(schema.get("required")), *_names(merged.get("required"))]
            merged = {**schema, **merged}
            if properties:
                merged |= {"properties": properties, "required": required}
        return merged


def _names(node: Any) -> list[str]:
    return [each for each in node if isinstance(each, str)] if isinstance(node, list) else []


def text(node: Mapping[str, Any], name: str) -> str:
    """A member as a text; empty where it is none."""
    return clean(node.get(name))


def names(node: Mapping[str, Any], name: str) -> list[str]:
    """A member as a list of texts."""
    return _names(node.get(name))
