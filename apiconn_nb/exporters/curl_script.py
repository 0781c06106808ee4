"""A call as a bash script with curl and jq; the rows come out as one JSON document a line."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any
from urllib.parse import quote

from apiconn_nb.errors import UsageError
from apiconn_nb.exporters.curl_paging import loop_of
from apiconn_nb.exporters.curl_token import token_of
from apiconn_nb.exporters.plan import Plan
from apiconn_nb.exporters.python_text import comment, is_plain, steps
from apiconn_nb.exporters.recipe import Certificate, HeaderKey, QueryKey, Token, UserPassword
from apiconn_nb.exporters.references import Needs, shell
from apiconn_nb.exporters.texts import HELD, Name, Pieces, angle, held_json
from apiconn_nb.placeholders import as_text
from apiconn_nb.secrets import Secret


class CurlScript:
    """Writes one script. A secret never stands in curl's arguments, which every user of the machine can list."""

    def __init__(self, plan: Plan) -> None:
        if plan.answer not in ("json", "ndjson", "csv", "tsv", "text"):
            raise UsageError(f"The answer is {plan.answer}, which a shell script does not take apart.")
        self.plan = plan
        self.needs = Needs()
        self.prefix = re.sub(r"[^A-Za-z0-9]+", "_", plan.collection).upper()
        self._options: list[str] = []
        self._config: list[str] = []

    def text(self) -> str:
        """The script."""
        plan = self.plan
        lines = [f"base_url={shlex.quote(plan.base_url)}"]
        token = self._authentication()
        self._headers()
        self._connection()
        url = self._url()
        body = self._body()
        call = self._call(body)
        loop = loop_of(plan)
        parts = [*lines, *token, *call, f"url={url}", *loop.before, *self._loop(loop.after, loop.is_paged)]
        return "\n".join([*self._head(), *parts]) + "\n"

    def _head(self) -> list[str]:
        lines = ["#!/usr/bin/env bash", f"# {comment(self.plan.title)}, written by apiconn_nb; it runs without it."]
        lines.append("# It needs bash, curl (7.87 or later) and jq; the rows come out as one JSON document a line.")
        lines.append("# (jq before 1.7 rounds integers beyond 2^53.)")
        return [*lines, "set -euo pipefail", "folder=$(mktemp -d); trap 'rm -rf \"$folder\"' EXIT", ""]

    # ── the call ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _call(self, body: list[str]) -> list[str]:
        """``call URL``: the answer's body on standard output, its headers in a file."""
        words = ["--silent --show-error --fail-with-body --max-time 60", '--dump-header "$folder/headers"']
        if self.plan.method != "GET" or body:
            words.append(f"--request {self.plan.method}" if self.plan.method != "HEAD" else "--head")
        words += self._options
        if body:
            words.append('--data-binary @"$folder/body"')
        if self._config:
            words.append("--config <(secrets)")
        joined = " \\\n    ".join([*words, '--url "$1"'])
        given = [] if not self._config else ["secrets() {", *(f"  {line}" for line in self._config), "}"]
        return [*given, *body, "call() {", f"  curl {joined}", "}"]

    def _loop(self, after: list[str], is_paged: bool) -> list[str]:
        rows = ['answer=$(call "$url")', self._rows()]
        if not is_paged:
            return rows
        pages = self.plan.pages
        head = f"for ((number = 1; number <= {pages}; number++)); do" if pages else "while true; do"
        return [head, *(f"  {line}" for line in [*rows, *after]), "done"]

    def _rows(self) -> str:
        plan = self.plan
        if plan.answer != "json":
            return 'printf "%s\\n" "$answer"'
        if not is_plain(plan.rows.path):
            raise UsageError(f"The rows are at {plan.rows.path}, which jq writes otherwise: --as-code httpx.")
        place = jq_path(steps(plan.rows.path))
        kinds = {"record": place, "value": place, "edges": f"{place}[].node"}
        kinds["asked"] = f'{place} | if type == "array" then .[] else . end'
        kinds["keyed"] = f"{place} | to_entries[] | {{_key: .key}} + .value"
        if plan.rows.kind == "columns":
            raise UsageError("The rows are written column by column: --as-code httpx unfolds them.")
        return f'jq --compact-output {shlex.quote(kinds.get(plan.rows.kind, f"{place}[]"))} <<< "$answer"'

    # ── its parts ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _url(self) -> str:
        """The URL in quotes for the shell: values percent-encoded, secret ones when it runs."""
        source = self._filled(self.plan.url, lambda text: quote(text, safe=""), is_url=True)
        for name, value in self.plan.query.items():
            joined = "&" if "?" in source else "?"
            shown = self._encoded(value, name) if isinstance(value, Secret) else _in_quotes(quote(str(value), safe=""))
            source += f"{joined}{_in_quotes(quote(name, safe=''))}={shown}"
        base = _in_quotes(self.plan.base_url.rstrip("/"))
        if base and source.startswith(base):
            source = "${base_url%/}" + source.removeprefix(base)
        return f'"{source}"'

    def _filled(self, pieces: Pieces, encode: Any, *, is_url: bool = False) -> str:
        parts = []
        for piece in pieces:
            if not isinstance(piece, Name):
                parts.append(_in_quotes(piece))
                continue
            value = self.plan.values[piece.name]
            if isinstance(value, Secret):
                parts.append(self._encoded(value, piece.name) if is_url else self._secret(value, piece.name))
            else:
                parts.append(_in_quotes(encode(as_text(value, piece.name))))
        return "".join(parts)

    def _secret(self, value: Secret, name: str) -> str:
        return shell(value, f"{self.prefix}_{re.sub(r'[^A-Za-z0-9]+', '_', name).upper()}", self.needs)

    def _encoded(self, value: Secret, name: str) -> str:
        return f'$(printf %s "{self._secret(value, name)}" | jq --raw-input --slurp --raw-output @uri)'

    def _headers(self) -> None:
        for name, value in self.plan.headers.items():
            if isinstance(value, Secret):
                self._config.append(_config("header", f"{name}: ", self._secret(value, name)))
            elif any(isinstance(piece, Name) and isinstance(self.plan.values[piece.name], Secret) for piece in value):
                self._config.append(_config("header", f"{name}: ", self._filled(value, str)))
            else:
                text = "".join(
                    as_text(self.plan.values[piece.name], piece.name) if isinstance(piece, Name) else piece
                    for piece in value
                )
                self._options.append(f"--header {shlex.quote(f'{name}: {text}')}")
        if self.plan.body and self.plan.body_kind == "json" and "Content-Type" not in {
            name.title() for name in self.plan.headers
        }:  # fmt: skip
            self._options.append("--header 'Content-Type: application/json'")

    def _authentication(self) -> list[str]:
        match self.plan.recipe:
            case HeaderKey() as one:
                self._config.append(_config("header", f"{one.name}: {one.prefix}", self._secret(one.key, "key")))
            case QueryKey() as one:
                self._config.append(_config("url-query", f"{quote(one.name, safe='')}=", self._secret(one.key, "key")))
            case UserPassword() as one:
                if isinstance(one.username, Secret):
                    raise UsageError("A secret user name is not written for the shell: --as-code httpx.")
                password = self._secret(one.password, "password") if one.password else ""
                self._config.append(_config("user", f"{one.username}:", password))
            case Token() as one:
                if not one.placement.in_header:
                    raise UsageError("A token in the query is not written for the shell: --as-code httpx.")
                lines, key = token_of(one, self.prefix, self.needs)
                place = one.placement
                self._config.append(_config("header", f"{place.header_name}: {place.header_prefix}", key))
                return lines
            case Certificate() as one:
                return self._certificate(one)
        return []

    def _certificate(self, one: Certificate) -> list[str]:
        pem = shell(Secret.from_reference(one.pem), "", self.needs) if one.pem.startswith("file:") else ""
        text = f'"{pem}"' if pem else shlex.quote(one.pem)
        self._options += ['--cert "$folder/certificate"', '--key "$folder/key"']
        if one.password:
            self._config.append(_config("pass", "", self._secret(one.password, "certificate_key_password")))
        return [
            f'printf "%s\\n" {text} > "$folder/certificate"',
            f'printf "%s\\n" "{self._secret(one.key, "certificate_key")}" > "$folder/key"',
        ]

    def _connection(self) -> None:
        assert self.plan.settings is not None
        settings = self.plan.settings.settings
        authority = settings.value("ca_certificate") or getattr(self.plan.settings.method, "ca_certificate", "")
        if authority.startswith("file:"):
            self._options.append(f"--cacert {shlex.quote(authority.removeprefix('file:'))}")
        elif authority:
            self._options.append(f"--cacert <(printf '%s\\n' {shlex.quote(authority)})")
        if settings.value("proxy"):
            self._options.append(f"--proxy {shlex.quote(settings.value('proxy'))}")
        if settings.value("certificate"):
            raise UsageError(
                "A client certificate beside another method is not written for the shell: --as-code httpx."
            )

    def _body(self) -> list[str]:
        """The lines that write the body into a file."""
        plan = self.plan
        if not plan.body:
            return []
        if plan.body_kind == "json":
            return self._json()
        encode = {"form": lambda text: quote(text, safe="")}.get(plan.body_kind, str)
        if any(isinstance(plan.values.get(name), Secret) for name in plan.values) and plan.body_kind == "form":
            text = self._filled(plan.body_pieces, encode, is_url=True)
        else:
            text = self._filled(plan.body_pieces, encode)
        if plan.body_kind == "multipart":
            return [f'printf "%s\\n" "{text}" | sed "s/$/\\r/" > "$folder/body"']
        return [f'printf %s "{text}" > "$folder/body"']

    def _json(self) -> list[str]:
        """A JSON body: jq writes the values into it, so that none can change what is around it."""
        plan = self.plan
        names = [name for name in plan.values if name in plan.body]
        arguments = []
        for name in names:
            value = plan.values[name]
            if isinstance(value, Secret):
                arguments.append(f'--rawfile {name} <(printf %s "{self._secret(value, name)}")')
            else:
                shown = json.dumps(value, ensure_ascii=False)
                arguments.append(f"--argjson {name} {shlex.quote(shown)}")
        program = _jq(held_json(plan.body))
        return [f'jq --null-input --compact-output {" ".join(arguments)} {shlex.quote(program)} > "$folder/body"']


def jq_path(chain: list[str | int]) -> str:
    """A chain of names and positions for jq."""
    return "." + "".join(f"[{json.dumps(step)}]" for step in chain)


def _jq(value: Any) -> str:
    """A JSON value as a jq program, its names as variables."""
    if isinstance(value, str):
        if value.startswith(HELD):
            return f"${value[len(HELD) :]}"
        pieces = angle(value)
        parts = [f"(${piece.name} | tostring)" if isinstance(piece, Name) else json.dumps(piece) for piece in pieces]
        return f"({' + '.join(parts)})" if len(parts) > 1 else (parts or ['""'])[0]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_jq(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_jq, value)) + "]"
    return json.dumps(value)


def _in_quotes(text: str) -> str:
    """A literal inside the shell's double quotes."""
    return re.sub(r'([\\"$`])', r"\\\1", text)


def _config(option: str, literal: str, secret: str) -> str:
    """A line of curl's config, given to it as a file: there a quote and a backslash are escaped."""
    text = re.sub(r'(["\\])', r"\\\1", literal)
    return (
        f'printf \'%s = "%s%s"\\n\' {option} {shlex.quote(text)} "$(printf %s "{secret}" | sed \'s/[\\\\"]/\\\\&/g\')"'
    )
