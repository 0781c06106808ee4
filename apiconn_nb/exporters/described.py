"""A saved call taken apart for a description: its target, headers and body with names and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from apiconn_nb.body import kind_of_body
from apiconn_nb.exporters.texts import Name, Pieces, angle, names, square
from apiconn_nb.request import Template, parse
from apiconn_nb.secrets import is_reference
from apiconn_nb.settings import SavedCall


@dataclass(frozen=True)
class Described:
    """`path` and the values of `query` and `headers` are pieces; `params` are the defaults that are no secrets."""

    name: str
    saved: SavedCall
    template: Template
    path: Pieces
    query: list[tuple[str, Pieces]]
    headers: list[tuple[str, Pieces]]
    body_kind: str
    params: Mapping[str, Any]

    @property
    def body(self) -> Pieces:
        """The body's text."""
        known = frozenset(self.saved.params) | set(names(self.path)) if self.body_kind == "xml" else None
        return angle(self.template.body, known=known)


def described(name: str, saved: SavedCall, base_url: str) -> Described:
    """A saved call, its target below `base_url`."""
    template = parse(saved.request)
    target = template.url.removeprefix(base_url.rstrip("/")) if base_url else template.url
    address, _, query = target.partition("#")[0].partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    params = {key: value for key, value in saved.params.items() if not (isinstance(value, str) and is_reference(value))}
    return Described(
        name, saved, template, square(address or "/"), [(unquote(key), _decoded(value)) for key, _, value in pairs],
        [(key, square(value)) for key, value in template.headers],
        kind_of_body(template.header("Content-Type"), template.body) if template.body else "", params,
    )  # fmt: skip


def _decoded(value: str) -> Pieces:
    return [piece if isinstance(piece, Name) else unquote(piece) for piece in square(value)]


def whole_name(pieces: Pieces) -> str:
    """The name that a text is and nothing else; empty where there is more or none."""
    return pieces[0].name if len(pieces) == 1 and isinstance(pieces[0], Name) else ""
