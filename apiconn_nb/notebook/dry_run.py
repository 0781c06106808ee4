"""``--dry-run``: the exact request as it would be sent, every secret masked; nothing is resolved and nothing sent."""

from __future__ import annotations

from typing import Any

import httpx

from apiconn_nb.answer import shown_url
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook.display import Block, Line, show
from apiconn_nb.notebook.pending import Pending
from apiconn_nb.private_values import shown_body


def show_request(shell: Any, collection: Collection, request: httpx.Request | None, notes: list[str]) -> None:
    """Show the public `request` as the collection's method would sign it (None: a sweep over no rows), and `notes`."""
    if request is not None:
        signed = collection.method.preview(request, collection.slot)
        lines = [f"{signed.method} {shown_url(signed.url)}"]
        lines += [f"{name.title()}: {value}" for name, value in signed.headers.multi_items()]
        body = shown_body(signed)
        show(Block("\n".join(lines) + (f"\n\n{body}" if body else "")))
    line = Line("\n".join([f"dry run · nothing was sent · {collection.environment}", *notes]))
    Pending.of(shell).add(lambda: show(line))
