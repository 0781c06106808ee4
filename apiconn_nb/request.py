"""The text of a cell → a request: HTTP as people write it in ``.http`` files (request line, headers, blank, body)."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

import httpx

from apiconn_nb import literals, placeholders
from apiconn_nb.auth.header import check_name
from apiconn_nb.body import BODY_TYPES, fill_body, kind_of_body, without_members
from apiconn_nb.errors import ConfigError, UsageError
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.headers import filled_headers, scheme_and_rest
from apiconn_nb.placeholders import Needed
from apiconn_nb.private_values import Hidden
from apiconn_nb.redaction import redact
from apiconn_nb.secrets import Secret, is_reference

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "QUERY", "TRACE")
_SPLIT = re.compile(r"^###.*$", re.MULTILINE)
_VERSION = re.compile(r"\s+HTTP/\d(\.\d)?\s*$")


@dataclass(frozen=True)
class Template:
    """A request as it is written, before its dynamic values are put in."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def __str__(self) -> str:
        head = "".join(f"\n{name}: {value}" for name, value in self.headers)
        return f"{self.method} {self.url}{head}" + (f"\n\n{self.body}" if self.body else "")

    @property
    def title(self) -> str:
        """The request line, for messages."""
        return f"{self.method} {self.url}"

    def names(self) -> list[str]:
        """The dynamic names, each once, in order."""
        return list(self.written_names())

    def written_names(self) -> dict[str, str]:
        """The dynamic names, each once, in order, and how each is written where it stands first."""
        found = placeholders.names_in_url(self.url)
        for _, value in self.headers:
            found += placeholders.names_in_header(value)
        in_body = [] if self._is_xml() else placeholders.names_in_body(self.body)
        square = {name: f"[{name}]" for name in found}
        return {**square, **{name: f"<{name}>" for name in in_body if name not in square}}

    def uses(self, name: str) -> bool:
        """Whether a value of that name is put in somewhere."""
        return name in self.written_names() or name in placeholders.names_in_body(self.body)

    def header(self, name: str) -> str:
        """The value of a header; empty where it is not set."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def _is_xml(self) -> bool:
        return kind_of_body(self.header("Content-Type"), self.body) == "xml"


@dataclass(frozen=True)
class Shared:
    """What every call of a collection has: base URL, headers and query parameters (a value may be a Secret)."""

    base_url: str = ""
    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    query: Mapping[str, str | Secret] = field(default_factory=dict)


@functools.lru_cache(maxsize=128)  # a loop makes the same call again and again
def parse(text: str) -> Template:
    """The request written in `text`. Raises UsageError with the line that does not hold and what to write there."""
    parts = [part for part in _SPLIT.split(text.lstrip("\ufeff")) if has_request(part)]
    if len(parts) > 1:
        raise UsageError(
            f"This cell has {len(parts)} requests split by ###: put each into a cell of its own. "
            "(A text with ### in it goes into the body as <text>.)"
        )
    if not parts:
        raise UsageError("The cell has no request: write a line such as GET /users?limit=10.")
    lines = parts[0].replace("\r\n", "\n").split("\n")
    start = next(number for number, line in enumerate(lines) if not _is_skipped(line))
    target, position = _request_target(lines, start)
    headers, position = _headers(lines, position)
    body = "\n".join(lines[position:]).strip("\n")
    method, url = _method_and_url(target, bool(body.strip()))
    return Template(method, url, headers, body if body.strip() else "")


def has_request(part: str) -> bool:
    """Whether anything but comments and blank lines stands in a text."""
    return any(not _is_skipped(line) for line in part.split("\n"))


def _is_skipped(line: str) -> bool:
    stripped = line.strip()
    return not stripped or stripped.startswith(("#", "//"))


def _refuse_variable(line: str) -> None:
    """Raise UsageError for variables of other tools: a line that sets one, and one in a path, which has no braces."""
    if found := re.search(r"\{\{\s*([\w.-]+)\s*\}\}", line.partition("?")[0]):
        raise UsageError(
            f"{found[0]} is a variable of .http files and Postman: write [{found[1]}], and its value with -p "
            f"{found[1]}=… or as a variable of the notebook. A path stands below the base URL by itself."
        )
    if found := re.match(r"@([\w.-]+)\s*=", line):
        raise UsageError(
            f"{line.strip()[:40]!r} is a variable of a .http file: write {found[1]} = … in a Python cell, or give it "
            f"with -p {found[1]}=…; in the request it is [{found[1]}]."
        )


def _request_target(lines: list[str], start: int) -> tuple[str, int]:
    """The request line with its continuation lines (indented, beginning with ``?`` or ``&``), and the next line."""
    target, position = lines[start].strip(), start + 1
    _refuse_variable(target)
    while position < len(lines) and lines[position][:1].isspace() and lines[position].strip()[:1] in ("?", "&"):
        target += lines[position].strip()
        position += 1
    return target, position


def _method_and_url(target: str, has_body: bool) -> tuple[str, str]:
    target = _VERSION.sub("", target)
    word, *others = target.split(maxsplit=1)
    rest = others[0] if others else ""
    if word.upper() in METHODS:
        if not rest.strip():
            raise UsageError(f"{word} has no URL: write a path such as {word.upper()} /users.")
        return word.upper(), rest.strip()
    if rest and re.fullmatch(r"[A-Z]+", word):
        raise UsageError(f"{word!r} is no HTTP method: {', '.join(METHODS[:7])}.")
    if not target.startswith(("/", "?", "http://", "https://")):
        raise UsageError(f"{target!r} is no request line: write METHOD /path, for instance GET /users?limit=10.")
    return ("POST" if has_body else "GET"), target


def _headers(lines: list[str], position: int) -> tuple[tuple[tuple[str, str], ...], int]:
    found: list[tuple[str, str]] = []
    while position < len(lines) and lines[position].strip():
        line = lines[position].strip()
        position += 1
        if line.startswith(("#", "//")):
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise UsageError(
                f"Line {position}, {line[:40]!r}: a header is NAME: value; the body needs a blank line above."
            )
        try:
            check_name(name.strip(), f"Line {position}")
        except ConfigError as error:
            raise UsageError(str(error)) from None
        found.append((name.strip(), value.strip()))
    return tuple(found), position + 1


def build(template: Template, shared: Shared, values: Mapping[str, Any], private: frozenset[str]) -> httpx.Request:
    """The public request: a private value stands in it as its mask, and travels beside it as a Secret.

    Parameters: `shared`, what the collection adds; `values`, by dynamic name; `private`, the names of parameters and
    headers that are shown nowhere. Raises PlaceholderError and UsageError.
    """
    known = {name: _as_private(value) if name in private else value for name, value in values.items()}
    hidden = Hidden()
    hidden.take(known)
    template, user = _without_user(template)
    needed = Needed(known, template.title)
    target = _hidden_in_url(placeholders.fill_url(template.url, needed).partition("#")[0], template, hidden)
    url = _with_query(join(shared.base_url, target), shared.query, hidden)
    headers = filled_headers(template.headers, shared.headers, needed, private, hidden)
    if user and "authorization" not in headers:
        headers["Authorization"] = hidden.mask("Authorization", user)
    content, kind = fill_body(template.header("Content-Type"), template.body, needed)
    content = literals.hide_in_body(kind, content, hidden.credential)
    if content and "content-type" not in headers:
        headers["Content-Type"] = BODY_TYPES.get(kind, kind if "/" in kind else "text/plain; charset=utf-8")
    try:
        return httpx.Request(
            template.method, url, headers=headers, content=content or None, extensions=hidden.extensions()
        )
    except httpx.InvalidURL as error:
        raise UsageError(f"{redact(url)[:200]} is no URL: {error}") from None


def _hidden_in_url(target: str, template: Template, hidden: Hidden) -> str:
    """The filled target, a credential in its query by its mask; a reference that is written there is followed."""
    written = dict(literals.in_url(template.url))

    def put(name: str, value: str) -> str:
        # As it is written: a dynamic value must not name a file to send.
        if is_reference(value) and unquote(written.get(name, "")) == value:
            return hidden.mask(name, Secret.from_reference(value, label=name, owner=name))
        return hidden.credential(name, value)

    return literals.hide_in_url(target, put)


def _as_private(value: Any) -> Secret:
    return value if isinstance(value, Secret) else Secret(placeholders.as_text(value, "a private value"))


def _without_user(template: Template) -> tuple[Template, str | Secret]:
    """A URL's ``user:password@`` as HTTP Basic (RFC 7617), so that no password is in a URL that is shown."""
    parts = _split(template.url)
    user, at, host = parts.netloc.rpartition("@")
    if not at or parts.scheme not in ("http", "https"):
        return template, ""
    name, _, password = user.partition(":")
    Secret(unquote(password))  # known from here on, so that it is cut from messages
    pair = base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
    return replace(template, url=urlunsplit(parts._replace(netloc=host))), Secret(f"Basic {pair}")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise UsageError(f"{redact(url)[:200]} is no URL: {error}.") from None


