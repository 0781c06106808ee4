"""What is imported: a pasted text, a file, or a folder, read under limits. Nothing in it is believed."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from apiconn_nb.errors import ConfigError

_LARGEST = 64 << 20  # bytes of a file, or of all files of a folder
_LARGEST_YAML = 24 << 20  # PyYAML builds about 30 bytes of objects for each
_DEEPEST = 200  # levels of nesting
_FILES = 5000
_SUFFIXES = {".bru", ".yml", ".yaml", ".json", ".http", ".rest", ".toml"}
_ENVIRONMENTS = ("http-client.env.json", "http-client.private.env.json")


@dataclass(frozen=True)
class Source:
    """A text to import.

    `name` is how messages call it; `beside` are the files that belong to it, by their path below its folder.
    """

    name: str
    text: str
    beside: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def document(self) -> Any:
        """The text as JSON, else as YAML; None where it is neither."""
        return parse_document(self.text)

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of the document; none where it is no object."""
        return self.document if isinstance(self.document, dict) else {}


def read_path(path: Path) -> Source:
    """The source at `path`: a file with the environment files beside it, or a folder. Raises ConfigError."""
    if path.is_dir():
        return Source(path.name, "", _folder(path))
    beside = {}
    for name in _ENVIRONMENTS:
        file = path.parent / name
        if path.suffix in (".http", ".rest") and file.is_file():
            beside[name] = read_text(file)
    return Source(path.name, read_text(path), beside)


def read_text(path: Path) -> str:
    """The text of a file. Raises ConfigError for what cannot be read, is too large, or is no text."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{path.name} is larger than {_LARGEST >> 20} MB: is it the right file?")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"{path.name} cannot be read: {reason}.") from None
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name} is no text (UTF-8).") from None


def _folder(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    size = 0
    for path in _files(folder):
        size += path.stat().st_size
        if len(found) >= _FILES or size > _LARGEST:
            raise ConfigError(f"{folder.name} has more than {_FILES} files or {_LARGEST >> 20} MB: give one of them.")
        found[path.relative_to(folder).as_posix()] = read_text(path)
    return found


def _files(folder: Path) -> Iterator[Path]:
    """The files that an importer may know; no hidden ones, and no link that leads elsewhere."""
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each != "node_modules")
        for name in sorted(names):
            path = Path(place) / name
            if path.suffix in _SUFFIXES and not name.startswith(".") and not path.is_symlink():
                yield path


def parse_document(text: str) -> Any:
    """`text` as JSON, else as YAML; None where it is neither. Raises ConfigError where PyYAML is needed and missing."""
    start = text.lstrip()[:1]
    if start in ("{", "["):
        try:
            return json.loads(text)
        except RecursionError:
            return None
        except ValueError:
            pass  # YAML in its flow style
    if not _may_be_yaml(text):
        return None
    return _yaml(text)


def _may_be_yaml(text: str) -> bool:
    """Whether a first line looks like ``key: value``, without reading it all."""
    for line in text[:20_000].splitlines()[:200]:
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "---", "%YAML")):
            continue
        name, colon, rest = stripped.lstrip("{").partition(":")
        return (
            bool(colon)
            and name.strip("\"' ").replace("-", "").replace("_", "").replace("$", "").isalnum()
            and (not rest or rest[0].isspace())
        )
    return False


def _yaml(text: str) -> Any:
    try:
        yaml = importlib.import_module("yaml")  # an extra
    except ImportError:
        raise ConfigError(
            "This is YAML, and PyYAML is not installed: pip install PyYAML, or give it as JSON."
        ) from None
    if len(text) > _LARGEST_YAML or _is_too_deep(text):
        raise ConfigError("This YAML is too large or nested too deeply to be read: give it as JSON.")
    try:
        return yaml.load(text, Loader=_loader(yaml))  # SafeLoader, with fewer types still
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, OverflowError):
        return None


def _is_too_deep(text: str) -> bool:
    """Whether brackets or indentation pass the limit; PyYAML itself would run into Python's own."""
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    dashes = max((line.count("- ") for line in text.splitlines() if line.lstrip().startswith("- - ")), default=0)
    questions = max((line.count("? ") for line in text.splitlines() if line.lstrip().startswith("? ? ")), default=0)
    return max(deepest, dashes, questions) > _DEEPEST


def _loader(yaml: Any) -> Any:
    """SafeLoader without dates: ``2020-01-01`` is text, as in JSON, which these documents mean."""
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in each if tag != "tag:yaml.org,2002:timestamp"]
        for first, each in base.yaml_implicit_resolvers.items()
    }
    return type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})
