"""Save, Test, Sign in, Sign out, Delete and presets, against the embedded demo."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from apiconn_nb import presets
from apiconn_nb.settings import CollectionSettings, SavedCall
from apiconn_nb.workspace import Workspace
from tests.canary import Canary
from tests.form.person import Person, living, wait_for

AtForm = Callable[..., Person]


def basic(person: Person, demo: Any) -> None:
    account = demo.credentials.live
    person.fill("Base URL", f"{demo.url}/basic")
    person.choose("Authentication", "HTTP Basic Auth")
    person.fill("Username", account.username)
    person.secret("Password", account.password)


def test_test_saves_and_says_what_works(at_form: AtForm, demo: Any, space: Workspace, canary: Canary) -> None:
    canary.watch(demo.credentials.live.password)
    person = at_form()
    basic(person, demo)
    person.press("Test")
    person.see("Works. GET")
    assert re.search(r"works, \d\d:\d\d", person.text())
    assert space.settings("shop").auth["password"] == "prompt"
    canary.assert_absent(person.state(), space.path)


def test_a_test_that_fails_says_the_status_and_shows_the_exchange(at_form: AtForm, demo: Any, canary: Canary) -> None:
    person = at_form()
    basic(person, demo)
    person.secret("Password", canary("wrong-password"))
    person.press("Test")
    person.see("401: ")
    person.unfold("What was sent and answered")
    assert "← 401" in person.text()
    canary.assert_absent(person.state())


def test_a_prompt_that_nobody_answered_is_asked_for_in_the_form(at_form: AtForm, demo: Any, space: Workspace) -> None:
    account = demo.credentials.live
    space.save(
        CollectionSettings(
            "shop", "basic", {"base_url": f"{demo.url}/basic"}, {"username": account.username, "password": "prompt"}
        )
    )
    person = at_form()
    assert "Asked for once in each kernel" in person.beside("Password")
    person.press("Test")
    assert "Type it here first" in person.beside("Password")
    person.secret("Password", account.password)
    person.press("Test")
    person.see("Works. GET")


def sign_in_settings(demo: Any, **more: Any) -> CollectionSettings:
    account = demo.credentials.live
    auth = {
        "client_id": account.client_id,
        "client_secret": "env:SHOP_SECRET",
        "scope": "read profile email",
        "authorization_endpoint": f"{demo.url}/oauth/authorize",
        "token_endpoint": f"{demo.url}/oauth/token",
        **more,
    }
    return CollectionSettings("shop", "oauth2-user-agent", {"base_url": f"{demo.url}/oauth2-user-agent"}, auth)


def link_of(person: Person) -> str:
    line = person.form.buttons.sign_in._line
    found = re.search(r'href="([^"]+)"', line.value)
    assert found, line.value
    return found[1]


def test_a_login_runs_in_the_form_from_link_to_sign_out(
    at_form: AtForm, demo: Any, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_SECRET", demo.credentials.live.client_secret)
    space.save(sign_in_settings(demo))
    person = at_form()
    person.press("Sign in")
    person.see("Open the sign-in page")
    demo.sign_in(link_of(person))
    person.see("signed in")
    assert "Open the sign-in page" not in person.text()
    assert "Address after signing in" not in person.labels()
    person.press("Test")
    person.see("Works. GET")
    person.press("Sign out")
    person.see("signed out, the tokens are forgotten")
    assert "not tested" in person.text()


def test_the_address_can_be_pasted_and_is_shown_nowhere(
    at_form: AtForm, demo: Any, space: Workspace, monkeypatch: pytest.MonkeyPatch, canary: Canary
) -> None:
    monkeypatch.setenv("SHOP_SECRET", demo.credentials.live.client_secret)
    space.save(sign_in_settings(demo))
    person = at_form()
    person.press("Sign in")
    person.see("Open the sign-in page")
    person.secret("Address after signing in", f"http://127.0.0.1:1/callback?code={canary('code')}&state=x")
    person.see("That is the a")
    canary.assert_absent(person.state())
    person.press("Stop waiting")
    wait_for(lambda: "Stop waiting" not in person.buttons(), person.text)


def test_a_parameter_of_the_login_page_is_asked_for(
    at_form: AtForm, demo: Any, space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_SECRET", demo.credentials.live.client_secret)
    space.save(sign_in_settings(demo, authorization_endpoint=f"{demo.url}/oauth/authorize?login_hint=[hint]"))
    person = at_form()
    person.press("Sign in")
    assert "Login dialog redirect needs hint" in person.text()
    person.fill("hint", "ada")
    person.press("Sign in")
    person.see("Open the sign-in page")
    person.press("Stop waiting")


def test_the_redirect_url_is_shown_before_the_app_is_registered(at_form: AtForm) -> None:
    person = at_form()
    person.choose("Authentication", "OAuth2 User-Agent Flow")
    assert "http://127.0.0.1:8765/callback" in person.text()
    person.unfold("Advanced")
    person.fill("Redirect URL", "https://example.org/callback")
    assert "https://example.org/callback" in person.text()
    person.choose("Authentication", "HTTP Basic Auth")
    assert "Redirect URL to register" not in person.text()


def test_delete_asks_first(at_form: AtForm, space: Workspace) -> None:
    space.save(CollectionSettings("shop", calls={"list": SavedCall("GET /items")}))
    person = at_form()
    person.press("Delete")
    assert "Delete shop with its 1 saved calls" in person.text()
    person.press("Keep it")
    assert "shop" in space.all()
    person.press("Delete")
    person.press("Delete it")
    assert "shop" not in space.all()
    assert "shop is deleted from apiconn.toml" in person.text()
    assert person.buttons() == []


# ── presets ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", list(presets.presets()))
def test_every_preset_fills_a_form_that_can_be_saved(at_form: AtForm, space: Workspace, name: str) -> None:
    preset = presets.preset(name)
    person = at_form("")
    person.unfold("Start from a preset")
    person.choose("Provider", preset.title)
    for variable in preset.asks():
        if not variable.default:
            person.fill(variable.label, variable.example or "acme")
    person.press("Use this preset")
    assert f"Filled in from the preset {preset.title}" in person.text()
    needed = {"client_id": "acme-app", "username": "ada", "issuer": "ada@example.org"}
    for field in person.form.draft.auth.fields.values():
        if field.required and not person.form.draft.auth.raw(field.name):
            person.fill(field.label, needed[field.name])
    person.press("Save")
    assert "Saved in apiconn.toml." in person.text(), person.text()
    saved = tomllib.loads(space.path.read_text())[name]
    assert set(saved["calls"]) == set(preset.calls)


def test_a_preset_with_another_authentication(at_form: AtForm) -> None:
    person = at_form("")
    person.unfold("Start from a preset")
    person.choose("Provider", "GitHub")
    person.choose("Authentication of the preset", "OAuth2 User-Agent Flow")
    person.press("Use this preset")
    assert person.find("Authentication", object).label == "OAuth2 User-Agent Flow"
    assert person.find("Login dialog redirect", object).value == "https://github.com/login/oauth/authorize"
    assert person.find("Collection name", object).value == "github"


# ── imported collections, leaks ────────────────────────────────────────────────────────────────────────────────────


def test_an_imported_collection_asks_where_its_credentials_may_go(at_form: AtForm, space: Workspace) -> None:
    space.save(
        CollectionSettings(
            "shop",
            "key-in-header",
            {"base_url": "https://api.example.org", "trusted_origins": "none"},
            {"key": "env:SHOP_KEY"},
        )
    )
    person = at_form()
    assert "until you let them through to https://api.example.org" in person.text()
    person.press("Let them through")
    assert space.settings("shop").connection["trusted_origins"] == "https://api.example.org"
    assert "Let them through" not in person.buttons()


def test_a_closed_form_leaves_no_widget_behind(space: Workspace, demo: Any) -> None:
    from apiconn_nb.notebook.form.window import Form

    space.save(CollectionSettings("shop", "none", {"base_url": demo.url}, calls={"list": SavedCall("GET /[a]/[b]")}))
    before = set(living())
    form = Form("shop", space)
    person = Person(form)
    for method in ("OAuth2 Custom Token", "OAuth2 User-Agent Flow", "HTTP Basic Auth"):
        person.choose("Authentication", method)
    for title in ("Shared headers", "More settings", "Saved calls"):
        person.unfold(title)
    person.press("Add header")
    person.press("Remove")
    person.press("New call")
    person.choose("Call", "list")
    person.press("Show as magic")
    form.close()
    assert set(living()) == before
    assert not space._listeners


def test_unexpected_errors_are_said_and_not_lost(at_form: AtForm, monkeypatch: pytest.MonkeyPatch) -> None:
    person = at_form()
    monkeypatch.setattr(person.form.space, "save", lambda *_: 1 / 0)
    person.press("Save")
    assert "That went wrong in apiconn_nb: ZeroDivisionError" in person.text()
    monkeypatch.undo()
    person.press("Save")
    assert "Saved in apiconn.toml." in person.text()
