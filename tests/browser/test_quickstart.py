"""The quickstart as a newcomer meets it: Run All in JupyterLab, one click to sign in, ten tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
LOGIN_CELL = "%apiconn_auth shop_login --login"


def sources() -> list[str]:
    """The code cells of the notebook."""
    cells = json.loads(QUICKSTART.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_run_all_and_one_click(lab: Any) -> None:
    """Run All does not stop at the login: the call after it waits, the click ends the wait, the rest runs."""
    cells = sources()
    page = lab.open("quickstart.ipynb", *cells)
    page.js("app.commands.execute('notebook:run-all-cells')")
    login = next(number for number, cell in enumerate(cells) if LOGIN_CELL in cell)
    page.see(login, "Sign in")
    tab = page.click_link("Sign in")
    tab.get_by_label("User name").fill("ada")
    tab.get_by_label("Password").fill("analytical-engine")
    tab.get_by_role("button", name="Sign in").click()
    page.see(login, "signed in as")
    page.wait_idle()
    assert page.errors() == []
    rows = page.kernel("rows_by_method")
    assert len(rows) == 10
    assert all(rows.values())
    page.see(login + 1, "20 rows × 15 columns")
    text = json.dumps(page.save())
    assert "analytical-engine" not in text
    assert "demo-live-key" not in text
