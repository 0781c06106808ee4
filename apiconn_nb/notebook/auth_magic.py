"""``%apiconn_auth``: set up, sign in, test. Its options are the fields of the methods, read from their declarations."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
from typing import TYPE_CHECKING, Any

from apiconn_nb import auth, workspace
from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.errors import SecretError, UsageError
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.notebook import actions, cell_text, status
from apiconn_nb.notebook.arguments import Parser, row, split
from apiconn_nb.notebook.configuration import ApiConn
from apiconn_nb.notebook.display import Block, Line, show
from apiconn_nb.notebook.history import scrub
from apiconn_nb.notebook.pending import Pending
from apiconn_nb.secrets import is_reference
from apiconn_nb.settings import CONNECTION_FIELDS, CollectionSettings, check_collection_name, default_method

if TYPE_CHECKING:
    import pandas as pd

_ROW_OPTIONS = {"headers": "--header", "query": "--query"}
_COMMANDS = ("login", "logout", "status", "test", "delete")


def run(shell: Any, line: str, configuration: ApiConn, cell: str | None = None) -> Any:
    """Run the magic; returns what the cell shows. `cell` is what stands below the line, written as the file is."""
    words = _method_second(split(line))
    positional = _positional(words)
    if not positional:
        if words in (["--help"], ["-h"]):
            return Block(inspect.getdoc(shell.magics_manager.registry["ApiConnMagics"].apiconn_auth) or "")
        if words:
            raise UsageError("Which collection? Its name comes first: %apiconn_auth NAME …")
        return listed(shell)
    name = positional[0]
    check_collection_name(name)
    below = cell_text.read(shell, name, cell) if cell is not None and cell.strip() else None
    chosen = _method(name, positional[1:], below)
    given, rest = parser(chosen).read(words[1:])
    if given.pop("help", False):
        return Block(help_text(name, chosen))
    if len(rest) > 1 or (rest and rest[0] != chosen.slug):
        raise UsageError(
            f"{rest[-1]!r} belongs to nothing here: options begin with --, and values with spaces are quoted."
        )
    commands = {key: given.pop(key) for key in list(given) if key in actions.OPTIONS}
    settings = {key: value for key, value in given.items() if value is not None}
    # Alone, or where something is set, --env is kept; beside a command it is for that command.
    environment = commands.pop("env", "") if settings or rest or below or len(commands) == 1 else ""
    if environment and not (settings or rest or below):
        workspace.current().settings(name)  # what --env alone changes is there
    if settings or rest or below or environment:
        _set_up(shell, name, chosen, settings, environment, below)
    if commands:
        return actions.run(shell, name, commands, configuration)
    if settings or rest or below:
        return actions.after_set_up(name)
    return actions.open_form(shell, name, configuration)


def listed(shell: Any) -> pd.DataFrame:
    """The collections as a table; where there is none, a line under it says how one is made."""
    found = collections()
    if found.empty:
        where = workspace.current().path.name
        words = "%apiconn_auth NAME opens the form, %apiconn_auth NAME METHOD --base-url https://… does without"
        Pending.of(shell).add(lambda: show(Line(f"No collection in {where} yet: {words}.")))
    return found


def collections() -> pd.DataFrame:
    """The collections as a table: base URL, method, environment, state."""
    import pandas as pd  # start-up cost: a quarter of a second, which a form does without

    rows = []
    current = workspace.current()
    for name, settings in current.all().items():
        environment, state = status.state_of(name)
        rows.append(
            {
                "collection": name,
                "base URL": settings.value("base_url"),
                "method": settings.method,
                "environment": environment,
                "state": state,
                "calls": len(settings.calls),
            }
        )
    return pd.DataFrame(rows, columns=["collection", "base URL", "method", "environment", "state", "calls"])


def _method_second(words: list[str]) -> list[str]:
    """The words with the method behind the name, where a person typed it behind options: its options are read by it."""
    slugs = {each.slug for each in auth.methods()}
    for place, word in enumerate(words[2:], 2):
        # Behind an option it is that option's value.
        if word in slugs and words[1][:1] == "-" and (words[place - 1][:1] != "-" or "=" in words[place - 1]):
            return [words[0], word, *words[1:place], *words[place + 1 :]]
    return words


def _positional(words: list[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if word.startswith("-"):
            break
        found.append(word)
    return found


def _method(name: str, words: list[str], below: CollectionSettings | None) -> type[AuthMethod]:
    """The method that the line names, else the text below it, else the collection's own, else none."""
    if below is not None and below.auth:
        if words and words[0] != below.method:
            raise UsageError(f"The line says {words[0]} and the text below it {below.method}: keep one.")
        return auth.method(below.method)
    if words:
        return auth.method(words[0])
    settings = workspace.current().all().get(name)
    return auth.method(settings.method if settings else default_method())


