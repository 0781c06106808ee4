"""Request → response → rows → DataFrame: a call of a collection, prepared from its text, options and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from apiconn_nb.errors import UsageError
from apiconn_nb.file_body import files_in
from apiconn_nb.options import Options, settle, settle_values
from apiconn_nb.outcome import Outcome, not_again
from apiconn_nb.placeholders import missing
from apiconn_nb.request import Template, without_optional
from apiconn_nb.walking import Walk

if TYPE_CHECKING:
    import httpx

    from apiconn_nb.live_collection import Collection
    from apiconn_nb.settings import SavedCall


def run(collection: Collection, template: Template, **how: Any) -> Outcome:
    """Make a call and turn its answer into what was asked for; parameters and errors as for `prepare`.

    An error or an interrupt that leaves with pages behind it has them: ``error.unfinished.partial()`` is their outcome,
    ``error.unfinished.run()`` goes on. Raises CallError and its kin, FrameError.
    """
    return prepare(collection, template, **how).run()


def request_of(
    collection: Collection,
    template: Template,
    *,
    saved: SavedCall | None = None,
    values: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> httpx.Request:
    """The public request of a call, its dynamic values filled in; parameters as for `prepare`.

    Raises PlaceholderError for a name without a value: with the close ones, and where its value can come from.
    """
    if saved is not None:
        refuse_files(template, "A saved call")
    given = settle_values(saved, values or {}, variables_of(template, variables), collection.name)
    private = frozenset(saved.private) if saved else frozenset()
    asked = without_optional(template, saved.optional, given) if saved else template
    how = " (in Python {0}=…), or as a default of the call" if saved else ", or define the variable {0}"
    for name, literal in asked.written_names().items():
        if name not in given and (saved is not None or variables is not None):
            known = given if saved is not None else {**(variables or {}), **given}
            raise missing(name, known, asked.title, literal, how.format(name))
    return collection.request(asked, given, private)


def refuse_files(template: Template, what: str) -> None:
    """Raise UsageError for a body that names a file of this machine: only a cell sends one."""
    for file in files_in(template.body):
        raise UsageError(
            f"{what} sends no file ({file.path}): it may have come from somebody else. Send it from a cell, or put its "
            "text in as <text> with -p."
        )


def variables_of(template: Template, variables: Mapping[str, Any] | None) -> dict[str, Any]:
    """Those of the notebook's variables that a request uses."""
    return {name: variables[name] for name in template.names() if name in variables} if variables else {}


def prepare(
    collection: Collection,
    template: Template,
    *,
    saved: SavedCall | None = None,
    values: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    options: Options | None = None,
    **overrides: Any,
) -> Walk:
    """A call that can be run, and gone on with.

    Parameters: `saved`, the saved call behind `template`, whose settings hold where `options` are silent; `values`, the
    dynamic values given; `variables`, those of the notebook (unsaved calls alone); `overrides`, members of `Options`.
    Raises PlaceholderError, UsageError.
    """
    chosen = settle(options or Options(), saved, overrides)
    request = request_of(collection, template, saved=saved, values=values, variables=variables)
    named = variables_of(template, variables)

    def again() -> Outcome:
        if collection.policy(request.method, is_action=chosen.is_action).is_action:
            return not_again(request.method)
        anew = replace(chosen, fresh=True)
        return run(collection, template, saved=saved, values=values, variables=named, options=anew)

    return Walk(collection, request, chosen, again)
