"""Where a script finds a secret: a reference as an expression of Python or of the shell. No secret is ever written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from apiconn_nb.errors import UsageError
from apiconn_nb.secrets import Secret


@dataclass
class Needs:
    """What a script needs: modules to import, packages to install, environment variables to set."""

    imports: set[str] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)
    variables: dict[str, None] = field(default_factory=dict)


def python(secret: Secret, fallback: str, needs: Needs) -> str:
    """The expression for a secret; one without a reference is taken from the environment variable `fallback`."""
    scheme, _, rest = secret.reference.partition(":")
    if scheme == "keyring":
        needs.imports.add("keyring")
        needs.packages.add("keyring")
        service, _, user = rest.rpartition("/")
        return f"keyring.get_password({_text(service)}, {_text(user)})"
    if scheme == "file":
        needs.imports.add("pathlib")
        return f'pathlib.Path({_text(rest)}).expanduser().read_text().rstrip("\\n")'
    if scheme == "colab":
        needs.imports.add("google.colab.userdata")
        return f"google.colab.userdata.get({_text(rest)})"
    name = rest if scheme == "env" else fallback
    needs.imports.add("os")
    needs.variables[name] = None
    return f"os.environ[{_text(name)}]"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def shell(secret: Secret, fallback: str, needs: Needs) -> str:
    """The same for bash, as it stands inside double quotes."""
    scheme, _, rest = secret.reference.partition(":")
    if scheme in ("keyring", "colab"):
        raise UsageError(f"A shell script does not reach {secret.reference}: use env:NAME, or --as-code httpx.")
    if scheme == "file":
        return f"$(< {_quoted(rest)})"
    name = rest if scheme == "env" else fallback
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(f"A shell script has no variable {name!r}: use env:NAME with letters, digits and _.")
    needs.variables[name] = None
    return "${" + name + "}"


def _quoted(path: str) -> str:
    return '"' + re.sub(r'(["\\$`])', r"\\\1", path) + '"'
