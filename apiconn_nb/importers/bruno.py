"""Bruno: a folder of ``.bru`` files, or one of them.

Source: https://docs.usebruno.com/bru-lang/overview
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from apiconn_nb.importers.base import Importer
from apiconn_nb.importers.draft import Draft, clean
from apiconn_nb.importers.folder_tree import Field, Level, Request, call_of, folders_above, keep_environment, name_of
from apiconn_nb.importers.named_auth import Found
from apiconn_nb.importers.source import Source

_METHODS = ("get", "post", "put", "patch", "delete", "options", "head", "trace", "connect")
_BEGIN = re.compile(r"^([a-z][\w:-]*)[ \t]*([{\[])[ \t]*$", re.IGNORECASE)
_TEXT = re.compile(r"body(:(json|text|xml|sparql|graphql|graphql:vars))?$|script:.*|tests|docs|app|example")
_ANNOTATION = re.compile(r"^@[\w-]+(\(.*)?$")
_SPECIAL = ("collection", "folder")


@dataclass
class Block:
    """A block of a file: its lines as they are, and its rows where it is a table."""

    lines: list[str] = field(default_factory=list)
    rows: list[Field] = field(default_factory=list)

    @property
    def text(self) -> str:
        """A text block without the two spaces that it is indented by."""
        return "\n".join(line.removeprefix("  ") for line in self.lines)

    def values(self) -> dict[str, str]:
        """The rows by name, disabled ones left out."""
        return {row.name: row.value for row in self.rows if row.enabled}


class Bruno(Importer):
    """One call for each request file."""

    slug: ClassVar[str] = "bruno"
    label: ClassVar[str] = "Bruno folder"
    order: ClassVar[int] = 40

    @classmethod
    def fits(cls, source: Source) -> bool:
        """Whether there are ``.bru`` files, or the text is one."""
        if any(name.endswith(".bru") for name in source.beside):
            return True
        return source.name.endswith(".bru") or re.match(r"\s*meta\s*\{\s*\n", source.text) is not None

    @classmethod
    def read(cls, source: Source) -> Draft:
        """The requests with what their folders say."""
        files = {name: text for name, text in source.beside.items() if name.endswith(".bru")}
        if source.text:
            files = {source.name: source.text}
        draft = Draft("Bruno", title=_title(source))
        blocks = {name: read_blocks(text) for name, text in files.items()}
        keep_environment(_environments(blocks), draft)
        levels = {
            name.rpartition("/")[0]: _level(each, name_of(name.rpartition("/")[0] + "."))
            for name, each in blocks.items()
            if name_of(name) in _SPECIAL
        }
        for level in levels.values():
            for variable in level.variables:
                draft.set(variable.name, variable.value)
            if level.has_scripts:
                draft.lost.append("a folder's scripts, which are not run")
        for name, each in blocks.items():
            if name_of(name) not in _SPECIAL and "environments" not in name.split("/")[:-1]:
                _add(name, each, levels, draft)
        return draft


def _title(source: Source) -> str:
    try:
        described = json.loads(source.beside.get("bruno.json", "{}"))
    except (ValueError, RecursionError):
        return ""
    return clean(described.get("name")) if isinstance(described, dict) else ""


def _environments(files: dict[str, dict[str, Block]]) -> dict[str, list[Field]]:
    found = {}
    for name, blocks in files.items():
        if "environments" in name.split("/")[:-1]:
            rows = list(blocks.get("vars", Block()).rows)
            hidden = blocks.get("vars:secret", Block()).lines
            rows += [Field(line.strip(" ,~"), "", kind="secret") for line in hidden if line.strip(" ,~")]
            found[name_of(name)] = rows
    return found


def _add(name: str, blocks: dict[str, Block], levels: dict[str, Level], draft: Draft) -> None:
    method = next((each for each in (*_METHODS, "http") if each in blocks), "")
    if not method:
        kind = next((each for each in blocks if each in ("grpc", "ws")), "")
        if kind or "meta" in blocks:
            draft.refused.append(f"{name}: a {kind or 'file without a'} request")
        return
    head = blocks[method].values()
    level = _level(blocks, name_of(name))
    body_kind = head.get("body", "")
    request = Request(level, head.get("method", "") if method == "http" else method, head.get("url", ""))
    query = blocks.get("params:query") or blocks.get("query")
    request.query = query.rows if query else None
    request.path = blocks["params:path"].rows if "params:path" in blocks else []
    request.body_kind = body_kind
    chosen = blocks.get(f"body:{body_kind}") or (blocks.get("body") if body_kind == "json" else None) or Block()
    request.body_text, request.body_fields = chosen.text, chosen.rows
    request.graphql_variables = blocks["body:graphql:vars"].text if "body:graphql:vars" in blocks else ""
    request.doc = blocks["docs"].text if "docs" in blocks else ""
    if head.get("auth") == "inherit":
        level.auth = None
    above = [levels[folder] for folder in folders_above(name) if folder in levels]
    draft.calls.append(call_of(request, above, draft))


def _level(blocks: dict[str, Block], name: str) -> Level:
    level = Level(blocks["meta"].values().get("name", name) if "meta" in blocks else name)
    level.headers = blocks["headers"].rows if "headers" in blocks else []
    level.variables = blocks["vars:pre-request"].rows if "vars:pre-request" in blocks else []
    level.has_scripts = any(each.startswith("script:") or each == "tests" for each in blocks)
    mode = blocks["auth"].values().get("mode", "") if "auth" in blocks else ""
    method = next((each for each in (*_METHODS, "http") if each in blocks), "")
    mode = mode or (blocks[method].values().get("auth", "") if method else "")
    if mode:
        values = blocks[f"auth:{mode}"].values() if f"auth:{mode}" in blocks else {}
        level.auth = Found(mode, values)
    return level


def read_blocks(text: str) -> dict[str, Block]:
    """The blocks of a ``.bru`` file by name; of two with one name the first."""
    found: dict[str, Block] = {}
    name, block, end = "", Block(), ""
    lines = iter(clean(text).replace("\r\n", "\n").split("\n"))
    for line in lines:
        if not end:
            if begins := _BEGIN.match(line):
                name, end, block = begins[1].lower(), "}" if begins[2] == "{" else "]", Block()
        elif line.rstrip() == end:
            found.setdefault(name, block)
            end = ""
        else:
            block.lines.append(line)
            if end == "}" and not _TEXT.fullmatch(name):
                _row(line, lines, block)
    return found


def _row(line: str, lines: Iterator[str], block: Block) -> None:
    stripped = line.strip()
    if not stripped:
        return
    if _ANNOTATION.match(stripped):
        if stripped.count("'''") == 1:
            _until_quotes(lines)
        return
    is_enabled = not stripped.startswith("~")
    stripped = stripped.removeprefix("~")
    quoted = re.match(r'"((?:[^"\\]|\\.)*)"\s*:\s*(.*)$', stripped)
    name, _, value = (quoted[1].replace('\\"', '"'), ":", quoted[2]) if quoted else stripped.partition(":")
    value = value.strip()
    if value.startswith("'''"):
        rest = value.removeprefix("'''")
        value = rest.partition("'''")[0] if "'''" in rest else (rest + "\n" + _until_quotes(lines)).strip("\n")
        kind = ""
    else:
        kind = "file" if value.startswith("@file(") else ""
        value = re.sub(r"\s*@contentType\([^)]*\)\s*$", "", value)
    block.rows.append(Field(name.strip(), value, is_enabled, kind))


def _until_quotes(lines: Iterator[str]) -> str:
    found: list[str] = []
    for line in lines:
        if "'''" in line:
            break
        found.append(line.strip())
    return "\n".join(found)
