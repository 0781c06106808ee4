#!/usr/bin/env python3
"""From a fresh clone, with Python 3.11 or newer and nothing else:

    python3 run.py demo            start the demo and open JupyterLab at notebooks/quickstart.ipynb
    python3 run.py demo --check    run the same notebook without a screen; rows received, method by method
    python3 run.py test            the quick tests; what follows goes to pytest (-k …, a file)
    python3 run.py test --all      also those with third-party servers (nginx) and Chromium

The first run makes an environment of its own in .venv and installs into it; later runs start at once.
"""
# ruff: noqa: S603, S606, T201 - starts Python and says so
# Must parse on an older Python too, to be able to say that it is too old.

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
OLDEST = (3, 11)
NEWER = ["python3.14", "python3.13", "python3.12", "python3.11"]
BROWSER = "tests/browser/requirements.txt"
INSTALLS = {"demo": ["-e", ".[demo,lab]"], "test": ["-e", ".[test,dask]", "-r", BROWSER]}


def main(arguments):
    """Install what the command needs, then become it."""
    if not arguments or arguments[0] not in INSTALLS:
        sys.exit(__doc__)
    if sys.version_info < OLDEST:
        start_again_with_a_newer_python(arguments)
    command, rest = arguments[0], arguments[1:]
    python = install(command)
    if command == "demo":
        become(python, ["-m", "apiconn_nb.demo", *rest])
    if "--all" in rest:
        rest = ["-m", "", *(word for word in rest if word != "--all")]  # no marker is left out
    become(python, ["-m", "pytest", *rest])


def start_again_with_a_newer_python(arguments):
    """Hand over to a Python that is new enough, if this machine has one."""
    for name in NEWER:
        found = shutil.which(name)
        if found and works(found):  # a version manager can offer names that it cannot start
            become(found, [__file__, *arguments])
    version = ".".join(str(part) for part in sys.version_info[:2])
    sys.exit(f"This is Python {version}; apiconn_nb needs 3.11 or newer: install it and run this again with it.")


def install(command):
    """The Python of the environment, which has what `command` needs."""
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not works(python):
        print(f"Making an environment in {ENVIRONMENT.name} …", flush=True)
        make_environment(python)
    stamp = ENVIRONMENT / f"installed-for-{command}"
    wanted = fingerprint(command)
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"Installing what the {command} needs (once; a minute or two) …", flush=True)
    pip = [python, "-m", "pip"] if has_pip(python) else [sys.executable, "-m", "pip", "--python", python]
    done = call(*pip, "install", "--quiet", "--disable-pip-version-check", *INSTALLS[command])
    if done != 0:
        sys.exit(f"Installing failed; pip says why above. Nothing was changed outside {ENVIRONMENT.name}.")
    stamp.write_text(wanted)
    return python


def make_environment(python):
    """A fresh virtual environment, with a pip in it or beside it."""
    shutil.rmtree(str(ENVIRONMENT), ignore_errors=True)
    if call(sys.executable, "-m", "venv", ENVIRONMENT, quiet=True) == 0:
        return
    # Debian's Python comes without ensurepip; its pip can install into the environment from outside.
    shutil.rmtree(str(ENVIRONMENT), ignore_errors=True)
    bare = call(sys.executable, "-m", "venv", "--without-pip", ENVIRONMENT)
    if bare == 0 and works(python) and has_pip(sys.executable):
        return
    package = "python{}.{}-venv".format(*sys.version_info)
    sys.exit(
        "This Python cannot make an environment with pip in it. On Debian and Ubuntu: "
        f"apt-get install {package}; then run this again."
    )


def fingerprint(command):
    """Changes when what is to be installed changes."""
    files = [ROOT / "pyproject.toml", ROOT / BROWSER]
    recipe = [sys.version, *INSTALLS[command], *(file.read_text(encoding="utf-8") for file in files)]
    return hashlib.sha256("\0".join(recipe).encode()).hexdigest()


def works(python):
    """Whether `python` starts; after an upgrade of the system's Python the one in an environment may not."""
    return Path(python).exists() and call(python, "-c", "", quiet=True) == 0


def has_pip(python):
    """Whether `python` has pip."""
    return call(python, "-c", "import pip", quiet=True) == 0


def call(*command, quiet=False):
    """Run a command in the project's folder; its exit status."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.call([str(word) for word in command], cwd=str(ROOT), stdout=output, stderr=output)


def become(python, arguments):
    """Run `python` in place of this process, in the project's folder."""
    os.chdir(str(ROOT))
    if os.name == "nt":  # there exec returns to the shell before the command has ended
        sys.exit(call(python, *arguments))
    os.execv(str(python), [str(python), *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
