"""The saved calls in the form: written, tried, changed here and elsewhere, and every setting of one kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from apiconn_nb.notebook.form import call_fields
from apiconn_nb.settings import CALL_KEYS, CollectionSettings, SavedCall
from apiconn_nb.workspace import Workspace
from tests.canary import Canary
from tests.form.person import Person, living

AtForm = Callable[..., Person]


def test_a_call_is_written_tried_and_saved(at_form: AtForm, demo: Any, space: Workspace) -> None:
    person = at_form()
    person.fill("Base URL", f"{demo.url}/none")
    person.press("Save")
    person.unfold("Saved calls")
    person.press("New call")
    person.fill("Call name", "some_orders")
    person.fill("Request", "GET /orders?limit=[limit]")
    row = person.form.calls._editor._fields.controls["params"].rows[0]
    assert row.name == "limit"
    row._text.set_state({"value": ":=3"})
    person.press("Try")
    person.see("3 rows")
    assert "some_orders" not in space.settings("shop").calls
    person.press("Save call")
    assert space.settings("shop").calls["some_orders"] == SavedCall("GET /orders?limit=[limit]", params={"limit": 3})
    assert "%apicall shop.some_orders" in person.text()
    assert len(space.collection("shop").call("some_orders")) == 3


def test_a_call_changed_elsewhere_is_followed_and_its_other_settings_kept(at_form: AtForm, space: Workspace) -> None:
    call = SavedCall("GET /items", columns={"id": "Int64"}, strict=True, private=("token",))
    space.save(CollectionSettings("shop", "none", {"base_url": "https://api.example.org"}, calls={"list": call}))
    person = at_form()
    person.unfold("Saved calls")
    person.choose("Call", "list")
    assert person.find("Request", object).value == "GET /items"
    space.save_call("shop", "list", SavedCall("GET /other", columns={"id": "Int64"}, strict=True, private=("token",)))
    assert person.find("Request", object).value == "GET /other"
    person.fill("Rows at", "data")
    person.press("Save call")
    assert space.settings("shop").calls["list"] == SavedCall(
        "GET /other", records="data", columns={"id": "Int64"}, strict=True, private=("token",)
    )
    person.choose("Call", "list")
    person.press("Delete call")
    assert space.settings("shop").calls == {}


@pytest.mark.parametrize(
    ("label", "value", "said"),
    [
        ("Request", "FETCH /x", "is no HTTP method"),
        ("Request", "GET /x\nAuthorization: Bearer abcdef", "holds a credential"),
        ("Request", "", "This is needed."),
        ("Rows at", "items[", "is not a JMESPath"),
        ("Pages", "many", "This takes a number from 1 or all, not 'many'."),
        ("Paginate", "sideways", "No kind 'sideways'; write"),
        ("Cache", "soon", "'soon' is no time: write a number and s, m, h, d or w"),
        ("Call name", "two words", "is no call name"),
        ("Call name", "there", "there exists: choose it in the list to change it, or take another name."),
    ],
)
def test_a_call_that_does_not_hold_is_said_beside_the_field(
    at_form: AtForm, space: Workspace, label: str, value: str, said: str
) -> None:
    there = {"there": SavedCall("GET /there")}
    space.save(CollectionSettings("shop", "none", {"base_url": "https://api.example.org"}, calls=there))
    person = at_form()
    person.unfold("Saved calls")
    person.press("New call")
    person.unfold("More settings of the call")
    person.fill("Call name", "list")
    person.fill("Request", "GET /items")
    person.fill(label, value)
    person.press("Save call")
    assert said in person.beside(label)
    assert f"Look at {label}" in person.text()
    assert space.settings("shop").calls == there


EVERYTHING = """
[shop]
base_url = "https://api.example.org"
[shop.auth]
method = "none"
[shop.calls.list]
request = "POST /items?a=[a]&b=[b]"
records = "items"
pages = "all"
paginate = "cursor:after=next"
use_as = "data"
private = ["b"]
optional = ["a"]
strict = true
cache = "1h"
key = ["Order, no.", "id"]
doc = "The items."
[shop.calls.list.params]
a = ""
b = "env:B"
c = 10
d = [1, "2"]
e = 2026-11-25
f = ":=3"
g = "text"
[shop.calls.list.columns]
token = "string"
id = "Int64"
"""


def test_every_setting_of_a_call_is_seen_and_none_is_lost(at_form: AtForm, space: Workspace) -> None:
    """What the file can hold for a call stands in the form, and one that is changed leaves the others as they were."""
    assert {each.name for each in call_fields.FIELDS} == set(CALL_KEYS)
    space.path.write_text(EVERYTHING)
    before = space.settings("shop").calls["list"]
    person = at_form()
    person.unfold("Saved calls")
    person.choose("Call", "list")
    person.unfold("More settings of the call")
    assert person.find("Cache", object).value == "1h"
    assert person.find("Key columns", object).value == "Order, no., id"
    names = [each.value for each in person.shown() if getattr(each, "placeholder", "") == "Name"]
    assert names == [*before.params, *before.columns]
    assert "until Save call is pressed" not in person.text()
    person.fill("Description", "All items.")
    assert "Not saved yet, until Save call is pressed: call list." in person.text()
    person.press("Save call")
    assert "Saved as shop.list" in person.text()
    assert space.settings("shop").calls["list"] == dataclasses.replace(before, doc="All items.")
    person.unfold("More settings of the call")
    person.fill("Key columns", "id, sku")
    person.fill("Cache", "")
    person.check("An answer that differs from the pinned columns is an error", on=False)
    person.press("Save call")
    changed = dataclasses.replace(before, doc="All items.", key=("id", "sku"), cache="", strict=False)
    assert space.settings("shop").calls["list"] == changed


def test_a_column_is_pinned_to_a_dtype_that_there_is(at_form: AtForm, space: Workspace) -> None:
    calls = {"list": SavedCall("GET /items", columns={"id": "Int64"})}
    space.save(CollectionSettings("shop", "none", {"base_url": "https://api.example.org"}, calls=calls))
    person = at_form()
    person.unfold("Saved calls")
    person.choose("Call", "list")
    person.unfold("More settings of the call")
    dtype = next(
        each for each in person.shown() if getattr(each, "placeholder", "") == call_fields.ColumnRow.value_word
    )
    dtype.set_state({"value": "Int65"})
    person.press("Save call")
    assert "'Int65' is no dtype of pandas" in person.text()
    dtype.set_state({"value": "string"})
    person.press("Save call")
    assert space.settings("shop").calls["list"].columns == {"id": "string"}


def test_what_is_typed_into_a_call_stays_while_another_is_looked_at(at_form: AtForm, space: Workspace) -> None:
    calls = {name: SavedCall(f"GET /{name}") for name in ("one", "two")}
    space.save(CollectionSettings("shop", "none", {"base_url": "https://api.example.org"}, calls=calls))
    person = at_form()
    person.unfold("Saved calls")
    person.press("New call")
    person.choose("Call", "one")
    before = len(living())
    person.fill("Request", "GET /one/changed")
    person.choose("Call", "two")
    assert person.find("Request", object).value == "GET /two"
    assert "Not saved yet, until Save call is pressed: call one." in person.text()
    person.press("New call")
    person.fill("Call name", "three")
    assert "until Save call is pressed: call three, call one." in person.text()
    person.choose("Call", "one")
    assert person.find("Request", object).value == "GET /one/changed"
    person.press("Save call")
    assert space.settings("shop").calls["one"].request == "GET /one/changed"
    person.press("New call")
    assert person.find("Call name", object).value == "three"
    person.fill("Request", "GET /three")
    person.press("Save call")
    assert list(space.settings("shop").calls) == ["one", "two", "three"]
    for name in ("three", "two"):
        person.choose("Call", name)
        person.press("Delete call")
    person.choose("Call", "one")
    assert len(living()) == before


def test_a_private_parameter_is_typed_as_a_secret(at_form: AtForm, space: Workspace, canary: Canary) -> None:
    token = canary("parameter")
    space.save(CollectionSettings("shop", "none", {"base_url": "https://api.example.org"}))
    person = at_form()
    person.unfold("Saved calls")
    person.press("New call")
    person.fill("Call name", "list")
    person.fill("Request", "GET /items?access_token=[access_token]")
    row = person.form.calls._editor._fields.controls["params"].rows[0]
    row.secret.widget._handle_custom_msg({"kind": "secret", "value": token}, [])
    person.press("Save call")
    assert space.settings("shop").calls["list"].params == {"access_token": "prompt"}
    canary.assert_absent(person.state(), space.path)


def test_two_hundred_calls_cost_no_more_widgets_than_two(at_form: AtForm, space: Workspace) -> None:
    counts = []
    for name, number in (("few", 2), ("many", 200)):
        calls = {f"call_{n}": SavedCall(f"GET /items/{n}?q=[q]") for n in range(number)}
        space.save(CollectionSettings(name, "none", {"base_url": "https://api.example.org"}, calls=calls))
        before = len(living())
        person = at_form(name)
        person.unfold("Saved calls")
        person.choose("Call", "call_1")
        counts.append(len(living()) - before)
    assert counts[0] == counts[1]


def test_what_the_browser_sends_of_a_call_that_was_left_is_not_taken_for_the_next(
    at_form: AtForm, space: Workspace
) -> None:
    """The kernel was busy: another call was chosen and a button pressed while the page still showed the first."""
    calls = {name: SavedCall(f"GET /{name}") for name in ("one", "two")}
    space.save(CollectionSettings("shop", "none", {"base_url": "https://api.example.org"}, calls=calls))
    person = at_form()
    person.unfold("Saved calls")
    person.choose("Call", "one")
    shown = {key: "GET /one/typed" for key in person.form.calls.takers() if key.endswith("-request")}
    assert len(shown) == 1
    person.choose("Call", "two")
    save = next(each for each in person.shown() if getattr(each, "description", "") == "Save call")
    press = next(each for each in save._dom_classes if each.startswith("apiconn-press-"))
    person.browser_says(kind="press", press=press.removeprefix("apiconn-press-"), secrets={}, values=shown)
    assert space.settings("shop").calls == calls
    assert person.find("Request", object).value == "GET /two"
