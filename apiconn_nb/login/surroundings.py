"""The environment variables, which say where a kernel runs, and which hold secrets too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping


class Surroundings(Mapping[str, str]):
    """The variables as they are now. A traceback prints the locals of its frames, so this shows none of them.

    Parameters: `environ`, the variables (None: the process's). Travels empty in a pickle.
    """

    __slots__ = ("_values",)

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._values = dict(os.environ if environ is None else environ)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<{len(self)} environment variables>"

    def __reduce__(self) -> tuple[Callable[..., Surroundings], tuple[Mapping[str, str]]]:
        return Surroundings, ({},)
