"""The shape of records, learned from some of them: which keys, which kinds of values, nested as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from apiconn_nb.frames.flatten import FILLED, MANY_KEYS

_NONE = type(None)
_NESTED = {list, dict}


@dataclass(slots=True)
class Field:
    """What was seen under one key: the types of its values (None left out), and in how many of the objects it stood.

    `depths`: where values stay as they are, the types at each depth of them, those of the values themselves first.
    """

    kinds: set[type] = field(default_factory=set)
    seen: int = 0
    shape: Shape | None = None
    depths: list[set[type]] = field(default_factory=list)

    def look_into(self, values: list[Any]) -> None:
        """Take in the types of values and of all that is in them."""
        depth = 0
        while values:
            if depth == len(self.depths):
                self.depths.append(set())
            self.depths[depth] |= set(map(type, values))
            inner = [value if type(value) is list else value.values() for value in values if type(value) in _NESTED]
            values, depth = list(chain.from_iterable(inner)), depth + 1


@dataclass(slots=True)
class Shape:
    """What was seen in objects of one place: their fields in order, how many they were, whether one was empty."""

    fields: dict[str, Field] = field(default_factory=dict)
    objects: int = 0
    empty: bool = False

    def learn(self, objects: Sequence[dict[str, Any]]) -> None:
        """Take in more objects."""
        self.objects += len(objects)
        self.empty = self.empty or not all(objects)
        keys = dict.fromkeys(chain.from_iterable(objects))
        found: Iterable[tuple[str, list[Any]]]
        if len(keys) <= MANY_KEYS:
            found = ((key, [item[key] for item in objects if key in item]) for key in keys)
        else:  # a name for every row: to go through all objects for each would never end
            found = _by_key(objects).items()
        for key, values in found:
            self._learn(self.fields.setdefault(key, Field()), values)

    def _learn(self, known: Field, values: list[Any]) -> None:
        known.seen += len(values)
        known.kinds |= set(map(type, values)) - {_NONE}
        nested = [value for value in values if type(value) is dict]
        if nested:
            known.shape = known.shape or Shape()
            known.shape.learn(nested)
        if known.kinds and (known.shape is None or len(known.kinds) > 1 or not known.shape.is_certain()):
            known.look_into(values)

    def sparse(self) -> bool:
        """Whether the keys are data, a different set in every object: see `flatten`."""
        filled = sum(known.seen for known in self.fields.values())
        return len(self.fields) > MANY_KEYS and filled < FILLED * len(self.fields) * self.objects

    def is_certain(self) -> bool:
        """Whether a decoder can tell a missing object from an empty one."""
        return not self.empty and self.anchor() is not None

    def anchor(self) -> str | None:
        """A key that stood in every object: by it a decoder can tell an empty object from one whose values are null."""
        return next((key for key, known in self.fields.items() if known.seen == self.objects), None)


def _by_key(objects: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The values of each key, in the order in which the keys are met."""
    found: dict[str, list[Any]] = {}
    for item in objects:
        for key, value in item.items():
            found.setdefault(key, []).append(value)
    return found
