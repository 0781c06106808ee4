"""Form, magics and file are one state: what changes in one shows in the others, and nothing that was typed is lost."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import pytest

from apiconn_nb.settings import CollectionSettings, SavedCall
from apiconn_nb.workspace import Workspace
from tests.canary import Canary
from tests.form.person import Person, wait_for

AtForm = Callable[..., Person]


@pytest.fixture
def shop(space: Workspace) -> Workspace:
    """A workspace with the collection ``shop``."""
    space.save(
        CollectionSettings(
            "shop",
            "basic",
            {"base_url": "https://api.example.org"},
            {"username": "ada", "password": "env:SHOP_PASSWORD"},
            {"list": SavedCall("GET /items")},
        )
    )
    return space


def edit(space: Workspace, old: str, new: str) -> None:
    """What a person does in an editor."""
    text = space.path.read_text()
    assert old in text
    space.path.write_text(text.replace(old, new))


def test_what_is_saved_elsewhere_shows_at_once(at_form: AtForm, shop: Workspace) -> None:
    person = at_form()
    settings = shop.settings("shop")
    shop.save(dataclasses.replace(settings, auth={**settings.auth, "username": "grace"}))
    assert person.find("Username", object).value == "grace"
    assert "Changed in apiconn.toml, and here: Username." in person.text()


def test_the_file_is_read_again_when_somebody_is_at_the_form(at_form: AtForm, shop: Workspace) -> None:
    person = at_form()
    edit(shop, "api.example.org", "v2.example.org")
    person.browser_says(kind="used")
    assert person.find("Base URL", object).value == "https://v2.example.org"


def test_another_method_in_the_file_is_followed(at_form: AtForm, shop: Workspace) -> None:
    person = at_form()
    settings = shop.settings("shop")
    shop.save(dataclasses.replace(settings, method="key-in-header", auth={"key": "env:SHOP_KEY"}))
    assert person.find("Authentication", object).label == "Private key in header"
    assert "env:SHOP_KEY" in person.beside("Private key")


def test_both_changes_are_kept_where_they_are_of_different_fields(at_form: AtForm, shop: Workspace) -> None:
    person = at_form()
    person.fill("Username", "grace")
    edit(shop, "api.example.org", "v2.example.org")
    person.press("Save")
    assert shop.settings("shop").auth["username"] == "grace"
    assert shop.settings("shop").connection["base_url"] == "https://v2.example.org"
    assert person.find("Base URL", object).value == "https://v2.example.org"


def test_a_field_changed_in_both_is_said_and_both_can_be_had(at_form: AtForm, shop: Workspace) -> None:
    person = at_form()
    person.fill("Username", "grace")
    edit(shop, '"ada"', '"alan"')
    person.browser_says(kind="used")
    assert "Username: the file now says 'alan'; here it is 'grace'. Yours is kept" in person.text()
    assert person.find("Username", object).value == "grace"
    person.press("Use the file's values")
    assert person.find("Username", object).value == "alan"
    assert "Yours is kept" not in person.text()


def test_what_was_typed_wins_when_it_is_saved_after_the_collision_was_said(at_form: AtForm, shop: Workspace) -> None:
    person = at_form()
    person.fill("Username", "grace")
    edit(shop, '"ada"', '"alan"')
    person.browser_says(kind="used")
    person.press("Save")
    assert shop.settings("shop").auth["username"] == "grace"
    assert "Yours is kept" not in person.text()


def test_a_collision_that_nobody_saw_is_said_before_anything_is_overwritten(at_form: AtForm, shop: Workspace) -> None:
    person = at_form()
    person.fill("Username", "grace")
    edit(shop, '"ada"', '"alan"')
    person.press("Save")
    assert "'alan'" in shop.path.read_text() or '"alan"' in shop.path.read_text()
    assert "the file now says 'alan'" in person.text()
    person.press("Save")
    assert shop.settings("shop").auth["username"] == "grace"


def test_two_forms_of_one_collection_are_one_state(at_form: AtForm, shop: Workspace) -> None:
    one, other = at_form(), at_form()
    other.fill("Base URL", "https://other.example.org")
    one.fill("Username", "grace")
    one.press("Save")
    assert other.find("Username", object).value == "grace"
    assert other.find("Base URL", object).value == "https://other.example.org"
    other.press("Save")
    assert shop.settings("shop").auth["username"] == "grace"
    assert one.find("Base URL", object).value == "https://other.example.org"


def test_two_kernels_keep_what_each_saved(at_form: AtForm, shop: Workspace) -> None:
    here, there = at_form(), at_form(where=Workspace(shop.path))
    here.fill("Username", "grace")
    there.fill("Development base URL", "https://dev.example.org")
    here.press("Save")
    there.press("Save")
    here.browser_says(kind="used")
    assert here.find("Development base URL", object).value == "https://dev.example.org"
    assert there.find("Username", object).value == "grace"


def test_a_collection_taken_out_of_the_file_stays_in_the_form(at_form: AtForm, shop: Workspace) -> None:
    person = at_form()
    shop.path.write_text("")
    person.browser_says(kind="used")
    assert "shop is no longer in apiconn.toml. Save writes it there again." in person.text()
    person.press("Save")
    assert shop.settings("shop").auth["username"] == "ada"
    assert shop.settings("shop").auth["password"] == "env:SHOP_PASSWORD"


def test_a_collection_set_up_elsewhere_meanwhile_is_taken_in(at_form: AtForm, space: Workspace) -> None:
    person = at_form()
    person.fill("Development base URL", "https://dev.example.org")
    space.save(CollectionSettings("shop", connection={"base_url": "https://api.example.org"}))
    assert person.find("Base URL", object).value == "https://api.example.org"
    assert person.find("Development base URL", object).value == "https://dev.example.org"
    assert person.find("Collection name", object).disabled


def test_a_file_that_breaks_while_the_form_is_open_is_said(at_form: AtForm, shop: Workspace) -> None:
    person = at_form()
    person.fill("Username", "grace")
    shop.path.write_text("[shop\n")
    person.press("Save")
    assert "apiconn.toml: not TOML" in person.text()
    assert shop.path.read_text() == "[shop\n"
    assert person.find("Username", object).value == "grace"


def test_the_file_keeps_its_comments(at_form: AtForm, space: Workspace) -> None:
    space.path.write_text(
        '# who we ask\n[shop]\nbase_url = "https://api.example.org"  # production\n[shop.auth]\nmethod = "none"\n'
    )
    person = at_form()
    person.fill("Development base URL", "https://dev.example.org")
    person.press("Save")
    text = space.path.read_text()
    assert text.startswith("# who we ask\n[shop]\n")
    assert "# production" in text
    assert "dev.example.org" in text


def test_opening_a_form_and_saving_it_changes_nothing(at_form: AtForm, shop: Workspace) -> None:
    before = shop.path.read_text()
    person = at_form()
    person.unfold("Advanced") if "▸ Advanced" in person.buttons() else None
    person.unfold("More settings")
    person.unfold("Shared headers")
    person.press("Save")
    assert shop.path.read_text() == before


def test_saves_from_several_threads_neither_wait_for_each_other_nor_are_lost(at_form: AtForm, shop: Workspace) -> None:
    people = [at_form(), at_form(), at_form()]
    barrier = threading.Barrier(4)

    def type_and_save(person: Person, label: str) -> None:
        barrier.wait()
        for round_ in range(10):
            person.fill(label, f"https://{label.split()[0].lower()}-{round_}.example.org")
            person.press("Save")

    def by_magic() -> None:
        barrier.wait()
        for round_ in range(10):
            shop.save_call("shop", f"call_{round_}", SavedCall("GET /"))

    for person in people:
        person.unfold("More settings")
    work = [
        threading.Thread(target=type_and_save, args=(people[0], "Base URL")),
        threading.Thread(target=type_and_save, args=(people[1], "Development base URL")),
        threading.Thread(target=type_and_save, args=(people[2], "Allowed origins")),
        threading.Thread(target=by_magic),
    ]
    for each in work:
        each.start()
    for each in work:
        each.join(30)
        assert not each.is_alive(), "they wait for each other"
    settings = Workspace(shop.path).settings("shop")
    assert {f"call_{n}" for n in range(10)} <= set(settings.calls)
    assert settings.connection["base_url"] == "https://base-9.example.org"
    assert settings.connection["dev_base_url"] == "https://development-9.example.org"
    assert settings.connection["allowed_origins"] == "https://allowed-9.example.org"


def test_what_is_typed_while_a_save_is_written_stays(
    at_form: AtForm, shop: Workspace, monkeypatch: pytest.MonkeyPatch, canary: Canary
) -> None:
    """ipykernel may answer the next message on another thread while this one is still being answered."""
    first, second = canary("first"), canary("second")
    person = at_form()
    person.secret("Password", first)
    person.fill("Username", "grace")
    save, writing, go_on = shop.save, threading.Event(), threading.Event()

    def slowly(*arguments: Any) -> None:
        writing.set()
        assert go_on.wait(20)
        save(*arguments)

    monkeypatch.setattr(shop, "save", slowly)
    presses = threading.Thread(target=person.press, args=("Save",))
    presses.start()
    assert writing.wait(20)
    types = threading.Thread(target=lambda: (person.secret("Password", second), person.fill("Username", "alan")))
    types.start()
    wait_for(lambda: person.form.draft.auth.raw("password").reveal() == second, lambda: "the second is not there")
    go_on.set()
    presses.join(20)
    types.join(20)
    assert shop.collection("shop").method.password.reveal() == first
    assert person.find("Username", object).value == "alan"
    assert "Typed." in person.beside("Password")
    monkeypatch.undo()
    person.press("Save")
    assert shop.collection("shop").method.password.reveal() == second
    assert shop.settings("shop").auth["username"] == "alan"


def test_a_file_that_is_broken_for_a_while_is_said_until_it_is_mended(at_form: AtForm, space: Workspace) -> None:
    space.save(CollectionSettings("shop", "basic", {"base_url": "https://api.example.org"}, {"username": "ada"}))
    person = at_form()
    person.fill("Username", "grace")
    whole = space.path.read_text()
    space.path.write_text(whole + "[shop.calls\n")
    person.browser_says(kind="used")
    assert "apiconn.toml: not TOML" in person.text()
    person.press("Save")
    assert space.path.read_text() == whole + "[shop.calls\n"
    assert person.find("Username", object).value == "grace"
    person.fill("Base URL", "https://b.example.org")
    space.path.write_text(whole)
    person.form.say("")
    person.browser_says(kind="used")
    assert "not TOML" not in person.text()
    person.press("Save")
    assert space.settings("shop").auth["username"] == "grace"
    assert space.settings("shop").value("base_url") == "https://b.example.org"


def test_one_call_written_in_two_kernels_is_said_before_either_is_lost(at_form: AtForm, space: Workspace) -> None:
    space.save(CollectionSettings("shop", "none", {"base_url": "https://api.example.org"}))
    here, there = at_form(), at_form("shop", Workspace(space.path))
    for person, request in ((here, "GET /here"), (there, "GET /there")):
        person.unfold("Saved calls")
        person.press("New call")
        person.fill("Call name", "list")
        person.fill("Request", request)
    here.press("Save call")
    there.press("Save call")
    assert "list exists: choose it in the list" in there.beside("Call name")
    assert space.settings("shop").calls["list"].request == "GET /here"
    there.fill("Call name", "other")
    there.press("Save call")
    here.browser_says(kind="used")
    assert {name: call.request for name, call in space.settings("shop").calls.items()} == {
        "list": "GET /here",
        "other": "GET /there",
    }
    there.choose("Call", "list")
    there.fill("Request", "GET /there/too")
    here.fill("Request", "GET /here/too")
    here.press("Save call")
    there.press("Save call")
    assert "Press Save call again to keep what you typed" in there.text()
    assert "In the file it is now 'GET /here/too'; yours is kept." in there.beside("Request")
    assert space.settings("shop").calls["list"].request == "GET /here/too"
    there.press("Save call")
    assert space.settings("shop").calls["list"].request == "GET /there/too"


def test_a_call_that_is_taken_out_of_the_file_stays_in_its_editor(at_form: AtForm, space: Workspace) -> None:
    settings = CollectionSettings("shop", "none", {"base_url": "https://api.example.org"})
    space.save(dataclasses.replace(settings, calls={"list": SavedCall("GET /items", records="data")}))
    person = at_form()
    person.unfold("Saved calls")
    person.choose("Call", "list")
    space.save(settings, space.settings("shop"))
    assert space.settings("shop").calls == {}
    assert "It is no longer in the file" in person.beside("Call name")
    person.press("Save call")
    assert space.settings("shop").calls == {"list": SavedCall("GET /items", records="data")}
    assert "no longer" not in person.text()
