"""Dynamic values: ``[name]`` in URLs and headers, ``<name>`` in bodies, put in by position and by type.

A value can never change the structure around it: in a URL it is percent-encoded (it adds no segment, parameter or
``..``), in a header it has no CR or LF, in JSON it is encoded as JSON. ``[[`` and ``<<`` write the bracket itself.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape as xml_escape

from apiconn_nb.errors import PlaceholderError, UsageError
from apiconn_nb.secrets import Secret

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SQUARE = re.compile(rf"\[\[|\[({_NAME})\]")
_ANGLE = re.compile(rf"<<|<({_NAME})>")
# A JSON text is read as strings and the rest, because `<name>` means text inside quotes and a whole value outside.
_JSON_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[^"]+|"', re.DOTALL)


Params = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""Query parameters by name (a list is repeated), or as pairs."""


class Needed:
    """The values of one request, by name.

    `wanted_by` is what a message calls the place (``GET /users/[id]``). A `Secret` is private: it comes out as its
    mask, and as its value only where `reveal` is on, in the transport.
    """

    def __init__(self, values: Mapping[str, Any], wanted_by: str = "the request", *, reveal: bool = False) -> None:
        self._values = values
        self._wanted_by = wanted_by
        self._reveal = reveal

    def __call__(self, name: str, literal: str) -> Any:
        if name not in self._values:
            raise missing(name, self._values, self._wanted_by, literal)
        value = self._values[name]
        if isinstance(value, Secret):
            return value.reveal() if self._reveal else self.mask(name)
        return value

    @staticmethod
    def mask(name: str) -> str:
        """What stands for the private value called `name`; the transport puts the value where it finds this."""
        return f"••{name}••"

    def __contains__(self, name: str) -> bool:
        return name in self._values


