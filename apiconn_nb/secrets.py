"""A secret is a type: only `Secret.reveal` gives the value; a reference says where a secret rests.

References, safe to show and to save: ``env:NAME``, ``keyring:SERVICE/USER``, ``file:PATH``, ``colab:NAME``, ``prompt``.
"""

from __future__ import annotations

import getpass
import hmac
import importlib
import os
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from apiconn_nb import redaction
from apiconn_nb.errors import SecretError
from apiconn_nb.keyrings import find_keyring as find_keyring
from apiconn_nb.keyrings import in_time
from apiconn_nb.redaction import MASK as MASK

_REFERENCE = re.compile(r"(?s)\A(?:(env|keyring|file|colab):(.+)|prompt)\Z")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_NO_TEXT = "it is not UTF-8 text (a .p12, .pfx or DER file becomes PEM by openssl pkcs12 -in FILE, or openssl x509)"
_FILE_CAP = 1 << 20  # bytes: a PEM chain is a few kB, so a larger file is a mistake


class Secret:
    """A value that is sent and never shown.

    `repr`, `str`, `format`, copies, pickles and JSON do not hold it. A secret made from a reference travels in a
    pickle as the reference; one made from a value travels empty and says so when it is revealed.

    Parameters: `value`, the secret text; `label`, how messages call it (a field's label, say).
    """

    __slots__ = ("__weakref__", "_label", "_lost", "_owner", "_reference", "_value")

    def __init__(self, value: str, *, label: str = "") -> None:
        if not isinstance(value, str):
            raise SecretError(f"A Secret holds text (str), not {type(value).__name__}.")
        self._value = value
        self._reference = ""
        self._label = label
        self._owner = ""
        self._lost = False
        redaction.register(value)

    @classmethod
    def from_reference(cls, reference: str, *, label: str = "", owner: str = "") -> Secret:
        """A secret that rests elsewhere and is read each time it is needed.

        `owner` names whose prompt it is (collection and field), so that ``prompt`` asks once for each.
        Raises SecretError when `reference` is none.
        """
        if not is_reference(reference):
            raise SecretError(f"{label or 'A secret'}: write a reference such as env:NAME, never the value itself.")
        secret = cls("", label=label)
        secret._reference = reference
        secret._owner = owner or label
        return secret

    @property
    def reference(self) -> str:
        """The reference; empty for a secret made from a value."""
        return self._reference

    def reveal(self) -> str:
        """The value itself. Raises SecretError, which says what to do, where a reference leads nowhere."""
        if self._lost:
            raise SecretError(
                f"{self._label or 'This secret'} was typed in another process and did not travel: use a reference."
            )
        value = _resolve(self._reference, self._label, self._owner) if self._reference else self._value
        if _HALF_CHARACTER.search(value):
            # What Python makes of bytes that are no UTF-8; an encoder's own error would hold the whole value.
            raise SecretError(f"{_of(self._label)}its value is no UTF-8 text: check how it was set or saved.")
        redaction.register(value)  # at each use: a call collects what its answer may repeat
        return value

    def __bool__(self) -> bool:
        return bool(self._reference or self._value or self._lost)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        same_place = (self._reference, self._owner) == (other._reference, other._owner)
        return same_place and hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((self._reference, self._owner, self._lost))

    def __repr__(self) -> str:
        return f"Secret({self._reference or (MASK if self._value else '')!r})"

    def __str__(self) -> str:
        return self._reference or (MASK if self._value else "")

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> tuple[Callable[..., Secret], tuple[str, ...]]:
        if self._reference:
            return _from_pickle, (self._reference, self._label, self._owner)
        return _from_pickle, ("" if not self._value else "lost", self._label, self._owner)


def _from_pickle(reference: str, label: str, owner: str) -> Secret:
    if is_reference(reference):
        return Secret.from_reference(reference, label=label, owner=owner)
    secret = Secret("", label=label)
    secret._lost = reference == "lost"
    return secret


NO_SECRET = Secret("")


def is_reference(text: str) -> bool:
    """Whether `text` is written as a secret reference."""
    return _REFERENCE.match(text) is not None


def public_text(text: str, label: str = "") -> str:
    """A public setting's text (a PEM, a JSON text): a reference to where it rests is followed, as for a secret."""
    return _resolve(text, label, label) if is_reference(text) else text


# ── where a reference leads ────────────────────────────────────────────────────────────────────────────────────────


def _resolve(reference: str, label: str, owner: str) -> str:
    if reference == "prompt":
        return _from_prompt(label, owner)
    scheme, _, rest = reference.partition(":")
    return _RESOLVERS[scheme](rest, label)


