"""A kernel's long life: ``python -m tests.hardening.long_life URL CALLS`` prints what it measured on the way.

The server is another process, so that its memory and threads are not counted.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
from typing import Any

import psutil

from apiconn_nb.calling import run
from apiconn_nb.errors import ApiConnError
from apiconn_nb.live_collection import Collection
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings


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
    }


def main(url: str, calls: int) -> None:
    """Calls of each kind in turn: sent, framed, paged, private, refused, broken off."""
    settings = {"key_name": "X-Key", "key": Secret("CANARY-key-of-a-long-life")}
    collection = Collection(CollectionSettings("demo", "key-in-header", {"base_url": url, "retries": 0}, settings))
    plain, private, refused = parse("GET /rows"), parse("GET /rows?q=[q]"), parse("GET /refused")
    found = []
    for number in range(calls):
        kind = number % 50
        try:
            if kind == 1:
                run(collection, plain)
            elif kind == 2:
                run(collection, private, values={"q": Secret(f"CANARY-private-{number}")})
            elif kind == 3:
                run(collection, refused)
            elif kind == 4:
                run(collection, parse("GET /broken"))
            elif kind == 5:
                run(collection, parse("GET /pages"), pages="all")
            else:
                collection.send("GET /rows")
        except ApiConnError:
            pass
        if number in (calls // 4, calls // 2, calls - 1):
            found.append(measured(number + 1))
    collection.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
