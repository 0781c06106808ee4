"""A collection set up by the form: fields as declared, what is written, what is said where it does not hold."""

from __future__ import annotations

import sys
import tomllib
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apiconn_nb import auth
from apiconn_nb.auth import base
from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.fields import fields_of
from apiconn_nb.workspace import Workspace
from tests.canary import Canary
from tests.form.person import Person

AtForm = Callable[..., Person]


def written(space: Workspace) -> dict[str, Any]:
    return tomllib.loads(space.path.read_text())


@pytest.mark.parametrize("method", auth.methods(), ids=lambda each: each.slug)
def test_every_field_of_every_method_stands_in_the_form(at_form: AtForm, method: type[AuthMethod]) -> None:
    person = at_form()
    person.choose("Authentication", method.label)
    fields = [each for each in fields_of(method) if each.kind != "rows"]
    shown = person.labels()
    assert [label for label in shown if label in {each.label for each in fields}] == [
        each.label for each in fields if not each.advanced
    ]
    if any(each.advanced for each in fields):
        person.unfold("Advanced")
    for each in fields:
        assert each.label in person.labels()
    for each in fields_of(method):
        if each.help and not each.dev_of:
            assert each.help in person.text()
    assert [each.label for each in method.actions if each.label not in person.buttons()] == []


def test_methods_stand_in_the_reference_order(at_form: AtForm) -> None:
    options = at_form().find("Authentication", object)._options_labels
    assert list(options) == [each.label for each in auth.methods()]


def test_a_key_is_saved_as_a_reference_and_in_no_widget(at_form: AtForm, space: Workspace, canary: Canary) -> None:
    key = canary("key", awkward=True)
    person = at_form()
    person.fill("Base URL", "https://api.example.org")
    person.choose("Authentication", "Private key in header")
    person.secret("Private key", key)
    assert "Typed" in person.beside("Private key")
    canary.assert_absent(person.state())
    person.press("Save")
    assert "Saved in apiconn.toml." in person.text()
    assert written(space)["shop"] == {
        "base_url": "https://api.example.org",
        "auth": {"method": "key-in-header", "key": "prompt"},
    }
    assert space.collection("shop").method.key.reveal() == key
    assert "this kernel's memory" in person.beside("Private key")
    canary.assert_absent(person.state(), person.text(), space.path)


def test_a_reference_is_taken_as_one(at_form: AtForm, space: Workspace) -> None:
    person = at_form()
    person.choose("Authentication", "Private key in URL")
    person.fill("Key name", "api_key")
    person.secret("Private key", " env:SHOP_KEY\n")
    person.secret("Development key value", "env:SHOP_DEV_KEY")
    person.press("Save")
    assert written(space)["shop"]["auth"] == {
        "method": "key-in-url", "key_name": "api_key", "key": "env:SHOP_KEY", "dev_key": "env:SHOP_DEV_KEY",
    }  # fmt: skip
    assert "env:SHOP_KEY" in person.beside("Private key")


def test_what_is_missing_is_said_beside_it_and_nothing_is_saved(at_form: AtForm, space: Workspace) -> None:
    person = at_form()
    person.choose("Authentication", "OAuth2 Password Flow")
    person.fill("Username", "ada")
    person.press("Save")
    assert "This is needed." in person.beside("Password")
    assert "This is needed." in person.beside("Token endpoint (POST)")
    assert "This is needed." not in person.beside("Username")
    assert not space.path.exists()
    person.secret("Password", "x" * 8)
    person.fill("Token endpoint (POST)", "https://example.org/token")
    person.press("Save")
    assert written(space)["shop"]["auth"]["username"] == "ada"


