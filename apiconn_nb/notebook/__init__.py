"""The notebook floor: magics, form and display. Loading it is cheap; each face is imported when it is used."""

from __future__ import annotations

from typing import Any

from IPython.core import completer
from IPython.core.error import TryNext

from apiconn_nb.errors import ApiConnError
from apiconn_nb.notebook.configuration import ApiConn
from apiconn_nb.notebook.magics import ApiConnMagics
from apiconn_nb.notebook.pending import Pending
from apiconn_nb.notebook.tracebacks import full

_ATTRIBUTE = "_apiconn_nb"
_HOOKED = "_apiconn_nb_hooked"


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
    ApiConnError.full = full
    setattr(shell, _ATTRIBUTE, configuration)


def unload(shell: Any) -> None:
    """Take magics, configuration and events away again."""
    configuration = getattr(shell, _ATTRIBUTE, None)
    if configuration is None:
        return
    # IPython adds each Magics object to the list by itself.
    ours = (ApiConn, ApiConnMagics)
    shell.configurables[:] = [each for each in shell.configurables if not isinstance(each, ours)]
    shell.magics_manager.registry.pop(ApiConnMagics.__name__, None)
    for kind in ("line", "cell"):
        for name in ("apiconn_auth", "apicall", "apiconn_import", "apiconn_export"):
            shell.magics_manager.magics[kind].pop(name, None)
    shell.events.unregister("post_run_cell", Pending.of(shell).show)
    ApiConnError.short = True
    setattr(shell, _ATTRIBUTE, None)


def _complete(shell: Any) -> None:
    """Hook Tab up. IPython takes no hook back, so it is hooked once for each shell and quiet while unloaded."""
    if getattr(shell, _HOOKED, False):
        return

    def later(_: Any, event: Any) -> list[str]:
        if getattr(shell, _ATTRIBUTE, None) is None:
            raise TryNext
        from apiconn_nb.notebook.completion import complete  # start-up cost: the methods import httpx

        return complete(event)

    for name in ("apiconn_auth", "apicall", "apiconn_import", "apiconn_export"):
        for word in (name, f"%{name}", f"%%{name}"):
            shell.set_hook("complete_command", later, str_key=word)
    shell.set_hook("complete_command", later, re_key=r"\s*[\w.\[\]'\", ]+=\s*%(apiconn_|apicall)")
    if hasattr(completer, "context_matcher"):  # from IPython 8.6 on
        shell.Completer.custom_matchers.append(_alone(shell))
    setattr(shell, _HOOKED, True)


def _alone(shell: Any) -> Any:
    """Beside a hook, IPython also offers what Python could mean by the line; a matcher stands alone."""

    @completer.context_matcher(priority=200)  # above the magics' own and the hook, so that they are not asked
    def match(context: Any) -> dict[str, Any]:
        if getattr(shell, _ATTRIBUTE, None) is None or "api" not in context.text_until_cursor:
            return {"completions": []}
        from apiconn_nb.notebook.completion import words_for  # start-up cost: the methods import httpx

        word, found = words_for(context.text_until_cursor)
        completions = [completer.SimpleCompletion(each, type="magic") for each in found]
        return {"completions": completions, "suppress": True, "ordered": True, "matched_fragment": word}

    return match
