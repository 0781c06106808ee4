"""The API Connector for Jupyter: choose an authentication method, click one link, get a DataFrame.

In a notebook: ``%load_ext apiconn_nb``, then ``%apiconn_auth`` and ``%%apicall``. In Python::

    import apiconn_nb as api

    github = api.collection("github")
    df = github.get("/user/repos", params={"sort": "pushed"})
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apiconn_nb.errors import ApiConnError as ApiConnError
    from apiconn_nb.live_collection import Collection as Collection
    from apiconn_nb.secrets import Secret as Secret
    from apiconn_nb.workspace import collection as collection

__version__ = "0.1.0"
__all__ = ["ApiConnError", "Collection", "Secret", "collection", "load_ipython_extension"]

_HOME = {
    "ApiConnError": "errors",
    "Collection": "live_collection",
    "Secret": "secrets",
    "collection": "workspace",
}


def __getattr__(name: str) -> Any:
    # Start-up cost: httpx alone takes longer than `%load_ext` may (60 ms), so a name is fetched when it is used.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def load_ipython_extension(shell: Any) -> None:
    """Register the magics with an IPython shell (``%load_ext apiconn_nb``)."""
    importlib.import_module(f"{__name__}.notebook").load(shell)  # start-up cost: Python users need no IPython


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away again (``%unload_ext apiconn_nb``)."""
    importlib.import_module(f"{__name__}.notebook").unload(shell)  # as above
