"""Secrets whose every part can be recognised, and the search for any part of one, in any encoding, in any artefact.

A canary of `tests/canary.py` is found where it stands whole. These have a core of sixteen rare letters, and half of it
is enough: what an encoding does to the rest (percent, JSON, HTML, repr, form, a cut in the middle) changes no letter of
it.
"""

from __future__ import annotations

import base64
import functools
import gzip
import io
import re
import secrets
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.canary import AWKWARD
from tests.hardening import evidence

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no word, no hexadecimal number is made of these
_PIECE = 8
_PREFIX = "CANARY-"
UNCHANGED = (
    "plain", "percent", "percent twice", "form", "JSON", "JSON in JSON", "HTML", "XML", "repr", "Latin-1", "UTF-8",
    "quoted-printable", "a half of it",
)  # fmt: skip
"""The encodings that leave the core as it is."""

Artefacts = Mapping[str, object]


class Hunter:
    """Makes secrets, ``hunter("client-secret")``, and finds any part of them."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._needles: dict[bytes, str] = {}
        for name, needle in _forms(_PREFIX):  # the beginning of one is a part too
            if name != "lower case":
                self._needles[needle] = f"the beginning of one, {name}"

    def __call__(self, label: str, tail: str = AWKWARD) -> str:
        """A fresh secret; `tail` are characters that encodings change."""
        core = "".join(secrets.choice(_LETTERS) for _ in range(2 * _PIECE))
        value = f"{_PREFIX}{label}-{core}{tail}"
        self.values[label] = value
        self._watch(label, core[:_PIECE], core[_PIECE:])
        return value

    def watch_key(self, label: str, pem: str) -> str:
        """Look for a private key too: three pieces of its base64 text, and of its bytes."""
        text = "".join(line for line in pem.splitlines() if not line.startswith("-----"))
        self.values[label] = pem
        middle = len(text) // 2
        for start in (middle - 40, middle, len(text) - 40):
            self._needles[text[start : start + 16].encode()] = f"{label}, base64 of the PEM"
        der = base64.b64decode(text)
        piece = der[len(der) // 2 :][:12]
        self._needles |= {piece: f"{label}, DER", piece.hex().encode(): f"{label}, DER in hex"}
        return pem

    def _watch(self, label: str, *pieces: str) -> None:
        for piece in pieces:
            for name, needle in _forms(piece):
                self._needles[needle] = f"{label}, {name}"

    @property
    def encodings(self) -> int:
        """How many encodings are looked for."""
        return len(UNCHANGED) + len({name.rpartition(" shift")[0] or name for name, _ in _forms("A" * _PIECE)}) - 1

    def found_in(self, artefacts: Artefacts) -> list[str]:
        """Which part of which secret stands in which artefact, one line each."""
        assert self.values, "no secret was made: this would pass whatever leaks"
        assert artefacts, "nothing to search: this would pass whatever leaks"
        found = []
        size = number = 0
        kinds: Counter[str] = Counter()
        for place, content in _contents(artefacts):
            size, number = size + len(content), number + 1
            kinds[kind_of(place)] += 1
            found += [f"{what} in {place}: {_around(content, needle)}" for needle, what in self._needles.items() if needle in content]  # fmt: skip # noqa: E501
        if not found:  # what leaks, on purpose or not, is no evidence
            evidence.count("canary", artefacts=number, bytes=size, searches=number * len(self._needles))
            evidence.most("canary", encodings=self.encodings)
            evidence.count("searched", **kinds)
        return found

    def labels_in(self, text: str) -> set[str]:
        """The secrets of which any part stands in `text`."""
        content = text.encode("utf-8", "surrogatepass")
        return {what.rpartition(",")[0] for needle, what in self._needles.items() if needle in content}

    def assert_absent(self, artefacts: Artefacts) -> None:
        """Fail where any part of any secret stands anywhere."""
        leaks = self.found_in(artefacts)
        assert not leaks, "a secret leaked:\n  " + "\n  ".join(leaks[:20])


_KINDS = (
    ("the request as it arrived elsewhere", "stranger|what arrived|what the proxy"),
    ("saved notebooks and checkpoints", r"\.ipynb"),
    ("crash dumps of faulthandler", r"faulthandler|dump\.txt|faults\.txt"),
    ("command lines and environments of processes", "command line|title|environment at start|child|process"),
    ("forms: what can be read, widget state, messages to the browser", r"widget|: read|: state|as magic|browser"),
    ("IPython's history, In, exports of it", r"history|\bIn\b|saved\.py|user_ns"),
    ("logs of all loggers at DEBUG", r"logs|kernel\.log"),
    ("warnings", "warnings"),
    ("tracebacks in every %xmode, locals of their frames", r"xmode|traceback|frames \d|arguments|error"),
    ("apiconn.toml", r"apiconn\.toml"),
    ("recordings", r"recordings|files: [0-9a-f]{8,}"),
    ("Parquet, pickle, CSV, Excel, JSON and HTML of frames", r"frame\.(pkl|parquet|csv|json|html|xlsx)|\.pkl"),
    ("frames: cells, attrs, df.api", "attrs|cells|raw|notes|failures|frame|df.api"),
    ("requests and responses", "request|response"),
    ("caches, keys, everything else below the home folder", "home"),
    ("outputs", "displays|value of|stdout|stderr|outputs"),
    ("objects: repr, str, copies, JSON, pickles", "."),
)
"""Kinds of artefacts, each by what its name has in it; the first that fits."""


@functools.lru_cache(maxsize=100_000)
def kind_of(place: str) -> str:
    """What kind of artefact that place is, in words."""
    return next(kind for kind, pattern in _KINDS if re.search(pattern, place, re.DOTALL) or pattern == ".")


def _forms(piece: str) -> Iterator[tuple[str, bytes]]:
    raw = piece.encode()
    yield "plain", raw
    yield "lower case", piece.lower().encode()
    yield "hex", raw.hex().encode()
    yield "hex upper case", raw.hex().upper().encode()
    yield "UTF-16 little", piece.encode("utf-16-le")
    yield "UTF-16 big", piece.encode("utf-16-be")
    yield "UTF-32", piece.encode("utf-32-le")
    yield "backwards", raw[::-1]
    for shift in range(3):  # three bytes are four characters, so a text can begin at any of three places
        encoded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        yield f"base64 shift {shift}", encoded[(0, 2, 3)[shift] : len(encoded) - 1]
    for shift in range(5):
        encoded = base64.b32encode(b"\0" * shift + raw).rstrip(b"=")
        yield f"base32 shift {shift}", encoded[(0, 2, 4, 5, 7)[shift] : len(encoded) - 1]


def _contents(artefacts: Artefacts) -> Iterator[tuple[str, bytes]]:
    for name, artefact in artefacts.items():
        if isinstance(artefact, Path):
            yield from _files(name, artefact)
        elif isinstance(artefact, bytes):
            yield from unpacked(name, artefact)
        elif isinstance(artefact, str):
            yield name, artefact.encode("utf-8", "surrogatepass")
        elif isinstance(artefact, Mapping):
            yield from _contents({f"{name}, {key}": value for key, value in artefact.items()})
        elif isinstance(artefact, Iterable):
            yield name, "\n".join(map(str, artefact)).encode("utf-8", "surrogatepass")
        else:
            raise TypeError(f"{name}: give text, bytes, a path, or several")


def _files(name: str, path: Path) -> Iterator[tuple[str, bytes]]:
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    for file in files:
        yield f"{name}: the name of {file.name}", str(file).encode()
        yield from unpacked(f"{name}: {file.name}", file.read_bytes())


def unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes, and those of what is packed in them."""
    yield name, content
    if content[:2] == b"\x1f\x8b":
        yield f"{name}, unzipped", gzip.decompress(content)
    elif content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for inner in archive.namelist():
                yield f"{name}/{inner}", archive.read(inner)


def _around(content: bytes, needle: bytes) -> str:
    at = content.find(needle)
    return re.sub(r"\s+", " ", content[max(0, at - 60) : at + len(needle) + 20].decode("utf-8", "replace"))