def _from_environment(name: str, label: str) -> str:
    # A reference may not name an empty variable: an empty key sent as a key is a puzzle, not an answer.
    if value := os.environ.get(name):
        return value
    if value := _dotenv().get(name):
        return value
    raise SecretError(
        f"{_of(label)}env:{name} is not set: set {name} before Jupyter starts, or put {name}=… "
        "into a .env file beside the notebook."
    )


def _dotenv() -> dict[str, str | None]:
    path = Path(".env")
    if not path.is_file():
        return {}
    dotenv = importlib.import_module("dotenv")  # start-up cost: most notebooks have no .env
    return dict(dotenv.dotenv_values(path, interpolate=False))


def _from_keyring(place: str, label: str) -> str:
    service, slash, user = place.rpartition("/")
    if not slash or not service or not user:
        raise SecretError(f"{_of(label)}keyring:{place} lacks a part: write keyring:SERVICE/USER.")
    backend = keyring_backend(label)
    value = in_time(lambda: backend.get_password(service, user), "use env:NAME")
    if value is None:
        raise SecretError(
            f"{_of(label)}the keyring has no entry {service}/{user}: type it into the form, or run "
            f"python -m keyring set {service} {user}"
        )
    return str(value)


def keyring_backend(label: str = "") -> Any:
    """The OS keyring, where a real one exists. Raises SecretError for none."""
    backend = find_keyring()
    if backend is None:
        raise SecretError(
            f"{_of(label)}there is no OS keyring here (pip install 'apiconn_nb[keyring]' on a desktop): "
            "use env:NAME or prompt."
        )
    return backend


def _from_file(path_text: str, label: str) -> str:
    path = Path(path_text).expanduser()
    try:
        # A pipe or a device may never end, and a file of /proc does not say how long it is.
        if not path.is_file():
            path.stat()
            raise SecretError(f"{_of(label)}file:{path_text} is no regular file.")
        with path.open("rb") as file:
            content = file.read(_FILE_CAP + 1)
        if len(content) > _FILE_CAP:
            raise SecretError(f"{_of(label)}file:{path_text} is larger than 1 MiB: is it the right file?")
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else _NO_TEXT
        raise SecretError(f"{_of(label)}file:{path_text} cannot be read: {reason}.") from None
    return text.removesuffix("\n").removesuffix("\r")


def _from_colab(name: str, label: str) -> str:
    try:
        userdata = importlib.import_module("google.colab.userdata")  # exists in Colab alone
    except ImportError:
        raise SecretError(f"{_of(label)}colab:{name} works in Google Colab alone: use env:{name} here.") from None
    try:
        return str(userdata.get(name))
    except Exception as error:  # Colab's own exception types cannot be imported elsewhere
        raise SecretError(
            f"{_of(label)}colab:{name} cannot be read ({type(error).__name__}): add it under 🔑 Secrets "
            "in Colab's left bar and allow this notebook."
        ) from None


_RESOLVERS: dict[str, Callable[[str, str], str]] = {
    "env": _from_environment,
    "keyring": _from_keyring,
    "file": _from_file,
    "colab": _from_colab,
}

# ── what was typed into this kernel ────────────────────────────────────────────────────────────────────────────────

_typed: dict[str, Secret] = {}


def remember(owner: str, value: str) -> None:
    """Keep a typed secret in this kernel's memory, as the answer to the ``prompt`` of `owner`."""
    _typed[owner] = Secret(value, label=owner)


def forget(owner_prefix: str) -> None:
    """Forget what was typed for the owners that begin with `owner_prefix`."""
    for owner in [owner for owner in _typed if owner.startswith(owner_prefix)]:
        del _typed[owner]


def is_remembered(owner: str) -> bool:
    """Whether `owner`'s secret was typed into this kernel."""
    return owner in _typed


def _from_prompt(label: str, owner: str) -> str:
    if owner in _typed:
        return _typed[owner].reveal()
    if not _can_ask():
        _refuse_to_ask(label)
    try:
        with warnings.catch_warnings():
            # getpass warns and then echoes where the terminal cannot hide: that is no place for a secret.
            warnings.simplefilter("error", getpass.GetPassWarning)
            value = getpass.getpass(f"{label or owner or 'Secret'}: ")
    except (NotImplementedError, EOFError, OSError, getpass.GetPassWarning):
        _refuse_to_ask(label)
    if not value:
        raise SecretError(f"{_of(label)}nothing was typed.")
    remember(owner, value)
    return value


def _can_ask() -> bool:
    patched_by_a_kernel = getpass.getpass.__module__ != "getpass"
    return patched_by_a_kernel or (sys.stdin is not None and sys.stdin.isatty())


def _refuse_to_ask(label: str) -> NoReturn:
    raise SecretError(
        f"{_of(label)}nobody can be asked here (no terminal, no frontend): use env:NAME instead of prompt."
    )


def _of(label: str) -> str:
    return f"{label}: " if label else ""
