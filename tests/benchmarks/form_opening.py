"""A form with 200 saved calls, from the cell being run until it stands in the page, in JupyterLab in Chromium.

    python -m tests.benchmarks.form_opening             five fresh kernels and pages
    python -m tests.benchmarks.form_opening --runs 2

The first opening counts, with all that it imports, in a kernel that has loaded nothing but the extension. Goal: under
one second. The second form, of another collection in the same kernel, says what is left without imports. A form stands
where its last button can be seen, the state is said, and the browser has painted that.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.browser.driver import NotebookPage, Workbench, launch
from tests.browser.jupyter import start_single
from tests.needs import need
from tests.servers.launch import ThirdParty

GOAL = 1000.0  # ms
CALLS = 200

# What the kernel sends is looked at as it arrives; the form, at each frame that the browser paints.
WATCH = """
const kernel = panel().sessionContext.session.kernel;
const seen = {opened: 0, messages: 0};
const begun = performance.now();
const note = (sender, message) => {
  const kind = message.header.msg_type;
  if (kind === 'comm_open') seen.opened += 1;
  if (kind.startsWith('comm_')) seen.messages += 1;
  if (kind === 'execute_result' || kind === 'display_data') seen.answered ??= performance.now() - begun;
};
kernel.iopubMessage.connect(note);
app.shell.activateById(panel().id);
panel().content.deselectAll();
panel().content.activeCellIndex = arg;
app.commands.execute('notebook:run-cell');
const stands = () => {
  const form = panel().content.widgets[arg].node.querySelector('.apiconn-form');
  const last = form && [...form.querySelectorAll('.apiconn-buttons button')].filter(e => e.checkVisibility()).pop();
  return last?.textContent === 'Delete' && !!form.querySelector('.apiconn-state')?.textContent
    && !!form.querySelector('[aria-describedby]');
};
while (!stands()) await new Promise(requestAnimationFrame);
await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
seen.stands = performance.now() - begun;
kernel.iopubMessage.disconnect(note);
return seen;
"""

IMPORTS = """
import sys, time
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance().run_line_magic("load_ext", "apiconn_nb")
for name in ("apiconn_nb.notebook.auth_magic", "ipywidgets", "anywidget", "apiconn_nb.notebook.form.opened"):
    begun = time.perf_counter()
    __import__(name)
    print(f"    {name:<40}{(time.perf_counter() - begun) * 1000:6.0f} ms")
print(f"    pandas is {'' if 'pandas' in sys.modules else 'not '}loaded")
"""


def collection(name: str, calls: int) -> str:
    """A collection of the file, with many saved calls."""
    head = f'[{name}]\nbase_url = "https://api.example.org"\n[{name}.auth]\nmethod = "basic"\nusername = "ada"\n'
    call = '[{}.calls.call_{}]\nrequest = "GET /items/{}?limit=[limit]"\n[{}.calls.call_{}.params]\nlimit = 10\n'
    return head + "".join(call.format(name, number, number, name, number) for number in range(calls))


def once(bench: Workbench, number: int) -> tuple[dict[str, float], dict[str, float]]:
    """The first and the second form of a fresh kernel and page."""
    page = bench.open(f"opening-{number}.ipynb", "%load_ext apiconn_nb", "%apiconn_auth shop", "%apiconn_auth other")
    page.run_cell(0)
    found: list[Any] = []
    for cell in (1, 2):
        found.append(page.js(WATCH, cell))
        page.wait_idle()
    end(page)
    return found[0], found[1]


def end(page: NotebookPage) -> None:
    """End the kernel, so that the next one has the machine for itself."""
    page.js("await panel().sessionContext.shutdown();")
    page.page.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    sync_api = need("playwright.sync_api", "pip install playwright")
    with tempfile.TemporaryDirectory() as folder, sync_api.sync_playwright() as playwright:
        third_party = ThirdParty(Path(folder) / "jupyter")
        try:
            browser = launch(playwright, Path(folder) / "chromium")
            bench = Workbench(start_single(third_party, "lab"), browser, "opening")
            (bench.folder / "apiconn.toml").write_text(collection("shop", CALLS) + collection("other", CALLS))
            taken = [once(bench, number) for number in range(runs + 1)][1:]  # the first fills the disk's cache
            bench.close()
            browser.close()
        finally:
            third_party.stop()
    print(f"Python {platform.python_version()}, JupyterLab, {runs} fresh kernels; a form of {CALLS} saved calls")
    for title, which in (("first form, imports included", 0), ("second form of the kernel", 1)):
        say(title, [each[which] for each in taken], is_goal=which == 0)
    print("  what the kernel imports for it, in a process of its own:")
    print(subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True).stdout, end="")


def say(title: str, taken: list[dict[str, float]], *, is_goal: bool) -> None:
    """One line."""
    stands = sorted(each["stands"] for each in taken)
    middle = statistics.median(stands)
    answered = statistics.median(each["answered"] for each in taken)
    verdict = f"; goal < {GOAL:.0f} ms{'' if middle < GOAL else ', missed'}" if is_goal else ""
    print(f"{title:<30}{middle:6.0f} ms (best {stands[0]:.0f}, worst {stands[-1]:.0f}){verdict}")
    print(
        f"  the cell answered after {answered:.0f} ms; {taken[0]['opened']:.0f} widget models, "
        f"{taken[0]['messages']:.0f} comm messages"
    )


if __name__ == "__main__":
    main()
