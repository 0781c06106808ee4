"""An operation's parameters: their names in a cell, their defaults, which may stay away, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiconn_nb.fields import looks_like_credential
from apiconn_nb.importers.credentials import is_secret_name
from apiconn_nb.importers.draft import Call, clean, mark
from apiconn_nb.importers.names import identifier, unique
from apiconn_nb.importers.openapi_document import Document, text

_NOT_PARAMETERS = ("accept", "content-type", "authorization")  # OpenAPI 3.1 §4.8.12: they are described elsewhere
_REPEATED = "a list is sent in one parameter, its values joined by commas (the API repeats the parameter)"


class Parameters:
    """The parameters of one operation."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._taken: dict[str, str] = {}
        self._notes: list[str] = []

    def name(self, wanted: str, place: str) -> str:
        """A name for a parameter at `place`: its own, or with the place where another one has it."""
        name = identifier(wanted)
        if name in self._taken:
            name = unique(f"{name}_{place}", self._taken)
        self._taken[name] = place
        return name

    def take(self, call: Call, name: str, schema: Mapping[str, Any], *, required: bool, label: str = "") -> None:
        """Note default, need and description of a parameter."""
        default = _default(schema.get("default"))
        if default is not None and not (is_secret_name(name) and isinstance(default, str)):
            call.params[name] = default
        elif not required:
            call.optional.append(name)
        if is_secret_name(name) or looks_like_credential(label):
            call.private.append(name)
        self.note(name, schema, required=required)

    def note(self, name: str, schema: Mapping[str, Any], *, required: bool) -> None:
        """Keep what is said of a parameter, in one line."""
        choices = schema.get("enum")
        words = "|".join(str(each) for each in choices[:12]) if isinstance(choices, list) else text(schema, "type")
        said = " ".join(text(schema, "description").split())[:120]
        about = f"{name}{'*' if required else ''}" + (f" ({words[:80]})" if words else "")
        self._notes.append(about + (f": {said}" if said else ""))

    def doc(self) -> str:
        """What is said of all parameters; a star marks those that are needed."""
        return "; ".join(self._notes)

    def put(self, call: Call, described: Mapping[str, Any]) -> None:
        """Put a parameter of the path, the query or the headers into `call`."""
        label, place = text(described, "name"), text(described, "in")
        schema = self._schema(described)
        required = described.get("required") is True or place == "path"
        if not label or place in ("body", "formData"):
            return
        if place == "cookie":
            call.lost.append(f"the cookie parameter {label[:40]}")
            return
        if place == "header" and label.lower() in _NOT_PARAMETERS:
            return
        if text(described, "style") == "deepObject" or schema.get("type") == "object":
            call.lost.append(f"the parameter {label[:40]}, which is an object in the {place}")
            return
        if place == "query" and _is_repeated(described, schema):
            call.lost.append(_REPEATED)
        if isinstance(schema.get("const"), str) and place in ("query", "header"):
            (call.query if place == "query" else call.headers).append((label, clean(schema["const"])))
            return
        name = self.name(label, place)
        self.take(call, name, schema, required=required, label=label if place == "header" else "")
        if place == "query":
            call.query.append((label, mark(name)))
        elif place == "header":
            call.headers.append((label, mark(name)))
        elif place == "path":
            call.url = call.url.replace("{" + label + "}", mark(name))

    def _schema(self, described: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is known of a parameter's value: OpenAPI 3 in ``schema`` or ``content``, Swagger 2 in itself."""
        schema = self._document.schema(described.get("schema"))
        for _, media in self._document.named(described.get("content")):
            schema = {**self._document.schema(media.get("schema")), "type": "JSON text"}
        about = {"description": described.get("description") or schema.get("description")}
        return {**({} if schema else described), **schema, **about}


def _default(value: Any) -> Any:
    """A default that a file can hold; None for none."""
    if isinstance(value, str | bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float) and abs(value) < 1e300:
        return value
    if isinstance(value, list) and value and all(isinstance(each, str | int) for each in value):
        return value
    return None


def _is_repeated(described: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    if schema.get("type") != "array":
        return False
    if "collectionFormat" in described or "schema" not in described:
        return described.get("collectionFormat") == "multi"
    return described.get("style", "form") == "form" and described.get("explode", True) is not False
