"""Exporters: a call as a script that runs without us, a collection as OpenAPI or as a ``.http`` file.

Where to look::

    plan            a call with its values, rows and pages, before any language      recipe      its authentication
    texts           names in texts                                                   references  where a secret is found
    python_script   httpx and requests          python_auth, _login, _tls, _paging   the parts of such a script
    dlt_script      dlt                         curl_script, _paging, _token         bash with curl and jq
    openapi         a collection as OpenAPI 3.1                                      http_file   and as .http
"""

from __future__ import annotations

from collections.abc import Callable

from apiconn_nb.errors import UnknownNameError
from apiconn_nb.exporters.curl_script import CurlScript
from apiconn_nb.exporters.dlt_script import DltScript
from apiconn_nb.exporters.http_file import http_file
from apiconn_nb.exporters.openapi import openapi
from apiconn_nb.exporters.plan import Plan, plan
from apiconn_nb.exporters.python_script import Script

_TARGETS: dict[str, Callable[[Plan], str]] = {
    "httpx": lambda made: Script(made, "httpx").text(),
    "requests": lambda made: Script(made, "requests").text(),
    "curl": lambda made: CurlScript(made).text(),
    "dlt": lambda made: DltScript(made).text(),
}
TARGETS = tuple(_TARGETS)
"""What ``--as-code`` takes."""

__all__ = ["TARGETS", "Plan", "as_code", "http_file", "openapi", "plan"]


def as_code(made: Plan, target: str) -> str:
    """A planned call as a script. Raises UnknownNameError, and UsageError for what the target cannot say."""
    if target not in _TARGETS:
        raise UnknownNameError.among("target", target, _TARGETS)
    return _TARGETS[target](made)
