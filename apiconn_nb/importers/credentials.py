"""Credentials that stand in a draft's calls, taken out: in the URL, the query, the headers, the body."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import unquote_plus

from apiconn_nb.fields import looks_like_credential
from apiconn_nb.importers.draft import Body, Call, Credential, Draft, Variable, mark, names_in, only_name
from apiconn_nb.importers.names import identifier, unique

# By their whole name, `-` and `_` aside: "page_token" and "token_type" are none.
_MEMBERS = frozenset(
    (
        "password", "passwd", "pwd", "passphrase", "secret", "clientsecret", "apikey", "apisecret", "secretkey",
        "accesskey", "accesstoken", "refreshtoken", "idtoken", "authtoken", "token", "privatekey", "authorization",
        "sessiontoken", "bearertoken", "appkey", "appsecret", "subscriptionkey", "consumersecret", "clientassertion",
        "assertion",
    )
)  # fmt: skip
_QUERY = _MEMBERS | {"appid", "signature", "sig", "auth", "apitoken", "ocpapimsubscriptionkey"}
# Words that are signed anew for each request, so that one that was copied is of no use.
_SIGNED = (
    "digest",
    "hawk",
    "aws4-hmac-sha256",
    "oauth",
    "ntlm",
    "negotiate",
    "edgegrid",
    "eg1-hmac-sha256",
    "signature",
)
_SCHEME = re.compile(r"([A-Za-z][\w-]*)\s+(\S.*)", re.DOTALL)
_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w-]{16,}")
_VALUELESS = ("", "null", "undefined", "none")


def is_secret_name(name: str) -> bool:
    """Whether a member of a body or a variable of the source is a credential by its name."""
    return re.sub(r"[^a-z]", "", name.lower()) in _MEMBERS


def is_query_credential(name: str, value: str) -> bool:
    """Whether a query parameter is a credential: by its name; a plain ``key`` by its look."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    return plain in _QUERY or (plain == "key" and (bool(only_name(value)) or _RANDOM.fullmatch(value) is not None))


def take_out(call: Call, draft: Draft, userinfo: tuple[str, str] | None) -> None:
    """Take the credentials of `call` out of its parts: the first becomes its `auth`, more go with that one."""
    found = _from_userinfo(userinfo) + _from_headers(call) + _from_query(call)
    _from_body(call, draft)
    if call.auth is None and not call.no_auth and found:
        call.auth = found.pop(0)
    for more in found:
        _add(call, more)


def _add(call: Call, more: Credential) -> None:
    """A second credential goes beside the first, as a shared header or parameter."""
    name, key = str(more.fields.get("key_name", "")), str(more.fields.get("key", ""))
    if call.auth is None:
        call.auth = Credential("none")
    if more.method == "key-in-header":
        call.auth.headers.setdefault(name, str(more.fields.get("key_prefix", "")) + key)
    elif more.method == "key-in-url":
        call.auth.query.setdefault(name, key)
    else:
        call.lost.append("a second user name and password beside another credential")


def _from_userinfo(userinfo: tuple[str, str] | None) -> list[Credential]:
    return [user_and_password(*userinfo)] if userinfo else []


def _from_headers(call: Call) -> list[Credential]:
    found: list[Credential] = []
    kept: list[tuple[str, str]] = []
    for name, value in call.headers:
        if not looks_like_credential(name) or value.strip().lower() in _VALUELESS:
            kept.append((name, value))
            continue
        credential = header_credential(name, value)
        if credential is None:
            call.lost.append(f"the header {name} is signed anew for each request")
        else:
            found.append(credential)
    call.headers = kept
    # A cookie proves less than a key: it comes last.
    return sorted(found, key=lambda each: str(each.fields.get("key_name", "")).lower() == "cookie")


def header_credential(name: str, value: str) -> Credential | None:
    """The credential in a header; None for one that is signed anew for each request."""
    if name.lower() != "authorization":
        return Credential("key-in-header", {"key_name": name, "key": value})
    parts = _SCHEME.fullmatch(value.strip())
    if parts is None or names_in(parts[1]):
        return Credential("key-in-header", {"key_name": "Authorization", "key": value})
    scheme, rest = parts[1], parts[2]
    if scheme.lower() in _SIGNED:
        return None
    if scheme.lower() == "basic" and (pair := basic_pair(rest)):
        return user_and_password(*pair)
    return Credential("key-in-header", {"key_name": "Authorization", "key_prefix": f"{scheme} ", "key": rest})


