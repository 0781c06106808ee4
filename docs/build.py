"""Build the documentation's site: ``python -m docs.build``, from the project's folder.

What is made from declarations is written afresh each time into ``build/docs``, beside a copy of the pages that are
written by hand, and Sphinx turns both into ``build/site``. Nothing that is made is kept in git.

    python -m docs.build                      everything; needs docs/requirements.txt and the extras demo and lab
    python -m docs.build --no-notebooks       without running the notebooks
    python -m docs.build --sphinx PYTHON      Sphinx is in another environment
    python -m docs.build --source-only        write the pages and stop before Sphinx
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from docs.generate import catalogue, method_pages, notebooks, reference

HERE = Path(__file__).parent
ROOT = HERE.parent
MADE = ROOT / "build" / "docs"
SITE = ROOT / "build" / "site"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build; returns Sphinx's exit status: any warning is an error."""
    options = _parser().parse_args(arguments)
    write_source(options.source, with_notebooks=options.notebooks)
    if options.source_only:
        return 0
    return render(options.source, options.site, options.sphinx)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m docs.build", description="Build the documentation's site.")
    parser.add_argument("--source", type=Path, default=MADE, help="where the pages are put together")
    parser.add_argument("--site", type=Path, default=SITE, help="where the site goes")
    parser.add_argument("--sphinx", default=sys.executable, metavar="PYTHON", help="the Python that has Sphinx")
    parser.add_argument("--no-notebooks", dest="notebooks", action="store_false", help="do not run the notebooks")
    parser.add_argument("--source-only", action="store_true", help="stop before Sphinx")
    return parser


def write_source(folder: Path, *, with_notebooks: bool = True) -> None:
    """Put the hand-written and the generated pages together in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    made = shutil.ignore_patterns("generate", "*.py", "*.txt", "*.toml", "__pycache__")
    shutil.copytree(HERE, folder, ignore=made)
    shutil.copy(HERE / "conf.py", folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a legacy grant warns when its example is driven
        method_pages.write(folder / "methods")
    reference.write(folder / "reference")
    reference.write_schema(folder / "extra")
    catalogue.write(folder / "reference")
    if with_notebooks:
        notebooks.write(folder / "notebooks")


def render(source: Path, site: Path, python: str) -> int:
    """Have Sphinx build the site, strictly: a warning is an error."""
    shutil.rmtree(site, ignore_errors=True)
    strict = ("--fail-on-warning", "--keep-going", "--nitpicky", "--quiet")
    command = [python, "-m", "sphinx", *strict, "--builder", "html", "--doctree-dir", str(source / ".doctrees")]
    return subprocess.call([*command, str(source), str(site)])


if __name__ == "__main__":
    sys.exit(main())
