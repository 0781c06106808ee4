"""A long answer, looked at without being decoded: its envelope in full, of its long lists only the first elements.

That is enough to find the rows, and the rows themselves stay what they were: slices of the answer's bytes, to be
decoded a chunk at a time (`reader`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

SAMPLE = 64  # elements of a long list that are decoded; more than `candidates.SAMPLE`, so that scores are the same

_Scalar = str | int | float | bool | None
# Four levels of envelope in one pass over the bytes; what is deeper stays a slice until it is decoded by itself.
_Level1 = _Scalar | list[Raw] | dict[str, Raw]
_Level2 = _Scalar | list[Raw] | dict[str, _Level1]
_Level3 = _Scalar | list[Raw] | dict[str, _Level2]
_open = msgspec.json.Decoder(list[Raw] | dict[str, _Level3]).decode
_open_list = msgspec.json.Decoder(list[Raw]).decode
_decode = msgspec.json.Decoder().decode


class Cut(list[Any]):
    """The first elements of a long list, and all of them as slices of the answer."""

    def __init__(self, raws: Sequence[Raw]) -> None:
        super().__init__(map(_decode, raws[:SAMPLE]))
        self.raws = raws
        self.total = len(raws)


def sketch_of(content: bytes) -> Any | None:
    """The document with its long lists cut; None when it is not plain JSON, or has numbers that are not plain."""
    try:
        return _opened(_open(content))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _opened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _opened(child) for key, child in value.items()}
    if isinstance(value, list):
        if len(value) > SAMPLE:
            return Cut(value)
        return [_opened(item) for item in value]
    if isinstance(value, Raw):
        # A list in a list: the World Bank's [{"page": 1, …}, [{…}, …]]
        return _opened(_open_list(value)) if bytes(memoryview(value)[:1]) == b"[" else _decode(value)
    return value
