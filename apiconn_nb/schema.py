"""The JSON Schema of ``apiconn.toml``, from the declarations of fields and methods: for editors, and for the docs.

``python -m apiconn_nb.schema > apiconn.schema.json``, then ``#:schema ./apiconn.schema.json`` as the file's first line
(Taplo, Even Better TOML).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from apiconn_nb import auth
from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.settings import CALL_KEYS, CONNECTION_FIELDS

_TYPES = {str: "string", bool: "boolean", int: "integer", dict: "object", list: "array"}


def schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of a whole file: collections by name."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "apiconn.toml",
        "description": "Collections of apiconn_nb: named APIs, each with its authentication and its calls.",
        "type": "object",
        "additionalProperties": _collection(),
    }


def _collection() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            **_properties(CONNECTION_FIELDS.values()),
            "auth": {"oneOf": [_method(each) for each in auth.methods()]},
            "calls": {"type": "object", "title": "Calls", "additionalProperties": _call()},
        },
        "additionalProperties": False,
    }


def _method(method: type[AuthMethod]) -> dict[str, Any]:
    fields = fields_of(method)
    return {
        "type": "object",
        "title": method.label,
        "properties": {"method": {"const": method.slug}, **_properties(fields)},
        # What is missing is said when the collection is used; an editor can say it earlier.
        "required": ["method", *(each.name for each in fields if each.required and not each.default)],
        "additionalProperties": False,
    }


def _properties(fields: Iterable[Field]) -> dict[str, Any]:
    return {each.name: each.schema() for each in fields}


def _call() -> dict[str, Any]:
    properties: dict[str, Any] = {name: {"type": _TYPES[kind]} for name, kind in CALL_KEYS.items()}
    properties["pages"] = {"type": ["string", "integer"]}
    properties["use_as"] |= {"enum": ["", "data", "action"]}
    for name in ("private", "optional", "key"):
        properties[name] |= {"items": {"type": "string"}}
    return {"type": "object", "properties": properties, "required": ["request"], "additionalProperties": False}


def main() -> None:
    """Write it to standard output."""
    json.dump(schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
