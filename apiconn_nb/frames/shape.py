"""The shape of records, learned from some of them: which keys, which kinds of values, nested as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any

from apiconn_nb.frames.flatten import FILLED, MANY_KEYS

_NONE = type(None)
NESTED = {list, dict}


@dataclass(slots=True)
class Field:
    """What was seen under one key: the types of its values (None left out), and in how many of the objects it stood.

    `depths`: where values stay as they are, the types at each depth of them, those of the values themselves first;
    `zero`: whether a number with a fraction among them was not above zero.
    """

    kinds: set[type] = field(default_factory=set)
    seen: int = 0
    shape: Shape | None = None
    depths: list[set[type]] = field(default_factory=list)
    zero: bool = False

    def look_into(self, values: Sequence[Any]) -> None:
        """Take in the types of values and of all that is in them."""
        depth = 0
        while values:
            if depth == len(self.depths):
                self.depths.append(set())
            kinds = set(map(type, values))
            self.depths[depth] |= kinds
            if float in kinds and not self.zero:
                self.zero = any(value <= 0 for value in values if type(value) is float)
            inner = [value if type(value) is list else value.values() for value in values if type(value) in NESTED]
            values, depth = list(chain.from_iterable(inner)), depth + 1


@dataclass(slots=True)
class Shape:
    """What was seen in objects of one place: their fields in order, and how many they were."""

    fields: dict[str, Field] = field(default_factory=dict)
    objects: int = 0

    def learn(self, objects: Sequence[dict[str, Any]]) -> None:
        """Take in more objects."""
        self.objects += len(objects)
        keys = dict.fromkeys(chain.from_iterable(objects))
        found: Iterable[tuple[str, Sequence[Any]]]
        if list(map(len, objects)) == [len(keys)] * len(objects):
            found = ((key, list(map(itemgetter(key), objects))) for key in keys)
        elif len(keys) <= MANY_KEYS:
            found = ((key, [item[key] for item in objects if key in item]) for key in keys)
        else:  # a name for every row: to go through all objects for each would never end
            found = _by_key(objects).items()
        for key, values in found:
            self._learn(self.fields.setdefault(key, Field()), values)

    def _learn(self, known: Field, values: Sequence[Any]) -> None:
        kinds = set(map(type, values)) - {_NONE}
        known.seen += len(values)
        known.kinds |= kinds
        if dict in kinds:
            known.shape = known.shape or Shape()
            known.shape.learn([value for value in values if type(value) is dict])
        columns = known.kinds == {dict} and known.shape is not None and not known.shape.sparse()
        if known.kinds & NESTED and not columns:
            known.look_into(values)

    def sparse(self) -> bool:
        """Whether the keys are data, a different set in every object: see `flatten`."""
        filled = sum(known.seen for known in self.fields.values())
        return len(self.fields) > MANY_KEYS and filled < FILLED * len(self.fields) * self.objects

    def anchor(self) -> str | None:
        """A key that stood in every object, so that none of them was empty: by it a decoder can tell a missing object
        from one whose values are null.
        """
        return next((key for key, known in self.fields.items() if known.seen == self.objects), None)


def _by_key(objects: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The values of each key, in the order in which the keys are met."""
    found: dict[str, list[Any]] = {}
    for item in objects:
        for key, value in item.items():
            found.setdefault(key, []).append(value)
    return found
