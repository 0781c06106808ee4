"""run.py, the README's two commands: which Python, which environment, what is installed, and once only."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "run.py"
OUTER_PIP = ("-m", "pip", "--python")


class Machine:
    """Stands for the machine: answers what run.py asks of it and keeps what it was told to run."""

    def __init__(self, root: Path, *, ensurepip: bool = True, pip: bool = True) -> None:
        self.environment = root / ".venv"
        self.ensurepip = ensurepip
        self.pip = pip
        self.ran: list[tuple[str, ...]] = []

    def call(self, *command: object, quiet: bool = False) -> int:
        words = tuple(str(word) for word in command)
        self.ran.append(words)
        if "venv" in words:
            if not self.ensurepip and "--without-pip" not in words:
                return 1
            self._python.parent.mkdir(parents=True)
            self._python.touch()
        if words[1:] == ("-c", "import pip"):
            return 0 if self.pip and (self.ensurepip or words[0] == sys.executable) else 1
        return 0

    @property
    def _python(self) -> Path:
        return self.environment / "bin/python"

    @property
    def installs(self) -> list[tuple[str, ...]]:
        return [words for words in self.ran if "install" in words]


Start = Callable[..., tuple[ModuleType, Machine, list[list[str]]]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """A copy of run.py on a machine made to measure; the list is what it became, in the end."""

    def make(**machine_is: bool) -> tuple[ModuleType, Machine, list[list[str]]]:
        (tmp_path / "tests/browser").mkdir(parents=True)
        for name in ("run.py", "pyproject.toml", "tests/browser/requirements.txt"):
            (tmp_path / name).write_text((SCRIPT.parent / name).read_text())
        spec = importlib.util.spec_from_file_location("run_for_a_test", tmp_path / "run.py")
        assert spec is not None
        assert spec.loader is not None
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        machine = Machine(tmp_path, **machine_is)
        became: list[list[str]] = []
        monkeypatch.setattr(script, "call", machine.call)

        def become(python: object, arguments: list[str]) -> None:
            became.append([str(python), *arguments])
            sys.exit("became it")  # the real one does not return either

        monkeypatch.setattr(script, "become", become)
        return script, machine, became

    return make


def test_the_demo_is_installed_and_started(start: Start, tmp_path: Path) -> None:
    script, machine, became = start()
    python = str(tmp_path / ".venv/bin/python")
    with pytest.raises(SystemExit, match="became it"):
        script.main(["demo", "--check"])
    (installed,) = machine.installs
    assert installed[0] == python
    assert installed[-2:] == ("-e", ".[demo,lab]")
    assert became == [[python, "-m", "apiconn_nb.demo", "--check"]]


def test_a_second_run_installs_nothing_until_the_project_changes(start: Start, tmp_path: Path) -> None:
    script, machine, _ = start()
    script.install("test")
    script.install("test")
    assert len(machine.installs) == 1
    project = tmp_path / "pyproject.toml"
    project.write_text(project.read_text() + "\n# one more dependency")
    script.install("test")
    assert len(machine.installs) == 2


def test_without_ensurepip_the_outer_pip_installs(start: Start) -> None:
    script, machine, _ = start(ensurepip=False)
    script.install("demo")
    (installed,) = machine.installs
    assert installed[:4] == (sys.executable, *OUTER_PIP)


def test_without_any_pip_it_says_what_to_install(start: Start) -> None:
    script, machine, _ = start(ensurepip=False, pip=False)
    with pytest.raises(SystemExit, match=r"apt-get install python3\.\d+-venv"):
        script.install("demo")
    assert not machine.installs


def test_a_failed_install_is_tried_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    script, machine, _ = start()
    monkeypatch.setattr(script, "call", lambda *words, **options: machine.call(*words) or int("install" in words))
    for _ in range(2):
        with pytest.raises(SystemExit, match="Installing failed"):
            script.install("demo")
    assert len(machine.installs) == 2


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (["test"], []),
        (["test", "-k", "basic"], ["-k", "basic"]),
        (["test", "--all", "-x"], ["-m", "", "-x"]),
    ],
)
def test_the_tests_get_the_words_after_it(start: Start, words: list[str], arguments: list[str]) -> None:
    script, _, became = start()
    with pytest.raises(SystemExit, match="became it"):
        script.main(words)
    assert became[-1][1:] == ["-m", "pytest", *arguments]


@pytest.mark.parametrize("words", [[], ["--help"], ["unknown"]])
def test_anything_else_shows_how_to_use_it(start: Start, words: list[str]) -> None:
    script, machine, _ = start()
    with pytest.raises(SystemExit, match=r"python3 run\.py demo --check"):
        script.main(words)
    assert not machine.ran


def test_an_old_python_hands_over_to_a_newer_one(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    script, _, became = start()
    monkeypatch.setattr(script.shutil, "which", lambda name: f"/somewhere/{name}" if name == "python3.12" else None)
    monkeypatch.setattr(script, "works", lambda python: True)
    with pytest.raises(SystemExit, match="became it"):
        script.start_again_with_a_newer_python(["test"])
    assert became == [["/somewhere/python3.12", script.__file__, "test"]]


def test_an_old_python_alone_says_so(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    script, _, became = start()
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"apiconn_nb needs 3\.11 or newer"):
        script.start_again_with_a_newer_python(["test"])
    assert not became
