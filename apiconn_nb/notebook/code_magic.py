"""``%apicall … --as-code`` and ``%apiconn_export``: what is here, written for elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython.display import Code as Highlighted

from apiconn_nb import workspace
from apiconn_nb.errors import ConfigError, UsageError
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook.arguments import Parser, split
from apiconn_nb.notebook.display import Block
from apiconn_nb.options import Options
from apiconn_nb.request import Template
from apiconn_nb.settings import SavedCall

TARGETS = ("httpx", "requests", "curl", "dlt")
_FORMATS = ("openapi", "http")
_LEXERS = {"curl": "bash"}


class Code(Block):
    """A script, coloured in a notebook as its language is."""

    def __init__(self, text: str, language: str) -> None:
        super().__init__(text)
        self._language = language

    def _repr_html_(self) -> str:
        return str(Highlighted(self.text, language=self._language)._repr_html_())


def as_code(
    collection: Collection,
    call: str,
    template: Template,
    saved: SavedCall | None,
    values: Mapping[str, Any],
    variables: Mapping[str, Any],
    options: Options,
    target: str,
) -> Code:
    """The call as a script; one that may be asked for its rows is made once, to see where they are."""
    from apiconn_nb import exporters  # start-up cost: loaded with the first script

    made = exporters.plan(
        collection, template, call=call, saved=saved, values=values, variables=variables, options=options
    )
    return Code(exporters.as_code(made, target), _LEXERS.get(target, "python"))


def export(line: str) -> Block:
    """Run ``%apiconn_export``; returns what the cell shows."""
    from apiconn_nb import exporters  # start-up cost: loaded with the first script

    words = split(line)
    Parser("%apiconn_export").read(words)
    if len(words) not in (2, 3) or words[1] not in _FORMATS:
        raise UsageError("%apiconn_export NAME openapi|http [FILE]")
    collection = workspace.collection(words[0])
    if words[1] == "openapi":
        text, beside = exporters.openapi(collection), ""
    else:
        text, beside = exporters.http_file(collection)
    if len(words) == 2:
        return Block(text + (f"\n# http-client.env.json\n{beside}" if beside else ""))
    path = Path(words[2]).expanduser()
    written = _write(path, text)
    if beside:
        environment = path.parent / "http-client.env.json"
        if environment.exists():
            raise ConfigError(f"{path.name} is written; {environment.name} is there already and stays as it is.")
        written += f" and {_write(environment, beside)}"
    return Block(f"{collection.name} · {len(collection.settings.calls)} calls · written to {written}")


def _write(path: Path, text: str) -> str:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be written: {error.strerror}.") from None
    return path.name
