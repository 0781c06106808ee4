"""What a setting is: one declaration that feeds magic options, form, TOML reader, JSON schema, docs and redaction.

A method is a frozen dataclass whose members are made by `setting`; `fields_of` reads them back as `Field`s.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import re
import typing
import weakref
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from apiconn_nb.errors import ConfigError, SecretError
from apiconn_nb.secrets import NO_SECRET, Secret, is_reference

Rows = Mapping[str, str | Secret]
"""Rows of key and value; a value written as a reference is a secret."""

Format = Literal["line", "url", "base", "template", "pem", "json", "choice", "proxy", "origins"]
Kind = Literal["text", "secret", "flag", "number", "rows"]

# The last word tells: access_token and X-Auth-Token are credentials, token_access_type and page_token are none.
_CREDENTIAL = re.compile(
    r"(?<!page)(?<!next)(?<!continuation)(?<!sync)(?<!cursor)(?<!skip)(?<!delta)(?<!scroll)(?<!resume)(^|_)"
    r"(authorization|api_?key|access_?key|secret_?key|private_?key|subscription_?key|token|secret|password|passwd|cookie)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Field:
    """One setting.

    `kind` follows from the type alone (`Secret` is a secret everywhere; `may_be_secret`: ``str | Secret``, a text that
    is a secret where it is written as a reference); `format` says how a text is written: one line, a URL, a URL with
    ``[name]`` in it, a PEM block, a JSON text, or one of `choices`. `dev_of` names the live field whose development
    twin this is.
    """

    name: str
    label: str
    kind: Kind
    default: Any
    required: bool = False
    help: str = ""
    placeholder: str = ""
    format: Format = "line"
    choices: tuple[str, ...] = ()
    advanced: bool = False
    dev_of: str = ""
    least: int = 0  # of a number
    may_be_secret: bool = False

    @property
    def option(self) -> str:
        """The magic option: ``--token-endpoint``."""
        return "--" + self.name.replace("_", "-")

    def parse(self, raw: Any, *, owner: str = "") -> Any:
        """The typed value of what a file, a line or a form holds.

        `owner` is the collection's name (a prompt is remembered for it). Raises ConfigError or SecretError in the words
        of the field's label.
        """
        if self.kind == "secret":
            return self._secret(raw, owner)
        if self.kind == "rows":
            return self._rows(raw, owner)
        if self.kind == "flag":
            return self._typed(raw, bool, "true or false")
        if self.kind == "number":
            if isinstance(raw, bool) or not isinstance(raw, int):
                raise ConfigError(f"{self.label} ({self.name}): write a whole number, not {raw!r}.")
            if raw < self.least:
                raise ConfigError(f"{self.label} ({self.name}): write a whole number from {self.least}, not {raw}.")
            return raw
        if self.may_be_secret and (isinstance(raw, Secret) or is_reference(str(raw))):
            return self._secret(raw, owner)
        text = self._typed(raw, str, "text")
        if self.format == "choice" and text not in self.choices:
            known = ", ".join(filter(None, self.choices))
            raise ConfigError(f"{self.label} ({self.name}): {text!r} is none of {known}.")
        check = _CHECKS.get(self.format)
        if text and check is not None:
            check(text, self.label)
        return text

    def _typed(self, raw: Any, kind: type, words: str) -> Any:
        if not isinstance(raw, kind):
            raise ConfigError(f"{self.label} ({self.name}): write {words}, not {type(raw).__name__}.")
        return raw

    def _secret(self, raw: Any, owner: str) -> Secret:
        if isinstance(raw, Secret):
            return raw
        if raw == "":
            return NO_SECRET
        if not isinstance(raw, str) or not is_reference(raw):
            # The value is not repeated: the message must be safe to show.
            raise SecretError(
                f"{self.label}: a secret never stands in a line or a file. Write a reference instead, such as "
                f"{self.option} env:NAME, keyring:SERVICE/USER, file:PATH or prompt."
            )
        return Secret.from_reference(raw, label=self.label, owner=f"{owner}/{self.name}")

    def _rows(self, raw: Any, owner: str) -> Rows:
        if not isinstance(raw, Mapping):
            raise ConfigError(f"{self.label} ({self.name}): write rows NAME=VALUE (a table in the file).")
        return {
            str(name): row_value(str(name), value, self.label, f"{owner}/{self.name}") for name, value in raw.items()
        }

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the field as it stands in the file."""
        types = {"text": "string", "secret": "string", "flag": "boolean", "number": "integer", "rows": "object"}
        schema: dict[str, Any] = {"type": types[self.kind], "title": self.label}
        if self.help:
            schema["description"] = self.help
        if self.kind == "secret":
            schema |= {"writeOnly": True, "pattern": r"^((env|keyring|file|colab):.+|prompt)$"}
        elif self.kind == "rows":
            schema["additionalProperties"] = {"type": "string"}
        elif self.default != "":
            schema["default"] = self.default
        if self.kind == "number":
            schema["minimum"] = self.least
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.format in ("url", "base"):
            schema["format"] = "uri"
        return schema


def setting(
    label: str,
    *,
    default: Any = "",
    default_factory: Any = None,
    required: bool = False,
    dev: str = "",
    help: str = "",  # noqa: A002 -- argparse and click call it so
    placeholder: str = "",
    format: Format = "line",  # noqa: A002 -- JSON Schema calls it so
    choices: tuple[str, ...] = (),
    advanced: bool = False,
    least: int = 0,
) -> Any:
    """Declare a member of a method's dataclass; `dev` is the label of its development twin (none: no twin)."""
    described = {
        "label": label, "required": required, "dev": dev, "help": help, "placeholder": placeholder,
        "format": "choice" if choices else format, "choices": choices, "advanced": advanced, "least": least,
    }  # fmt: skip
    metadata = {"setting": described}
    if default_factory is not None:
        return dataclasses.field(default_factory=default_factory, metadata=metadata, kw_only=True)
    return dataclasses.field(default=default, metadata=metadata, kw_only=True)


