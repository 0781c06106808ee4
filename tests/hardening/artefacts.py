"""Everything that a call can leave behind, gathered to be searched."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import faulthandler
import gc
import json
import logging
import pickle
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pandas as pd
import psutil

from apiconn_nb.errors import ApiConnError
from tests.shell import NotebookShell

XMODES = ("Plain", "Context", "Verbose", "Minimal", "Docs")
MOST_OF_A_KIND = 200  # living objects that are looked at


class Log(logging.Handler):
    """Every record of every logger at DEBUG, message, arguments and traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {record.levelname} {record.getMessage()} {record.args!r} {record.exc_text}")
        self.lines.append(self.format(record))


@contextlib.contextmanager
def all_logs() -> Iterator[Log]:
    """Listen to all loggers, those that set a level of their own too."""
    handler = Log()
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    try:
        yield handler
    finally:
        logging.getLogger().removeHandler(handler)
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


def of_object(name: str, thing: Any) -> dict[str, Any]:
    """An object shown, copied and written in each way that Python has."""
    found: dict[str, Any] = {
        f"repr of {name}": repr(thing),
        f"str of {name}": str(thing),
        f"format of {name}": f"{thing}",
    }
    for way, make in (("copy", copy.copy), ("deepcopy", copy.deepcopy)):
        with contextlib.suppress(Exception):  # what cannot be copied leaks nothing
            found[f"{way} of {name}"] = repr(make(thing))
    for protocol in (0, pickle.HIGHEST_PROTOCOL):
        with contextlib.suppress(Exception):
            found[f"pickle {protocol} of {name}"] = pickle.dumps(thing, protocol)
    with contextlib.suppress(Exception):
        found[f"JSON of {name}"] = json.dumps(thing, default=str)
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        with contextlib.suppress(Exception):
            found[f"asdict of {name}"] = json.dumps(dataclasses.asdict(thing), default=str)
        found[f"members of {name}"] = [repr(getattr(thing, each.name)) for each in dataclasses.fields(thing)]
    for method in ("_repr_html_", "_repr_mimebundle_"):
        if callable(show := getattr(thing, method, None)):
            with contextlib.suppress(Exception):
                found[f"{method} of {name}"] = str(show())
    return found


def of_error(
    error: BaseException, shell: NotebookShell | None = None, xmodes: Sequence[str] = XMODES
) -> dict[str, Any]:
    """An error as each of `xmodes` draws it, short and full, as `traceback` does, and the locals of all its frames."""
    found = of_object("error", error)
    found["arguments"] = repr((error.args, getattr(error, "__notes__", ())))
    with contextlib.suppress(AttributeError):  # Python 3.11: a local that was interrupted while it was made has no repr
        found["traceback"] = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    for number, each in enumerate(_chain(error)):
        found[f"frames {number}"] = list(_frames(each.__traceback__))
    for name in ("request", "response"):
        thing = getattr(error, name, None)
        if thing is not None:
            found |= of_http(f"error.{name}", thing)
    if shell is not None:
        found |= _drawn(error, shell, xmodes)
    return found


def _drawn(error: BaseException, shell: NotebookShell, xmodes: Sequence[str]) -> dict[str, Any]:
    found = {}
    mode = shell.InteractiveTB.mode
    for short in (True, False):
        ApiConnError.short = short
        for xmode in xmodes:
            shell.InteractiveTB.set_mode(xmode)
            lines: list[str] = []
            shell._showtraceback = lambda etype, value, stb, lines=lines: lines.extend(stb)  # type: ignore[method-assign,misc]
            try:
                shell.showtraceback((type(error), error, error.__traceback__))
            finally:
                del shell._showtraceback
            found[f"%xmode {xmode}{', short' if short else ''}"] = "\n".join(lines)
    ApiConnError.short = True
    shell.InteractiveTB.set_mode(mode)
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__]


