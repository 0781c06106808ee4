"""Dependencies as far as they can be judged without a network; and what the package's own source must not do."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from tests.hardening import dependencies, evidence

# Each would run, or turn into objects, what somebody else wrote.
RUNS_TEXT = {
    "eval", "exec", "compile", "pickle.load", "pickle.loads", "marshal.loads", "shelve.open", "yaml.load", "os.system",
    "os.popen", "pd.read_pickle", "pandas.read_pickle", "input", "jsonpickle.decode", "dill.loads",
}  # fmt: skip
PACKAGE = dependencies.ROOT / "apiconn_nb"


@pytest.mark.parametrize("question", ["without_a_floor", "too_old", "in_conflict", "undeclared"])
def test_there_is_none(question: str) -> None:
    assert getattr(dependencies, question)() == []


def test_the_questions_find_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with each fault."""
    (tmp_path / "apiconn_nb").mkdir()
    (tmp_path / "apiconn_nb" / "a.py").write_text("import leftpad\nfrom isodd import x\n")
    text = '[project]\ndependencies = ["httpx", "pandas>=999"]\n[project.optional-dependencies]\na = ["flask<9"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.setattr(dependencies, "ROOT", tmp_path)
    assert dependencies.without_a_floor() == ["httpx (the package)", "flask<9 (a)"]
    assert [each.partition(" ")[0] for each in dependencies.too_old()] == ["pandas"]
    assert dependencies.undeclared() == ["isodd (apiconn_nb/a.py)", "leftpad (apiconn_nb/a.py)"]


AUDIT = {
    "clean": ('{"dependencies": [{"name": "a", "version": "1", "vulns": []}], "fixes": []}', 0),
    "vulnerable": (
        '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}, {"id": "CVE-2"}]},'
        ' {"name": "b", "skip_reason": "not on PyPI"}], "fixes": []}', 1
    ),
    "unreached": ("", 1),
    "a page": ("<html>Could not connect to the vulnerability feed</html>", 1),
}  # fmt: skip


@pytest.mark.parametrize("which", [*AUDIT, "absent"])
def test_what_pip_audit_says_is_told_from_what_it_could_not_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], which: str
) -> None:
    """Silence is no clean bill: where nobody was asked, that is said."""
    monkeypatch.setenv(
        "PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin" if which != "absent" else str(tmp_path)
    )
    if which != "absent":
        said, status = AUDIT[which]
        program = tmp_path / "pip-audit"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit {status}\n")
        program.chmod(0o755)
    failed = dependencies.main()
    printed = capsys.readouterr().out
    assert failed == (which == "vulnerable")
    assert ("NOT asked" in printed) == (which in ("unreached", "a page", "absent"))
    assert ("a 1: PYSEC-1, CVE-2" in printed) == (which == "vulnerable")
    assert "asked for 1 packages, 1 could not" in printed or which != "vulnerable"


def called(source: str) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}


def test_nothing_that_came_from_elsewhere_is_run_or_unpickled() -> None:
    files = list(PACKAGE.rglob("*.py"))
    found = {str(file.relative_to(PACKAGE)): called(file.read_text()) & RUNS_TEXT for file in files}
    # YAML by a loader that knows fewer types than SafeLoader; questions in a terminal, never for a secret.
    assert found.pop("importers/source.py") <= {"yaml.load"}
    assert found.pop("notebook/prompts.py") <= {"input"}
    assert not {name: calls for name, calls in found.items() if calls}
    assert called("eval(x); pickle.loads(y)") & RUNS_TEXT == {"eval", "pickle.loads"}
    evidence.most("source", files=len(files))
