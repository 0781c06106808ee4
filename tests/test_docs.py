"""The documentation is made from what it describes, says nothing that the code does not do, and builds strictly."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

import apiconn_nb
from apiconn_nb import auth, config
from apiconn_nb.auth import base
from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.slot import TokenSlot
from apiconn_nb.fields import fields_of, secret, setting
from apiconn_nb.notebook import auth_magic, call_magic, import_magic
from apiconn_nb.notebook.arguments import row, split
from apiconn_nb.notebook.configuration import ApiConn
from apiconn_nb.secrets import Secret
from docs import build
from docs.generate import catalogue, example, method_pages, reference, wire
from docs.generate.markdown import text
from tests.canary import Canary
from tests.servers.install import python_with

ROOT = Path(__file__).parents[1]
HAND_WRITTEN = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
PACKAGE = Path(apiconn_nb.__file__).parent
METHODS = auth.methods()

pytestmark = pytest.mark.filterwarnings("ignore::apiconn_nb.auth.oauth2_password.LegacyGrantWarning")


def slug(method: type[AuthMethod]) -> str:
    return method.slug


# ── pages of the methods ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", METHODS, ids=slug)
def test_a_page_has_every_field(method: type[AuthMethod]) -> None:
    page = method_pages.of(method)

    for field in fields_of(method):
        assert field.label.replace("_", "\\_") in page
        assert f"`{field.name}`" in page
        assert text(field.help) in page or field.dev_of


@pytest.mark.parametrize("method", METHODS, ids=slug)
def test_the_line_and_the_file_of_a_page_make_the_same_collection(method: type[AuthMethod], tmp_path: Path) -> None:
    made = example.settings(method)
    (tmp_path / "apiconn.toml").write_text(example.toml(made))

    assert config.load(tmp_path / "apiconn.toml") == {made.name: made}
    given, rest = auth_magic.parser(method).read(split(example.line(made, method))[2:])
    kinds = {field.name: field.kind for field in fields_of(method)}
    values = {
        name: dict(row(each, name) for each in value) if kinds.get(name) == "rows" else value
        for name, value in given.items()
    }
    assert rest == [method.slug]
    assert values.pop("base_url") == made.connection["base_url"]
    assert values == dict(made.auth)


@pytest.mark.parametrize("method", METHODS, ids=slug)
def test_the_wire_example_was_driven_and_holds_no_secret(method: type[AuthMethod]) -> None:
    steps = wire.steps(method)
    made = example.settings(method)

    assert steps[-1].text.startswith("GET /orders?state=open")
    shown = "\n".join(step.text for step in steps)
    assert "example-of-" not in shown
    assert "PRIVATE KEY" not in shown
    assert not re.search(r"(access|refresh)-token-\d|code-that|state-of", shown)
    if any(str(value).startswith("env:") for value in made.auth.values()):
        assert "•••" in shown or "presents its certificate (commonName=ada)" in shown


def test_what_the_wire_shows_is_what_the_rfcs_say() -> None:
    steps = {each.slug: wire.steps(each) for each in METHODS}
    texts = {slug: "\n".join(step.text for step in found) for slug, found in steps.items()}

    assert "Authorization: Basic •••" in texts["basic"]
    assert "state=open&api_key=•••" in texts["key-in-url"]
    login = [step.title for step in steps["oauth2-user-agent"]]
    assert login[:4] == ["The browser opens", "It comes back with", "The token request", "Its answer"]
    assert "After it has expired: the token request" in login
    # RFC 7636, Appendix B: this verifier makes this challenge.
    assert "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" in texts["oauth2-user-agent"]
    assert '"iss": "reports@acme.example.org"' in texts["jwt"]
    assert "grant_type=refresh_token" in texts["oauth2-password"]
    assert "refresh_token" not in texts["oauth2-client-credentials"]


@pytest.fixture
def new_method() -> Iterator[type[AuthMethod]]:
    """A method that nobody told the docs of."""

    @dataclass(frozen=True)
    class Stamped(AuthMethod):
        """Sends a stamp."""

        slug: ClassVar[str] = "stamped"
        label: ClassVar[str] = "Stamped"
        account: str = setting("Account", required=True)
        stamp: Secret = secret("Stamp", required=True, dev="Development stamp")

        def auth(self, slot: TokenSlot) -> httpx.Auth:
            return httpx.BasicAuth(self.account, self.stamp.reveal())

    yield Stamped
    del base._registered["stamped"]


def test_a_new_method_has_its_page_without_a_word_here(new_method: type[AuthMethod], tmp_path: Path) -> None:
    method_pages.write(tmp_path / "methods")

    page = (tmp_path / "methods/stamped.md").read_text()
    assert (
        "%apiconn_auth shop stamped --base-url https://api.example.org --account account --stamp env:SHOP_STAMP" in page
    )
    assert "*Development stamp*" in page
    assert "[Stamped](stamped.md)" in (tmp_path / "methods/index.md").read_text()


# ── reference ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_magics_say_every_option_of_theirs() -> None:
    said = reference.magics()
    fields = {field.name for field in auth_magic.CONNECTION_FIELDS.values()}
    parsers = {"apiconn_auth": auth_magic.parser(auth.method("none")), "apicall": call_magic.parser()}

    for name, parser in parsers.items():
        words = set(re.findall(r"(?<!\w)--?[a-z][a-z-]*", said[name].__doc__ + " --help"))
        options = [action.option_strings for action in parser._actions if action.dest not in fields]
        assert not [each for each in options if not words.intersection(each)], name


def test_the_magics_promise_no_option_that_is_not_there() -> None:
    made = [call_magic.parser(), import_magic.parser(), *map(auth_magic.parser, METHODS)]
    known = {option for parser in made for option in parser.options()} | {"--flag", "--no-flag", "--field"}

    for name, magic in reference.magics().items():
        words = {word.lower() for word in re.findall(r"(?<![\w-])--[A-Za-z][A-Za-z-]*", magic.__doc__)}
        assert words <= known, name


def test_every_setting_and_variable_is_there(tmp_path: Path) -> None:
    reference.write(tmp_path / "reference")
    page = (tmp_path / "reference/configuration.md").read_text()

    for name in ApiConn.class_own_traits(config=True):
        assert f"ApiConn.{name} = " in page
    package = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    variables = set(re.findall(r'"(APICONN_(?!DEMO)[A-Z_]+)"', package))
    assert len(variables) >= 4
    assert not [name for name in variables if f"`{name}`" not in page]


def test_the_catalogue_has_every_preset_and_every_shape(tmp_path: Path) -> None:
    catalogue.write(tmp_path)

    shown = (tmp_path / "presets.md").read_text()
    for name, preset in catalogue.presets().items():
        assert f"(preset-{name})=" in shown
        assert all(url in shown for url in preset.sources.values())
    for file, page in (("shapes.json", "rows.md"), ("paging.json", "pages.md")):
        lines = [line for line in (tmp_path / page).read_text().splitlines() if line.startswith("| [")]
        assert len(lines) == len(catalogue._read(file)) > 100


# ── what is written by hand ────────────────────────────────────────────────────────────────────────────────────────


def lines_of(path: Path, magic: str) -> list[str]:
    """The magic lines of a page, in blocks and in the text, as far as they name a collection."""
    found = re.findall(rf"%{magic}((?: [^`\n]*)?)", path.read_text(encoding="utf-8").replace("\\\n", " "))
    return [line.strip() for line in found if line.strip() and not line.strip().startswith("?")]


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: path.name)
def test_the_magic_lines_of_a_page_can_be_typed(path: Path) -> None:
    for line in lines_of(path, "apiconn_auth"):
        words = split(line.replace("…", ""))
        methods = [word for word in words[1:2] if not word.startswith("-") and word != "METHOD"]
        auth_magic.parser(auth.method(methods[0] if methods else "none")).read(words[1:])
    for line in lines_of(path, "apicall"):
        call_magic.parser().read(split(line.replace("…", "")))


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: path.name)
def test_the_toml_of_a_page_is_read(path: Path, tmp_path: Path) -> None:
    for block in re.findall(r"```toml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
        (tmp_path / "apiconn.toml").write_text(block)
        assert config.load(tmp_path / "apiconn.toml")


def test_the_example_of_the_collection_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "apiconn.toml").write_text(reference._EXAMPLE)

    assert config.load(tmp_path / "apiconn.toml")["github"].calls["issues"].pages == "all"


def test_nothing_that_is_made_is_kept() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "docs"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()

    assert not [name for name in listed if name.startswith(("docs/methods/", "docs/reference/", "docs/notebooks/"))]


# ── the site ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Loaded(HTMLParser):
    """What a page makes a browser fetch, and the names that links can lead to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in ("script", "img", "iframe", "source") and values.get("src"):
            self.urls.append(values["src"])
        if tag == "link" and "stylesheet" in values.get("rel", ""):
            self.urls.append(values["href"])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if values.get("id"):
            self.names.add(values["id"])