def join(base_url: str, target: str) -> str:
    """`target` below `base_url`; a full URL stands for itself (the fence decides whether it may be called)."""
    if target[:4].lower() == "http" and _split(target).scheme in ("http", "https"):
        return target
    if not base_url:
        raise UsageError(f"{target} is relative and the collection has no base URL: set it with --base-url.")
    if target.startswith("?"):
        return base_url + target
    return base_url.rstrip("/") + "/" + target.lstrip("/")


def _with_query(url: str, query: Mapping[str, str | Secret], hidden: Hidden) -> str:
    if not query:
        return url
    written = {pair.partition("=")[0] for pair in _split(url).query.split("&")}
    for name, value in query.items():
        if quote(name, safe="") in written or name in written:
            continue
        text = hidden.mask(name, value)
        url += ("&" if "?" in url else "?") + f"{quote(name, safe='')}={quote(text, safe='')}"
    return url


def without_optional(template: Template, optional: tuple[str, ...], values: Mapping[str, Any]) -> Template:
    """`template` without the query pairs, headers, form pairs and JSON members whose `optional` name has no value."""
    absent = {name for name in optional if values.get(name) is None}
    if not absent:
        return template
    address, question, query = template.url.partition("?")
    pairs = [
        pair for pair in query.split("&") if not absent & set(placeholders.names_in_header(pair.partition("=")[2]))
    ]
    url = address + question * bool(pairs) + "&".join(pairs)
    headers = tuple(each for each in template.headers if not absent & set(placeholders.names_in_header(each[1])))
    body = without_members(template.header("Content-Type"), template.body, absent)
    return Template(template.method, url, headers, body)


def literal_credentials(template: Template) -> dict[str, str]:
    """The literal values of a cell that look like credentials, by header, else by name and place as people say it.

    They work, and should be references. ``URL`` is the password in one.
    """
    found = {
        name: value
        for name, value in template.headers
        if looks_like_credential(name)
        and value
        and not is_reference(scheme_and_rest(value)[1])
        and not placeholders.names_in_header(value)
    }
    user, at, _ = _split(template.url).netloc.rpartition("@")
    if at and ":" in user:
        found["URL"] = user.partition(":")[2]
    for name, value in literals.in_url(template.url):
        if not is_reference(unquote(value)) and not placeholders.names_in_header(value):
            found[f"{name} in the query"] = value
    for name, value in literals.in_body(template.header("Content-Type"), template.body):
        if not placeholders.names_in_body(value):
            found[f"{name} in the body"] = value
    return found
