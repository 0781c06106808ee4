"""The notebook floor: magics, form and display. Loading it is cheap; each face is imported when it is used."""

from __future__ import annotations

from typing import Any

from apiconn_nb.notebook.configuration import ApiConn
from apiconn_nb.notebook.magics import ApiConnMagics
from apiconn_nb.notebook.pending import Pending

_ATTRIBUTE = "_apiconn_nb"


def load(shell: Any) -> None:
    """Register magics, configuration and completion with `shell`; a second load changes nothing."""
    if getattr(shell, _ATTRIBUTE, None) is not None:
        return
    configuration = ApiConn(parent=shell)
    shell.configurables.append(configuration)
    shell.register_magics(ApiConnMagics(shell, configuration))
    pending = Pending.of(shell)
    shell.events.register("post_run_cell", pending.show)
    _complete(shell)
    setattr(shell, _ATTRIBUTE, configuration)


def unload(shell: Any) -> None:
    """Take magics, configuration and events away again."""
    configuration = getattr(shell, _ATTRIBUTE, None)
    if configuration is None:
        return
    shell.configurables.remove(configuration)
    for kind in ("line", "cell"):
        for name in ("apiconn_auth", "apicall", "apiconn_import", "apiconn_export"):
            shell.magics_manager.magics[kind].pop(name, None)
    shell.events.unregister("post_run_cell", Pending.of(shell).show)
    setattr(shell, _ATTRIBUTE, None)


def _complete(shell: Any) -> None:
    def later(_: Any, event: Any) -> list[str]:
        from apiconn_nb.notebook.completion import complete  # start-up cost: the methods import httpx

        return complete(event)

    for word in ("%apiconn_auth", "apiconn_auth", "%apicall", "%%apicall", "apicall"):
        shell.set_hook("complete_command", later, str_key=word)
