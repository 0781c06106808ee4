"""What a saved call has, as fields: every setting that the file can hold for one, and back again without a loss."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from apiconn_nb.cache import parse_ttl
from apiconn_nb.errors import UsageError
from apiconn_nb.fields import Field, row_value
from apiconn_nb.frames.pins import dtype_of
from apiconn_nb.frames.records import check_path
from apiconn_nb.notebook.form.rows import Row, RowsControl
from apiconn_nb.options import pages_of
from apiconn_nb.paging import paginator_named
from apiconn_nb.request import literal_credentials, parse
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import SavedCall

NAME = Field(
    name="call", label="Call name", kind="text", default="", required=True, placeholder="list_users",
    help="Letters, digits, - and _: what stands in %apicall NAME.CALL.",
)  # fmt: skip


def _field(name: str, label: str, help_text: str = "", **more: Any) -> Field:
    return Field(name=name, label=label, kind=more.pop("kind", "text"), default=more.pop("default", ""),
                 help=help_text, **more)  # fmt: skip


FIELDS = (
    _field("request", "Request", "As in a cell: request line, headers, a blank line, the body. [name] and <name> "
           "insert a parameter.", required=True, placeholder="GET /users?limit=[limit]"),
    _field("params", "Parameters", "What a parameter has where a call gives none. := before a value makes it JSON: "
           ":=10.", kind="rows", default={}),
    _field("records", "Rows at", "JMESPath; empty: they are found.", placeholder="items"),
    _field("pages", "Pages", "A number or all; empty: the first.", placeholder="all"),
    _field("paginate", "Paginate", "Where the next page has to be said.", advanced=True,
           placeholder="cursor:PARAM=PATH"),
    _field("cache", "Cache", "How old a kept answer may be; empty: every call asks.", advanced=True, placeholder="1h"),
    _field("key", "Key columns", "What tells one row from another when answers are compared (--since last), split by "
           "commas; empty: they are found.", advanced=True, placeholder="id"),
    _field("use_as", "Use as", "Empty: by its method.", choices=("", "data", "action"), format="choice", advanced=True),
    _field("columns", "Pinned columns", "Name and dtype of the columns that come first; an answer that differs says "
           "so.", kind="rows", default={}, advanced=True),
    _field("strict", "An answer that differs from the pinned columns is an error", kind="flag", default=False,
           advanced=True),
    _field("private", "Private", "Parameters and headers that are shown nowhere, split by spaces.", advanced=True),
    _field("optional", "Optional", "Parameters left out where they have no value, split by spaces.", advanced=True),
    _field("doc", "Description", advanced=True),
)  # fmt: skip
_SEPARATORS = {"private": " ", "optional": " ", "key": ", "}  # lists in the file, words in the form
_DEFAULTS = {each.name: each.default for each in FIELDS}


def table_of(call: SavedCall) -> dict[str, Any]:
    """The values of a call as the form shows them."""
    table = {each.name: getattr(call, each.name) for each in FIELDS}
    return {**table, **{name: separator.join(table[name]) for name, separator in _SEPARATORS.items()}}


def call_of(shown: Mapping[str, Any], before: SavedCall) -> SavedCall:
    """The call that the form's values make. A list that nobody touched is as it was, whatever stands in its names."""
    values = {**_DEFAULTS, **shown}
    as_before = table_of(before)
    for name, separator in _SEPARATORS.items():
        untouched = values[name] == as_before[name]
        values[name] = getattr(before, name) if untouched else _split(values[name], separator)
    return dataclasses.replace(before, **values)


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in str(text).split(separator.strip() or None) if word.strip())


def _check_request(text: str) -> None:
    for literal in literal_credentials(parse(text)):
        instead = "a parameter with env:NAME" if " in the " in literal else f"{literal}: env:NAME"
        raise UsageError(f"Request: {literal} holds a credential, which is not saved; write {instead}.")


def _check_params(params: Mapping[str, Any]) -> None:
    for name, value in params.items():
        if isinstance(value, str) and not isinstance(value, Secret):
            row_value(name, value, "Parameters", "")


def _check_columns(columns: Mapping[str, Any]) -> None:
    for name, dtype in columns.items():
        dtype_of(name, dtype)


CHECKS: Mapping[str, Callable[[Any], object]] = {
    "request": _check_request, "records": check_path, "pages": pages_of, "paginate": paginator_named,
    "cache": parse_ttl, "params": _check_params, "columns": _check_columns,
}  # fmt: skip
"""What is asked of a value in the place of its declaration; each raises an ApiConnError."""


class TypedRow(Row):
    """A parameter: a text, or JSON after ``:=``, as in ``-p``."""

    _given: Any = ""
    _shown: Any = None  # the text of what was given; no JSON holds all that a file can (a date)

    def value(self) -> Any:
        value = super().value()
        if value == self._shown:
            return self._given
        if not isinstance(value, str) or not value.startswith(":="):
            return value
        try:
            return json.loads(value[2:])
        except (ValueError, RecursionError):
            return value

    def is_wrong(self) -> bool:
        """Whether what stands behind ``:=`` is no JSON."""
        value = self.value()
        return isinstance(value, str) and value != self._given and value.startswith(":=")

    def show(self, name: str, value: Any) -> None:
        """Show a row."""
        is_text = isinstance(value, Secret) or (isinstance(value, str) and not value.startswith(":="))
        self._given, self._shown = value, value if is_text else ":=" + json.dumps(value, default=str)
        super().show(name, self._shown)


class ParamsControl(RowsControl):
    """The parameters' rows. One without a value has no default, unless the file says that it is empty."""

    row_kind = TypedRow
    _empty: frozenset[str] = frozenset()

    def raw(self) -> Any:
        """The defaults by name."""
        return {name: value for name, value in super().raw().items() if value != "" or name in self._empty}

    def said_wrong(self) -> str:
        """What is wrong with the rows as rows."""
        broken = next((row.name for row in self.rows if isinstance(row, TypedRow) and row.is_wrong()), "")
        return f"{broken}: what stands behind := is not JSON." if broken else super().said_wrong()

    def unfilled(self) -> str:
        """None: a parameter without a default is given with the call."""
        return ""

    def want(self, names: list[str]) -> None:
        """Have a row for each of `names`."""
        for name in names:
            if name not in [row.name for row in self.rows]:
                self.add(name, "")

    def _show(self, raw: Any) -> None:
        self._empty = frozenset(name for name, value in raw.items() if value == "")
        super()._show(raw)


class ColumnRow(Row):
    """A column and its dtype, whatever the column is called."""

    can_be_secret = False
    value_word = "dtype, such as Int64"


class ColumnsControl(RowsControl):
    """The pinned columns' rows."""

    row_kind = ColumnRow
