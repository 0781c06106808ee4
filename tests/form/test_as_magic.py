"""*Show as magic*: the cell, run in a fresh kernel, gives the same collection, and has no secret in it."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from apiconn_nb import auth, presets, workspace
from apiconn_nb.errors import ApiConnError, SecretError
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.layout import from_table, to_table
from apiconn_nb.notebook import actions
from apiconn_nb.notebook.as_magic import as_magic
from apiconn_nb.secrets import Secret
from apiconn_nb.settings import CONNECTION_FIELDS, CollectionSettings, SavedCall
from apiconn_nb.workspace import Workspace
from tests.canary import Canary
from tests.servers.certificates import authority
from tests.shell import NotebookShell


@pytest.fixture(autouse=True)
def _own_workspace(tmp_path: Path) -> Iterator[None]:
    workspace.use("apiconn.toml")
    yield
    workspace.use("apiconn.toml")


def afresh(shell: NotebookShell, folder: Path, cell: str) -> CollectionSettings:
    """The collection that the cell gives where there is no file yet."""
    folder.mkdir(exist_ok=True)
    file = folder / "apiconn.toml"
    file.unlink(missing_ok=True)
    workspace.use(str(file))
    shell.run(cell)
    (found,) = Workspace(file).all().values()
    return found


@pytest.mark.parametrize("name", list(presets.presets()))
def test_every_preset_comes_back_the_same(magics: NotebookShell, tmp_path: Path, name: str) -> None:
    preset = presets.preset(name)
    values = {each.name: each.default or "acme" for each in preset.asks()}
    table = preset.collection(values)
    for field in fields_of(auth.method(preset.method)):
        if field.required and not field.dev_of and field.name not in table["auth"] and not field.default:
            table["auth"][field.name] = "acme"
    before = from_table(name, table)
    assert afresh(magics, tmp_path / "fresh", as_magic(before)) == before


AWKWARD = [
    "plain", "two words", "a=b", "-starts-with-a-hyphen", "ends with ?", "ends?", "50%", "{braces}", "$HOME", "!bang",
    'double "quotes"', "single 'quotes'", "both \"'", "back\\slash", "ends\\", "# hash", ";", "%magic", "ünï 日本",
    "\ttab", " edges ", "", "`ls`", "a\\nb", "env", "'", '"',
]  # fmt: skip
TEXT = st.sampled_from(AWKWARD) | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=30)
LINES = TEXT | st.lists(TEXT, min_size=2, max_size=3).map("\n".join)
REFERENCE = st.sampled_from(["env:NAME", "keyring:apiconn_nb/shop/key", "file:/a b/key.pem", "prompt", "colab:KEY"])
NAMES = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)


CERTIFICATE = authority("somebody").pem.decode()


def value_of(field: Field) -> st.SearchStrategy[Any]:
    """What may stand in a field."""
    if field.kind == "secret":
        return REFERENCE
    if field.kind == "flag":
        return st.booleans()
    if field.kind == "number":
        return st.integers(1, 3600)
    if field.kind == "rows":
        names = NAMES.map("X-".__add__)
        return st.dictionaries(names | st.just("a=b") if field.name == "query" else names, TEXT | REFERENCE, max_size=3)
    if field.format == "choice":
        return st.sampled_from(field.choices)
    if field.name.endswith("_name"):
        return NAMES
    if field.format in ("url", "template") or "origins" in field.name or field.name == "proxy":
        return st.sampled_from(["https://api.example.org", "https://a.example.org/x?y=1&z=%20"])
    if field.format == "json":
        return st.sampled_from(["", '{"a": "b"}', '{\n  "a": "it\'s \\"b\\""\n}'])
    return st.just(CERTIFICATE) if field.format == "pem" else LINES


@st.composite
def collections(draw: st.DrawFn) -> CollectionSettings:
    method = draw(st.sampled_from(auth.methods()))

    def some(fields: Any) -> dict[str, Any]:
        return {
            each.name: draw(value_of(each))
            for each in fields
            # An endpoint is needed where no issuer fills it, which no field alone can say.
            if (each.required and not each.dev_of) or each.name.endswith("_endpoint") or draw(st.booleans())
        }

    calls = draw(
        st.dictionaries(
            NAMES,
            st.builds(
                SavedCall,
                LINES.map("GET /".__add__),
                params=st.dictionaries(NAMES, TEXT | st.integers(-9, 9) | st.booleans() | REFERENCE, max_size=2),
                doc=LINES,
                private=st.lists(NAMES, max_size=2).map(tuple),
                optional=st.lists(NAMES, max_size=2).map(tuple),
                strict=st.booleans(),
                columns=st.dictionaries(LINES, st.sampled_from(["Int64", "string"]), max_size=2),
                cache=st.sampled_from(["", "1h"]),
                key=st.lists(LINES, max_size=2).map(tuple),
                records=LINES,
                pages=st.sampled_from(["", "all", "3"]),
            ),
            max_size=2,
        )
    )
    return CollectionSettings("shop", method.slug, some(CONNECTION_FIELDS.values()), some(fields_of(method)), calls)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=collections())
def test_any_collection_comes_back_the_same(magics: NotebookShell, tmp_path: Path, before: CollectionSettings) -> None:
    try:
        before.check()
        actions.check_complete(before)
    except ApiConnError:
        reject()  # the magic looks as closely, and is right to refuse it
    cell = as_magic(before)
    after = afresh(magics, tmp_path / "fresh", cell)
    assert _bare(to_table(after)) == _bare(to_table(before)), cell


def _bare(table: Any) -> Any:
    """Without empty tables: a file does not tell an empty one from none."""
    if isinstance(table, dict):
        return {name: _bare(each) for name, each in table.items() if each != {}}
    return table


def test_a_secret_that_was_typed_is_asked_for_in_the_cell(canary: Canary) -> None:
    typed = Secret(canary("key"))
    cell = as_magic(CollectionSettings("shop", "key-in-url", {}, {"key_name": "k", "key": typed}))
    assert cell == "%apiconn_auth shop key-in-url --key-name k --key prompt"
    canary.assert_absent(cell)


SHOP = CollectionSettings(
    "shop",
    "key-in-header",
    {"base_url": "https://api.example.org/v1", "headers": {"Accept": "application/json; q=1"}},
    {"key_prefix": "Bearer ", "key": "env:KEY"},
)
CALLS = {"list": SavedCall("POST /items\nX-A: [a]\n\n<body>", params={"a": 1})}


def test_a_line_that_would_be_long_is_broken() -> None:
    longer = dataclasses.replace(SHOP, connection={**SHOP.connection, "proxy": "http://127.0.0.1:3128"})
    assert as_magic(longer) == (
        "%apiconn_auth shop key-in-header \\\n"
        "    --base-url https://api.example.org/v1 \\\n"
        '    --header "Accept=application/json; q=1" \\\n'
        "    --proxy http://127.0.0.1:3128 \\\n"
        '    --key-prefix "Bearer " \\\n'
        "    --key env:KEY"
    )


def test_calls_stand_below_the_line() -> None:
    assert as_magic(dataclasses.replace(SHOP, connection={"proxy": "http://127.0.0.1:3128"}, calls=CALLS)) == (
        '%%apiconn_auth shop key-in-header --proxy http://127.0.0.1:3128 --key-prefix "Bearer " --key env:KEY\n'
        "[shop.calls.list]\n"
        'request = """POST /items\nX-A: [a]\n\n<body>"""\n\n'
        "[shop.calls.list.params]\na = 1\n"
    )


def test_with_calls_below_a_long_line_all_stands_below() -> None:
    cell = as_magic(dataclasses.replace(SHOP, calls=CALLS))
    line, _, below = cell.partition("\n")
    assert line == "%%apiconn_auth shop"
    assert tomllib.loads(below)["shop"]["auth"] == {
        "method": "key-in-header",
        "key_prefix": "Bearer ",
        "key": "env:KEY",
    }


# ── the text below %%apiconn_auth ──────────────────────────────────────────────────────────────────────────────────


def test_a_cell_may_be_a_part_of_the_file(magics: NotebookShell, tmp_path: Path) -> None:
    magics.run('%%apiconn_auth shop\n[shop]\nbase_url = "https://a.example.org"\n[shop.auth]\nmethod = "none"\n')
    magics.run('%%apiconn_auth shop\n[shop.calls.list]\nrequest = "GET /items"\n')
    assert tomllib.loads((tmp_path / "apiconn.toml").read_text())["shop"] == {
        "base_url": "https://a.example.org",
        "auth": {"method": "none"},
        "calls": {"list": {"request": "GET /items"}},
    }


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('%%apiconn_auth shop\n[other]\nbase_url = "https://a.example.org"\n', "not 'other'"),
        ('%%apiconn_auth shop\n[shop]\nbase_url = "a"\n', "the cell, line 2: Base URL"),
        ("%%apiconn_auth shop\n[shop\n", "the cell: not TOML"),
        ('%%apiconn_auth shop basic\n[shop.auth]\nmethod = "jwt"\nscope = "a"\n', "The line says basic"),
        ('%%apiconn_auth shop\n[shop]\nbase_ulr = "x"\n', "did you mean base_url"),
    ],
)
def test_a_cell_that_does_not_hold_says_so_and_saves_nothing(
    magics: NotebookShell, tmp_path: Path, cell: str, said: str
) -> None:
    with pytest.raises(ApiConnError, match=said):
        magics.run(cell)
    assert not (tmp_path / "apiconn.toml").exists()


def test_a_secret_below_the_line_is_refused_and_cut_from_the_history(
    magics: NotebookShell, tmp_path: Path, canary: Canary
) -> None:
    key, header = canary("key"), canary("header")
    for cell in (
        f'%%apiconn_auth shop\n[shop.auth]\nmethod = "key-in-header"\nkey = "{key}"\n',
        f'%%apiconn_auth shop\n[shop.headers]\nX-Api-Key = "{header}"\n',
    ):
        with pytest.raises(SecretError) as caught:
            magics.run(cell)
        canary.assert_absent(str(caught.value))
    assert not (tmp_path / "apiconn.toml").exists()
    canary.assert_absent(magics.user_ns["In"], magics.display_text() or "nothing")
