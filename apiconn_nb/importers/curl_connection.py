"""curl's options of the connection → settings of the collection."""

from __future__ import annotations

import math
from collections.abc import Callable

from apiconn_nb.importers.draft import Draft, names_in


def _proxy(value: str, lost: list[str], draft: Draft) -> None:
    scheme, separator, rest = value.rpartition("://")
    if separator and scheme.lower() not in ("http", "https"):
        lost.append(f"a {scheme[:10]} proxy")
        return
    user, at, host = rest.rpartition("@")
    if at:
        lost.append("the proxy's user and password: set HTTPS_PROXY for them")
        del user
    if names_in(host):
        lost.append("a proxy that is a variable")
    elif host:
        draft.connection["proxy"] = f"{scheme or 'http'}://{host}"


def _ca_certificate(value: str, lost: list[str], draft: Draft) -> None:
    if names_in(value):
        lost.append("a CA certificate whose path is a variable")
    else:
        draft.connection["ca_certificate"] = f"file:{value}"


def _seconds(value: str, lost: list[str], draft: Draft) -> None:
    try:
        draft.connection["call_timeout"] = max(1, min(math.ceil(float(value)), 86_400))
    except (ValueError, OverflowError):
        lost.append("--max-time, which is no number")


def _retries(value: str, lost: list[str], draft: Draft) -> None:
    if value.isascii() and value.isdigit() and len(value) < 4:
        draft.connection["retries"] = int(value)
    else:
        lost.append("--retry, which is no number")


CONNECTION: dict[str, Callable[[str, list[str], Draft], None]] = {
    "proxy": _proxy, "proxy1.0": _proxy, "cacert": _ca_certificate, "max-time": _seconds, "retry": _retries,
}  # fmt: skip
