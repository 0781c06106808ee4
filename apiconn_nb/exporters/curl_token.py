"""A token for a shell script: one request with curl, its secrets given on standard input."""

from __future__ import annotations

import json
import shlex
from typing import Any

from apiconn_nb.errors import UsageError
from apiconn_nb.exporters.python_text import is_plain, steps
from apiconn_nb.exporters.recipe import Token
from apiconn_nb.exporters.references import Needs, shell
from apiconn_nb.exporters.texts import Name, angle
from apiconn_nb.secrets import Secret

_MADE = Secret.from_reference("env:assertion")  # a variable of the script itself
_BASE64URL = "base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }"


def token_of(token: Token, prefix: str, needs: Needs) -> tuple[list[str], str]:
    """The lines that fetch the token into ``$token``, and how it is named. Raises UsageError where jq cannot."""
    if token.is_query or not is_plain(token.token_field):
        raise UsageError("This token response is not taken apart in the shell: --as-code httpx.")
    form = dict(token.form)
    lines: list[str] = []
    if token.kind == "login":
        # A person's sign-in does not fit into a shell script; what it left does.
        needs.variables[f"{prefix}_REFRESH_TOKEN"] = None
        refresh = Secret.from_reference(f"env:{prefix}_REFRESH_TOKEN")
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
    elif token.kind == "assertion":
        lines, form = _assertion(token, prefix, needs)
    if token.client_id and token.client_way != "basic":
        form["client_id"] = token.client_id
        if token.client_secret and token.client_way == "body":
            form["client_secret"] = token.client_secret
    words = ["curl --silent --show-error --fail-with-body --max-time 60 --header 'Accept: application/json'"]
    for name, value in token.headers.items():
        if isinstance(value, Secret):
            secret = shell(value, f"{prefix}_{name.upper()}", needs)
            words.append(f"--header @<(printf '%s: %s' {shlex.quote(name)} \"{secret}\")")
        else:
            words.append(f"--header {shlex.quote(f'{name}: {value}')}")
    if token.client_way == "basic" and token.client_id:
        secret = shell(token.client_secret, f"{prefix}_CLIENT_SECRET", needs) if token.client_secret else ""
        pair = f'{shlex.quote(token.client_id)} "{secret}"'
        words.append(
            "--header @<(printf 'Authorization: Basic %s' \"$(printf '%s:%s' $(printf '%s\\n' "
            f'{pair} | jq --raw-input --raw-output @uri) | openssl base64 -A)")'
        )
    if token.kind == "json":
        words.append("--header 'Content-Type: application/json'")
        body = (
            f"jq --null-input --compact-output {_arguments(form, token, prefix, needs)} {shlex.quote(_program(form))}"
        )
    else:
        body = _form(form, token, prefix, needs)
    words += ["--data-binary @-", '"$token_endpoint"' if token.kind == "assertion" else shlex.quote(_endpoint(token))]
    field = "." + "".join(f"[{json.dumps(step)}]" for step in steps(token.token_field))
    fetch = f"token=$({body} | {' '.join(words)} | jq --raw-output --exit-status {shlex.quote(field)})"
    return [*lines, fetch], "${token}"


def _endpoint(token: Token) -> str:
    return (token.refresh_endpoint or token.endpoint) if token.kind == "login" else token.endpoint


def _form(form: dict[str, Any], token: Token, prefix: str, needs: Needs) -> str:
    """The lines of ``name=value``, each encoded by jq."""
    arguments = _arguments(form, token, prefix, needs)
    pairs = ", ".join(
        f'{json.dumps(name)} + "=" + ({_value(name, value)} | tostring | @uri)' for name, value in form.items()
    )
    program = f'[{pairs}] | join("&")'
    return f"jq --null-input --join-output {arguments} {shlex.quote(program)}"


def _program(form: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {_value(name, value)}" for name, value in form.items()) + "}"


def _value(name: str, value: Any) -> str:
    if isinstance(value, Secret):
        return f"${_variable(name)}"
    if isinstance(value, str):
        parts = [
            f"${_variable(piece.name)}" if isinstance(piece, Name) else json.dumps(piece) for piece in angle(value)
        ]
        return " + ".join(parts) or '""'
    return json.dumps(value)


def _variable(name: str) -> str:
    return "v_" + "".join(character if character.isalnum() else "_" for character in name)


def _arguments(form: dict[str, Any], token: Token, prefix: str, needs: Needs) -> str:
    """jq's arguments for the secrets and the token parameters of a form."""
    given: dict[str, str | Secret] = {name: value for name, value in form.items() if isinstance(value, Secret)}
    for value in form.values():
        if isinstance(value, str):
            params = token.details.get("params", {})
            given |= {piece.name: params[piece.name] for piece in angle(value) if isinstance(piece, Name) and params}
    words = []
    for name, value in given.items():
        if isinstance(value, Secret):
            secret = "${assertion}" if value is _MADE else shell(value, f"{prefix}_{name.upper()}", needs)
            words.append(f'--rawfile {_variable(name)} <(printf %s "{secret}")')
        else:
            words.append(f"--arg {_variable(name)} {shlex.quote(str(value))}")
    return " ".join(words)


def _assertion(token: Token, prefix: str, needs: Needs) -> tuple[list[str], dict[str, Any]]:
    """RFC 7523 with openssl: RS256 alone."""
    details = token.details
    if details["algorithm"] != "RS256":
        raise UsageError(f"{details['algorithm']} is not signed in the shell: --as-code httpx.")
    key = shell(details["key"], f"{prefix}_PRIVATE_KEY", needs)
    claims = {name: value for name, value in (("scope", details["scope"]), ("sub", details["subject"])) if value}
    claims |= details["claims"]
    times = f"exp: ($now + {details['lifetime']})"
    audience = shlex.quote(details["audience"]) if details["audience"] else '"$token_endpoint"'
    lines = [
        _BASE64URL,
        f'key="{key}"; issuer={shlex.quote(details["issuer"])}; token_endpoint={shlex.quote(token.endpoint)}',
        f"key_id={shlex.quote(details['key_id'])}",
        'if [[ "$key" == "{"* ]]; then  # a service-account file',
        '  issuer=${issuer:-$(jq --raw-output .client_email <<< "$key")}',
        '  token_endpoint=${token_endpoint:-$(jq --raw-output .token_uri <<< "$key")}',
        '  key_id=${key_id:-$(jq --raw-output ".private_key_id // empty" <<< "$key")}',
        '  key=$(jq --raw-output .private_key <<< "$key")',
        "fi",
        "now=$(date +%s)",
        "head=$(jq --null-input --compact-output --arg kid \"$key_id\" "
        "'{alg: \"RS256\", typ: \"JWT\"} + (if $kid == \"\" then {} else {kid: $kid} end)' | tr -d '\\n' | base64url)",
        f'claims=$(jq --null-input --compact-output --arg iss "$issuer" --arg aud {audience} --argjson now "$now" '
        + shlex.quote(f"{{iss: $iss, aud: $aud, iat: $now, {times}}} + {json.dumps(claims)}")
        + " | tr -d '\\n' | base64url)",
        'signature=$(printf %s "$head.$claims" | openssl dgst -sha256 -sign <(printf "%s\\n" "$key") | base64url)',
        'assertion="$head.$claims.$signature"',
    ]  # fmt: skip
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    return lines, {"grant_type": grant, "assertion": _MADE}
