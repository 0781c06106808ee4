"""Presets with the pages they were taken from; answer shapes with the rows and the next page found in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from apiconn_nb.frames import find_rows
from apiconn_nb.paging import find_paginator, named
from apiconn_nb.presets import Preset, presets
from docs.generate.markdown import code, page, rst, table, text

SHAPES = Path(__file__).parents[2] / "tests" / "shapes"


def write(folder: Path) -> None:
    """Write the three pages into `folder`."""
    (folder / "presets.md").write_text(_presets(), encoding="utf-8")
    (folder / "rows.md").write_text(_rows(), encoding="utf-8")
    (folder / "pages.md").write_text(_pages(), encoding="utf-8")


# ── presets ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _presets() -> str:
    known = list(presets().values())
    ways = sum(1 + len(each.alternatives) for each in known)
    return page(
        "Presets",
        f"{len(known)} providers, {ways} ways in, each written from the provider's own documentation. "
        "A collection can start from one. Nothing secret is in a preset; it suggests a reference.",
        table(
            ("provider", "preset", "methods"),
            [
                (f"[{text(each.title)}](#preset-{each.name})", code(each.name), ", ".join(map(code, _methods(each))))
                for each in known
            ],
        ),
        *map(_preset, known),
    )


def _methods(preset: Preset) -> list[str]:
    return [preset.method, *preset.alternatives]


def _preset(preset: Preset) -> str:
    asks = ", ".join(f"{text(each.label)} ({code(each.name)})" for each in preset.asks())
    links = ", ".join(f"[{text(what)}]({url})" for what, url in preset.sources.items())
    calls = ", ".join(map(code, preset.calls))
    parts = [
        f"(preset-{preset.name})=\n## {text(preset.title)}",
        f"{code(preset.base_url)} · {', '.join(map(code, _methods(preset)))}",
        text(preset.note),
        f"Asks for: {asks}." if asks else "",
        f"Calls: {calls}." if calls else "",
        f"From the provider's documentation: {links}.",
    ]
    return "\n\n".join(filter(None, parts))


# ── shapes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read(name: str) -> list[dict[str, Any]]:
    shapes: list[dict[str, Any]] = json.loads((SHAPES / name).read_text(encoding="utf-8"))
    return shapes


def _rows() -> str:
    shapes = _read("shapes.json")
    return page(
        "Where the rows are found",
        f"{len(shapes)} answers as public APIs document them, and what is taken from each by looking. The third column "
        "is what the status line says; `--records PATH` overrules it.",
        table(
            ("answer", "rows", "as the status line says it"),
            [
                (f"[{text(each['name'])}]({each['source']})", code(found.path), text(found.explain()))
                for each in shapes
                for found in [find_rows(each["body"])]
            ],
        ),
    )


def _pages() -> str:
    shapes = _read("paging.json")
    return page(
        "How the next page is found",
        f"{len(shapes)} answers as public APIs document them. What is found is what `--paginate` would say; an empty "
        "cell is an answer without a next page.",
        table(("answer", "found", "the request that follows"), map(_page, shapes)),
        "`--paginate KIND[:ARG]` overrules it:",
        rst(_kinds()),
    )


def _page(shape: dict[str, Any]) -> tuple[str, str, str]:
    name = f"[{text(shape['name'])}]({shape['source']})"
    request, body = _request(shape["request"]), shape["body"]
    marked = body if isinstance(body, dict) and "$text" in body else None
    content = marked["$text"] if marked else json.dumps(body)
    document, rows = (None, int(marked["$rows"])) if marked else (body, find_rows(body).count)
    response = httpx.Response(200, headers=shape["headers"], content=content.encode(), request=request)
    paginator = find_paginator(request, response, document)
    following = paginator.advance(request, response, document, rows) if paginator else None
    if paginator is None or following is None:
        return name, "", ""
    return name, code(paginator.spec), code(f"{following.method} {following.url}")


def _request(written: Any) -> httpx.Request:
    if isinstance(written, str):
        method, _, url = written.partition(" ")
        return httpx.Request(method, url)
    return httpx.Request(written["method"], written["url"], json=written.get("json"), headers=written.get("headers"))


def _kinds() -> str:
    return (named.__doc__ or "").partition("\n\n")[2]
