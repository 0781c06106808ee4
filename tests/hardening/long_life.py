"""A kernel's long life: ``python -m tests.hardening.long_life URL CALLS`` prints what it measured on the way.

The server is another process, so that its memory and threads are not counted.
"""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from apiconn_nb import workspace
from apiconn_nb.calling import run
from apiconn_nb.errors import ApiConnError
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook.form.window import Form
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings
from tests.form.person import living
from tests.shell import NotebookShell, ipython


def measured(calls: int) -> dict[str, Any]:
    """What the process holds now."""
    gc.collect()
    own = psutil.Process()
    return {
        "calls": calls,
        "megabytes": own.memory_info().rss / 1e6,
        "threads": threading.active_count(),
        "files": own.num_fds() if hasattr(own, "num_fds") else 0,
        "sockets": sum(each.type.name == "SOCK_STREAM" for each in own.net_connections()),
        "objects": len(gc.get_objects()),
        "widgets": len(living()),
    }


def kinds(collection: Collection, shell: NotebookShell) -> dict[int, Callable[[int], Any]]:
    """The calls of each kind, by their place among fifty: framed, private, refused, broken off, paged, by magic."""

    def magic(line: str) -> None:
        try:
            shell.run_line_magic("apicall", line)
        finally:
            shell.events.trigger("post_run_cell", None)
            shell.displays.clear()  # a front end would have them

    plain, private, refused = parse("GET /rows"), parse("GET /rows?q=[q]"), parse("GET /refused")
    return {
        1: lambda _: run(collection, plain),
        2: lambda number: run(collection, private, values={"q": Secret(f"CANARY-private-{number}")}),
        3: lambda _: run(collection, refused),
        4: lambda _: run(collection, parse("GET /broken")),
        5: lambda _: run(collection, parse("GET /pages"), pages="all"),
        6: lambda _: magic("demo GET /rows"),
        7: lambda _: magic("demo GET /pages --pages all"),
        8: lambda _: magic("demo GET /refused"),
        9: lambda number: magic(f"demo GET /rows?n=[n] -p n={number} --cache 1s"),
    }


def open_and_close() -> None:
    """A form of the collection."""
    Form("demo", workspace.current()).close()


def main(url: str, calls: int) -> None:
    """Calls of each kind in turn, most of them sent alone, in an IPython shell; a form now and then."""
    settings = {"key_name": "X-Key", "key": Secret("CANARY-key-of-a-long-life")}
    connection = {"base_url": url, "retries": 0}
    found = []
    with tempfile.TemporaryDirectory() as folder, ipython(Path(folder, "history.sqlite")) as shell:
        shell.run_line_magic("load_ext", "apiconn_nb")
        space = workspace.use(str(Path(folder, "apiconn.toml")))
        space.save(CollectionSettings("demo", "none", connection))
        collection = Collection(CollectionSettings("demo", "key-in-header", connection, settings))
        work = kinds(collection, shell)
        for number in range(calls):
            with contextlib.suppress(ApiConnError):
                work.get(number % 50, lambda _: collection.send("GET /rows"))(number)
            if number % 500 == 10:
                open_and_close()
            if number in (calls // 4, calls // 2, calls - 1):
                found.append(measured(number + 1))
        collection.close()
        space.collection("demo").close()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
