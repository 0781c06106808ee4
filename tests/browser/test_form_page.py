"""The form as a page: by keyboard alone, named for screen readers, narrow and dark, one state with cells and file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from apiconn_nb import auth
from apiconn_nb.fields import fields_of
from tests.browser.driver import TIMEOUT
from tests.browser.form_page import FormPage
from tests.needs import need

pytestmark = pytest.mark.browser

LOAD, FORM = range(2)


@pytest.fixture(params=["lab", "notebook7"])
def bench(request: pytest.FixtureRequest) -> Any:
    """JupyterLab, then Notebook 7."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def demo() -> Iterator[Any]:
    need("flask")
    from apiconn_nb import demo as embedded  # Flask is an extra

    with embedded.serve() as running:
        yield running


def open_form(bench: Any, *cells: str) -> tuple[Any, FormPage]:
    page = bench.open("page.ipynb", "%load_ext apiconn_nb", "%apiconn_auth shop", *cells)
    page.run_cell(LOAD)
    return page, FormPage.opened(page, FORM)


def test_by_keyboard_alone(bench: Any, demo: Any) -> None:
    """Tab, typing, arrows, Space and Enter set a collection up, and no key of the notebook is pressed by that."""
    page, form = open_form(bench)
    keys = page.page.keyboard

    def tab_to(label: str) -> None:
        for _ in range(40):
            keys.press("Tab")
            focused = page.page.evaluate(
                "() => document.activeElement.labels?.[0]?.textContent || document.activeElement.textContent"
            )
            if focused.strip() == label:
                return
        raise AssertionError(f"Tab does not lead to {label}")

    form.control("Collection name").focus()
    tab_to("Base URL")
    keys.type(f"{demo.url}/basic")
    tab_to("Authentication")
    keys.type("HTTP")  # a list finds what is typed
    form.see("Username")
    tab_to("Username")
    keys.type(demo.credentials.live.username)
    tab_to("Password")
    keys.type(demo.credentials.live.password)
    tab_to("▸ Saved calls (0)")
    keys.press("Space")
    form.see("New call")
    tab_to("New call")
    keys.press("Enter")
    form.control("Call name").wait_for()
    form.root.get_by_role("button", name="Test", exact=True).focus()
    keys.press("Enter")
    form.see("Works. GET")
    keys.press("d")
    keys.press("d")
    assert page.js("return panel().content.widgets.length") == 2, "d, d deleted a cell"
    assert page.js("return panel().content.mode") == "command"


def test_every_control_has_a_name_and_its_help(bench: Any) -> None:
    """Of every method, folds open: nothing without an accessible name, and help belongs to its field."""
    _, form = open_form(bench)
    for title in ("Shared headers", "More settings", "Saved calls"):
        form.unfold(title)
    form.press("New call")
    form.press("Add header")
    for method in auth.methods():
        form.choose("Authentication", method.label)
        shown = [each for each in fields_of(method) if not each.advanced and each.kind != "rows"]
        for field in shown:
            expect(form.control(field.label)).to_be_visible(timeout=TIMEOUT)
            if field.help and not field.dev_of:
                expect(form.control(field.label)).to_have_accessible_description(
                    re.compile(re.escape(field.help)), timeout=TIMEOUT
                )
            if field.required:
                expect(form.control(field.label)).to_have_attribute("aria-required", "true", timeout=TIMEOUT)
            else:
                expect(form.control(field.label)).not_to_have_attribute("aria-required", "true", timeout=TIMEOUT)
    nameless = form.root.evaluate(
        "root => [...root.querySelectorAll('input, select, textarea, button')]"
        ".filter(e => e.checkVisibility() && !e.ariaLabel && !e.labels?.[0]?.textContent.trim())"
        ".filter(e => !e.textContent.trim())"
        ".map(e => e.outerHTML)"
    )
    assert nameless == []


def test_a_problem_is_announced_and_belongs_to_its_field(bench: Any) -> None:
    _, form = open_form(bench)
    form.fill("Base URL", "nonsense")
    form.see("is no URL: begin with https://")
    expect(form.control("Base URL")).to_have_attribute("aria-invalid", "true")
    expect(form.control("Base URL")).to_have_accessible_description(re.compile("is no URL"))
    expect(form.beside("Base URL").get_by_role("alert")).to_contain_text("is no URL")
    form.fill("Base URL", "https://api.example.org")
    expect(form.control("Base URL")).not_to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_words_stand_out_in_either_theme(bench: Any, theme: str) -> None:
    """Contrast of every text that is shown: at least 4.5 to 1 (WCAG 2.2, 1.4.3); placeholders are no text."""
    page, form = open_form(bench)
    page.js("await app.commands.execute('apputils:change-theme', {theme: arg});", theme)
    page.wait_js("return document.body.dataset.jpThemeName === arg", theme)
    form.fill("Base URL", "nonsense")
    form.press("Save")
    form.see("Not saved")
    low = form.root.evaluate(CONTRAST)
    page.js("await app.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'});")
    assert low == []


