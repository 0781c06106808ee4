"""Driving a notebook in a real Chromium: every step waits for a state of the page or the kernel, never for a time."""

from __future__ import annotations

import json
import re
import secrets
import tempfile
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect

from tests.browser.jupyter import Jupyter
from tests.isolation import MACHINE_ENVIRON
from tests.needs import require_tool

TIMEOUT = 60_000  # milliseconds
CHROMIUM_LINE = "apt-get install -y --no-install-recommends chromium fonts-dejavu-core"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
LOOPBACK = re.compile(r"^(https?|wss?)://(127\.0\.0\.1|localhost)(:\d+)?(/|$)|^(data|blob|about):")


def launch(playwright: Playwright, home: Path) -> Browser:
    """A headless Debian Chromium that reaches loopback only."""
    program = require_tool("chromium", CHROMIUM_LINE)
    environ = {name: value for name, value in MACHINE_ENVIRON.items() if not name.lower().endswith("_proxy")}
    return playwright.chromium.launch(
        executable_path=program, args=CHROMIUM_ARGS, env={**environ, "HOME": str(home)}, timeout=TIMEOUT
    )


class Workbench:
    """One signed-in browser profile at one Jupyter server, with a folder of its own for the notebooks of a test.

    `context` is Playwright's, `folder` the kernels' working folder on disk, `console` what pages logged (type, text),
    `blocked` the URLs outside loopback that pages asked for.
    """

    def __init__(self, server: Jupyter, browser: Browser, name: str) -> None:
        self.server = server
        # Two files may have a test of one name.
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=server.root))
        self.console: list[tuple[str, str]] = []
        self.blocked: list[str] = []
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 900})
        self.context.set_default_timeout(TIMEOUT)
        self.context.on("console", lambda message: self.console.append((message.type, message.text)))
        self.context.route(lambda url: not LOOPBACK.match(url), self._block)
        server.sign_in(self.context)

    def write(self, name: str, *cells: str) -> Path:
        """Write a notebook with the code `cells` (``md:…`` is Markdown) into the folder."""
        notebook = v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        for number, source in enumerate(cells):
            markdown = source.startswith("md:")
            cell = v4.new_markdown_cell(source[3:]) if markdown else v4.new_code_cell(source)
            cell["id"] = f"cell-{number}"
            notebook.cells.append(cell)
        path = self.folder / name
        path.write_text(json.dumps(notebook))
        return path

    def open(self, name: str, *cells: str) -> NotebookPage:
        """Open notebook `name` in a page of its own, written first where `cells` are given; its kernel is idle."""
        if cells:
            self.write(name, *cells)
        path = f"{self.folder.name}/{name}"
        page = self.context.new_page()
        # A workspace of its own: no restored tabs, no "workspace in use".
        workspace = f"test-{secrets.token_hex(4)}"
        page.goto(self.server.url + self.server.notebook_path.format(workspace=workspace, path=path))
        return NotebookPage(page, path, self.folder / name)

    def close(self) -> None:
        """End the kernels that the test started and close all pages."""
        for page in self.context.pages:
            try:
                page.evaluate("() => window.jupyterapp?.serviceManager.sessions.shutdownAll()")
            except Exception as error:  # a page that is not Jupyter's, or already gone
                self.console.append(("close", str(error)))
        self.context.close()

    def _block(self, route: Any) -> None:
        self.blocked.append(route.request.url)
        route.abort()


# `panel()` is the notebook at `path`; every script below starts with it.
PANEL = """
const app = window.jupyterapp;
const panel = () => {
  for (const widget of app.shell.widgets('main'))
    if (widget.context?.path.replace(/^RTC:/, '') === path && widget.content?.model) return widget;
  return null;
};
"""


