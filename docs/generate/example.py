"""Values for a method's example: from examples.toml, else from the method's own fields."""

from __future__ import annotations

import os
import shlex
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import tomlkit

from apiconn_nb import config
from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.demo import certificates
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.notebook.auth_magic import option_of
from apiconn_nb.settings import CollectionSettings

FILE = Path(__file__).parents[1] / "examples.toml"
NAME = "shop"
BASE_URL = "https://api.example.org"


def settings(method: type[AuthMethod], base_url: str = BASE_URL) -> CollectionSettings:
    """A collection that uses `method`."""
    values = _given().get(method.slug)
    if values is None:
        values = {field.name: _made_up(field) for field in fields_of(method) if _belongs(field)}
    return CollectionSettings(NAME, method.slug, {"base_url": base_url}, values)


@cache
def _given() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def _belongs(field: Field) -> bool:
    return field.required or bool(field.dev_of and field.kind == "secret")


def _made_up(field: Field) -> Any:
    if field.kind == "secret":
        return f"env:SHOP_{field.name.upper()}"
    if field.kind == "rows":
        return {}
    if field.format in ("url", "template"):
        return field.placeholder or "https://login.example.org/" + field.name.removesuffix("_endpoint")
    return field.default or field.placeholder or field.name


def toml(example: CollectionSettings) -> str:
    """The collection as the file holds it."""
    return tomlkit.dumps({example.name: config.to_table(example)})


def line(example: CollectionSettings, method: type[AuthMethod]) -> str:
    """The magic line that makes the same collection; it can be read back."""
    words = ["%apiconn_auth", example.name, method.slug, "--base-url", str(example.connection["base_url"])]
    fields = {field.name: field for field in fields_of(method)}
    for name, value in example.auth.items():
        words += _option(fields[name], value)
    return " ".join(word if word.startswith("%") else shlex.quote(word) for word in words)


def _option(field: Field, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [word for key, each in value.items() for word in (option_of(field), f"{key}={each}")]
    if isinstance(value, bool):
        return [option_of(field) if value else option_of(field).replace("--", "--no-", 1)]
    return [option_of(field), str(value)]


@contextmanager
def environment(example: CollectionSettings, method: type[AuthMethod]) -> Iterator[certificates.Certificates]:
    """The environment variables that the example's references name, while it is driven."""
    kinds = {field.name: field for field in fields_of(method)}
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        made = certificates.make(Path(folder))
        for name, value in _references(example.auth):
            field = kinds.get(name)
            os.environ[value] = _secret(value, made) if field and field.format == "pem" else f"example-of-{value}"
        try:
            yield made
        finally:
            os.environ.clear()
            os.environ.update(before)


def _references(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _references(value)
        elif isinstance(value, str) and value.startswith("env:"):
            yield name, value.removeprefix("env:")


def _secret(variable: str, made: certificates.Certificates) -> str:
    """A PEM for a variable that is called after what it holds; a key of its own where no certificate goes with it."""
    pems = {
        "_CERTIFICATE_KEY": made.client.private_key,
        "_CERTIFICATE": made.client.certificate,
        "_CA": made.ca,
    }
    return next((pem for ending, pem in pems.items() if variable.endswith(ending)), certificates.rsa_key()[0])
