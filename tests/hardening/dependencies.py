"""What can be said of the dependencies without a network, and more where a vulnerability service is reached.

``python -m tests.hardening.dependencies`` (a step of .ci/run) fails where a dependency has no floor, where an installed
one is older than its floor or in conflict with another, where the package imports what is not declared, and where
pip-audit, if the machine has it and it reaches its service, knows of a vulnerability. Whether it was asked is printed.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
# The import name where it is not the distribution's.
IMPORTED_AS = {"ipython": "IPython", "python-dotenv": "dotenv", "pyyaml": "yaml"}
# What a declared one brings, and promises to bring.
BROUGHT_ALONG = {"numpy", "google", "httpcore", "traitlets", "werkzeug"}


def declared() -> dict[str, list[Requirement]]:
    """The requirements of pyproject.toml: ``""`` for those of the package, else by extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {name: [Requirement(each) for each in texts] for name, texts in groups.items()}


def without_a_floor() -> list[str]:
    """Requirements that any release would satisfy, also one with known faults."""
    return [
        f"{each} ({group or 'the package'})"
        for group, requirements in declared().items()
        for each in requirements
        if not each.name.startswith("apiconn")
        and not any(part.operator in (">=", "==", "~=") for part in each.specifier)
    ]


def too_old() -> list[str]:
    """Installed distributions that are not what pyproject.toml asks for."""
    found = []
    for requirement in [each for requirements in declared().values() for each in requirements]:
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if version not in requirement.specifier:
            found.append(f"{requirement.name} {version} is not {requirement.specifier}")
    return found


def in_conflict() -> list[str]:
    """Installed distributions whose own requirements are not met, as ``pip check`` finds them."""
    found = []
    for distribution in importlib.metadata.distributions():
        for text in distribution.requires or ():
            requirement = Requirement(text)
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            try:
                version = importlib.metadata.version(requirement.name)
            except importlib.metadata.PackageNotFoundError:
                found.append(f"{distribution.name} wants {requirement}, which is not installed")
                continue
            if requirement.specifier and not requirement.specifier.contains(version, prereleases=True):
                found.append(f"{distribution.name} wants {requirement}, and {version} is installed")
    return sorted(set(found))


def undeclared() -> list[str]:
    """Modules that the package imports and pyproject.toml does not declare."""
    known = {
        IMPORTED_AS.get(each.name.lower(), each.name.lower().replace("-", "_"))
        for requirements in declared().values()
        for each in requirements
    }
    allowed = {each.lower() for each in known | BROUGHT_ALONG | {"apiconn_nb"} | set(sys.stdlib_module_names)}
    return sorted({f"{module} ({file})" for file, module in _imports() if module.lower() not in allowed})


def _imports() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "apiconn_nb").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            yield from ((str(path.relative_to(ROOT)), name.partition(".")[0]) for name in names)


def vulnerable() -> tuple[str, list[str]]:
    """Whether a vulnerability service was asked, in words, and what it knows of the packages installed here.

    pip-audit asks PyPI for each of them. It is used where the machine has it (``pipx install pip-audit``), and looks at
    this environment from outside, so that it is not audited itself.
    """
    program = shutil.which("pip-audit")
    if program is None:
        return "NOT asked: this machine has no pip-audit", []
    command = [program, "--path", sysconfig.get_path("purelib"), "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):  # it says nothing where the service was not reached
        return "NOT asked: pip-audit reached no service", []
    asked = [each for each in packages if "version" in each]
    found = [
        f"{each['name']} {each['version']}: {', '.join(known['id'] for known in each['vulns'])}"
        for each in asked
        if each["vulns"]
    ]
    return f"asked for {len(asked)} packages, {len(packages) - len(asked)} could not be looked up", found


def main() -> int:
    """Print each finding; 1 where there is one."""
    questions = {
        "without a floor": without_a_floor(),
        "older than the floor": too_old(),
        "in conflict": in_conflict(),
        "imported and not declared": undeclared(),
    }
    for question, found in questions.items():
        print(f"{question}: {'; '.join(found) or 'none'}")
    said, known = vulnerable()
    print("known vulnerabilities:", "; ".join([said, *known]))
    return int(bool(known) or any(questions.values()))


if __name__ == "__main__":
    sys.exit(main())
