"""cURL: commands as people paste them, and as browsers copy them (bash and cmd.exe)."""

from __future__ import annotations

import re
from typing import ClassVar

from apiconn_nb.errors import ConfigError
from apiconn_nb.importers.base import Importer
from apiconn_nb.importers.curl_operation import Operation
from apiconn_nb.importers.curl_options import read_options
from apiconn_nb.importers.draft import Draft, Variable, names_in, replaced
from apiconn_nb.importers.shell_words import Command, read_script
from apiconn_nb.importers.source import Source

_CURL = re.compile(r"(^|[\s;|&(])(?:\S*[\\/])?curl(\.exe)?[ \t\\^]", re.MULTILINE)


class Curl(Importer):
    """One call for each URL of each ``curl`` command."""

    slug: ClassVar[str] = "curl"
    label: ClassVar[str] = "cURL"
    order: ClassVar[int] = 90

    @classmethod
    def fits(cls, source: Source) -> bool:
        """Whether there is a curl command in it."""
        return _CURL.search(source.text[:200_000]) is not None

    @classmethod
    def read(cls, source: Source) -> Draft:
        """The calls of a script. Raises ConfigError where there is no curl command."""
        script = read_script(source.text)
        draft = Draft("cURL", lost=list(dict.fromkeys(script.lost)))
        for name, value in script.variables.items():
            draft.variables[name] = Variable(value)
        commands = [command for command in script.commands if _is_curl(command)]
        if not commands:
            raise ConfigError(f"{source.name} has no curl command.")
        others = {command.words[0] for command in script.commands if not _is_curl(command)}
        draft.lost += [f"the command {replaced(name, str)[:30]}" for name in sorted(others)]
        for command in commands:
            for operation in _operations(command, draft):
                draft.calls += operation.calls(draft)
        return draft


def _is_curl(command: Command) -> bool:
    return re.fullmatch(r"(?:.*[\\/])?curl(\.exe)?", command.words[0]) is not None


def _operations(command: Command, draft: Draft) -> list[Operation]:
    options, unknown = read_options(command.words[1:])
    draft.lost += [f"{option}: no option of curl's that is known here" for option in unknown]
    for _, text in options:
        for name in names_in(text):
            # What the shell would take from the environment is there under the same name.
            draft.variables.setdefault(name, Variable(None)).env = name
    operations = [Operation(command.stdin)]
    for name, value in options:
        if name == "next":
            operations.append(Operation(command.stdin))
        else:
            operations[-1].take(name, value, draft)
    return operations