def parser(chosen: type[AuthMethod]) -> Parser:
    """The options for one method: its fields, the collection's own, and the commands."""
    made = Parser("%apiconn_auth")
    for described in {**CONNECTION_FIELDS, **{each.name: each for each in fields_of(chosen)}}.values():
        _add(made, described)  # a method's own field stands before the collection's of the same name
    for option, settings in actions.OPTIONS.items():
        short = ["-p"] if option == "param" else []  # as %apicall writes it
        made.add_argument(*short, "--" + option.replace("_", "-"), dest=option, **settings)
    made.add_argument("-h", "--help", action="store_true")
    return made


def option_of(described: Field) -> str:
    """The option of a field; the shared rows are typed one by one, and are called so."""
    return _ROW_OPTIONS.get(described.name, described.option)


def _add(made: Parser, described: Field) -> None:
    if described.kind == "rows":
        made.add_argument(option_of(described), dest=described.name, action="append", metavar="NAME=VALUE")
    elif described.kind == "flag":
        made.add_argument(described.option, dest=described.name, action=argparse.BooleanOptionalAction)
    elif described.kind == "number":
        made.add_argument(described.option, dest=described.name, type=int, metavar="N")
    else:
        made.add_argument(
            described.option, dest=described.name, metavar="REF" if described.kind == "secret" else "TEXT"
        )


def _set_up(
    shell: Any,
    name: str,
    chosen: type[AuthMethod],
    given: dict[str, Any],
    environment: str,
    below: CollectionSettings | None,
) -> None:
    """Save the collection with what the line says. Everything is looked at before anything is stored."""
    current = workspace.current()
    found = current.all().get(name)
    before = found or CollectionSettings(name)
    fields = {each.name: each for each in fields_of(chosen)}
    _refuse_literals(shell, fields, given)
    values: dict[str, Any] = {}
    connection = dict(before.connection)
    for key, value in given.items():
        described = fields.get(key) or CONNECTION_FIELDS[key]
        raw = _rows(value, option_of(described)) if described.kind == "rows" else value
        if described.kind == "rows":
            raw = {**(before.auth if key in fields else before.connection).get(key, {}), **raw}
        (values if key in fields else connection)[key] = raw
    if environment:
        connection["environment"] = environment
    kept = before.auth if before.method == chosen.slug else {}
    settings = dataclasses.replace(before, method=chosen.slug, connection=connection, auth={**kept, **values})
    if below is not None:
        settings = dataclasses.replace(
            settings,
            connection={**settings.connection, **below.connection},
            auth={**settings.auth, **below.auth},
            calls={**settings.calls, **below.calls},
        )
    settings.check()
    actions.check_complete(settings)
    current.save(settings, found)


def _rows(texts: list[str], option: str) -> dict[str, str]:
    """The rows of a repeated option. Raises UsageError for a name that stands twice: the first value would be lost."""
    found: dict[str, str] = {}
    for text in texts:
        name, value = row(text, option)
        if name in found:
            raise UsageError(f"{option} {name}=… stands twice on the line, and a row has one value: keep one.")
        found[name] = value
    return found


def _refuse_literals(shell: Any, fields: dict[str, Field], given: dict[str, Any]) -> None:
    """Raise SecretError for a value where a reference belongs, and cut it from the history, before anything is kept."""
    for described in [*fields.values(), *CONNECTION_FIELDS.values()]:
        value = given.get(described.name)
        if described.kind == "rows" and value:
            for each in value:
                name, text = row(each, option_of(described))
                _try(shell, described, {name: text}, text)
        elif described.kind == "secret" and value and not is_reference(value):
            _try(shell, described, value, value)


def _try(shell: Any, described: Field, raw: Any, text: str) -> None:
    try:
        described.parse(raw)
    except SecretError:
        scrub(shell, [text])
        raise


def help_text(name: str, chosen: type[AuthMethod]) -> str:
    """One method's options with their labels, from its fields."""
    head = f"%apiconn_auth {name} {chosen.slug} …        {chosen.label}" + (
        f" ({chosen.standard})" if chosen.standard else ""
    )
    parts = [head, _help_block(fields_of(chosen), "")]
    parts.append("Of every collection:\n" + _help_block(tuple(CONNECTION_FIELDS.values()), ""))
    parts += [f"  --{action.name:<34} {action.label}. {action.help}" for action in chosen.actions]
    return "\n\n".join(part for part in parts if part)


def _help_block(fields: tuple[Field, ...], indent: str) -> str:
    lines = []
    for each in fields:
        option = option_of(each)
        takes = {"secret": " REF", "rows": " NAME=VALUE", "number": " N", "flag": ""}.get(each.kind, " TEXT")
        if each.kind == "flag":
            option = f"{option} / --no-{option[2:]}"
        words = each.label + (" (required)" if each.required else "")
        if each.kind == "flag":
            words += f" (default {'on' if each.default else 'off'})"
        elif each.kind not in ("secret", "rows") and each.default:
            words += f" (default {str(each.default)!r})"
        if each.choices:
            words += f": {', '.join(choice for choice in each.choices if choice)}"
        lines.append(f"{indent}  {option + takes:<36} {words}" + (f". {each.help}" if each.help else ""))
    return "\n".join(lines) or f"{indent}  no fields"