def secret(label: str, **described: Any) -> Any:
    """Declare a `Secret` member, empty by default; parameters as for `setting`."""
    return setting(label, default=NO_SECRET, **described)


def rows(label: str, **described: Any) -> Any:
    """Declare a `Rows` member, without rows by default; parameters as for `setting`."""
    return setting(label, default_factory=dict, **described)


def fields_of(method: type) -> tuple[Field, ...]:
    """The fields of a method, in order, each followed by its development twin."""
    if method not in _fields:
        _fields[method] = _read_fields(method)
    return _fields[method]


_fields: weakref.WeakKeyDictionary[type, tuple[Field, ...]] = weakref.WeakKeyDictionary()


def _read_fields(method: type) -> tuple[Field, ...]:
    hints = typing.get_type_hints(method)
    found: list[Field] = []
    for member in dataclasses.fields(method):
        described = dict(member.metadata.get("setting", {}))
        if not described:
            continue
        twin_label = described.pop("dev")
        kind, empty = _kind_of(hints[member.name])
        default = empty if member.default is dataclasses.MISSING else member.default
        may_be_secret = hints[member.name] == str | Secret
        live = Field(name=member.name, kind=kind, default=default, may_be_secret=may_be_secret, **described)
        found.append(live)
        if twin_label:
            found.append(
                dataclasses.replace(
                    live, name=f"dev_{live.name}", label=twin_label, required=False, default=empty, dev_of=live.name,
                    help=f"Used instead of “{live.label}” in the development environment, where it is filled.",
                )
            )  # fmt: skip
    return tuple(found)


def _kind_of(hint: Any) -> tuple[Kind, Any]:
    kinds: dict[Any, tuple[Kind, Any]] = {
        Secret: ("secret", NO_SECRET), str: ("text", ""), str | Secret: ("text", ""), bool: ("flag", False),
        int: ("number", 0), Rows: ("rows", {}),
    }  # fmt: skip
    if hint not in kinds:
        raise TypeError(f"a field is a str, Secret, bool, int or Rows, not {hint!r}")
    return kinds[hint]


def row_value(name: str, value: Any, label: str, owner: str) -> str | Secret:
    """The value of a row, header or parameter: a reference becomes a Secret, a literal stays.

    Raises SecretError for a literal under a name that looks like a credential's.
    """
    if isinstance(value, Secret):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigError(f"{label}, row {name!r}: write text, not {type(value).__name__}.")
    if isinstance(value, str) and is_reference(value):
        return Secret.from_reference(value, label=f"{label} {name}", owner=f"{owner}/{name}")
    if looks_like_credential(name) and value != "":
        raise SecretError(f"{label}, row {name!r}: that looks like a credential. Write a reference: {name}=env:NAME.")
    return str(value)


def looks_like_credential(name: str) -> bool:
    """Whether a header's or parameter's name says that its value is a credential."""
    return _CREDENTIAL.search(_CAMEL.sub("_", name).replace("-", "_").lower()) is not None


def check_url(text: str, label: str) -> None:
    """Raise ConfigError unless `text` is an absolute https URL (http on loopback alone)."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{label}: {text!r} is no URL ({error}).") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(f"{label}: {text!r} is no URL: begin with https://, for instance https://api.example.org.")
    if " " in text or not text.isprintable():  # it becomes a link, and a terminal takes U+009B for a command
        raise ConfigError(f"{label}: {text!r} has a space or a character in it that cannot be seen.")
    if "@" in parts.netloc:
        raise ConfigError(f"{label}: a URL with a user or password in it is not kept; choose HTTP Basic Auth instead.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError(f"{label}: {text!r} is not encrypted: use https:// (http is for loopback addresses alone).")


def check_base_url(text: str, label: str) -> None:
    """Raise ConfigError for a URL that calls cannot be written below; a query, which may hold a key, is not said."""
    bare, mark, _ = text.partition("?")
    bare, hash_sign, _ = bare.partition("#")
    check_url(bare, label)
    if mark or hash_sign:
        raise ConfigError(
            f"{label}: calls are written below {bare}, so it has no query and no #. A parameter of every call is a "
            "shared one: --query NAME=VALUE, a key by its method or as --query NAME=env:NAME."
        )


def check_proxy(text: str, label: str) -> None:
    """Raise ConfigError unless `text` is a proxy's URL without a password in it; the text is not repeated."""
    parts = urlsplit(text)
    if "@" in parts.netloc:
        raise ConfigError(
            f"{label}: a password does not stand in the file; put the whole URL into HTTPS_PROXY instead."
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{label}: write a URL such as http://proxy.example.org:3128.")


def check_origins(text: str, label: str) -> None:
    """Raise ConfigError unless `text` is origins split by spaces, each with its scheme."""
    for origin in text.split():
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.hostname or re.search("[@,;]", parts.netloc):
            raise ConfigError(f"{label}: {origin!r} is no origin: write https://host, split by spaces.")


_CHECKS = {
    "url": check_url, "base": check_base_url, "template": check_url, "proxy": check_proxy, "origins": check_origins
}  # fmt: skip


@functools.lru_cache(maxsize=512)  # asked twice at each call
def is_loopback(host: str) -> bool:
    """Whether `host` is this machine: ``localhost`` or a loopback address."""
    if host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
