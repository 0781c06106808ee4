"""Texts of a draft → the text of a cell: variables become ``[name]`` or ``<name>``, and brackets stay brackets."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from urllib.parse import quote, unquote_plus

from apiconn_nb.importers.draft import MARK, Body, Call, names_in, replaced

FORM = "application/x-www-form-urlencoded"
# What the cell would read as a name, or as a doubled bracket (placeholders.py).
_SQUARE = re.compile(r"\[(?=\[|[A-Za-z_][A-Za-z0-9_]*\])")
_ANGLE = re.compile(r"<(?=<|[A-Za-z_][A-Za-z0-9_]*>)")
_JSON_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[^"]+|"', re.DOTALL)
_NOT_IN_A_LINE = re.compile(r"[\s\x00-\x1f\x7f]")
_SEPARATOR = re.compile(r"^###", re.MULTILINE)


class CannotWrite(Exception):
    """A part of the call that a cell cannot hold; says which."""


def written_target(target: str, query: list[tuple[str, str]], resolve: Callable[[str], str]) -> str:
    """Path and query of a request line. `resolve` gives a variable its value where no name can stand (a query name)."""
    target = target.partition("#")[0]
    path, _, given = target.partition("?")
    pairs = [_pair(pair, resolve) for pair in given.split("&") if pair]
    pairs += [f"{quote(resolve(name), safe='[]$')}={_quoted_value(value)}" for name, value in query]
    return _line(path, path=True) + ("?" + "&".join(pairs) if pairs else "")


def _pair(pair: str, resolve: Callable[[str], str]) -> str:
    name, equals, value = pair.partition("=")
    name = resolve(name)
    if names_in(name):
        raise CannotWrite(f"the variable {names_in(name)[0]} stands in the name of a query parameter")
    return _NOT_IN_A_LINE.sub(_percent, name) + equals + _line(value)


def _line(text: str, *, path: bool = False) -> str:
    def literal(part: str) -> str:
        return _SQUARE.sub("%5B", _NOT_IN_A_LINE.sub(_percent, part))

    if path and re.search(r"(^|/)\.{1,2}(/|$)", text):
        raise CannotWrite("the path has a dot segment (..)")
    return replaced(text, _square_name, literal)


def _percent(match: re.Match[str]) -> str:
    return quote(match[0], safe="")


def _quoted_value(value: str) -> str:
    return replaced(value, _square_name, lambda part: quote(part, safe="~:,/@"))


def _square_name(name: str) -> str:
    return f"[{name}]"


def written_header(value: str) -> str:
    """The value of a header line."""
    text = replaced(value, _square_name, lambda part: _SQUARE.sub("[[", part))
    if re.search(r"[\r\n\0]", text):
        raise CannotWrite("a header has a line break in it")
    return text.strip()


def written_body(body: Body) -> tuple[str, str]:
    """Text and content type of a body. Raises CannotWrite."""
    if body.kind == "form":
        if body.pairs:
            return "&".join(f"{_form_text(name)}={_form_text(value)}" for name, value in body.pairs), FORM
        return _angles(body.text), body.content_type or FORM
    if body.kind == "multipart":
        return _multipart(body.pairs)
    text = body.text if body.kind == "xml" else _angles(body.text)
    if body.kind == "xml":
        text = replaced(text, lambda name: f"<{name}>")
    if _SEPARATOR.search(text):
        raise CannotWrite("the body has a line that begins with ###, which splits requests")
    default = {"json": "application/json", "xml": "application/xml"}.get(body.kind, "")
    return text, body.content_type or default


def _angles(text: str) -> str:
    return replaced(text, lambda name: f"<{name}>", lambda part: _ANGLE.sub("<<", part))


def _form_text(text: str) -> str:
    return replaced(text, lambda name: f"<{name}>", lambda part: quote(part, safe=""))


def _multipart(pairs: list[tuple[str, str]]) -> tuple[str, str]:
    """Text fields in RFC 7578's form."""
    boundary = f"apiconn-{secrets.token_hex(8)}"
    lines = []
    for name, value in pairs:
        if re.search(r'[\r\n"]', name) or names_in(name):
            raise CannotWrite("a multipart field's name cannot be written")
        if _SEPARATOR.search(value):
            raise CannotWrite("a multipart field has a line that begins with ###")
        lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"', "", _angles(value)]
    return "\n".join([*lines, f"--{boundary}--"]), f"multipart/form-data; boundary={boundary}"


def bare_names(body: Body | None) -> set[str]:
    """The variables of a JSON body that stand outside quotes: their values are JSON, not text."""
    if body is None or body.kind != "json":
        return set()
    outside = [part for part in _JSON_PARTS.findall(body.text) if not (part.startswith('"') and len(part) > 1)]
    return {name for part in outside for name in MARK.findall(part)}


def kind_of_body(text: str, content_type: str) -> str:
    """What a body's text is, by its content type, else by a look."""
    lowered = content_type.lower()
    if "json" in lowered:
        return "json"
    if "xml" in lowered:
        return "xml"
    if FORM in lowered:
        return "form"
    if lowered:
        return "text"
    if text.lstrip()[:1] in ("{", "[") and _reads(text):
        return "json"
    return "xml" if text.lstrip().startswith("<?xml") else "text"


def _reads(text: str) -> bool:
    try:
        json.loads(MARK.sub("0", text))
    except (ValueError, RecursionError):
        return False
    return True


def decoded_pairs(text: str) -> list[tuple[str, str]]:
    """The pairs of a form-encoded text, decoded; marks stay."""
    parts = [pair.partition("=") for pair in text.split("&") if pair]
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in parts]


def header_of(call: Call, name: str) -> str:
    """The value of a call's header; empty where there is none."""
    return next((value for key, value in call.headers if key.lower() == name.lower()), "")


def shown(url: str) -> str:
    """A draft's URL for a message: without its query and user, where credentials may stand."""
    bare = re.sub(r"//[^/@]*@", "//", url.partition("?")[0].partition("#")[0])
    return replaced(bare, lambda name: f"[{name}]")[:100]
