"""Names of the source as names that a collection, a call, a parameter or an environment variable can have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from urllib.parse import urlsplit

_GENERIC_HOSTS = {"www", "api", "apis", "app", "rest", "data", "gateway", "v1", "v2", "v3", "dev", "sandbox", "staging"}
_LONGEST = 60


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def identifier(text: str) -> str:
    """A parameter's name, as ``[name]`` takes it: letters, digits and _; ``base-url`` becomes ``base_url``."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", _plain(text)).strip("_")[:_LONGEST]
    if not name:
        return "value"
    return f"_{name}" if name[0].isdigit() else name


def call_name(text: str) -> str:
    """A call's name: ``List all users`` becomes ``list_all_users``; ``listUsers`` stays."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", _plain(text)).strip("_-")[:_LONGEST].strip("_-")
    return name.lower() if " " in text.strip() else name


def collection_name(text: str) -> str:
    """A collection's name: ``GitHub v3 REST API`` becomes ``github_v3_rest_api``."""
    return re.sub(r"[^a-z0-9]+", "_", _plain(text).lower()).strip("_")[:40].strip("_")


def host_name(url: str) -> str:
    """A collection's name from its host: ``api.github.com`` becomes ``github``."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return "api"
    if not host or host.replace(".", "").isdigit() or ":" in host or host == "localhost":
        return "local"
    labels = host.split(".")
    labels = labels[:-1] if len(labels) > 1 else labels
    if len(labels) > 1 and labels[-1] in ("co", "com", "org", "gov", "ac"):
        labels = labels[:-1]
    telling = [label for label in labels if label not in _GENERIC_HOSTS]
    return collection_name((telling or labels)[-1]) or "api"


def call_name_of(method: str, path: str) -> str:
    """A call's name from its request: ``POST /repos/pandas-dev/pandas/issues`` becomes ``post_issues``."""
    words = [word for word in re.split(r"[^A-Za-z0-9_-]+", _plain(path)) if word and not word.isdigit()]
    words = [word for word in words if not re.fullmatch(r"v\d+(\.\d+)?|api|[0-9a-fA-F-]{16,}", word)]
    name = call_name((words or ["root"])[-1]) or "root"
    return name if method == "GET" else f"{method.lower()}_{name}"


def env_name(*parts: str) -> str:
    """An environment variable's name: (``github``, ``apiToken``) becomes ``GITHUB_API_TOKEN``."""
    words = [re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", _plain(part)) for part in parts if part]
    name = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(words)).strip("_").upper() or "SECRET"
    return f"_{name}" if name[0].isdigit() else name


def unique(name: str, taken: Container[str]) -> str:
    """`name`, or with a number that makes it new: the first one, where the numbers have no gaps."""
    if name not in taken:
        return name
    used, free = 1, 2
    while f"{name}_{free}" in taken:
        used, free = free, free * 2
    while free - used > 1:
        middle = (used + free) // 2
        used, free = (middle, free) if f"{name}_{middle}" in taken else (used, middle)
    return f"{name}_{free}"