def user_and_password(name: str, password: str) -> Credential:
    """HTTP Basic Auth. Where one half is empty the other may be the key, and the whole is kept as a secret."""
    if (name and password) or names_in(name + password):
        return Credential("basic", {"username": name, "password": password})
    pair = base64.b64encode(f"{name}:{password}".encode()).decode("ascii")
    return Credential("key-in-header", {"key_name": "Authorization", "key_prefix": "Basic ", "key": pair})


def basic_pair(text: str) -> tuple[str, str] | None:
    """User name and password in the value of ``Basic``: base64, or ``user password`` as ``.http`` files write it."""
    if names_in(text) or " " in text.strip():
        name, colon, password = text.strip().partition(":" if ":" in text else " ")
        return (name.strip(), password.strip()) if colon and name else None
    try:
        name, colon, password = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return (name, password) if colon and name.isprintable() and password.isprintable() else None


def _from_query(call: Call) -> list[Credential]:
    address, question, query = call.url.partition("?")
    query = query.partition("#")[0]
    found, kept = [], []
    for pair in query.split("&") if question else []:
        name, equals, value = pair.partition("=")
        if equals and value and is_query_credential(unquote_plus(name), unquote_plus(value)):
            found.append(Credential("key-in-url", {"key_name": unquote_plus(name), "key": unquote_plus(value)}))
        else:
            kept.append(pair)
    more = [(name, value) for name, value in call.query if value and is_query_credential(name, value)]
    # A default that an importer made a parameter of is the parameter's own business.
    more = [(name, value) for name, value in more if only_name(value) not in call.params | dict.fromkeys(call.optional)]
    call.query = [pair for pair in call.query if pair not in more]
    call.url = address + ("?" if any(kept) else "") + "&".join(kept)
    return found + [Credential("key-in-url", {"key_name": name, "key": value}) for name, value in more]


# ── bodies ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _from_body(call: Call, draft: Draft) -> None:
    """Each credential of a body becomes a private parameter whose default is a secret variable of the draft."""
    if call.body is None:
        return
    if call.body.kind in ("form", "multipart") and call.body.pairs:
        call.body.pairs = [
            (name, _parameter(call, draft, name, value) if _is_literal_secret(name, value) else value)
            for name, value in call.body.pairs
        ]
    elif call.body.kind == "json":
        _from_json(call, call.body, draft)


def _from_json(call: Call, body: Body, draft: Draft) -> None:
    try:
        document = json.loads(body.text)
        hidden = _hide(document, call, draft)
    except (ValueError, RecursionError):
        return  # variables stand outside quotes, or it is no JSON
    if hidden is not document:
        body.text = json.dumps(hidden, indent=2, ensure_ascii=False)


def _hide(node: Any, call: Call, draft: Draft) -> Any:
    """`node` with secrets replaced; the same object where there is none."""
    if isinstance(node, list):
        items = [_hide(each, call, draft) for each in node]
        return items if any(new is not old for new, old in zip(items, node, strict=True)) else node
    if not isinstance(node, dict):
        return node
    members = {
        name: _parameter(call, draft, name, each)
        if isinstance(each, str) and _is_literal_secret(name, each)
        else _hide(each, call, draft)
        for name, each in node.items()
    }
    return members if any(members[name] is not each for name, each in node.items()) else node


def _is_literal_secret(name: str, value: str) -> bool:
    return is_secret_name(name) and value.lower() not in _VALUELESS and not names_in(value)


def _parameter(call: Call, draft: Draft, name: str, value: str) -> str:
    known = draft.variables.get(identifier(name))
    parameter = identifier(name) if known is None or known.value == value else unique(identifier(name), draft.variables)
    draft.variables[parameter] = Variable(value, is_secret=True)
    call.private.append(parameter)
    return mark(parameter)
