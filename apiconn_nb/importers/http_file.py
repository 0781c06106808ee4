"""``.http`` files as JetBrains' HTTP Client and VS Code's REST Client write them, with their environment files.

Source: https://github.com/JetBrains/http-request-in-editor-spec
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import ClassVar

from apiconn_nb.importers.base import Importer
from apiconn_nb.importers.draft import Body, Call, Draft, clean, marked
from apiconn_nb.importers.http_environment import Environments, credential_of, with_environment
from apiconn_nb.importers.source import Source
from apiconn_nb.importers.written import FORM, decoded_pairs, header_of, kind_of_body

_METHODS = "GET|HEAD|POST|PUT|DELETE|CONNECT|PATCH|OPTIONS|TRACE|QUERY|GRAPHQL|WEBSOCKET|GRPC"
_REQUEST = re.compile(rf"^[ \t]*(?:({_METHODS})[ \t]+)?(\S.*?)(?:[ \t]+HTTP/[\d.]+)?[ \t]*$")
_STARTS = re.compile(rf"^[ \t]*(?:(?:{_METHODS})[ \t]+\S|https?://|\{{\{{)")
_NAMED = re.compile(r"^(?:#|//)\s*@name[\s=]+(\S.*)$")
_TAG = re.compile(r"^(?:#|//)\s*@([\w-]+)")
_VARIABLE = re.compile(r"^@([\w.$-]+)\s*(?:=|\s)\s*(.*)$")
_AUTH = re.compile(r"\{\{\s*\$auth\.(?:token|idToken|header)\(\s*[\"']?([^\"')]*)[\"']?\s*\)\s*\}\}")
_QUIET_TAGS = ("name", "no-log", "no-cookie-jar", "note", "prompt", "connection-timeout", "timeout", "no-redirect")


class HttpFile(Importer):
    """One call for each request."""

    slug: ClassVar[str] = "http"
    label: ClassVar[str] = ".http file"
    order: ClassVar[int] = 80

    @classmethod
    def fits(cls, source: Source) -> bool:
        """Whether its name says so, or a request line begins it."""
        if source.name.endswith((".http", ".rest")):
            return True
        lines = [line for line in source.text[:20_000].splitlines() if line.strip()]
        telling = [line for line in lines if not line.lstrip().startswith(("#", "//", "@"))]
        return bool(telling) and re.match(rf"[ \t]*(?:{_METHODS})[ \t]+\S", telling[0]) is not None

    @classmethod
    def read(cls, source: Source) -> Draft:
        """The requests, with the environments of the files beside it."""
        draft = Draft(".http file")
        environments = Environments.read(source.beside)
        environments.put(draft)
        for part in _parts(source.text):
            _read_part(part, draft, environments)
        environments.put_twin(draft)
        return draft


@dataclass
class _Part:
    """What stands between two lines of ``###``."""

    name: str
    lines: list[str] = field(default_factory=list)


def _parts(text: str) -> list[_Part]:
    parts = [_Part("")]
    for line in clean(text).replace("\r\n", "\n").split("\n"):
        if line.startswith("###"):
            parts.append(_Part(line.lstrip("#").strip()))
        else:
            parts[-1].lines.append(line)
    return parts


def _read_part(part: _Part, draft: Draft, environments: Environments) -> None:
    """Read what stands above the request line, then the request."""
    lines = part.lines
    at = 0
    while at < len(lines):
        line = lines[at]
        if variable := _VARIABLE.match(line):
            draft.set(variable[1], with_environment(variable[2].strip(), draft))
        elif named := _NAMED.match(line):
            part.name = named[1].strip()
        elif tag := _TAG.match(line):
            if tag[1] not in _QUIET_TAGS:
                draft.lost.append(f"the tag @{tag[1]}")
        elif line.lstrip().startswith("<"):
            at = _skip_script(lines, at, draft)
            continue
        elif line.strip() and not line.lstrip().startswith(("#", "//")):
            break
        at += 1
    if at < len(lines):
        _request(part.name, lines[at:], draft, environments)


def _skip_script(lines: list[str], at: int, draft: Draft) -> int:
    """The line after a script (``< {% … %}``, ``> {% … %}`` or a file's name)."""
    draft.lost.append("scripts, which are not run")
    if "{%" not in lines[at] or "%}" in lines[at]:
        return at + 1
    while at < len(lines) and "%}" not in lines[at]:
        at += 1
    return at + 1


def _request(name: str, lines: list[str], draft: Draft, environments: Environments) -> None:
    first = _REQUEST.match(lines[0])
    if first is None or (not _STARTS.match(lines[0]) and not first[2].startswith("/")):
        draft.refused.append(f"{lines[0].strip()[:40]!r}, which is no request line")
        return
    method, target = first[1] or "GET", first[2]
    at = 1
    while at < len(lines) and lines[at][:1].isspace() and lines[at].strip():
        target += lines[at].strip()
        at += 1
    if method in ("WEBSOCKET", "GRPC", "CONNECT"):
        draft.refused.append(f"a {method} request")
        return
    call = Call(_text(target, draft), "POST" if method == "GRAPHQL" else method, name=name)
    at = _headers(lines, at, call, draft, environments)
    _body(lines[at:], call, draft, is_graphql=method == "GRAPHQL")
    draft.calls.append(call)


def _headers(lines: list[str], at: int, call: Call, draft: Draft, environments: Environments) -> int:
    while at < len(lines) and lines[at].strip():
        line = lines[at].strip()
        at += 1
        name, colon, value = line.partition(":")
        if line.startswith(("#", "//")):
            continue
        if not colon or not name.strip():
            call.lost.append("a header without a colon")
        elif signed := _AUTH.search(value):
            call.auth = credential_of(environments.security(signed[1]), signed[1], draft)
        else:
            call.headers.append((name.strip(), _text(value.strip(), draft)))
    return at + 1


def _body(lines: list[str], call: Call, draft: Draft, *, is_graphql: bool) -> None:
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if re.match(r"\s*>\s*(\{%|\S+\.js)", line) or re.match(r"\s*<\s*\{%", line):
            at = _skip_script(lines, at, draft)
            continue
        if re.match(r"\s*(<>|>>!?)\s*\S", line):
            draft.unneeded.append("an answer's file (<> or >>)")
        elif re.match(r"\s*<@?\s+\S+\s*$", line) or re.match(r"\s*<@\S*\s+\S+", line):
            call.lost.append("a body from a file: give it as -p body=…")
            kept.append("{{body}}")
        else:
            kept.append(line)
        at += 1
    text = "\n".join(kept).strip("\n")
    if not text.strip():
        return
    text, kind = _text(text, draft), header_of(call, "Content-Type")
    if is_graphql:
        call.body = _graphql(text)
    elif FORM in kind.lower():
        # A form may stand on several lines, each pair's & before or after the break.
        joined = "".join(line.strip() for line in text.splitlines())
        call.body = Body("form", pairs=decoded_pairs(joined), content_type=kind)
    else:
        call.body = Body(kind_of_body(text, kind), text, content_type=kind)


def _graphql(text: str) -> Body:
    query, _, variables = text.partition("\n\n")
    if not variables.lstrip().startswith("{"):
        query, variables = text, "{}"
    return Body(
        "json", '{"query": ' + json.dumps(query, ensure_ascii=False) + ', "variables": ' + variables.strip() + "}"
    )


def _text(text: str, draft: Draft) -> str:
    """A text of the file with its variables marked, and where those of the process's environment are kept."""
    return marked(with_environment(text, draft))
