"""One page for each authentication method, from its fields, its docstring and what it really sends."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from pathlib import Path

from apiconn_nb import auth
from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.notebook.auth_magic import option_of
from apiconn_nb.presets import presets
from docs.generate import example, wire
from docs.generate.markdown import block, code, page, rst, table, text

_TAKES = {
    "secret": "a reference",
    "rows": "rows `NAME=VALUE`",
    "flag": "on or off",
    "number": "a whole number",
    "text": "text",
}
_FORMATS = {"url": "a URL", "template": "a URL, `[name]` in it", "pem": "PEM text or `file:PATH`", "json": "JSON"}


def write(folder: Path) -> None:
    """Write the pages and their list into `folder`."""
    folder.mkdir(parents=True)
    (folder / "index.md").write_text(_index(), encoding="utf-8")
    for method in auth.methods():
        (folder / f"{method.slug}.md").write_text(of(method), encoding="utf-8")


def _index() -> str:
    methods = auth.methods()
    rows = [
        (f"[{text(each.label)}]({each.slug}.md)", code(each.slug), text(each.standard), str(_used_by(each)))
        for each in methods
    ]
    return page(
        "Authentication methods",
        "What a collection's **Authentication** setting offers. A field with a *development twin* has a second value "
        "for the `development` environment. Each page shows every field, and what goes over the wire: made by driving "
        "the method itself, with every secret masked.",
        table(("in the form", "in the file and on the line", "standard", "presets that use it"), rows),
        "```{toctree}\n:hidden:\n\n" + "\n".join(each.slug for each in methods) + "\n```",
    )


def _used_by(method: type[AuthMethod]) -> int:
    return sum(method.slug in (each.method, *each.alternatives) for each in presets().values())


def of(method: type[AuthMethod]) -> str:
    """The page of one method."""
    fields = fields_of(method)
    made = example.settings(method)
    plain = [each for each in fields if not each.advanced]
    advanced = [each for each in fields if each.advanced]
    return page(
        method.label,
        f"`{method.slug}`" + (f" · {text(method.standard)}" if method.standard else ""),
        rst(_about(method)),
        rst(method.__doc__),
        "## Set up",
        "On one line of a notebook (a secret is a reference, never a value):",
        block(example.line(made, method)),
        "The same in `apiconn.toml`:",
        block(example.toml(made), "toml"),
        "## Fields",
        "On a line the option is the same word with hyphens: " + _option_examples(fields) + "." if fields else "",
        _fields(plain) if plain else "None.",
        "### Advanced fields\n\n" + _fields(advanced) if advanced else "",
        _actions(method),
        "## On the wire",
        f"The call is `{wire.CALL}`.",
        *(f"**{step.title}**\n\n{block(step.text)}" for step in wire.steps(method)),
        "Every collection also has the [fields of its own](../reference/collection-file.md).",
    )


def _about(method: type[AuthMethod]) -> str:
    """What the method's file says of it, without what it says to those who work on it."""
    paragraphs = (inspect.getdoc(sys.modules[method.__module__]) or "").split("\n\n")
    return "\n\n".join(each for each in paragraphs if not each.startswith("This room"))


def _fields(fields: Iterable[Field]) -> str:
    fields = list(fields)
    twins = {each.dev_of: each for each in fields if each.dev_of}
    rows = [
        (
            text(each.label) + (" **(required)**" if each.required else ""),
            code(each.name),
            _takes(each),
            " ".join(filter(None, [text(each.help), _twin(twins.get(each.name))])),
        )
        for each in fields
        if not each.dev_of
    ]
    return table(("in the form", "in the file", "takes", ""), rows)


def _twin(field: Field | None) -> str:
    return f"Development twin: *{text(field.label)}*, {code(field.name)}." if field else ""


def _option_examples(fields: Iterable[Field]) -> str:
    """The options of a field, of a checkbox and of rows, as far as there are such."""
    first = {each.kind if each.kind in ("flag", "rows") else "": each for each in reversed(list(fields))}
    words = {"": "{}", "flag": "a checkbox is {} or {no}", "rows": "rows are repeated, {} `NAME=VALUE`"}
    return "; ".join(
        said.format(code(option_of(first[kind])), no=code("--no-" + first[kind].option[2:]))
        for kind, said in words.items()
        if kind in first
    )


def _takes(field: Field) -> str:
    if field.choices:
        return ", ".join(code(choice) for choice in field.choices if choice)
    words = _FORMATS.get(field.format, "") if field.kind == "text" else ""
    words = words or _TAKES[field.kind]
    if field.kind == "flag":
        return f"{words}; default {'on' if field.default else 'off'}"
    if field.kind in ("text", "number") and field.default:
        shown = str(field.default)
        return f"{words}; default {code(shown if shown == shown.strip() else repr(shown))}"
    return words


def _actions(method: type[AuthMethod]) -> str:
    if not method.actions:
        return ""
    rows = [(text(each.label), code(f"--{each.name}"), text(each.help)) for each in method.actions]
    return "## Actions\n\n" + table(("in the form", "option", ""), rows)
