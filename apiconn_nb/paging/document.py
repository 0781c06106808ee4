"""The body of an answer as a paginator reads it: the envelope in full, of a long list only what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, SupportsIndex, overload

import msgspec
from msgspec import Raw

from apiconn_nb.frames.sketch import Cut, sketch_of

LARGE = 1 << 20  # bytes; a smaller body is decoded faster than it is sketched

_decode = msgspec.json.Decoder().decode


def document_of(content: bytes) -> Any:
    """The parsed body; None for what is no JSON. A body of more than a megabyte is not decoded a second time."""
    if len(content) >= LARGE and (sketch := sketch_of(content)) is not None:
        return _with_long_lists(sketch)
    try:
        return _decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _with_long_lists(value: Any) -> Any:
    if isinstance(value, Cut):
        return LongList(value.raws)
    if isinstance(value, dict):
        return {key: _with_long_lists(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_long_lists(item) for item in value]
    return value


class LongList(list[Any]):
    """A list of JSON values, each decoded when it is asked for. A `list` for those who look at the type."""

    def __init__(self, raws: Sequence[Raw | bytes]) -> None:
        super().__init__()
        self._raws = raws

    def __len__(self) -> int:
        return len(self._raws)

    def __bool__(self) -> bool:
        return bool(self._raws)

    @overload
    def __getitem__(self, at: SupportsIndex) -> Any: ...

    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        if isinstance(at, slice):
            return [_decode(raw) for raw in self._raws[at]]
        return _decode(self._raws[at.__index__()])

    def __iter__(self) -> Iterator[Any]:
        return map(_decode, self._raws)
