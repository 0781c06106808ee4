"""``%%apicall --save NAME``: a call that worked becomes a call of the collection."""

from __future__ import annotations

import keyword
from typing import Any

from apiconn_nb import workspace
from apiconn_nb.calling import refuse_files
from apiconn_nb.errors import UsageError
from apiconn_nb.fields import looks_like_credential
from apiconn_nb.headers import scheme_and_rest
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook.history import scrub
from apiconn_nb.options import Options
from apiconn_nb.placeholders import names_in_url
from apiconn_nb.request import Template, literal_credentials
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import SavedCall, check_call_name


def check_keeping(given: dict[str, Any], template: Template) -> None:
    """What becomes of the answer is looked at before the call: an action cannot be made again for a typing error."""
    out = given.get("out", "result")
    if not out.isidentifier() or keyword.iskeyword(out):
        raise UsageError(f"-o {out}: a variable is named with letters, digits and _.")
    if "save" not in given:
        return
    check_call_name(given["save"])
    refuse_files(template, "A saved call")
    for name, value in literal_credentials(template).items():
        raise UsageError(f"{name} has a literal credential, which is not saved. {_instead(name, value)}")


def save(
    collection: Collection,
    name: str,
    template: Template,
    values: dict[str, Any],
    options: Options,
    paged_by: str = "",
) -> str:
    """Save the call under a name; private values as their references. Returns what there is to say of it.

    `paged_by` is how its pages were found, where nobody has said it (`options.paginate`).
    """
    params = {key: (value.reference or None) if isinstance(value, Secret) else value for key, value in values.items()}
    pages = "all" if options.pages is None else str(options.pages) if options.pages > 1 else ""
    saved = SavedCall(
        request=str(template),
        records=options.records or "",
        pages=pages,
        paginate=options.paginate or paged_by,
        use_as=options.use_as,
        cache=options.cache,
        key=options.key,
        params={key: value for key, value in params.items() if value is not None},
    )
    was_there = name in collection.settings.calls
    workspace.current().save_call(collection.name, name, saved)
    instead = ", in the place of the one before" if was_there else ""
    return f"Saved as {collection.name}.{name}{instead}: %apicall {collection.name}.{name}"


def defaults(template: Template, variables: dict[str, Any]) -> dict[str, Any]:
    """The notebook's variables that the URL uses: a saved call does not see the notebook, so they become its defaults.

    Those of headers and bodies, and those named like a credential, may be secrets and are not saved.
    """
    return {
        name: variables[name]
        for name in names_in_url(template.url)
        if isinstance(variables.get(name), str | int | float) and not looks_like_credential(name)
    }


def scrub_literals(shell: Any, template: Template) -> None:
    """Take a literal credential of the cell out of the history."""
    scrub(shell, list(literal_credentials(template).values()))


def advice_on_literals(template: Template) -> list[str]:
    """What to write in the place of a literal credential."""
    return [
        f"{name} has its credential as a literal, which stays in this notebook. {_instead(name, value)}"
        for name, value in literal_credentials(template).items()
    ]


def _instead(name: str, value: str) -> str:
    if name == "URL":
        return "Take user and password out of it and choose HTTP Basic Auth (%apiconn_auth), its password as env:NAME."
    word, _, place = name.partition(" in the ")
    if place:
        mark = f"<{word}>" if place == "body" else f"[{word}]"
        return f"Instead write {mark} in its place, and give it with -p {word}=env:NAME"
    return f"Instead write {name}: {scheme_and_rest(value)[0]}env:NAME"
