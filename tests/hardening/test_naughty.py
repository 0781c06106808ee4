"""Naughty strings in every place that a person, a file or a server can fill: what was meant arrives, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from apiconn_nb import config
from apiconn_nb.errors import ApiConnError
from apiconn_nb.notebook import arguments
from apiconn_nb.request import parse
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CollectionSettings, SavedCall
from tests.echo import Arrived, Echo
from tests.hardening import evidence
from tests.hardening.hostile import NAUGHTY, check_one_line
from tests.opened import Open
from tests.shell import NotebookShell

Check = Callable[[Arrived, str], object]


def path_of(arrived: Arrived) -> str:
    parts = urlsplit(arrived.target).path.split("/")
    assert len(parts) == 4, f"a value made another segment: {arrived.target}"
    return unquote(parts[2])


def pairs_of(arrived: Arrived) -> str:
    pairs = parse_qsl(urlsplit(arrived.target).query, keep_blank_values=True, separator="&")
    assert [name for name, _ in pairs] == ["a", "q", "z"], f"a value made another parameter: {arrived.target}"
    return pairs[1][1]


def header_of(arrived: Arrived) -> str:
    assert set(map(str.lower, arrived.headers)) <= {
        "host", "accept", "accept-encoding", "connection", "user-agent", "x-value", "content-type", "content-length"
    }, arrived.headers  # fmt: skip
    return arrived.headers["X-Value"].encode("latin-1").decode("utf-8", "surrogatepass")


def form_of(arrived: Arrived) -> str:
    pairs = parse_qsl(arrived.body.decode(), keep_blank_values=True, separator="&")
    assert [name for name, _ in pairs] == ["a", "v", "z"]
    return pairs[1][1]


PLACES: dict[str, tuple[str, Check]] = {
    "path": ("GET /a/[v]/z", lambda arrived, _: path_of(arrived)),
    "query": ("GET /a?a=1&q=[v]&z=2", lambda arrived, _: pairs_of(arrived)),
    "header": ("GET /a\nX-Value: [v]", lambda arrived, _: header_of(arrived)),
    "JSON value": ('POST /a\n\n{"a": 1, "v": <v>, "z": 2}', lambda arrived, _: json.loads(arrived.body)["v"]),
    "JSON text": ('POST /a\n\n{"a": 1, "v": "<v>", "z": 2}', lambda arrived, _: json.loads(arrived.body)["v"]),
    "form": (
        "POST /a\nContent-Type: application/x-www-form-urlencoded\n\na=1&v=<v>&z=2",
        lambda arrived, _: form_of(arrived),
    ),
}


def in_all_places(echo: Echo, opened: Open, texts: Iterable[str]) -> None:
    collection = opened(echo.url, retries=0)
    for place, (cell, read) in PLACES.items():
        for text in texts:
            for value in (text, Secret(text)):
                echo.arrived.clear()
                try:
                    collection.send(cell, v=value)
                except ApiConnError as error:
                    check_one_line(error, (place, text))
                    assert not echo.arrived, (place, text)
                    continue
                assert len(echo.arrived) == 1, (place, text)
                got = read(echo.arrived[0], text)
                # A header's value has no white space around it (RFC 9110 §5.5).
                assert got == (text.strip(" \t") if place == "header" else text), (place, text, got)
                evidence.count("naughty", values=1)


def test_our_own_in_every_place(echo: Echo, opened: Open) -> None:
    in_all_places(echo, opened, NAUGHTY)


@pytest.mark.timeout(300)
def test_the_big_list_in_every_place(echo: Echo, opened: Open, naughty: list[str]) -> None:
    in_all_places(echo, opened, naughty)


def as_names_and_settings(texts: Iterable[str], folder: Path) -> None:
    """A name or a setting is kept as it is, or refused in one line; the file can always be read again."""
    path = folder / "apiconn.toml"
    for text in texts:
        for settings in (
            CollectionSettings(text),
            CollectionSettings("a", connection={"base_url": text}),
            CollectionSettings("a", connection={"base_url": "https://example.org", "headers": {"X-A": text}}),
            CollectionSettings("a", connection={"base_url": "https://example.org", "query": {text: "1"}}),
            CollectionSettings("a", "basic", auth={"username": text, "password": "env:A"}),
            CollectionSettings("a", calls={text: SavedCall("GET /x")}),
            CollectionSettings("a", calls={"x": SavedCall("GET /x", doc=text, params={text: text})}),
            CollectionSettings("a", calls={"x": SavedCall(text or "GET /")}),
        ):
            path.unlink(missing_ok=True)
            try:
                config.save(path, settings)
            except ApiConnError as error:
                check_one_line(error, text)
                assert not path.exists() or config.load(path) == {}, (text, settings)
            else:
                assert config.load(path) == {settings.name: settings}, (text, settings)
            evidence.count("naughty", settings=1)


def test_our_own_as_names_and_settings(tmp_path: Path) -> None:
    as_names_and_settings(NAUGHTY, tmp_path)


@pytest.mark.timeout(300)
def test_the_big_list_as_names_and_settings(tmp_path: Path, naughty: list[str]) -> None:
    as_names_and_settings(naughty[:: 1 if evidence.LONG else 8], tmp_path)


@pytest.mark.filterwarnings("ignore:deprecated string literal syntax:PendingDeprecationWarning")  # jmespath's
def test_on_a_magic_line(magics: NotebookShell, echo: Echo, tmp_path: Path) -> None:
    """Any text as NAME, option, value and cell: a value, or one of our errors; never another exception."""
    magics.run(f"%apiconn_auth demo none --base-url {echo.url}")
    for text in NAUGHTY:
        if "\ud800" in text or "\x00" in text:
            continue  # no cell can hold it
        for line, cell in (
            (text, None), (f"demo {text}", None), (f"demo GET /x -p v={text}", None), (f"demo GET /x {text}", None),
            ("demo", text), ("demo", f"GET {text}"), ("demo", f"GET /x\n{text}"), ("demo", f"POST /x\n\n{text}"),
            (f"demo GET /x --records {text!r}", None), (f"demo GET /x --paginate {text!r}", None),
        ):  # fmt: skip
            _ends_well(lambda line=line, cell=cell: magics_call(magics, "apicall", line, cell), text)
        for line in (text, f"{text} none", f"demo none --base-url {text}", f"demo none --header {text}"):
            _ends_well(lambda line=line: magics_call(magics, "apiconn_auth", line, None), text)
        evidence.count("naughty", lines=14)
    assert config.load(tmp_path / "apiconn.toml")["demo"].method == "none"


def magics_call(shell: NotebookShell, name: str, line: str, cell: str | None) -> Any:
    magic = shell.find_line_magic(name) if cell is None else shell.find_cell_magic(name)
    return magic(line) if cell is None else magic(line, cell)


def _ends_well(act: Callable[[], Any], text: str) -> None:
    try:
        act()
    except ApiConnError as error:
        check_one_line(error, text)


def test_words_of_a_line_are_read_as_they_are_written() -> None:
    for text in NAUGHTY:
        quoted = "'" + text.replace("'", "'\"'\"'") + "'"
        if text:
            assert arguments.split(f"a {quoted} b") == ["a", text, "b"]
            parse(f"GET /x?a={'x'}")
