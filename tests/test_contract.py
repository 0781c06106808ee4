"""The contract over `methods()`: one declaration, every surface. A new method needs no other edit anywhere."""

from __future__ import annotations

import importlib
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import apiconn_nb.auth
from apiconn_nb import auth, config
from apiconn_nb.auth.base import AuthMethod, _registered, build
from apiconn_nb.errors import ConfigError, SecretError, UnknownNameError
from apiconn_nb.fields import Field, fields_of
from apiconn_nb.notebook import auth_magic
from apiconn_nb.settings import CollectionSettings
from tests.shell import NotebookShell

METHODS = auth.methods()
FIELDS = [
    pytest.param(method, field, id=f"{method.slug}-{field.name}") for method in METHODS for field in fields_of(method)
]
SLUGS = [
    "none", "key-in-url", "key-in-header", "basic", "oauth2-password", "oauth2-user-agent", "oauth2-custom-token",
    "jwt", "client-certificate", "oauth2-client-credentials",
]  # fmt: skip
LABELS = [
    "None or self-handled", "Private key in URL", "Private key in header", "HTTP Basic Auth", "OAuth2 Password Flow",
    "OAuth2 User-Agent Flow", "OAuth2 Custom Token", "JSON Web Token (JWT)", "Client-side SSL certificate",
    "OAuth2 Client Credentials",
]  # fmt: skip


def sample(field: Field) -> Any:
    """A value that the field takes, as the file holds it."""
    if field.kind == "secret":
        return "env:SOME_NAME"
    if field.kind == "flag":
        return not field.default
    if field.kind == "number":
        return 120
    if field.kind == "rows":
        return {"X-One": "1", "X-Two": "env:TWO"}
    if field.format == "choice":
        return field.choices[-1]
    return {"url": "https://example.org/x", "template": "https://example.org/[tenant]/x"}.get(field.format, "some text")


def test_slugs_and_labels_are_the_reference_systems_in_its_order() -> None:
    assert [method.slug for method in METHODS] == SLUGS
    assert [method.label for method in METHODS] == LABELS


@pytest.mark.parametrize(("method", "field"), FIELDS)
def test_every_field_is_an_option_with_its_label_in_the_help(method: type[AuthMethod], field: Field) -> None:
    parser = auth_magic.parser(method)
    assert field.option in parser.options()
    if field.kind == "flag":
        assert "--no-" + field.option[2:] in parser.options()
    page = auth_magic.help_text("demo", method)
    assert field.option in page
    assert field.label in page


@pytest.mark.parametrize(("method", "field"), FIELDS)
def test_every_field_survives_the_file(method: type[AuthMethod], field: Field, tmp_path: Path) -> None:
    path = tmp_path / "apiconn.toml"
    settings = CollectionSettings("demo", method.slug, {"base_url": "https://example.org"}, {field.name: sample(field)})
    config.save(path, settings)
    assert config.load(path)["demo"] == settings


@pytest.mark.parametrize(("method", "field"), FIELDS)
def test_every_field_has_a_schema(method: type[AuthMethod], field: Field) -> None:
    schema = json.loads(json.dumps(field.schema()))
    assert schema["title"] == field.label
    assert schema.get("writeOnly", False) == (field.kind == "secret")


@pytest.mark.parametrize(("method", "field"), [each for each in FIELDS if each.values[1].kind == "secret"])
def test_a_literal_in_a_secret_field_is_refused_and_not_repeated(method: type[AuthMethod], field: Field) -> None:
    with pytest.raises(SecretError) as caught:
        field.parse("CANARY-literal-value")
    assert "CANARY" not in str(caught.value)
    assert field.label in str(caught.value)
    assert "env:NAME" in str(caught.value)


@pytest.mark.parametrize(("method", "field"), [each for each in FIELDS if each.values[1].required])
def test_a_missing_field_is_named_by_its_label_and_option(method: type[AuthMethod], field: Field) -> None:
    values = {each.name: sample(each) for each in fields_of(method) if each.name != field.name and not each.dev_of}
    if field.default:
        values[field.name] = ""
    with pytest.raises(ConfigError, match="missing") as caught:
        build(method, values, environment="live", owner="demo")
    assert field.label in str(caught.value)
    assert field.option in str(caught.value)