def _frames(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        frame = trace.tb_frame
        if "/tests/" not in frame.f_code.co_filename:
            yield f"{frame.f_code.co_qualname} {' '.join(map(_shown, frame.f_locals.items()))}"
        trace = trace.tb_next


def _shown(item: tuple[str, Any]) -> str:
    try:
        return repr(item)
    except Exception as error:  # an object that was interrupted while it was made
        return f"{item[0]}: {error!r}"


def of_http(name: str, thing: Any) -> dict[str, Any]:
    """A request or a response with all that hangs on it."""
    found = of_object(name, thing)
    found[f"{name}: URL, headers, extensions"] = repr((str(thing.url), thing.headers.raw, thing.extensions))
    with contextlib.suppress(Exception):
        found[f"{name}: body"] = bytes(thing.content)
    for number, earlier in enumerate(getattr(thing, "history", ())):
        found |= of_http(f"{name}.history[{number}]", earlier)
    if hasattr(thing, "history"):
        found |= of_http(f"{name}.request", thing.request)
    return found


def of_frame(frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """A frame, its attributes, its accessor, and the files that are written of it."""
    texts = frame.astype(str)
    texts.attrs = dict(frame.attrs)
    frame.to_pickle(folder / "frame.pkl")
    texts.to_parquet(folder / "frame.parquet", compression="none")
    texts.to_excel(folder / "frame.xlsx")
    frame.to_csv(folder / "frame.csv")
    frame.to_csv(folder / "frame.csv.gz")
    frame.to_json(folder / "frame.json")
    frame.to_html(folder / "frame.html")
    accessor: Any = frame.api
    return {
        **of_object("frame", frame),
        **of_object("df.api", accessor),
        **of_http("df.api.request", accessor.request),
        **of_object("df.api answer", accessor._answer()),
        "attrs": json.dumps(frame.attrs),
        "cells": frame.to_string(max_colwidth=None),
        "raw": repr(accessor.raw),
        "notes": accessor.notes,
        "failures": repr(accessor.failures),
    }


def of_shell(shell: NotebookShell) -> dict[str, Any]:
    """What a shell shows and remembers, its history database too."""
    remembered = shell.history()
    kept = sorted(shell.history_file.parent.glob("history.sqlite*"))
    return {
        "displays": [repr(each) for each in shell.displays],
        "history": remembered,
        "In": repr(shell.user_ns.get("In")),
        "user_ns": [f"{name} = {value!r}" for name, value in shell.user_ns.items() if name != "os"],
        **{f"history database {file.name}": file for file in kept},
    }


def of_process() -> dict[str, Any]:
    """Command line, names of threads, and the environments of all children."""
    own = psutil.Process()
    found: dict[str, Any] = {"command line": own.cmdline(), "title": own.name()}
    if (at_start := Path(f"/proc/{own.pid}/environ")).exists():
        found["environment at start"] = at_start.read_bytes()
    for child in own.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            found[f"child {child.pid}"] = [*child.cmdline(), *(f"{k}={v}" for k, v in child.environ().items())]
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        found["faulthandler"] = file.read()
    return found


def of_living() -> dict[str, Any]:
    """Every object of ours that lives in this process: what it shows, and its pickle where it has one.

    Not those of the demo: it is the provider, and its certificates belong to the world that secrets are sent into.
    """
    found: dict[str, Any] = {}
    seen: Counter[str] = Counter()
    for thing in gc.get_objects():
        kind = type(thing)
        name = f"{kind.__module__}.{kind.__qualname__}"
        if not name.startswith("apiconn_nb.") or name.startswith("apiconn_nb.demo.") or seen[name] >= MOST_OF_A_KIND:
            continue
        seen[name] += 1
        with contextlib.suppress(Exception):
            found[f"living {name} {seen[name]}"] = f"{thing!r} {thing}"
        with contextlib.suppress(Exception):  # what cannot be pickled leaks nothing
            found[f"pickle of living {name} {seen[name]}"] = pickle.dumps(thing)
    return found
