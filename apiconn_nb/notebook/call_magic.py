"""``%apicall`` and ``%%apicall``: words and cell → a call → a value, and one dim line under it."""

from __future__ import annotations

import base64
import difflib
import inspect
from typing import Any

import pandas as pd
from IPython.display import Image

from apiconn_nb import workspace
from apiconn_nb.calling import prepare, refuse_files, request_of, variables_of
from apiconn_nb.errors import UsageError
from apiconn_nb.frames.content import media_type
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook import code_magic, dry_run, saving, unfinished
from apiconn_nb.notebook.arguments import Parser, as_request, parameter, split
from apiconn_nb.notebook.display import Block, Line, show
from apiconn_nb.notebook.pending import Pending
from apiconn_nb.options import AS, SINCE, Options, pages_of, settle
from apiconn_nb.outcome import Outcome
from apiconn_nb.paging import paginator_named
from apiconn_nb.request import METHODS, Template, has_request, parse
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
        return Block(inspect.getdoc(shell.magics_manager.registry["ApiConnMagics"].apicall) or "")
    name, call = _named(words)
    collection = workspace.collection(name, given.get("env"))
    template, saved = _what(collection, call, as_request(words[1:], METHODS), cell)
    values = dict(given.get("param", ()))
    options = _options(given)
    saving.scrub_literals(shell, template)
    saving.check_keeping(given, template)
    if target := given.get("as_code"):
        return code_magic.as_code(collection, call, template, saved, values, shell.user_ns, options, target)
    sweep = _sweep(shell, collection, template, saved, values, options, given) if "each" in given else None
    notes = [*_unused(values, template), *saving.advice_on_literals(template)]
    how: dict[str, Any] = {"saved": saved, "values": values, "variables": shell.user_ns}
    if given.get("dry_run"):
        settle(options, saved, {})
        request = request_of(collection, template, **how) if sweep is None else sweep.first_request()
        rows = "the table has no rows" if request is None else f"the first of {sweep.forecast()}" if sweep else ""
        calls = [rows] if rows else []
        return dry_run.show_request(shell, collection, request, calls + notes)
    work: unfinished.Resumable = prepare(collection, template, **how, options=options) if sweep is None else sweep
    outcome = _started(shell, collection, work, given)
    if save := given.get("save"):
        kept = {**saving.defaults(template, shell.user_ns), **values}
        outcome.notes.append(saving.save(collection, save, template, kept, options, outcome.paged_by))
    outcome.notes += notes
    return _deliver(shell, outcome, given)


def _named(words: list[str]) -> tuple[str, str]:
    """The collection that the line names, and the saved call (empty: none)."""
    if not words or not words[0].partition(".")[0]:
        raise UsageError("Which collection? %%apicall NAME, or %apicall NAME GET /path, or %apicall NAME.CALL")
    if words[0] in METHODS or "/" in words[0]:
        asked = " ".join(words) if words[0] in METHODS else f"GET {words[0]}"
        raise UsageError(
            f"Which collection? Its name comes first: %apicall NAME {asked}. "
            "One without authentication: %apiconn_auth NAME none --base-url URL"
        )
    name, _, call = words[0].partition(".")
    return name, call


def _unused(values: dict[str, Any], template: Template) -> list[str]:
    """What is said of a -p that the request has no place for: a typing error, mostly."""
    notes = []
    for name in values:
        if template.uses(name):
            continue
        close = difflib.get_close_matches(name, template.names(), n=1)
        meant = f"did you mean {close[0]}?" if close else f"the request has no [{name}] or <{name}>."
        notes.append(f"-p {name} is not used: {meant}")
    return notes


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
    add("-h", "--help", action="store_true")
    return made


def _what(collection: Collection, call: str, written: str, cell: str | None) -> tuple[Template, SavedCall | None]:
    """What is called: the text of the cell, that of the line, or a saved call."""
    text = cell if cell is not None and cell.strip() else ""
    if call:
        saved = collection.saved(call)
        if written or (text and has_request(text)):
            raise UsageError(
                f"{collection.name}.{call} is a saved call: run it alone, with -p for its values. "
                f"To change it: %%apicall {collection.name} --save {call}"
            )
        template = parse(saved.request)
        refuse_files(template, "A saved call")
        return template, saved
    if written and not has_request(text):
        text = ""
    if written in collection.settings.calls:
        raise UsageError(f"{written} is a saved call: write %apicall {collection.name}.{written}")
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
    given: dict[str, Any],
) -> Sweep:
    rows = _rows(shell.user_ns, given["each"])
    columns = rows.columns if hasattr(rows, "columns") else {name for row in rows for name in row}
    for name in columns:
        if list(columns).count(name) > 1:
            raise UsageError(f"--each {given['each']}: the column {name!r} stands twice in it: rename one.")
    if options.returned not in ("auto", "frame"):
        raise UsageError(f"--each makes one frame of all answers, no {options.returned}: leave --as out.")
    keep = [name for names in given.get("keep", ()) for name in names.split(",")] or None
    if saved is None:  # what is no column is a variable, as in a call of its own
        found = variables_of(template, shell.user_ns)
        values = {**{name: value for name, value in found.items() if name not in columns}, **values}
    kind = SpreadSweep if is_dask(rows) else Sweep
    return kind(collection, template, rows, saved=saved, values=values, options=options, keep=keep)


def _rows(variables: dict[str, Any], each: str) -> Any:
    """The table of that name in the notebook. Raises UsageError, with the close names of tables."""
    rows = variables.get(each)
    if _is_table(rows):
        return rows
    tables = [name for name, value in variables.items() if not name.startswith("_") and _is_table(value)]
    close = difflib.get_close_matches(each, tables, n=3, cutoff=0.5)
    what = (
        f"no variable {each!r} is in the notebook"
        if each not in variables
        else f"{each} is of type {type(rows).__name__}"
    )
    meant = f"Did you mean {' or '.join(close)}?" if close else "Give the name of a variable."
    raise UsageError(f"--each {each}: a DataFrame (pandas or Dask) or a list of dicts is needed; {what}. {meant}")


def _is_table(value: Any) -> bool:
    is_rows = isinstance(value, list) and all(isinstance(row, dict) for row in value)
    return is_rows or isinstance(value, pd.DataFrame) or is_dask(value)


def _deliver(shell: Any, outcome: Outcome, given: dict[str, Any]) -> Any:
    value = outcome.value
    if not given.get("quiet"):
        # Said now, not when it is shown: a loop in one cell would keep every frame until the cell has ended.
        line = Line("\n".join([outcome.status(), *outcome.notes]))
        Pending.of(shell).add(lambda: show(line))
    if outcome.kind == "image" and given.get("returned", "auto") == "auto":
        value = _picture(value, outcome.response.headers.get("Content-Type", ""))
    if out := given.get("out"):
        shell.user_ns[out] = value
        return None
    return value


def _picture(content: bytes, content_type: str) -> Image:
    """The image as a notebook shows it. A drawing can hold scripts, which run nowhere in an <img> (SVG 2 §2.7)."""
    if media_type(content_type) == "image/svg+xml":
        return Image(url=f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}")
    return Image(data=content)
