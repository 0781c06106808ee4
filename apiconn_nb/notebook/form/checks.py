"""What is wrong with what was typed, in words, and which field it is said beside."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from apiconn_nb import auth, secrets
from apiconn_nb.auth.pem import mend
from apiconn_nb.errors import ApiConnError, ConfigError, SecretError
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.live_collection import choose_environment
from apiconn_nb.secrets import Secret, public_text
from apiconn_nb.settings import CONNECTION_FIELDS, CollectionSettings

_UNFINISHED = {"env:": "env:NAME", "file:": "file:PATH", "colab:": "colab:NAME", "keyring:": "keyring:SERVICE/USER"}


def problem_of(field: Field, raw: Any, owner: str, check: Callable[[Any], object] | None = None) -> str:
    """What is wrong with one value; empty where nothing is. A missing value is no problem until it is needed.

    `check` is what is asked of it in the place of its declaration, and raises.
    """
    if raw in ("", {}):
        return ""
    try:
        if check is not None:
            check(raw)
            return ""
        field.parse(raw, owner=owner)
        _check_text(field, raw)
    except ApiConnError as error:
        return beside(str(error), field)
    return ""


def is_empty(raw: Any) -> bool:
    """Whether there is nothing in a value, or nothing that can be seen."""
    return not (raw.strip() if isinstance(raw, str) else raw)


def _check_text(field: Field, raw: Any) -> None:
    """A PEM by its lines, a JSON text by its characters; a secret only where its value is at hand."""
    text = raw if field.kind == "text" else ""
    if isinstance(raw, Secret) and not raw.reference:
        text = raw.reveal()
    if field.kind == "secret":
        _check_reference(str(raw) if text == "" else text.strip(), field.label)
    if not text.strip() or field.format not in ("pem", "json"):
        return
    text = public_text(text, field.label)
    if field.format == "json" or text.lstrip().startswith("{"):  # a service-account file, where a PEM is asked for
        check_json(text, field.label)
    else:
        mend(text, field.label)


def _check_reference(text: str, label: str) -> None:
    """Raise ConfigError for what was meant as a reference and names nothing."""
    if text in _UNFINISHED or (text.startswith("keyring:") and "/" not in text):
        raise ConfigError(f"{label}: write {_UNFINISHED.get(text, _UNFINISHED['keyring:'])}.")


def check_json(text: str, label: str) -> None:
    """Raise ConfigError with line and character where `text` is not JSON; the text itself is not repeated."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{label}: not JSON at line {error.lineno}, character {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise ConfigError(f"{label}: the JSON is nested too deeply.") from None


def check_together(settings: CollectionSettings, *, ask_keyring: bool) -> None:
    """Raise the ApiConnError for what only shows when all settings are looked at: a key of another certificate, say.

    Nobody is asked for anything: secrets are looked at only where that needs no prompt (and the keyring only where
    `ask_keyring`, since a locked one asks).
    """
    settings.check()
    chosen = auth.method(settings.method)
    environment = choose_environment(settings, None)
    method, _ = auth.build(chosen, settings.auth, environment=environment, owner=settings.name)
    if not all(_at_hand(raw, ask_keyring) for raw in _secrets_of(settings, chosen)) or unanswered(settings):
        return
    try:
        method.check_secrets()
    except SecretError:
        return  # a reference that leads nowhere yet: the variable may be set later


def _secrets_of(settings: CollectionSettings, chosen: type) -> list[Any]:
    return [
        settings.auth[each.name] for each in fields_of(chosen) if each.kind == "secret" and each.name in settings.auth
    ]


def _at_hand(raw: Any, ask_keyring: bool) -> bool:
    reference = raw.reference if isinstance(raw, Secret) else str(raw)
    return not reference or reference == "prompt" or reference.startswith(("env:", "file:")) or ask_keyring


def unanswered(settings: CollectionSettings) -> list[Field]:
    """The secret fields whose reference is ``prompt`` and that nobody has typed into this kernel yet."""
    groups = (
        (fields_of(auth.method(settings.method)), settings.auth),
        (tuple(CONNECTION_FIELDS.values()), settings.connection),
    )
    development = choose_environment(settings, None) == "development"
    return [
        field
        for fields, values in groups
        for field in fields
        if field.kind == "secret" and values.get(field.name) == "prompt" and _is_used(field, values, development)
        if not secrets.is_remembered(f"{settings.name}/{field.name}")
    ]


def _is_used(field: Field, values: Any, development: bool) -> bool:
    """Whether the environment takes this one of two twins."""
    if field.dev_of:
        return development
    return not (development and values.get(f"dev_{field.name}"))


def place(text: str, fields: Iterable[Field]) -> Field | None:
    """The field that an error speaks of: the one with the longest label that the message begins with."""
    named = [field for field in fields if re.match(re.escape(field.label) + r"( \(|:|,| is missing)", text)]
    return max(named, key=lambda field: len(field.label), default=None)


def beside(text: str, field: Field) -> str:
    """`text` as it is said beside its field: without the label that stands there already."""
    short = re.sub(rf"^{re.escape(field.label)}(?: \({re.escape(field.name)}\))?: ", "", text)
    if short.startswith(f"{field.label} is missing"):
        return "This is needed."
    # What is said of an option is said of the field beside it.
    short = re.sub(r"^--[a-z-]+ takes ", "This takes ", short)
    short = re.sub(r"^--[a-z-]+ '[^']*': ", "", short)
    short = re.sub(r"^--[a-z-]+ (?=\S+ is )", "", short)
    return short[:1].upper() + short[1:] if re.match(r"[a-z]+ ", short) else short
