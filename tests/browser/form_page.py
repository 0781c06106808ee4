"""Somebody at a form in the browser: controls are found as a screen reader finds them, by label and role."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from apiconn_nb.fields import looks_like_credential
from tests.browser.driver import TIMEOUT, NotebookPage

REFERENCE = re.compile(r"(env|file|keyring):")
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"


class FormPage:
    """The form in the output of cell `number`."""

    def __init__(self, page: NotebookPage, number: int) -> None:
        self.page = page
        self.number = number
        self.root: Locator = page.cell(number).locator(".apiconn-form")

    @classmethod
    def opened(cls, page: NotebookPage, number: int) -> FormPage:
        """Run the cell and wait for its form."""
        page.run_cell(number)
        form = cls(page, number)
        form.see("not saved yet") if form.root.count() == 0 else None
        form.root.wait_for(timeout=TIMEOUT)
        return form

    def control(self, label: str) -> Locator:
        """The control with this label."""
        return self.root.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*$")).locator("visible=true").last

    def fill(self, label: str, value: str) -> None:
        """Type into a field and leave it."""
        field = self.control(label)
        field.fill(value)
        field.blur()

    def secret(self, label: str, value: str) -> None:
        """Type a secret and leave the field, which is empty then; the kernel has it."""
        self.fill(label, value)
        expect(self.control(label)).to_have_value("")
        kept = value if REFERENCE.match(value) else "Typed."
        expect(self.beside(label)).to_contain_text(kept, timeout=TIMEOUT)

    def choose(self, label: str, option: str) -> None:
        """Choose from a list."""
        self.control(label).select_option(label=option)

    def check(self, label: str, on: bool = True) -> None:
        """Tick a box."""
        self.control(label).set_checked(on)

    def unfold(self, title: str) -> None:
        """Open a fold."""
        fold = self.root.get_by_role("button", name=re.compile(re.escape(title)))
        if fold.get_attribute("aria-expanded") != "true":
            fold.click()
            expect(fold).to_have_attribute("aria-expanded", "true", timeout=TIMEOUT)

    def press(self, name: str) -> None:
        """Press a button."""
        self.root.get_by_role("button", name=name, exact=True).last.click()

    def add_row(self, button: str, name: str, value: str, *, is_secret: bool = False) -> None:
        """Add a row; a secret value goes into its secret field."""
        rows = self.root.locator(".apiconn-one-row")
        before = rows.count()
        add = self.root.get_by_role("button", name=button, exact=True)
        add.click()
        expect(rows).to_have_count(before + 1, timeout=TIMEOUT)
        row = add.locator("xpath=..").locator(".apiconn-one-row").last
        row.get_by_label("Name", exact=True).fill(name)
        row.get_by_label("Name", exact=True).blur()
        if is_secret:
            if not looks_like_credential(name):
                row.get_by_role("button", name="Secret", exact=True).click()
            field = row.locator(".apiconn-secret input")
            field.fill(value)
            field.blur()
            expect(row).to_contain_text("Typed", timeout=TIMEOUT)
        else:
            row.get_by_label("Value", exact=True).fill(value)
            row.get_by_label("Value", exact=True).blur()

    def beside(self, label: str) -> Locator:
        """The field around the control with this label: its help, its problem, where a secret is kept."""
        return self.control(label).locator("xpath=ancestor::*[contains(@class, 'apiconn-field')][1]")

    def see(self, text: str | re.Pattern[str], timeout: float = TIMEOUT) -> None:
        """Wait until `text` can be read in the form."""
        self.page.see(self.number, text, timeout)

    def sign_in_page(self) -> Page:
        """Press *Sign in*, follow the link; the provider's page."""
        self.press("Sign in")
        link = self.root.get_by_role("link", name="Open the sign-in page")
        link.wait_for(timeout=TIMEOUT)
        with self.page.page.context.expect_page() as opened:
            link.click()
        opened.value.wait_for_load_state()
        return opened.value


def save_widget_state(page: NotebookPage, on: bool) -> None:
    """Switch *Save Widget State Automatically*; it holds for the server until it is switched again."""
    page.js(
        "if (app.commands.isToggled(arg[0]) !== arg[1]) await app.commands.execute(arg[0]);",
        [SAVE_STATE, on],
    )
    page.wait_js("return app.commands.isToggled(arg[0]) === arg[1];", [SAVE_STATE, on])


def restart(page: NotebookPage) -> None:
    """Restart the kernel, without the question."""
    page.js("await panel().sessionContext.restartKernel();")
    page.wait_js("return panel().sessionContext.session?.kernel?.status === 'idle'")
