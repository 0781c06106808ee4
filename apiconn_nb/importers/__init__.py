"""Importers: what others wrote (a cURL line, an OpenAPI file, a Postman collection, …) becomes collections.

`read` looks at a `Source` and returns `Imported`: the settings, with each secret of the source as a `Secret` that
`Workspace.save` puts away, and a report of what was made, lost and left out. What is imported starts untrusted
(``trusted_origins = "none"``): its credentials go nowhere before `%apiconn_auth NAME --trust`.

Where to look::

    source        text, file or folder, under limits             draft       what an importer finds, in its words
    base          the registry: one file for each format         address     its URL → base URL and target
    credentials   secrets taken out of URL, headers and body     written     its texts → the text of a cell
    settled       drafts grouped into collections                writing     one group → one collection
"""

from __future__ import annotations

from apiconn_nb.errors import ConfigError
from apiconn_nb.importers.base import Importer, choose, importers
from apiconn_nb.importers.settled import Imported, settle
from apiconn_nb.importers.source import Source, read_path

__all__ = ["Imported", "Importer", "Source", "importers", "read", "read_path"]


def read(source: Source, *, name: str = "", kind: str = "") -> Imported:
    """The collections of a source.

    Parameters: `name`, the (first) collection's name, else by the source's title or host; `kind`, the importer's slug
    where its format is not to be looked for. Raises ConfigError for what is in no known format or cannot be read.
    """
    importer = choose(source, kind)
    try:
        draft = importer.read(source)
    except RecursionError:
        raise ConfigError(f"{source.name} is nested too deeply to be read.") from None
    return settle(draft, source.name, name)
