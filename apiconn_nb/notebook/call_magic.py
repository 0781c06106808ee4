"""``%apicall`` and ``%%apicall``: words and cell → a call → a value, and one dim line under it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from IPython.display import Image

from apiconn_nb import workspace
from apiconn_nb.answer import shown_url
from apiconn_nb.calling import prepare
from apiconn_nb.errors import UsageError
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook import code_magic, saving, unfinished
from apiconn_nb.notebook.arguments import Parser, parameter, split
from apiconn_nb.notebook.display import Block, Line, show
from apiconn_nb.notebook.pending import Pending
from apiconn_nb.options import AS, SINCE, Options, pages_of, settle, settle_values
from apiconn_nb.outcome import Outcome
from apiconn_nb.paging import paginator_named
from apiconn_nb.request import Template, parse, without_optional
from apiconn_nb.settings import SavedCall
from apiconn_nb.spread import SpreadSweep, is_dask
from apiconn_nb.sweep import Sweep
from apiconn_nb.transcript import Transcript


def run(shell: Any, line: str, cell: str | None) -> Any:
    """Run the magic; returns the cell's value (None with ``-o`` and ``--dry-run``)."""
    given, words = parser().read(split(line))
    if given.get("resume") or given.get("partial"):
        only_look = bool(given.get("partial"))
        return _deliver(shell, unfinished.go_on(shell, only_look=only_look, out=given.get("out", "")), given)
    if given.get("help"):
        return Block(shell.magics_manager.registry["ApiConnMagics"].apicall.__doc__ or "")
    if not words:
        raise UsageError("Which collection? %%apicall NAME, or %apicall NAME GET /path, or %apicall NAME.CALL")
    name, _, call = words[0].partition(".")
    collection = workspace.collection(name, given.get("env"))
    template, saved = _what(collection, call, " ".join(words[1:]), cell)
    values = dict(given.get("param", ()))
    options = _options(given)
    saving.scrub_literals(shell, template)
    saving.check_keeping(given, template)
    if target := given.get("as_code"):
        return code_magic.as_code(collection, call, template, saved, values, shell.user_ns, options, target)
    if given.get("dry_run"):
        return _dry_run(collection, template, saved, values, shell.user_ns)
    work: unfinished.Resumable
    if each := given.get("each"):
        work = _sweep(shell, collection, template, saved, values, options, each, given)
    else:
        work = prepare(collection, template, saved=saved, values=values, variables=shell.user_ns, options=options)
    outcome = _started(shell, collection, work, given)
    if save := given.get("save"):
        saving.save(collection, save, template, {**saving.defaults(template, shell.user_ns), **values}, options)
        outcome.notes.append(f"Saved as {name}.{save}: %apicall {name}.{save}")
    outcome.notes += saving.advice_on_literals(template)
    return _deliver(shell, outcome, given)


def parser() -> Parser:
    """The options of the magic."""
    made = Parser("%apicall")
    add = made.add_argument
    add("-p", "--param", action="append", type=parameter, metavar="NAME=VALUE")
    add("-o", "--out", metavar="VAR")
    add("--as", dest="returned", choices=AS)
    add("--records", metavar="PATH")
    add("--pages", metavar="N|all")
    add("--paginate", metavar="KIND[:ARG]")
    add("--each", metavar="FRAME")
    add("--keep", action="append", metavar="COLUMN")
    add("--cache", metavar="TTL")
    add("--fresh", action="store_true")
    add("--since", choices=SINCE)
    add("--key", action="append", metavar="COLUMN,…")
    add("--resume", action="store_true")
    add("--partial", action="store_true")
    add("--save", metavar="NAME")
    add("--use-as", choices=("data", "action"))
    add("--dry-run", action="store_true")
    add("--as-code", choices=code_magic.TARGETS)
    add("--timeout", type=float, metavar="SECONDS")
    add("--retries", type=int, metavar="N")
    add("--concurrency", type=int, metavar="N")
    add("--explode", metavar="PATH")
    add("--wide", type=int, metavar="N")
    add("--no-dates", dest="dates", action="store_false")
    add("--env", choices=("live", "development"))
    add("--debug", action="store_true")
    add("-q", "--quiet", action="store_true")
    add("--help", action="store_true")
    return made