@pytest.mark.parametrize(
    ("method", "label", "bad", "said"),
    [
        ("None or self-handled", "Base URL", "example.org", "begin with https://"),
        ("None or self-handled", "Base URL", "http://example.org", "use https://"),
        ("None or self-handled", "Base URL", "https://ada:pw@example.org", "choose HTTP Basic Auth instead"),
        (
            "OAuth2 Password Flow",
            "Token endpoint (POST)",
            "https://exa mple.org",
            "has a space or a character in it that cannot be seen",
        ),
        ("OAuth2 User-Agent Flow", "Login dialog redirect", "ftp://example.org", "is no URL"),
        ("OAuth2 Custom Token", "Body", '{"a": }', "line 1, character 7"),
        ("OAuth2 Custom Token", "Body", '{"a": "<user>"}', "<user> has no value"),
        ("Client-side SSL certificate", "Certificate file content", "hello", "No -----BEGIN"),
        (
            "Client-side SSL certificate",
            "Certificate file content",
            "-----BEGIN CERTIFICATE-----\nAAAA\nA?AA\n-----END CERTIFICATE-----",
            "Line 3 of the PEM",
        ),
    ],
)
def test_bad_input_is_said_beside_its_field_and_the_rest_kept(
    at_form: AtForm, space: Workspace, method: str, label: str, bad: str, said: str
) -> None:
    person = at_form()
    person.choose("Authentication", method)
    if method.endswith("Token"):
        person.fill("Token endpoint (POST)", "https://example.org/token")
    person.fill("Development base URL", "https://dev.example.org")
    person.fill(label, bad)
    assert said in person.beside(label)
    assert person.find(label, object).value == bad
    person.press("Save")
    assert not space.path.exists()
    assert person.find("Development base URL", object).value == "https://dev.example.org"


@pytest.mark.parametrize(
    ("method", "label", "bad", "said"),
    [
        ("HTTP Basic Auth", "Username", "ada:lovelace", "A colon cannot stand in it"),
        ("JSON Web Token (JWT)", "Lifetime", "soon", "Write a whole number, not 'soon'"),
        ("JSON Web Token (JWT)", "Lifetime", "7200", "out of range"),
        ("JSON Web Token (JWT)", "Extra claims", "[1", "Not JSON at line 1"),
        ("Private key in header", "Key name", "X Key", "X Key"),
    ],
)
def test_what_a_method_checks_is_said_beside_its_field(
    at_form: AtForm, method: str, label: str, bad: str, said: str
) -> None:
    person = at_form()
    person.choose("Authentication", method)
    for title in ("Private key", "Password"):
        if title in person.labels():
            person.secret(title, "env:ANY")
    if label not in person.labels():
        person.unfold("Advanced")
    person.fill(label, bad)
    person.press("Save")
    assert said in person.beside(label)
    assert person.find(label, object).value == bad


def test_a_pem_is_looked_at_line_by_line_and_not_repeated(at_form: AtForm, canary: Canary) -> None:
    person = at_form()
    person.choose("Authentication", "JSON Web Token (JWT)")
    broken = f"-----BEGIN PRIVATE KEY-----\nAAAA\n{canary('line')}!\n-----END PRIVATE KEY-----"
    person.secret("Private key", broken)
    assert "Line 3 of the PEM has a character that is not base64" in person.beside("Private key")
    canary.assert_absent(person.state())
    person.secret("Private key", '{"type": "service_account",')
    assert "breaks at line 1, character 28" in person.beside("Private key")


def test_a_key_of_another_certificate_is_said_beside_the_key(at_form: AtForm, certificates: Any) -> None:
    person = at_form()
    person.choose("Authentication", "Client-side SSL certificate")
    person.fill("Certificate file content", certificates.text("alice.pem"))
    person.secret("Key file content", certificates.text("bob.key"))
    assert "the key does not match the certificate" in person.beside("Key file content").lower()
    person.secret("Key file content", certificates.text("alice.key"))
    assert "does not match" not in person.beside("Key file content")


def test_a_certificate_is_looked_at_again_when_its_key_was_wrong(at_form: AtForm, certificates: Any) -> None:
    person = at_form()
    person.choose("Authentication", "Client-side SSL certificate")
    person.secret("Key file content", certificates.text("bob.key"))
    person.fill("Certificate file content", certificates.text("alice.pem"))
    assert "does not match" in person.beside("Key file content")
    person.fill("Certificate file content", certificates.text("bob.pem"))
    assert "does not match" not in person.beside("Key file content")


@pytest.mark.parametrize("is_late", [False, True], ids=["its message first", "its message last"])
def test_a_key_kept_out_of_a_public_field_is_said_in_whatever_order(
    at_form: AtForm, certificates: Any, is_late: bool
) -> None:
    """The field's own message and the form's come on two channels, which have no order between them."""
    person = at_form()
    person.choose("Authentication", "Client-side SSL certificate")
    text, key = certificates.text("alice.pem"), person.form.method_fields.controls["certificate"].key
    if not is_late:
        person.fill("Certificate file content", text)
    person.browser_says(kind="key left out", key=key, text=text)
    if is_late:
        person.fill("Certificate file content", text)
    assert "A private key was in it and was left out" in person.beside("Certificate file content")
    person.fill("Certificate file content", certificates.text("bob.pem"))
    assert "was left out" not in person.beside("Certificate file content")


