"""Whatever is imported is hostile until parsed: no importer crashes or hangs, what it makes can be saved and read."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apiconn_nb.config import load, save
from apiconn_nb.errors import ApiConnError, ConfigError
from apiconn_nb.importers import Source, importers, read
from apiconn_nb.importers.source import read_path
from apiconn_nb.request import parse
from apiconn_nb.workspace import Workspace
from tests.importers.test_formats import BRUNO, ENVIRONMENTS, HTTP, postman
from tests.importers.test_openapi import DOCUMENT

SLUGS = [each.slug for each in importers()]
FUZZ = settings(
    max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def holds(source: Source, folder: Path, kind: str = "") -> None:
    """Import, save and read again; each call is a request. An ApiConnError is an answer, anything else is not."""
    try:
        imported = read(source, kind=kind)
    except ApiConnError:
        return
    assert imported.report.text()
    workspace = Workspace(folder / "apiconn.toml")
    for made in imported.settings:
        for call in made.calls.values():
            parse(call.request)
        put_away = workspace.put_away_secrets(made)
        workspace.path.unlink(missing_ok=True)
        save(workspace.path, put_away)
        assert load(workspace.path)[made.name] == put_away


# ── any text, any document ─────────────────────────────────────────────────────────────────────────────────────────

SHELL = st.lists(
    st.sampled_from(
        [
            "curl",
            " ",
            "\n",
            "\\\n",
            "'",
            '"',
            "$'",
            "$(",
            "${",
            "}",
            ")",
            "`",
            "\\",
            "^",
            "^\n",
            '^"',
            "|",
            ";",
            "<<EOF\n",
            "<<<",
            "EOF\n",
            "-d",
            "-H",
            "-X",
            "-u",
            "-F",
            "-G",
            "--json",
            "--data-urlencode",
            "--next",
            "@x",
            "=",
            ":",
            "a",
            "&",
            "[x]",
            "<x>",
            "https://a.example/x",
            "http://",
            "file:///etc/passwd",
            "env:HOME",
            "\ue000a\ue001",
            "\x00",
            "é",
            "%41",
            "\u2028",
        ]
    ),
    max_size=40,
).map("".join)


@FUZZ
@given(text=SHELL | st.text(max_size=300))
@example(text="curl $(((((((")
@example(text="curl -d")
@example(text="curl 'https://a.example/x' -H 'a: b")
def test_any_shell_text(text: str, tmp_path: Path) -> None:
    holds(Source("it", f"curl {text}"), tmp_path, "curl")


@FUZZ
@given(text=st.text(max_size=400), slug=st.sampled_from(SLUGS))
def test_any_text_to_any_importer(text: str, slug: str, tmp_path: Path) -> None:
    holds(Source("it", text), tmp_path, slug)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "{{a}}",
            "{{{{a}}}}",
            "https://a.example/{x}",
            "#/components/schemas/X",
            "\ue000a\ue001",
            "env:HOME",
            "[a]",
            "<a>",
            "//",
            "..",
            "###",
        ]
    )
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def mutated(document: Any, draw: Any, depth: int = 0) -> Any:
    """The document with some of its nodes replaced by anything."""
    if draw(st.integers(0, 12)) == 0:
        return draw(JSON)
    if isinstance(document, dict):
        return {name: mutated(each, draw, depth + 1) for name, each in document.items()}
    if isinstance(document, list):
        return [mutated(each, draw, depth + 1) for each in document]
    return document


INSOMNIA = {
    "_type": "export",
    "resources": [
        {"_id": "w", "_type": "workspace", "name": "W"},
        {"_id": "e", "_type": "environment", "parentId": "w", "data": {"b": "https://a.example"}},
        {
            "_id": "r",
            "_type": "request",
            "parentId": "w",
            "name": "r",
            "method": "POST",
            "url": "{{ _.b }}/x",
            "parameters": [{"name": "a", "value": "1"}],
            "headers": [{"name": "X", "value": "y"}],
            "body": {"mimeType": "application/json", "text": "{}"},
            "authentication": {"type": "basic", "username": "u"},
        },
    ],
}
OPENCOLLECTION = {
    "opencollection": "1.0.0",
    "info": {"name": "x"},
    "items": [
        {
            "info": {"name": "f"},
            "items": [
                {
                    "info": {"name": "r", "type": "http"},
                    "http": {
                        "method": "GET",
                        "url": "https://a.example",
                        "params": [{"name": "a", "value": "b", "type": "query"}],
                        "auth": {"type": "oauth2", "flow": "client_credentials", "credentials": {"clientId": "c"}},
                    },
                }
            ],
        }
    ],
}
DOCUMENTS = {"openapi": DOCUMENT, "postman": postman(), "insomnia": INSOMNIA, "opencollection": OPENCOLLECTION}


@FUZZ
@given(data=st.data(), kind=st.sampled_from(sorted(DOCUMENTS)))
def test_documents_with_anything_anywhere(data: st.DataObject, kind: str, tmp_path: Path) -> None:
    document = mutated(DOCUMENTS[kind], data.draw)
    holds(Source("it", json.dumps(document)), tmp_path, kind)


@FUZZ
@given(data=st.data(), kind=st.sampled_from(sorted(SLUGS)))
def test_any_json_to_any_importer(data: st.DataObject, kind: str, tmp_path: Path) -> None:
    holds(Source("it", json.dumps(data.draw(JSON))), tmp_path, kind)


@FUZZ
@given(data=st.data())
def test_http_and_bruno_files_cut_and_mixed(data: st.DataObject, tmp_path: Path) -> None:
    lines = data.draw(st.permutations(HTTP.splitlines()[: data.draw(st.integers(0, 40))]))
    holds(Source("it.http", "\n".join(lines), ENVIRONMENTS), tmp_path, "http")
    name = data.draw(st.sampled_from(sorted(BRUNO)))
    text = BRUNO[name]
    cut = data.draw(st.integers(0, len(text)))
    holds(Source("", "", {**BRUNO, name: text[:cut] + data.draw(st.text(max_size=10)) + text[cut:]}), tmp_path, "bruno")


# ── what is made to take long ──────────────────────────────────────────────────────────────────────────────────────


def _seconds(source: Source, folder: Path, kind: str = "") -> float:
    started = time.process_time()  # of this process alone: a busy machine is no slow importer
    holds(source, folder, kind)
    return time.process_time() - started


def test_nothing_takes_long(tmp_path: Path) -> None:
    """Each would take for ever, or all memory, if something in it were followed without a limit."""
    deep = "[" * 100_000 + "]" * 100_000
    bomb = (
        "openapi: 3.0.0\n"
        + "a0: &a0 [x]\n"
        + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
        + "paths: *a39\n"
    )
    ring = json.dumps({"openapi": "3.0.0", "paths": {"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}}})
    variables = {f"v{n}": f"{{{{v{n + 1}}}}}{{{{v{n + 1}}}}}" for n in range(60)} | {"v60": "x"}
    grows = {
        "info": {"name": "x"},
        "variable": [{"key": k, "value": v} for k, v in variables.items()],
        "item": [
            {"name": "r", "request": {"url": "https://a.example/{{v0}}", "header": [{"key": "X", "value": "{{v0}}"}]}}
        ],
    }
    hostile = {
        "deep JSON": (deep, ""),
        "deep OpenAPI": ('{"openapi": "3.0.0", "paths": {"/a": ' + "[" * 5000 + "]" * 5000 + "}}", ""),
        "YAML aliases": (bomb, ""),
        "YAML depth": ("openapi: 3.0.0\npaths: " + "[" * 5000, ""),
        "rings": (ring, ""),
        "variables of variables": (json.dumps(grows), ""),
        "deep folders": ('{"info": {}, "item": ' + '[{"item": ' * 900 + "[]" + "}]" * 900 + "}", "postman"),
        "quotes": ("curl " + "'" * 50_001, "curl"),
        "backslashes": ("curl https://a.example -d '" + "\\" * 200_000 + "'", "curl"),
        "brackets": ("curl https://a.example/" + "[" * 50_000, "curl"),
        "dollars": ('curl https://a.example -d "' + "$(" * 20_000, "curl"),
        "ampersands": ("curl https://a.example/?" + "a=1&" * 20_000, "curl"),
        "equals": ("curl https://a.example -d " + "a=" * 50_000, "curl"),
        "carets": ('curl ^"' + "^\n" * 50_000, "curl"),
        "http lines": ("GET https://a.example\n" + "x: " * 50_000, "http"),
        "markers": ("###\n" * 100_000, "http"),
        "bru blocks": ("meta {\n" * 20_000, "bruno"),
        "mustaches": ("GET https://a.example/" + "{{" * 50_000, "http"),
        "many calls": ("curl https://a.example/x\n" * 6000, "curl"),
    }
    slow = {
        name: taken
        for name, (text, kind) in hostile.items()
        if (taken := _seconds(Source("it", text), tmp_path, kind)) > 10
    }
    assert not slow, slow


def test_files_that_are_none(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(ConfigError, match="larger than 64 MB"):
        read_path(large)
    (tmp_path / "x.http").write_bytes(b"GET https://a.example\xff")
    with pytest.raises(ConfigError, match="no text"):
        read_path(tmp_path / "x.http")
    (tmp_path / "bom.http").write_bytes("\ufeffGET https://a.example/x".encode())
    assert read(read_path(tmp_path / "bom.http")).settings[0].calls