CONTRAST = """
async root => {
  await new Promise(done => setTimeout(done, 300));  // colours fade from one theme to the other
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length && (c[3] === undefined || c[3] > 0.5)) return c.slice(0, 3); } return [255, 255, 255]; };
  const low = [];
  for (const e of root.querySelectorAll('*')) {
    const words = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const typed = e.matches('input, textarea') && e.value;
    if (!(words || typed) || !e.checkVisibility() || e.matches('style, option, select')) continue;
    const b = ground(e), a = light(over(parse(getComputedStyle(e).color), b)), z = light(b);
    const ratio = (Math.max(a, z) + 0.05) / (Math.min(a, z) + 0.05);
    if (ratio < 4.5) low.push([ratio.toFixed(2), (e.textContent || e.value).trim().slice(0, 40), e.className]);
  }
  return low;
}
"""


def test_a_narrow_output_needs_no_sideways_scrolling(bench: Any) -> None:
    page, form = open_form(bench)
    page.js("if (app.shell.collapseLeft) { app.shell.collapseLeft(); app.shell.collapseRight(); }")
    page.page.set_viewport_size({"width": 480, "height": 900})
    for method in auth.methods():
        form.choose("Authentication", method.label)
        form.see(next((each.label for each in fields_of(method)), "No settings"))
    wide = form.root.evaluate(
        "root => [...root.querySelectorAll('*')].filter(e => e.checkVisibility() && !e.closest('.apiconn-table')"
        " && e.getBoundingClientRect().right > root.getBoundingClientRect().right + 1).map(e => e.className)"
    )
    assert wide == []


def test_cells_form_and_file_are_one_state(bench: Any) -> None:
    page, form = open_form(
        bench, "%apiconn_auth shop basic --base-url https://api.example.org --username ada", "%apiconn_auth shop"
    )
    page.run_cell(2)
    expect(form.control("Username")).to_have_value("ada")
    page.run_cell(3)
    again = FormPage(page, 3)
    again.fill("Username", "grace")
    expect(form.control("Username")).to_have_value("grace")
    form.press("Save")
    again.see("Saved in apiconn.toml.")
    file = bench.folder / "apiconn.toml"
    assert 'username = "grace"' in file.read_text()
    file.write_text(file.read_text().replace("grace", "alan"))
    form.control("Base URL").hover()
    form.control("Base URL").focus()
    expect(form.control("Username")).to_have_value("alan", timeout=TIMEOUT)
    form.see("Changed in apiconn.toml, and here: Username.")


def test_copying(bench: Any) -> None:
    """The redirect URL and the magic, with the clipboard and where a page may not use it."""
    bench.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, form = open_form(bench)
    form.choose("Authentication", "OAuth2 User-Agent Flow")
    form.see("Redirect URL to register")
    form.press("Copy")
    form.see("Copied")
    assert page.page.evaluate("() => navigator.clipboard.readText()") == "http://127.0.0.1:8765/callback"
    page.page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    form.choose("Authentication", "None or self-handled")
    form.press("Show as magic")
    form.see("%apiconn_auth shop none")
    form.press("Copy")
    assert page.page.evaluate("() => String(getSelection())").strip() == "%apiconn_auth shop none"


def test_show_as_magic_gives_the_same_in_a_fresh_kernel(bench: Any, demo: Any) -> None:
    """What the form shows is put into a notebook of its own folder, and run there."""
    _, form = open_form(bench)
    form.unfold("Start from a preset")
    form.choose("Provider", "GitHub")
    form.press("Use this preset")
    form.see("Filled in from the preset GitHub")
    form.press("Save")
    form.see("Saved in apiconn.toml.")
    form.press("Show as magic")
    form.see("%%apiconn_auth shop")
    cell = form.root.locator(".apiconn-magic pre").inner_text()
    (bench.folder / "fresh").mkdir()
    file = bench.folder / "apiconn.toml"
    before = file.read_text()
    file.rename(bench.folder / "fresh/as-it-was.toml")
    other = bench.open("fresh.ipynb", "%load_ext apiconn_nb", cell)
    other.run_all()
    assert other.errors() == []
    assert tomllib.loads(file.read_text()) == tomllib.loads(before)


def test_two_hundred_calls_open_as_quickly_as_none(bench: Any) -> None:
    """The page of two hundred calls has no more in it than the page of two, until one is chosen."""
    calls = "".join(f'[{{0}}.calls.call_{n}]\nrequest = "GET /items/{n}"\n' for n in range(200))
    text = '[{0}]\nbase_url = "https://api.example.org"\n[{0}.auth]\nmethod = "none"\n'
    bench.folder.joinpath("apiconn.toml").write_text(text.format("few") + (text + calls).format("shop"))
    page, form = open_form(bench, "%apiconn_auth few")
    few = FormPage.opened(page, 2)
    form.see("Saved calls (200)")
    count = "root => root.querySelectorAll('*').length"
    assert form.root.evaluate(count) == few.root.evaluate(count)
    form.unfold("Saved calls")
    form.choose("Call", "call_150")
    expect(form.control("Request")).to_have_value("GET /items/150", timeout=TIMEOUT)
