"""A call as a plain Python script with httpx or requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from apiconn_nb.errors import UsageError
from apiconn_nb.exporters.plan import Plan
from apiconn_nb.exporters.python_auth import Auth, Library, auth_of
from apiconn_nb.exporters.python_paging import Paging, paging_of
from apiconn_nb.exporters.python_text import at, comment, f_string, literal, text_literal
from apiconn_nb.exporters.python_tls import tls_of
from apiconn_nb.exporters.references import Needs, python
from apiconn_nb.exporters.texts import Name, held_json
from apiconn_nb.secrets import Secret

_FOREIGN = ("google.colab.userdata", "httpx", "jmespath", "jwt", "keyring", "requests")
_URL_WORDS = ("parse_qsl", "quote", "unquote_plus", "urlencode", "urljoin", "urlsplit", "urlunsplit")


class Script:
    """Writes one script; the parts are methods so that dlt's writer can take some of them."""

    def __init__(self, plan: Plan, library: Library) -> None:
        self.plan = plan
        self.library = library
        self.needs = Needs()
        self.prefix = re.sub(r"[^A-Za-z0-9]+", "_", plan.collection).upper()
        self.auth: Auth = auth_of(plan.recipe, library, self.prefix, self.needs)
        self.paging: Paging | None = paging_of(plan.paginator, self.needs) if plan.pages != 1 else None

    def text(self) -> str:
        """The script."""
        body = [self.constants(), self.tls(), self.auth.code, *self.functions(), self.signing()]
        body += [self.rows(), self.table(), _MAIN]
        return self.head(body) + laid_out(body)

    # ── head ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def head(self, body: list[str]) -> str:
        """Docstring and imports; what is imported is what the body uses."""
        source = "\n".join(body)
        self.needs.imports |= {self.library, "sys"}
        packages = sorted({self.library, *(["pandas"] if "pd." in source else []), *self.needs.packages})
        lines = [f'"""{comment(self.plan.title)}, written by apiconn_nb; it runs without it.', ""]
        lines.append(f"    pip install {' '.join(packages)}")
        lines += [f"    set {name}" for name in self.needs.variables]
        lines += ['"""', ""]
        used = sorted(name for name in self.needs.imports - {"urllib.parse"} if _is_used(name, source))
        lines += [f"import {name}" for name in used if name not in _FOREIGN]
        words = [word for word in _URL_WORDS if re.search(rf"\b{word}\(", source)]
        if words:
            lines.append(f"from urllib.parse import {', '.join(words)}")
        if "xml_escape(" in source:
            lines.append("from xml.sax.saxutils import escape as xml_escape")
        foreign = [f"import {name}" for name in used if name in _FOREIGN] + self.further_imports(source)
        return (
            "\n".join([*lines, "", *sorted(foreign, key=lambda line: (line.startswith("from"), line.lower()))]) + "\n"
        )

    def further_imports(self, source: str) -> list[str]:
        """Lines that import what is not a module's own name."""
        return ["import pandas as pd"] if "pd." in source else []

    # ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def constants(self) -> str:
        """The base URL and the call's values."""
        lines = [f"BASE_URL = {text_literal(self.plan.base_url)}"]
        for name, value in self.plan.values.items():
            if isinstance(value, Secret):
                lines.append(f"{name} = {python(value, f'{self.prefix}_{name.upper()}', self.needs)}")
            else:
                lines.append(f"{name} = {_plain_literal(value)}")
        return "\n".join(lines)

    def tls(self) -> str:
        """Certificates, where the collection has any; and for requests the options of every request."""
        return tls_of(self.plan, self.library, self.prefix, self.needs)

    def signing(self) -> str:
        """The one object that signs the requests of a script with requests."""
        return f"AUTH = {self.auth.argument}" if self.auth.argument and self.library == "requests" else ""

    def functions(self) -> list[str]:
        """What the loop over pages needs."""
        return list(dict.fromkeys(self.paging.functions)) if self.paging else []

    def url(self) -> str:
        """The expression for the first URL."""
        pieces, base = list(self.plan.url), self.plan.base_url.rstrip("/")
        first = pieces[0] if pieces and isinstance(pieces[0], str) else ""
        if base and first.startswith(base):
            pieces[:1] = [Name("BASE_URL"), first.removeprefix(base)]
        source = f_string(pieces, lambda name: name if name == "BASE_URL" else quoted(name))
        for name, value in self.plan.query.items():
            shown = python(value, f"{self.prefix}_{name.upper()}", self.needs) if isinstance(value, Secret) else ""
            joined = "&" if "?" in source else "?"
            source += f" + {text_literal(f'{joined}{name}=')} + " + (
                quoted(shown) if shown else text_literal(str(value))
            )
        return source

    def headers(self) -> str:
        """The expression for the headers."""
        members = []
        for name, value in self.plan.headers.items():
            if isinstance(value, Secret):
                variable = f"{self.prefix}_{re.sub(r'[^A-Za-z0-9]+', '_', name).upper()}"
                members.append(f"{text_literal(name)}: {python(value, variable, self.needs)}")
            else:
                members.append(f"{text_literal(name)}: {f_string(value)}")
        members += [f"{text_literal(name)}: {value}" for name, value in self.auth.headers.items()]
        line = "{" + ", ".join(members) + "}"
        return line if len(line) < 90 else "{\n" + "".join(f"        {each},\n" for each in members) + "    }"

    def body(self) -> tuple[str, str]:
        """The lines that make the body, and the argument that sends it."""
        plan = self.plan
        if not plan.body:
            return "", ""
        if plan.body_kind == "json":
            return f"    body = {literal(held_json(plan.body), 4)}\n", "json=body"
        wraps: dict[str, Callable[[str], str]] = {"form": quoted, "xml": lambda name: f"xml_escape(str({name}))"}
        text = f_string(plan.body_pieces, wraps.get(plan.body_kind, str))
        if plan.body_kind == "multipart":
            text += '.replace("\\n", "\\r\\n") + "\\r\\n"'
        argument = "content" if self.library == "httpx" else "data"
        return f"    body = {text}\n", f"{argument}=body.encode()"

    def rows(self) -> str:
        """``rows()``: the rows of each page."""
        body, sent = self.body()
        lines = [
            "", "def rows():", f'    """The rows of {"all pages" if self.paging else "the answer"}."""',
            f"    url = {self.url()}", f"    headers = {self.headers()}",
        ]  # fmt: skip
        lines += body.rstrip("\n").split("\n") if body else []
        lines += ["    with " + self.client() + " as client:"]
        lines += [f"        {line}" for line in (self.paging.before if self.paging else [])]
        lines += self._loop(sent)
        return "\n".join(lines)

    def _loop(self, sent: str) -> list[str]:
        arguments = ", ".join(
            part for part in (f'"{self.plan.method}"', "url", "headers=headers", sent, self.options()) if part
        )
        pages = self.plan.pages
        head = "" if not self.paging else f"for _ in range({pages}):" if pages else "while True:"
        indent = " " * (12 if head else 8)
        lines = [f"        {head}"] if head else []
        lines += [
            f"{indent}response = client.request({arguments})", *(indent + line for line in self.check()),
            *(indent + line for line in self._found()), f"{indent}yield from found",
        ]  # fmt: skip
        return lines + [indent + line for line in (self.paging.after if self.paging else [])]

    def client(self) -> str:
        """What opens the connection."""
        if self.library == "requests":
            return "requests.Session()"
        auth = f"auth={self.auth.argument}, " if self.auth.argument else ""
        return f"httpx.Client({auth}timeout=60{self._verify()})"

    def _verify(self) -> str:
        return ", verify=tls()" if "def tls" in self.tls() else ""

    def options(self) -> str:
        """Further arguments of a request."""
        if self.library == "httpx":
            return ""
        auth = "auth=AUTH, " if self.auth.argument else ""
        # A redirect would carry the key along to wherever it leads.
        return f"{auth}allow_redirects=False, **OPTIONS"

    def check(self) -> list[str]:
        """What is asked of an answer before it is read."""
        return ["response.raise_for_status()"]

    def _found(self) -> list[str]:
        plan = self.plan
        if plan.answer == "ndjson":
            self.needs.imports.add("json")
            return ["found = [json.loads(line) for line in response.text.splitlines() if line.strip()]"]
        if plan.answer in ("csv", "tsv"):
            self.needs.imports |= {"csv", "io"}
            tab = ', delimiter="\\t"' if plan.answer == "tsv" else ""
            return [f"found = list(csv.DictReader(io.StringIO(response.text){tab}))"]
        if plan.answer == "text":
            return ["found = response.text.splitlines()"]
        value = at(plan.rows.path)
        if "jmespath" in value:
            self.needs.imports.add("jmespath")
            self.needs.packages.add("jmespath")
        lines = ["document = response.json()", f"found = {unfolded(value, plan.rows.kind)}"]
        if plan.rows.kind == "asked":  # no answer was looked at: it may be one record
            lines.append("found = found if isinstance(found, list) else [found]")
        return lines

    def table(self) -> str:
        """``table()``: the rows as a DataFrame."""
        return _TABLE


