"""Run a notebook without a screen and say, method by method, how many rows it received.

What the notebook has to do: hold a variable ``rows_by_method``, a dict from a method's slug (``"none"``,
``"key-in-url"``, …, see `doors.DOORS`) to the number of rows that its call returned (``len(df)``). How it shows it is
its own affair: a cell is added to a copy in memory that prints the variable as JSON behind a mark, so no output of the
notebook is parsed. The notebook file is not changed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from ..errors import ApiConnError
from .doors import DOORS

VARIABLE = "rows_by_method"
_MARK = "apiconn-rows-by-method "
_CELL_SECONDS = 120
_ASK = f"import json as _json\nprint({_MARK!r} + _json.dumps({{str(k): int(v) for k, v in {VARIABLE}.items()}}))"


class CheckError(ApiConnError):
    """The notebook did not run to its end, or does not say its rows."""


def rows_by_method(notebook: Path, *, kernel: str = "") -> dict[str, int]:
    """Run `notebook` in its own folder and return the rows by method.

    `kernel` is the name of a kernel spec; empty: the notebook's own. Raises CheckError in one line.
    """
    document = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    question = nbformat.v4.new_code_cell(_ASK)  # type: ignore[no-untyped-call]
    document.cells.append(question)
    name = kernel or document.metadata.get("kernelspec", {}).get("name", "python3")
    client = NotebookClient(
        document,
        timeout=_CELL_SECONDS,
        kernel_name=name,
        resources={"metadata": {"path": str(notebook.parent)}},
        # A kernel on loopback warns on the terminal that it is not encrypted; there only the rows should stand.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise CheckError(_failure(notebook, error)) from None
    except CellTimeoutError:
        raise CheckError(f"{notebook.name}: a cell took longer than {_CELL_SECONDS} s.") from None
    except DeadKernelError:
        raise CheckError(f"{notebook.name}: the kernel died.") from None
    return _answer(question)


def _failure(notebook: Path, error: CellExecutionError) -> str:
    if error.ename == "NameError" and VARIABLE in error.evalue:
        return f"{notebook.name} ran, but sets no {VARIABLE} (a dict of method and number of rows)."
    return f"{notebook.name}: {error.ename}: {error.evalue.splitlines()[0] if error.evalue else ''}"


def _answer(cell: Any) -> dict[str, int]:
    # One print can arrive in several stream outputs: join before looking for the mark.
    text = "".join(output.get("text", "") for output in cell.outputs if output.output_type == "stream")
    for line in text.splitlines():
        if line.startswith(_MARK):
            found: dict[str, int] = json.loads(line.removeprefix(_MARK))
            return found
    raise CheckError(f"The notebook's {VARIABLE} could not be read.")


def report(found: dict[str, int]) -> tuple[str, bool]:
    """The table for the terminal, one line a method, and whether each of the ten has at least one row."""
    lines = [f"{'method':<28} rows"]
    for method in (*DOORS, *sorted(set(found) - set(DOORS))):
        rows = found.get(method)
        lines.append(f"{method:<28} {rows if rows else 'none received':>4}")
    good = all(found.get(method) for method in DOORS)
    total = f"{sum(bool(found.get(method)) for method in DOORS)} of {len(DOORS)} methods"
    return "\n".join([*lines, f"{total}: {'ok' if good else 'NOT ok'}"]), good
