"""What a person sees of an error: one line, or the full traceback with every known secret cut out of it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from IPython import get_ipython

from apiconn_nb.errors import ApiConnError
from apiconn_nb.redaction import redact

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
P = ParamSpec("P")
R = TypeVar("R")


def without_frames_of_an_interrupt(magic: Callable[P, R]) -> Callable[P, R]:
    """A magic whose interrupt carries no frame of ours: `%xmode Verbose` prints their locals, and they help nobody."""

    @functools.wraps(magic)
    def run(*args: P.args, **options: P.kwargs) -> R:
        try:
            return magic(*args, **options)
        except KeyboardInterrupt as interrupt:
            bare = type(interrupt)(*interrupt.args)  # with its words, if it has any: what is kept of the call
        raise bare  # outside of the handler, so that the one before it is not its context

    return run


def full(error: ApiConnError) -> list[str]:
    """IPython's own traceback of `error`, in the mode that is chosen, redacted."""
    shell: Any = get_ipython()
    drawer = shell.InteractiveTB
    lines = drawer.structured_traceback(type(error), error, error.__traceback__, tb_offset=drawer.tb_offset)
    text = "\n".join(lines)
    # Colours may stand inside a value; where they hide one from the search, the text is shown without them.
    plain = _ANSI.sub("", text)
    clean = redact(plain)
    return [redact(text) if clean == plain else clean]
