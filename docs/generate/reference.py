"""The reference: magics from their docstrings, settings from their declarations, errors and Python from their words."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apiconn_nb
from apiconn_nb import errors, schema, settings
from apiconn_nb.fields import Field
from apiconn_nb.frames.accessor import ApiAccessor
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook.auth_magic import option_of
from apiconn_nb.notebook.configuration import ApiConn
from apiconn_nb.notebook.magics import ApiConnMagics
from apiconn_nb.secrets import Secret
from docs.generate.markdown import block, code, page, rst, table, text

SCHEMA = "apiconn.schema.json"
_WORDS = {str: "text", dict: "a table", list: "a list", bool: "true or false", int: "a whole number"}


def write(folder: Path) -> None:
    """Write the pages into `folder`."""
    folder.mkdir(parents=True)
    pages = {
        **{name: _magic(name) for name in magics()},
        "collection-file": _collection_file(),
        "configuration": _configuration(),
        "python": _python(),
        "errors": page("Errors", "In a cell each error is one red line, and the cell fails.", block(_errors())),
    }
    for name, content in pages.items():
        (folder / f"{name}.md").write_text(content, encoding="utf-8")


def write_schema(folder: Path) -> None:
    """Write the JSON Schema of the collection file into `folder`."""
    folder.mkdir(parents=True)
    content = json.dumps(schema.schema(), indent=2, ensure_ascii=False)
    (folder / SCHEMA).write_text(content + "\n", encoding="utf-8")


def magics() -> dict[str, Any]:
    """The magics by name, in the order of their class."""
    registered = {**ApiConnMagics.magics["line"], **ApiConnMagics.magics["cell"]}
    names = [name for name in vars(ApiConnMagics) if name in registered]
    return {name: getattr(ApiConnMagics, name) for name in names}


def _magic(name: str) -> str:
    sign = "%%" if name in ApiConnMagics.magics["cell"] and name == "apicall" else "%"
    more = _every_collection() if name == "apiconn_auth" else ""
    return page(
        f"{sign}{name}", f"The same is said by `{sign}{name}?` in a notebook.", rst(magics()[name].__doc__), more
    )


def _every_collection() -> str:
    return (
        "## Options of every collection\n\n"
        + _fields()
        + "\n\nEach [authentication method](../methods/index.md) adds options of its own."
    )


def _fields() -> str:
    return table(
        ("in the form", "in the file", "option", ""),
        [
            (text(each.label), code(each.name), code(option_of(each)), _said(each))
            for each in settings.CONNECTION_FIELDS.values()
            if not each.dev_of
        ],
    )


def _said(field: Field) -> str:
    words = text(field.help)
    choices = ", ".join(code(choice) for choice in field.choices if choice)
    default = f"Default {code(f'{field.default}')}." if field.kind == "number" else ""
    twin = settings.CONNECTION_FIELDS.get(f"dev_{field.name}")
    twin_words = f"Development twin: {code(twin.name)}." if twin else ""
    return " ".join(filter(None, [f"{choices}." if choices else "", words, default, twin_words]))


def _collection_file() -> str:
    calls = [(code(key), _WORDS[kind]) for key, kind in settings.CALL_KEYS.items()]
    return page(
        "The collection file",
        "`apiconn.toml` beside the notebook holds the collections (`%config ApiConn.file`, or the environment variable "
        "`APICONN_FILE`, names another one). Form and magics write it; it is made to be read, edited and committed: "
        "comments and order survive a save. A secret never stands in it, only a reference. An unknown key, a wrong "
        "type or a literal in a secret field is an error with the file's line.",
        block(_EXAMPLE, "toml"),
        f"An editor that knows JSON Schema (Taplo, Even Better TOML) completes and checks the file: save "
        f'<a href="../{SCHEMA}">{SCHEMA}</a> beside it (`python -m apiconn_nb.schema` writes it too) and begin the '
        f"file with `#:schema ./{SCHEMA}`.",
        "## `[NAME]`: the collection",
        _fields(),
        "`headers` and `query` are tables: `[NAME.headers]`, `[NAME.query]`.",
        "## `[NAME.auth]`: the authentication",
        "`method` and the fields of that [method](../methods/index.md).",
        "## `[NAME.calls.CALL]`: a saved call",
        rst(settings.SavedCall.__doc__),
        table(("key", "takes"), calls),
    )


_EXAMPLE = """
[github]
base_url = "https://api.github.com"

[github.auth]
method = "key-in-header"
key_name = "Authorization"
key_prefix = "Bearer "
key = "env:GITHUB_TOKEN"          # a reference; a secret never stands in this file

[github.headers]                  # shared by all calls
Accept = "application/vnd.github+json"

[github.calls.issues]
request = "GET /repos/[owner]/[repo]/issues?state=[state]"
records = "[]"
pages = "all"

[github.calls.issues.params]      # defaults
state = "open"
"""


def _configuration() -> str:
    traits = sorted(ApiConn.class_traits(config=True).items())
    own = [(name, trait) for name, trait in traits if trait.this_class is ApiConn]
    rows = [(code(f"%config ApiConn.{name} = {trait.default()!r}"), text(trait.help)) for name, trait in own]
    variables = [(code(name), words) for name, words in _VARIABLES.items()]
    return page(
        "Configuration",
        "Settings of the notebook; shown with their defaults.",
        table(("in a notebook", ""), rows),
        "Environment variables, for scripts and scheduled runs:",
        table(("variable", ""), variables),
    )


_VARIABLES = {
    "APICONN_ENV": "`live` or `development`, for collections that have no setting of their own",
    "APICONN_FILE": "the collection file",
    "APICONN_RECORD": "keep redacted answers in this folder",
    "APICONN_REPLAY": "answer calls from this folder",
}


def _errors() -> str:
    return "\n".join(line for line in (errors.__doc__ or "").splitlines() if line[:1] in "A├│└ " and line.strip())


# ── Python ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _python() -> str:
    return page(
        "Python",
        rst(apiconn_nb.__doc__),
        "## A collection",
        rst(Collection.__doc__),
        *_members(Collection, ("send", "get", "call")),
        "## What a call returns: `df.api`",
        rst(ApiAccessor.__doc__),
        *_members(ApiAccessor, [name for name in vars(ApiAccessor) if not name.startswith("_")]),
        "## A secret",
        rst(Secret.__doc__),
        *_members(Secret, ("from_reference", "reveal")),
    )


def _members(owner: type, names: Any) -> Iterator[str]:
    for name in names:
        member = inspect.getattr_static(owner, name)
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        shown = name if isinstance(member, property) else f"{name}{_signature(function)}"
        yield f"### `{shown}`\n\n{rst(function.__doc__)}"


def _signature(function: Any) -> str:
    parameters = [each for each in inspect.signature(function).parameters.values() if each.name not in ("self", "cls")]
    stripped = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    return str(inspect.Signature(stripped)).replace("(/, ", "(")
