"""A ``text/event-stream`` (WHATWG HTML §9.2) → rows: each event's name and data, parsed where it is JSON."""

from __future__ import annotations

from typing import Any

from apiconn_nb.errors import FrameError
from apiconn_nb.frames.documents import document_of


def events_of(text: str) -> tuple[list[dict[str, Any]], str]:
    """The whole events of a stream so far, and the rest that is no whole event yet."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    *whole, rest = text.split("\n\n")
    return [event for block in whole if (event := _event(block))], rest


def _event(block: str) -> dict[str, Any]:
    fields: dict[str, str] = {}
    data: list[str] = []
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name in {"event", "id"}:
            fields[name] = value
    if not data:
        return {}
    return {**fields, "data": _parsed("\n".join(data))}


def _parsed(data: str) -> Any:
    if data[:1] not in {"{", "["}:
        return data
    try:
        return document_of(data.encode("utf-8", "surrogatepass"))[0]
    except FrameError:
        return data