@pytest.mark.servers
@pytest.mark.timeout(400)
def test_the_site_builds_without_a_warning(tmp_path: Path, canary: Canary) -> None:
    sphinx, source, site = python_with("docs"), tmp_path / "source", tmp_path / "site"
    command = [sys.executable, "-m", "docs.build", "--sphinx", sphinx, "--source", source, "--site", site]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    pages = {path.relative_to(site).as_posix(): Loaded(path) for path in site.rglob("*.html")}
    assert {f"methods/{method.slug}.html" for method in METHODS} < set(pages)
    assert {f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("*.ipynb")} < set(pages)
    for name, page in pages.items():
        # Nothing comes from another host: the site is read offline, and tells nobody who reads it.
        assert not [url for url in page.urls if "//" in url], name
        check_links(site, name, page, pages)
    assert tomllib.loads((ROOT / "docs/examples.toml").read_text())
    assert (site / reference.SCHEMA).is_file()
    for value in ("demo-live-key-1815", "analytical-engine", "demo-app-secret", "ledger-secret", "demo-service-secret"):
        canary.watch(value)
    canary.assert_absent(site)


def check_links(site: Path, name: str, page: Loaded, pages: dict[str, Loaded]) -> None:
    """Each link within the site leads to a file, and to a place in it."""
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        target, _, place = link.partition("#")
        path = ((site / name).parent / target).resolve() if target else site.resolve() / name
        assert path.is_file(), f"{name}: {link}"
        found = pages.get(path.relative_to(site.resolve()).as_posix())
        assert not place or found is None or place in found.names or place.startswith("top"), f"{name}: {link}"


def test_the_build_can_stop_before_sphinx(tmp_path: Path) -> None:
    assert build.main(["--source", str(tmp_path / "made"), "--no-notebooks", "--source-only"]) == 0

    assert (tmp_path / "made/methods/index.md").is_file()
    assert (tmp_path / "made/conf.py").is_file()
    assert not (tmp_path / "made/generate").exists()