def laid_out(parts: list[str]) -> str:
    """The parts of a script with the blank lines that PEP 8 wants between them."""
    source = ""
    for part in parts:
        if text := part.strip("\n"):
            is_block = text.startswith(("def ", "class ", "@", "if __name__")) or source.rstrip("\n").endswith("\0")
            source = source.replace("\0", "") + ("\n\n\n" if is_block else "\n\n") + text
            source += "\0" if text.startswith(("def ", "class ", "@")) else ""
    return source.replace("\0", "").lstrip("\n").join(["\n", "\n"])


def quoted(name: str) -> str:
    """The expression that puts a value into a URL."""
    return f"quote(str({name}), safe='')"


def unfolded(value: str, kind: str) -> str:
    """The rows out of what stands at their place."""
    if kind in ("record", "value"):
        return f"[{value}]"
    if kind == "edges":
        return f'[edge["node"] for edge in {value}]'
    if kind == "keyed":
        return f'[{{"_key": key, **each}} for key, each in {value}.items()]'
    if kind == "columns":
        return f"[dict(zip({value}, cells)) for cells in zip(*{value}.values())]"
    return value


def _plain_literal(value: Any) -> str:
    if isinstance(value, float) and value != value:
        raise UsageError("A value is NaN, which cannot be written: give another one.")
    return text_literal(value) if isinstance(value, str) else repr(value)


def _is_used(name: str, source: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}\b", source) is not None


_TABLE = '''
def table():
    """The rows as a table, nested objects as dotted columns."""
    found = list(rows())
    if all(isinstance(row, dict) for row in found):
        return pd.json_normalize(found)
    return pd.DataFrame({"value": found})
'''
_MAIN = """
if __name__ == "__main__":
    table().to_csv(sys.stdout, index=False)
"""