@pytest.mark.parametrize(("method", "field"), [each for each in FIELDS if each.values[1].dev_of])
def test_a_twin_is_taken_in_development_where_it_is_filled(
    method: type[AuthMethod], field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the choice of values is looked at here, so whether the rest of the settings holds does not matter.
    monkeypatch.setattr(method, "check", lambda self: None)
    needed = {each.name: sample(each) for each in fields_of(method) if each.required}
    live = "env:LIVE" if field.kind == "secret" else "live text"
    twin = "env:TWIN" if field.kind == "secret" else "twin text"
    both = {**needed, field.dev_of: live, field.name: twin}

    def taken(values: dict[str, Any], environment: str) -> tuple[str, str]:
        built, places = build(method, values, environment=environment, owner="demo")
        value = getattr(built, field.dev_of)
        return (value.reference if field.kind == "secret" else value), places[field.dev_of]

    assert taken(both, "development") == (twin, "development")
    assert taken(both, "live") == (live, "live")
    assert taken({**needed, field.dev_of: live}, "development") == (live, "live")


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.slug)
def test_an_unknown_setting_is_refused_with_the_close_one(method: type[AuthMethod]) -> None:
    with pytest.raises(UnknownNameError, match="no_such_setting"):
        build(method, {"no_such_setting": "x"}, environment="live", owner="demo")


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.slug)
def test_repr_of_a_method_holds_no_secret(
    method: type[AuthMethod], canary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apiconn_nb.secrets import Secret

    values = {f.name: Secret(canary(f.name)) for f in fields_of(method) if f.kind == "secret" and not f.dev_of}
    built = method(**values)
    canary.values.append("CANARY-none-at-all")  # `none` has no secret, and a search for nothing proves nothing
    canary.assert_absent(repr(built), str(built), f"{built}")


ELEVENTH = '''
from __future__ import annotations
from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar
import httpx
from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.slot import TokenSlot
from apiconn_nb.fields import secret, setting
from apiconn_nb.secrets import Secret

@dataclass(frozen=True)
class Eleventh(AuthMethod):
    """A method from one dropped-in file."""
    slug: ClassVar[str] = "eleventh"
    label: ClassVar[str] = "Eleventh method"
    color: str = setting("Colour", required=True)
    word: Secret = secret("Pass word", required=True, dev="Dev. pass word")

    def auth(self, slot: TokenSlot) -> httpx.Auth:
        return Flow(self.color, self.word)

class Flow(httpx.Auth):
    def __init__(self, color: str, word: Secret) -> None:
        self.color, self.word = color, word
    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["X-Eleventh"] = self.color + " " + self.word.reveal()
        yield request
'''


@pytest.fixture
def eleventh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "more_methods"
    folder.mkdir()
    (folder / "eleventh.py").write_text(textwrap.dedent(ELEVENTH))
    monkeypatch.setattr(apiconn_nb.auth, "__path__", [*apiconn_nb.auth.__path__, str(folder)])
    importlib.invalidate_caches()
    yield
    _registered.pop("eleventh", None)
    sys.modules.pop("apiconn_nb.auth.eleventh", None)


@pytest.mark.usefixtures("eleventh")
def test_a_dropped_in_file_is_a_method_everywhere(
    magics: NotebookShell, echo: Any, monkeypatch: pytest.MonkeyPatch, canary: Any
) -> None:
    """No edit but the file: listed last, its options read, saved, sent on the wire, masked in the dry run."""
    monkeypatch.setenv("WORD", canary("eleventh"))
    assert [method.slug for method in auth.methods()][-1] == "eleventh"
    page = magics.run("%apiconn_auth x eleventh --help")
    assert "--color" in str(page)
    assert "Dev. pass word" in str(page)
    magics.run(f"%apiconn_auth x eleventh --base-url {echo.url} --color red --word env:WORD")
    assert 'method = "eleventh"' in Path("apiconn.toml").read_text()
    magics.run("%apicall x GET /anything")
    assert echo.last.headers["X-Eleventh"] == f"red {canary.values[0]}"
    magics.run("%apicall x GET /anything --dry-run")
    assert "x-eleventh: red" in magics.display_text().lower()
    canary.assert_absent(magics.display_text(), Path("apiconn.toml"))