def test_rows_are_added_taken_away_and_kept(at_form: AtForm, space: Workspace, canary: Canary) -> None:
    key = canary("row")
    person = at_form()
    person.choose("Authentication", "OAuth2 Custom Token")
    person.fill("Token endpoint (POST)", "https://example.org/token")
    headers = person.form.method_fields.controls["token_headers"]
    for name, value in (("X-Tenant", "acme"), ("X-Api-Key", key), ("X-Gone", "1")):
        person.press("Add header")
        row = headers.rows[-1]
        row._name.set_state({"value": name})
        if row.secret is not None:  # the name says credential
            row.secret.widget._handle_custom_msg({"kind": "secret", "value": value}, [])
        else:
            row._text.set_state({"value": value})
    person.press("Remove")
    canary.assert_absent(person.state())
    person.press("Save")
    assert written(space)["shop"]["auth"]["token_headers"] == {"X-Tenant": "acme", "X-Api-Key": "prompt"}
    assert space.collection("shop").method.token_headers["X-Api-Key"].reveal() == key
    canary.assert_absent(person.state(), space.path)


def test_rows_say_what_is_wrong_with_them(at_form: AtForm, space: Workspace) -> None:
    person = at_form()
    person.unfold("Shared headers")
    control = person.form.connection.controls["headers"]
    for name, value in (("Accept", "a"), ("Accept", "b")):
        person.press("Add header")
        control.rows[-1]._name.set_state({"value": name})
        control.rows[-1]._text.set_state({"value": value})
    person.press("Save")
    assert "Accept stands here twice" in person.text()
    control.rows[-1]._name.set_state({"value": ""})
    person.press("Save")
    assert "A row has a value and no name" in person.text()
    control.rows[-1]._name.set_state({"value": "Authorization"})
    control.rows[-1].secret.widget._handle_custom_msg({"kind": "secret", "value": "env:SHOP_KEY"}, [])
    control.rows[-1].secret._remove()
    person.press("Save")
    assert "Authorization has no value: type it, or remove the row." in person.text()
    assert not space.path.exists()


def test_settings_of_another_method_come_back_when_it_is_chosen_again(at_form: AtForm) -> None:
    person = at_form()
    person.choose("Authentication", "HTTP Basic Auth")
    person.fill("Username", "ada")
    person.choose("Authentication", "Private key in URL")
    person.choose("Authentication", "HTTP Basic Auth")
    assert person.find("Username", object).value == "ada"


def test_a_secret_is_taken_away_again(at_form: AtForm, space: Workspace) -> None:
    person = at_form()
    person.choose("Authentication", "HTTP Basic Auth")
    person.fill("Username", "ada")
    person.secret("Password", "env:SHOP_PASSWORD")
    person.press("Save")
    person.remove("Password")
    person.press("Save")
    assert written(space)["shop"]["auth"] == {"method": "basic", "username": "ada"}


def test_a_default_that_is_emptied_is_written_as_empty(at_form: AtForm, space: Workspace) -> None:
    person = at_form()
    person.choose("Authentication", "OAuth2 Custom Token")
    person.fill("Token endpoint (POST)", "https://example.org/token")
    person.unfold("Advanced")
    person.fill("Token prefix", "")
    person.press("Save")
    assert written(space)["shop"]["auth"]["header_prefix"] == ""


@pytest.mark.parametrize("name", ["", "two words", "-x", "a/b"])
def test_a_name_that_cannot_be_is_said_beside_it(at_form: AtForm, space: Workspace, name: str) -> None:
    person = at_form()
    person.fill("Collection name", name)
    person.press("Save")
    assert "is no collection name" in person.beside("Collection name")
    assert not space.path.exists()


def test_a_name_that_is_taken_is_said_and_its_collection_left_alone(at_form: AtForm, space: Workspace) -> None:
    first = at_form("shop")
    first.fill("Base URL", "https://api.example.org")
    first.press("Save")
    second = at_form("other")
    second.fill("Collection name", "shop")
    second.press("Save")
    assert "shop exists" in second.beside("Collection name")
    assert second.find("Base URL", object).value == ""
    assert written(space) == {"shop": {"base_url": "https://api.example.org", "auth": {"method": "none"}}}