def _what(collection: Collection, call: str, written: str, cell: str | None) -> tuple[Template, SavedCall | None]:
    """What is called: the text of the cell, that of the line, or a saved call."""
    text = cell if cell is not None and cell.strip() else ""
    if call:
        if text or written:
            raise UsageError(
                f"{collection.name}.{call} is a saved call: run it alone, with -p for its values. "
                f"To change it: %%apicall {collection.name} --save {call}"
            )
        saved = collection.saved(call)
        return parse(saved.request), saved
    if text and written:
        raise UsageError(f"The request stands twice, in the line ({written!r}) and in the cell: keep one.")
    if not text and not written:
        known = ", ".join(f"{collection.name}.{each}" for each in collection.settings.calls)
        raise UsageError(f"What should be called? GET /path below the line{f', or one of {known}' if known else ''}.")
    return parse(text or written), None


def _options(given: dict[str, Any]) -> Options:
    names = (
        "returned",
        "records",
        "paginate",
        "timeout",
        "retries",
        "use_as",
        "concurrency",
        "explode",
        "wide",
        "dates",
        "cache",
        "fresh",
        "since",
    )
    found = {name: given[name] for name in names if name in given}
    if "pages" in given:
        found["pages"] = pages_of(given["pages"])
    if "key" in given:
        found["key"] = tuple(name.strip() for names in given["key"] for name in names.split(",") if name.strip())
    if "paginate" in given:
        paginator_named(given["paginate"])
    return Options(**found)


def _started(shell: Any, collection: Collection, work: unfinished.Resumable, given: dict[str, Any]) -> Outcome:
    out = given.get("out", "")
    if not given.get("debug"):
        return unfinished.start(shell, work, out)
    with Transcript(collection) as transcript:
        try:
            return unfinished.start(shell, work, out)
        finally:
            show(Block(str(transcript)))


def _sweep(
    shell: Any,
    collection: Collection,
    template: Template,
    saved: SavedCall | None,
    values: dict[str, Any],
    options: Options,
    each: str,
    given: dict[str, Any],
) -> Sweep:
    rows = shell.user_ns.get(each)
    spread = is_dask(rows)
    is_table = spread or isinstance(rows, pd.DataFrame) or (isinstance(rows, list) and all(map(_is_row, rows)))
    if not is_table:
        raise UsageError(
            f"--each {each}: a DataFrame (pandas or Dask) or a list of dicts of that name is needed in the notebook."
        )
    keep = [name for names in given.get("keep", ()) for name in names.split(",")] or None
    kind = SpreadSweep if spread else Sweep
    return kind(collection, template, rows, saved=saved, values=values, options=options, keep=keep)


def _is_row(value: Any) -> bool:
    return isinstance(value, dict)


def _dry_run(
    collection: Collection,
    template: Template,
    saved: SavedCall | None,
    values: dict[str, Any],
    variables: dict[str, Any],
) -> None:
    """Show the request as it would be sent, every secret masked; nothing is resolved and nothing sent."""
    settle(Options(), saved, {})
    named = {name: variables[name] for name in template.names() if name in variables}
    private = frozenset(saved.private) if saved else frozenset()
    given = settle_values(saved, values, named, collection.name)
    asked = without_optional(template, saved.optional, given) if saved else template
    request = collection.request(asked, given, private)
    signed = collection.method.preview(request, collection.slot)
    lines = [f"{signed.method} {shown_url(signed.url)}"]
    lines += [f"{name.title()}: {value}" for name, value in signed.headers.items()]
    body = signed.read().decode("utf-8", "replace")
    show(Block("\n".join(lines) + (f"\n\n{body}" if body else "")))
    Pending.of(_shell()).add(lambda: show(Line(f"dry run · nothing was sent · {collection.environment}")))


def _shell() -> Any:
    from IPython import get_ipython  # IPython's own name for the running shell

    return get_ipython()


def _deliver(shell: Any, outcome: Outcome, given: dict[str, Any]) -> Any:
    if not given.get("quiet"):
        pending = Pending.of(shell)
        pending.add(lambda: show(Line("\n".join([outcome.status(), *outcome.notes]))))
    value = outcome.value
    if outcome.kind == "image" and given.get("returned", "auto") == "auto":
        value = Image(data=value)
    if out := given.get("out"):
        shell.user_ns[out] = value
        return None
    return value
