"""The form in a terminal: the same questions one by one, secrets asked for with `getpass`."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from apiconn_nb import auth, workspace
from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.errors import ApiConnError, UsageError
from apiconn_nb.fields import Field, fields_of, looks_like_credential
from apiconn_nb.notebook.display import Line
from apiconn_nb.notebook.form.checks import check_together, place, problem_of
from apiconn_nb.notebook.form.group import Group
from apiconn_nb.secrets import Secret, is_reference
from apiconn_nb.settings import CONNECTION_FIELDS, CollectionSettings

_YES, _NO = ("y", "yes", "on", "true"), ("n", "no", "off", "false")


def can_ask() -> bool:
    """Whether somebody is at a terminal. A kernel has no terminal; it has the form."""
    return sys.stdin is not None and sys.stdin.isatty() and getpass.getpass.__module__ == "getpass"


def set_up(name: str) -> Line:
    """Ask for the settings of a new collection and save it. Raises UsageError where the asking is ended (Ctrl-C)."""
    _tell(f"Setting up {name}. Enter takes what stands in [brackets]; Ctrl-C ends without saving.")
    try:
        settings = _ask_all(name)
    except (KeyboardInterrupt, EOFError):
        raise UsageError(f"Nothing was saved of {name}.") from None
    workspace.current().save(settings)
    collection = workspace.collection(name)
    return Line(
        f"{name}: {collection.base_url or 'no base URL yet'} · {collection.method.label} · saved in "
        f"{workspace.current().path.name}. Next: %apiconn_auth {name} --test"
    )


def _ask_all(name: str) -> CollectionSettings:
    connection = Group(tuple(CONNECTION_FIELDS.values()), {})
    _ask(connection, [CONNECTION_FIELDS["base_url"]], name)
    chosen = _ask_method()
    group = Group(fields_of(chosen), {})
    _ask(group, [each for each in fields_of(chosen) if not each.advanced and not each.dev_of], name)
    twins = [each for each in fields_of(chosen) if each.dev_of]
    if twins and _ask_flag("Settings for the development environment too?", False):
        _ask(group, twins, name)
        _ask(connection, [CONNECTION_FIELDS["dev_base_url"]], name)
    advanced = [each for each in fields_of(chosen) if each.advanced and not each.dev_of]
    if advanced and _ask_flag("Advanced settings?", False):
        _ask(group, advanced, name)
    _ask(connection, [CONNECTION_FIELDS["headers"], CONNECTION_FIELDS["query"]], name)
    return _mended(name, chosen, connection, group)


def _mended(name: str, chosen: type[AuthMethod], connection: Group, group: Group) -> CollectionSettings:
    """The settings, looked at together; the field that does not fit is asked for again."""
    while True:
        settings = CollectionSettings(name, chosen.slug, connection.table(), group.table())
        try:
            check_together(settings, ask_keyring=True)
        except ApiConnError as error:
            field = place(str(error), group.fields.values())
            if field is None:
                raise
            _tell(f"  {error}")
            _ask(group, [field], name)
        else:
            return settings


def _ask_method() -> type[AuthMethod]:
    known = auth.methods()
    _tell("Authentication:")
    for number, each in enumerate(known, 1):
        _tell(f"  {number:>2}  {each.label}  ({each.slug})")
    while True:
        answer = input("Number or name [1]: ").strip() or "1"
        if answer.isdecimal() and 1 <= int(answer) <= len(known):
            return known[int(answer) - 1]
        try:
            return auth.method(answer)
        except ApiConnError as error:
            _tell(f"  {error}")


def _ask(group: Group, fields: list[Field], owner: str) -> None:
    for field in fields:
        while True:
            value = _answer(field, group.raw(field.name))
            problem = problem_of(field, value, owner)
            if not problem and field.required and value in ("", {}):
                problem = "This is needed."
            if not problem:
                group.set(field.name, value)
                break
            _tell(f"  {problem}")


def _answer(field: Field, now: Any) -> Any:
    if field.help:
        _tell(f"  {field.label}: {field.help}")
    if field.kind == "secret":
        return _ask_secret(field.label, now)
    if field.kind == "rows":
        return _ask_rows(field.label)
    if field.kind == "flag":
        return _ask_flag(field.label, bool(now))
    choices = f" ({', '.join(each for each in field.choices if each)})" if field.choices else ""
    answer = input(f"{field.label}{choices}{f' [{now}]' if now not in ('', None) else ''}: ").strip()
    if not answer:
        return now
    return int(answer) if field.kind == "number" and answer.isdecimal() else answer


def _ask_secret(label: str, now: Any) -> Secret | str:
    kept = f" [{now}]" if isinstance(now, str) and now else ""
    answer = getpass.getpass(f"{label} (hidden; or env:NAME, file:PATH){kept}: ")
    if not answer:
        return now if isinstance(now, Secret | str) else ""
    if answer.lstrip().startswith("-----BEGIN"):
        # A terminal hides one line, and a PEM has many: the rest of a pasted one would be seen.
        _tell("  A key has several lines: save it in a file and type file:PATH.")
        return _ask_secret(label, now)
    return answer.strip() if is_reference(answer.strip()) else Secret(answer, label=label)


def _ask_rows(label: str) -> dict[str, str | Secret]:
    rows: dict[str, str | Secret] = {}
    while name := input(f"{label}, name (Enter: no more): ").strip():
        rows[name] = _ask_secret(name, "") if looks_like_credential(name) else input(f"{label}, {name}: ")
    return rows


def _ask_flag(label: str, now: bool) -> bool:
    while True:
        answer = input(f"{label} [{'Y/n' if now else 'y/N'}]: ").strip().lower()
        if not answer:
            return now
        if answer in (*_YES, *_NO):
            return answer in _YES
        _tell("  Type y or n.")


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