def test_the_environment_is_shown_and_saved(at_form: AtForm, space: Workspace) -> None:
    person = at_form()
    assert "apiconn-live" in person.form._inner._dom_classes
    person.choose("Environment", "development")
    assert "apiconn-development" in person.form._inner._dom_classes
    person.press("Save")
    assert written(space)["shop"]["environment"] == "development"
    person.choose("Environment", "live")
    person.press("Save")
    assert written(space)["shop"]["environment"] == "live"


NEW_METHOD = """
from __future__ import annotations
from dataclasses import dataclass
from typing import ClassVar
from apiconn_nb.auth.base import Action, AuthMethod
from apiconn_nb.fields import Rows, rows, secret, setting
from apiconn_nb.secrets import Secret

@dataclass(frozen=True)
class SignedTime(AuthMethod):
    slug: ClassVar[str] = "signed-time"
    label: ClassVar[str] = "Signed time"
    actions: ClassVar[tuple[Action, ...]] = (Action("turn-key", "Turn the key", "Take another one."),)

    account: str = setting("Account", required=True, help="Who signs.")
    key: Secret = secret("Signing key", required=True, dev="Development signing key")
    marks: Rows = rows("Marks")
    rounds: int = setting("Rounds", default=3, advanced=True)
    kind: str = setting("Kind", default="short", choices=("short", "long"), advanced=True)

    def turn_key(self, collection):
        return f"{self.account} signs with another key for {collection.name}."
"""


@pytest.fixture
def new_method() -> Iterator[None]:
    module = types.ModuleType("signed_time")
    sys.modules["signed_time"] = module
    exec(NEW_METHOD, module.__dict__)
    yield
    base._registered.pop("signed-time")
    del sys.modules["signed_time"]


@pytest.mark.usefixtures("new_method")
def test_a_method_in_a_new_file_needs_no_form_code(at_form: AtForm, space: Workspace) -> None:
    person = at_form()
    person.choose("Authentication", "Signed time")
    person.fill("Account", "ada")
    person.secret("Signing key", "env:KEY")
    person.press("Add parameter")
    person.unfold("Advanced")
    person.choose("Kind", "long")
    person.fill("Rounds", "5")
    person.press("Turn the key")
    person.see("ada signs with another key for shop.")
    assert written(space)["shop"]["auth"] == {
        "method": "signed-time", "account": "ada", "key": "env:KEY", "rounds": 5, "kind": "long",
    }  # fmt: skip
    person.press("Delete")
    person.press("Delete it")  # what is registered for this test stands in no file after it


UNSEEN = "https://api.example.org "


@pytest.mark.parametrize(
    ("label", "value", "said"),
    [
        ("Time-out", "0", "Write a whole number from 1, not 0."),
        ("Retries", "-1", "Write a whole number from 0, not -1."),
        ("Largest answer", "many", "Write a whole number, not 'many'."),
        (
            "Allowed origins",
            "https://a.example, https://b.example",
            "is no origin: write https://host, split by spaces.",
        ),
        ("Proxy", "proxy:3128", "Write a URL such as http://proxy.example.org:3128."),
        ("CA certificate", "file:/nowhere", "file:/nowhere cannot be read"),
    ],
)
def test_what_cannot_be_for_the_connection_is_said_and_the_rest_kept(
    at_form: AtForm, space: Workspace, label: str, value: str, said: str
) -> None:
    person = at_form()
    person.fill("Base URL", UNSEEN)
    person.unfold("More settings of the connection")
    person.fill(label, value)
    assert said in person.beside(label), "said as the field is left"
    person.press("Save")
    assert said in person.beside(label)
    assert not space.path.exists()
    assert person.find("Base URL", object).value == UNSEEN
    person.fill(label, "")
    person.press("Save")
    assert written(space)["shop"]["base_url"] == "https://api.example.org", "a space that was copied with it"


@pytest.mark.parametrize("value", ["env:", "keyring:service", "file:"])
def test_a_reference_that_names_nothing_is_said(at_form: AtForm, space: Workspace, value: str) -> None:
    person = at_form()
    person.choose("Authentication", "HTTP Basic Auth")
    person.fill("Username", "   ")
    person.secret("Password", value)
    assert "Write " in person.beside("Password")
    person.press("Save")
    assert "This is needed." in person.beside("Username")
    assert not space.path.exists()