class NotebookPage:
    """A notebook that is open in a page, with its kernel."""

    def __init__(self, page: Page, path: str, file: Path) -> None:
        self.page = page
        self.path = path
        self.file = file
        self._wait_ready()
        self.root: Locator = page.locator(f'[id="{self.js("return panel().id")}"]')
        self.root.locator(".jp-Notebook-cell").first.wait_for()

    # -- running

    def run_all(self) -> None:
        """Run all cells and wait for the last."""
        self.js("app.shell.activateById(panel().id); await app.commands.execute('notebook:run-all-cells');")
        self.wait_idle()

    def run_cell(self, number: int, *, wait: bool = True) -> None:
        """Run the cell; with ``wait=False`` return at once, and `wait_idle` later."""
        self.js(
            "const p = panel(); app.shell.activateById(p.id); p.content.deselectAll(); p.content.activeCellIndex = arg;"
            "window.rigRunning = (window.rigRunning || 0) + 1;"
            "app.commands.execute('notebook:run-cell').finally(() => { window.rigRunning -= 1; });",
            number,
        )
        if wait:
            self.wait_idle()

    def wait_idle(self, timeout: float = TIMEOUT) -> None:
        """Wait until no cell runs or waits to run (`timeout` in milliseconds)."""
        self.wait_js(
            "return !window.rigRunning && panel().sessionContext.session?.kernel?.status === 'idle'"
            " && !panel().content.widgets.some(cell => cell.model.executionState === 'running'"
            " || (cell.inputArea && /\\*/.test(cell.promptNode?.textContent ?? '')));",
            timeout=timeout,
        )

    def interrupt(self) -> None:
        """What the stop button does."""
        self.js("await panel().sessionContext.session.kernel.interrupt();")

    def kernel(self, expression: str) -> Any:
        """The value of a Python expression in the kernel, as JSON; leaves no history."""
        answer = self.js(
            "const future = panel().sessionContext.session.kernel.requestExecute("
            "{code: '', silent: true, store_history: false, user_expressions: {value: arg}});"
            "return (await future.done).content.user_expressions.value;",
            f"__import__('json').dumps({expression}, default=repr).encode().hex()",
        )
        assert answer["status"] == "ok", answer
        return json.loads(bytes.fromhex(answer["data"]["text/plain"].strip("'")))

    # -- what came out

    def cell(self, number: int) -> Locator:
        """The cell on the page."""
        return self.root.locator(".jp-Notebook-cell").nth(number)

    def outputs(self, number: int) -> list[dict[str, Any]]:
        """The outputs of a cell as the notebook holds them, scrolled away or not."""
        found: list[dict[str, Any]] = self.js(
            "return panel().content.widgets[arg].model.toJSON().outputs || []", number
        )
        return found

    def text(self, number: int) -> str:
        """The outputs of a cell as plain text: streams, text/plain, tracebacks."""
        return "".join(_plain(output) for output in self.outputs(number))

    def see(self, number: int, text: str | re.Pattern[str], timeout: float = TIMEOUT) -> None:
        """Wait until a person sees `text` in the output of the cell, widgets included (`timeout` in milliseconds)."""
        expect(self.cell(number).locator(".jp-Cell-outputArea")).to_contain_text(text, timeout=timeout)

    def errors(self) -> list[tuple[int, str, str]]:
        """Cell number, name and text of every error in the notebook."""
        found = self.js(
            "return panel().content.widgets.flatMap((cell, i) => (cell.model.toJSON().outputs || [])"
            ".filter(output => output.output_type === 'error').map(output => [i, output.ename, output.evalue]));"
        )
        return [(number, name, value) for number, name, value in found]

    # -- acting on it

    def answer(self, number: int, value: str) -> None:
        """Type `value` into the input() or getpass() of a running cell."""
        box = self.cell(number).locator(".jp-Stdin-input")
        box.fill(value)
        box.press("Enter")
        box.wait_for(state="detached")

    def fill(self, label: str, value: str) -> None:
        """Type into the ipywidgets text field with this label."""
        field = self._labelled(label).locator("input, textarea").first
        field.scroll_into_view_if_needed()
        field.fill(value)
        field.blur()

    def select(self, label: str, option: str) -> None:
        """Choose an option of the ipywidgets dropdown with this label."""
        field = self._labelled(label).locator("select").first
        field.scroll_into_view_if_needed()
        field.select_option(label=option)

    def check(self, label: str, on: bool = True) -> None:
        """Tick the ipywidgets checkbox with this label."""
        self._labelled(label).locator("input[type=checkbox]").first.set_checked(on)

    def click(self, text: str) -> None:
        """Press the ipywidgets button with this text, once it can be pressed."""
        button = self.root.locator("button.jupyter-button", has_text=re.compile(rf"^\s*{re.escape(text)}\s*$"))
        expect(button).to_be_enabled(timeout=TIMEOUT)
        button.click()

    def click_link(self, text: str) -> Page:
        """Click a link in an output that opens a new tab; the tab, loaded."""
        with self.page.context.expect_page() as opened:
            self.root.locator(".jp-OutputArea-output a", has_text=text).first.click()
        opened.value.wait_for_load_state()
        return opened.value

    def save(self) -> dict[str, Any]:
        """What Ctrl+S does, checkpoint included; the saved notebook as it is on disk."""
        self.js(
            "app.shell.activateById(panel().id); await app.commands.execute('docmanager:save');"
            "await panel().context.save();"
        )
        self.wait_js("return !panel().context.model.dirty")
        saved: dict[str, Any] = json.loads(self.file.read_text())
        return saved

    def reload(self) -> None:
        """Reload the page; the kernel lives on."""
        self.page.reload()
        self._wait_ready()

    # -- below

    def js(self, body: str, arg: Any = None) -> Any:
        """Run JavaScript with ``app``, ``panel()`` and ``arg``; what it returns."""
        return self.page.evaluate("async ([path, arg]) => {" + PANEL + body + "}", [self.path, arg])

    def wait_js(self, body: str, arg: Any = None, timeout: float = TIMEOUT) -> None:
        """Wait until the JavaScript returns something true."""
        script = "([path, arg]) => {" + PANEL + body + "}"
        self.page.wait_for_function(script, arg=[self.path, arg], timeout=timeout, polling=50)

    def _wait_ready(self) -> None:
        self.page.wait_for_function("() => window.jupyterapp?.shell", polling=50)
        self.js("await app.restored;")
        self.wait_js("return !!panel();")
        self.js("const p = panel(); await p.context.ready; await p.revealed;")
        self.wait_js(
            "const context = panel().sessionContext;"
            "return context.isReady && context.session?.kernel?.status === 'idle';"
        )

    def _labelled(self, label: str) -> Locator:
        exact = re.compile(f"^{re.escape(label)}$")
        return self.root.locator(".jupyter-widgets", has=self.page.locator(".widget-label", has_text=exact)).last


def _plain(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return "".join(output["text"])
    return "".join(output.get("data", {}).get("text/plain", "")) + "\n".join(output.get("traceback", []))
