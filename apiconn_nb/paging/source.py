"""Where a paging value stands in an answer: a JMESPath expression over the body, or ``header:NAME``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jmespath
from jmespath.exceptions import JMESPathError

from apiconn_nb.errors import UsageError

if TYPE_CHECKING:
    import httpx

HEADER = "header:"
_DIGITS = 18  # a count beyond 10^18 is none


def read(source: str, response: httpx.Response, document: Any) -> Any:
    """The value at `source`, None where there is none.

    Of ``Content-Range: 0-24/319`` (RFC 9110 §14.4) the part after the slash is the value: the total.
    """
    if not source:
        return None
    if source.startswith(HEADER):
        value = response.headers.get(source[len(HEADER) :])
        if value is not None and source.lower() == "header:content-range":
            return value.rpartition("/")[2]
        return value
    try:
        return jmespath.search(source, document)
    except (JMESPathError, RecursionError, ValueError, TypeError):
        return None  # a function met a value of another type than on the first page


def checked(source: str) -> str:
    """`source` unless it is no JMESPath expression and no ``header:NAME``: then UsageError."""
    if source.startswith(HEADER) and len(source) > len(HEADER):
        return source
    try:
        jmespath.compile(source)
    except JMESPathError as error:
        said = str(error).splitlines()[0]
        raise UsageError(f"{source!r} is no JMESPath expression and no header:NAME ({said}).") from None
    return source


def as_int(value: Any) -> int | None:
    """`value` as a whole number ≥ 0 (``"50"`` and ``50.0`` count, booleans do not), else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if 0 <= value < 1e15 and value.is_integer() else None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
    if isinstance(value, int):
        return value if 0 <= value < 10**_DIGITS else None
    return None


def as_flag(value: Any) -> bool | None:
    """`value` as a boolean (``"true"`` and ``"False"`` count), else None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    return None