def missing(name: str, known: Iterable[str], wanted_by: str, literal: str, how: str = "") -> PlaceholderError:
    """The error for a name without a value: names it, close matches, and how to write the bracket literally.

    `how` says how else it is given than in the line or in Python.
    """
    close = difflib.get_close_matches(name, [str(each) for each in known], n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return PlaceholderError(
        f"No value for {literal} in {wanted_by}: give it with -p {name}=…{how or f' (in Python {name}=…)'}.{hint} "
        f"To write the bracket itself, double it: {literal[0]}{literal}"
    )


def names_in_url(text: str) -> list[str]:
    """The names of ``[name]`` in a URL's path and query values, in order."""
    path, _, query = text.partition("?")
    values = [pair.partition("=")[2] for pair in query.split("&")]
    return [name for part in (path, *values) for name in _SQUARE.findall(part) if name]


def names_in_header(text: str) -> list[str]:
    """The names of ``[name]`` in a header's value, in order."""
    return [name for name in _SQUARE.findall(text) if name]


def names_in_body(text: str) -> list[str]:
    """The names of ``<name>`` in a body, in order."""
    return [name for name in _ANGLE.findall(text) if name]


def fill_url(template: str, needed: Needed) -> str:
    """A path or URL with its query: ``[name]`` in the path and in query values, percent-encoded."""
    address, question, query = template.partition("?")
    query, hash_sign, fragment = query.partition("#")
    path = _SQUARE.sub(lambda match: _segment(match, needed), address)
    return path + question + "&".join(_pair(pair, needed) for pair in query.split("&")) + hash_sign + fragment


def _segment(match: re.Match[str], needed: Needed) -> str:
    if match[1] is None:
        return "%5B"
    text = as_text(needed(match[1], match[0]), match[1])
    # RFC 3986 §5.2.4 removes dot segments even when they are written %2E, so such a value cannot be sent as one.
    if text in (".", "..") or text == "":
        raise PlaceholderError(f"[{match[1]}] stands in the path and cannot be {text!r}: it would change the path.")
    return quote(text, safe="")


def _pair(pair: str, needed: Needed) -> str:
    name, equals, value = pair.partition("=")  # a bracket in a query name is literal: filter[state]=
    return name + equals + _SQUARE.sub(lambda match: _query_value(match, needed), value)


def _query_value(match: re.Match[str], needed: Needed) -> str:
    if match[1] is None:
        return "%5B"
    return quote(as_text(needed(match[1], match[0]), match[1]), safe="")


def with_params(path: str, params: Params) -> str:
    """`path` with `params` in its query, a list repeated (as httpx does) and None left out."""
    if isinstance(params, str):
        raise UsageError(f"params is a dict or a list of pairs, not a text: write {path}?{params} instead.")
    query = "&".join(
        f"{quote(name, safe='')}={quote(as_text(each, name), safe='')}"
        for name, value in (params.items() if isinstance(params, Mapping) else params)
        for each in (value if isinstance(value, list | tuple) else [value])
        if each is not None
    )
    return path + ("&" if "?" in path else "?") * bool(query) + query


def fill_header(template: str, needed: Needed) -> str:
    """A header's value. Raises PlaceholderError for a value with CR, LF or NUL (RFC 9110 §5.5)."""

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "["
        text = as_text(needed(match[1], match[0]), match[1])
        check_header_text(text, match[1])
        return text

    # White space around it is no part of a header's value (RFC 9110 §5.5).
    return _SQUARE.sub(value, template).strip(" \t")


def check_header_text(text: str, name: str) -> None:
    """Raise PlaceholderError where `text` could end the header and begin another (RFC 9110 §5.5)."""
    if re.search(r"[\r\n\0]", text):
        raise PlaceholderError(f"[{name}] has a line break in it, and a header is one line.")
    if re.search(r"[\x01-\x08\x0b-\x1f\x7f]", text):
        raise PlaceholderError(f"[{name}] has a control character in it, which no header can hold.")


def fill_json(template: str, needed: Needed) -> str:
    """A JSON text: bare ``<name>`` becomes any JSON value, ``<name>`` inside quotes becomes escaped text."""
    return "".join(_json_part(part, needed) for part in _JSON_PARTS.findall(template))


def _json_part(part: str, needed: Needed) -> str:
    if part.startswith('"') and len(part) > 1:
        return _ANGLE.sub(lambda match: _json_text(match, needed), part)
    return _ANGLE.sub(lambda match: _json_value(match, needed), part)


def _json_text(match: re.Match[str], needed: Needed) -> str:
    if match[1] is None:
        return "<"
    return json.dumps(as_text(needed(match[1], match[0]), match[1]))[1:-1]


def _json_value(match: re.Match[str], needed: Needed) -> str:
    if match[1] is None:
        return "<"
    return to_json(needed(match[1], match[0]), match[1])


def fill_tree(template: Any, needed: Needed) -> Any:
    """A parsed JSON tree: ``<name>`` in its strings; a string that is just ``<name>`` becomes the value itself."""
    if isinstance(template, dict):
        return {key: fill_tree(value, needed) for key, value in template.items()}
    if isinstance(template, list):
        return [fill_tree(value, needed) for value in template]
    if not isinstance(template, str):
        return template
    whole = _ANGLE.fullmatch(template)
    if whole and whole[1]:
        return plain(needed(whole[1], template), whole[1])
    return _ANGLE.sub(
        lambda match: "<" if match[1] is None else as_text(needed(match[1], match[0]), match[1]), template
    )


def fill_form(template: str, needed: Needed) -> str:
    """A form body (application/x-www-form-urlencoded): ``<name>`` percent-encoded."""
    return _ANGLE.sub(
        lambda match: quote("<" if match[1] is None else as_text(needed(match[1], match[0]), match[1]), safe=""),
        template,
    )


def fill_text(template: str, needed: Needed) -> str:
    """Any other body: ``<name>`` as it is written in text."""
    return _ANGLE.sub(
        lambda match: "<" if match[1] is None else as_text(needed(match[1], match[0]), match[1]), template
    )


def fill_xml(template: str, needed: Needed) -> str:
    """An XML body: a ``<name>`` that has a value is put in escaped; any other one is a tag and stays."""

    def value(match: re.Match[str]) -> str:
        if match[1] is None or match[1] not in needed:
            return match[0]
        return xml_escape(as_text(needed(match[1], match[0]), match[1]), {'"': "&quot;", "'": "&apos;"})

    return _ANGLE.sub(value, template)


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def as_text(value: Any, name: str) -> str:
    """A value as text: ``true`` for True, a list joined by commas; raises PlaceholderError for what has no text."""
    kind = "table" if hasattr(value, "columns") else type(value).__name__
    value = plain(value, name)
    if isinstance(value, str):
        if _HALF_CHARACTER.search(value):
            raise PlaceholderError(f"{name} has half a character in it (a lone surrogate), which cannot be sent.")
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list) and not any(isinstance(each, list | dict) for each in value):
        return ",".join(as_text(each, name) for each in value)
    if value is None:
        raise PlaceholderError(f"{name} is None, which has no text: leave the parameter out, or give it a value.")
    raise PlaceholderError(f"{name} is a {kind}; here only text, numbers and lists of them can stand.")


def to_json(value: Any, name: str) -> str:
    """A value as JSON. Raises PlaceholderError for what JSON does not have (NaN, an object of another kind)."""
    try:
        return json.dumps(plain(value, name), allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        raise PlaceholderError(f"{name} cannot be written as JSON: it holds a value that JSON does not have.") from None


def plain(value: Any, name: str) -> Any:
    """`value` as the plain Python that JSON knows: frames become records, numpy scalars numbers, dates ISO 8601."""
    if isinstance(value, Secret):
        raise PlaceholderError(f"{name} has a Secret inside a list or a table: give the secret as a value of its own.")
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return _number(value, name)
    if isinstance(value, Mapping):
        return {str(key): plain(each, name) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each, name) for each in value]
    return _foreign(value, name)


def _number(value: float, name: str) -> float | None:
    if math.isnan(value):
        return None  # pandas writes a missing cell as NaN
    return value


def _foreign(value: Any, name: str) -> Any:
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return plain(value.to_dict(orient="records"), name)
    if hasattr(value, "tolist"):  # numpy scalars and arrays, pandas Series and Index
        return plain(value.tolist(), name)
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if type(value).__name__ in ("UUID", "Decimal"):
        return str(value)
    raise PlaceholderError(f"{name} is a {type(value).__name__}, which cannot be sent: give text, a number or a list.")
