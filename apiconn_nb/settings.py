"""What the file says of a collection: data alone, checked where it is read or set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from apiconn_nb import auth
from apiconn_nb.auth.base import check_names
from apiconn_nb.auth.header import check_name, one_line
from apiconn_nb.errors import ConfigError
from apiconn_nb.fields import Field, Rows, fields_of, rows, secret, setting
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret

Environment = Literal["live", "development"]
ENVIRONMENTS: tuple[Environment, ...] = ("live", "development")


@dataclass(frozen=True)
class Connection:
    """A collection's own fields: declared as a method's are, so that magics, form, file and docs read them alike."""

    base_url: str = setting(
        "Base URL", format="base", dev="Development base URL", placeholder="https://api.example.org",
        help="Where the API begins; calls are written below it.",
    )  # fmt: skip
    environment: str = setting(
        "Environment", choices=("", *ENVIRONMENTS), help="Empty: APICONN_ENV, else live.", advanced=True
    )
    headers: Rows = rows("Shared headers", help="Sent with every call.")
    query: Rows = rows("Shared parameters", help="Added to the query of every call.")
    allowed_origins: str = setting(
        "Allowed origins", advanced=True, format="origins", placeholder="https://uploads.example.org",
        help="More origins that get the credentials, split by spaces.",
    )  # fmt: skip
    trusted_origins: str = setting(
        "Trusted origins", advanced=True,
        help="Of an imported collection: the origins that may get its credentials, as %apiconn_auth NAME --trust "
        "writes them; none: no origin yet. Empty: all of its own.",
    )  # fmt: skip
    redirect_origins: str = setting(
        "Redirect origins",
        advanced=True,
        format="origins",
        help="Origins that a redirect may reach, without credentials.",
    )
    call_timeout: int = setting("Time-out", default=600, least=1, advanced=True, help="Seconds for a whole call.")
    retries: int = setting("Retries", default=3, advanced=True, help="How often a data call is tried again.")
    max_bytes: int = setting(
        "Largest answer",
        default=1 << 30,
        least=1,
        advanced=True,
        help="Bytes, decoded; eight times as many of one that becomes rows as it arrives.",
    )
    proxy: str = setting("Proxy", advanced=True, format="proxy", help="URL; empty: the environment's (HTTPS_PROXY).")
    certificate: str = setting(
        "Client certificate", format="pem", advanced=True, help="Presented beside another method; PEM or file:PATH."
    )
    certificate_key: Secret = secret("Client certificate key", format="pem", advanced=True)
    certificate_key_password: Secret = secret("Client certificate key password", advanced=True)
    ca_certificate: str = setting(
        "CA certificate", format="pem", advanced=True, help="To trust a private server; PEM or file:PATH."
    )


CONNECTION_FIELDS: dict[str, Field] = {each.name: each for each in fields_of(Connection)}


@dataclass(frozen=True)
class SavedCall:
    """A call saved under a name.

    `request` is the text of its cell; `params` its defaults; `private` the parameters and headers shown nowhere;
    `use_as` is ``data`` or ``action`` (empty: by its method); `columns` pins names and dtypes; `optional` names the
    parameters whose query pair, header or form pair is left out where they have no value.
    """

    request: str
    records: str = ""
    pages: str = ""
    paginate: str = ""
    use_as: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    private: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    cache: str = ""
    key: tuple[str, ...] = ()
    doc: str = ""

    def check(self) -> None:
        """Raise UsageError or ConfigError for a request, a use or a number of pages that cannot be."""
        parse(self.request)
        if self.use_as not in ("", "data", "action"):
            raise ConfigError(f"use_as: {self.use_as!r} is none of data, action.")
        if self.pages not in ("", "all") and not (self.pages.isascii() and self.pages.isdigit() and int(self.pages)):
            raise ConfigError(f"pages: {self.pages!r} is no number from 1, and not all.")


CALL_KEYS: dict[str, type] = {
    "request": str, "records": str, "pages": str, "paginate": str, "use_as": str, "params": dict, "private": list,
    "optional": list, "columns": dict, "strict": bool, "cache": str, "key": list, "doc": str,
}  # fmt: skip


def default_method() -> str:
    """The slug of the method that a collection has before one is chosen: the first, which adds nothing."""
    return auth.methods()[0].slug


@dataclass(frozen=True)
class CollectionSettings:
    """A named API as the file holds it: raw values, references where secrets belong.

    `connection` and `auth` are values by field name; `method` is the authentication's slug.
    """

    name: str
    method: str = field(default_factory=default_method)
    connection: Mapping[str, Any] = field(default_factory=dict)
    auth: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, SavedCall] = field(default_factory=dict)

    def check(self) -> None:
        """Raise ConfigError, SecretError or UnknownNameError for the first thing that does not hold."""
        check_collection_name(self.name)
        for name, raw in self.connection.items():
            CONNECTION_FIELDS[name].parse(raw, owner=self.name)
        for header, value in self.connection.get("headers", {}).items():
            check_name(header, "Shared headers")
            one_line(str(value), f"Shared headers, {header}")
        chosen = auth.method(self.method)
        check_names(chosen, self.auth)
        fields = {each.name: each for each in fields_of(chosen)}
        for name, raw in self.auth.items():
            fields[name].parse(raw, owner=self.name)
        for name, call in self.calls.items():
            check_call_name(name)
            call.check()

    def value(self, name: str) -> Any:
        """The typed value of a connection field."""
        described = CONNECTION_FIELDS[name]
        if name not in self.connection:
            return described.default
        return described.parse(self.connection[name], owner=self.name)


def check_collection_name(name: str) -> None:
    """Raise ConfigError for a name that the file, a magic line or the keyring could not hold."""
    if not name or not all(character.isalnum() or character in "_-" for character in name) or len(name) > 80:
        raise ConfigError(f"{name[:80]!r} is no collection name: letters, digits, - and _ (for instance github).")
    if name.startswith("-"):
        raise ConfigError(f"{name!r} is no collection name: it begins like an option.")


def check_call_name(name: str) -> None:
    """Raise ConfigError for a name that `%apicall NAME.CALL` could not hold."""
    if not name or not all(character.isalnum() or character in "_-" for character in name) or len(name) > 120:
        raise ConfigError(f"{name[:80]!r} is no call name: letters, digits, - and _ (for instance list_users).")
