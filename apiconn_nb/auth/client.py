"""How a client proves itself at a token endpoint (RFC 6749 §2.3), and the request that a grant is exchanged with."""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

import httpx

from apiconn_nb import redaction
from apiconn_nb.auth.token import ResponseShape, Token, read_members, read_token
from apiconn_nb.secrets import NO_SECRET, Secret

ClientAuth = Literal["basic", "body", "none"]
Flow = Generator[httpx.Request, httpx.Response, Token]
"""A flow yields requests, is sent responses, and returns a token. It does no I/O."""
Asking = Generator[httpx.Request, httpx.Response, httpx.Response]


@dataclass(frozen=True)
class Client:
    """A registered client: its id, its secret (a public client has none), how it says so, and how it writes a grant."""

    client_id: str = ""
    client_secret: Secret = NO_SECRET
    way: ClientAuth = "body"
    writes_json: bool = False

    def form(self) -> dict[str, str]:
        """The client's members of a form body: nothing where Basic carries them (never both, RFC 6749 §2.3)."""
        if self.way == "basic" or not self.client_id:
            return {}
        if self.way == "none" or not self.client_secret:
            return {"client_id": self.client_id}
        return {"client_id": self.client_id, "client_secret": self.client_secret.reveal()}

    def header(self, *, encoded: bool) -> dict[str, str]:
        """``Authorization: Basic``, percent-encoded first (RFC 6749 §2.3.1) or raw, as some providers want it."""
        if self.way != "basic" or not self.client_id:
            return {}
        halves = (self.client_id, self.client_secret.reveal())
        # The RFC names form encoding, where a space is "+"; real servers decode %20 and not always "+".
        id_part, secret_part = (quote(half, safe="") for half in halves) if encoded else halves
        pair = base64.b64encode(f"{id_part}:{secret_part}".encode()).decode("ascii")
        redaction.register(pair)
        return {"Authorization": f"Basic {pair}"}

    def has_two_forms(self) -> bool:
        """Whether the encoded and the raw header differ."""
        return self.way == "basic" and self.header(encoded=True) != self.header(encoded=False)


def exchange(
    endpoint: str,
    grant: Mapping[str, str],
    client: Client,
    shape: ResponseShape,
    *,
    before: Token | None = None,
    extra: Mapping[str, str | Secret] | None = None,
) -> Flow:
    """POST a grant to `endpoint` and return the token (RFC 6749 §3.2). Raises TokenError."""
    response = yield from ask(endpoint, {**grant, **revealed(extra or {})}, client, as_json=client.writes_json)
    return read_response(response, shape, before)


def ask(endpoint: str, form: Mapping[str, str], client: Client, *, as_json: bool = False) -> Asking:
    """POST `form` to one of the provider's endpoints as `client`, and return the answer.

    A client that says Basic in percent-encoded form and is refused as ``invalid_client`` says it once more unencoded,
    where the two differ: no one form works at every real provider.
    """
    whole = {**form, **client.form()}
    request = json_request if as_json else token_request
    response = yield request(endpoint, whole, client.header(encoded=True))
    wrong_client = response.status_code in (400, 401) and error_code(response) == "invalid_client"
    if not (wrong_client and client.has_two_forms()):
        return response
    return (yield request(endpoint, whole, client.header(encoded=False)))


def revealed(rows: Mapping[str, str | Secret]) -> dict[str, str]:
    """Rows as they are sent."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in rows.items()}


def token_request(endpoint: str, form: Mapping[str, str], headers: Mapping[str, str]) -> httpx.Request:
    """The POST of a form, asking for JSON."""
    sent = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", **headers}
    return httpx.Request("POST", endpoint, content=urlencode(form).encode("ascii"), headers=_in_utf8(sent))


def read_response(response: httpx.Response, shape: ResponseShape, before: Token | None = None) -> Token:
    """The token in `response`, whose body has been read."""
    kind = response.headers.get("Content-Type", "")
    return read_token(response.status_code, kind, response.content, shape, before=before)


def error_code(response: httpx.Response) -> str:
    """The ``error`` of an OAuth error answer (RFC 6749 §5.2); empty where it has none."""
    members = read_members(response.headers.get("Content-Type", ""), response.content, ResponseShape())
    error = members.get("error")
    return error if isinstance(error, str) else ""


def json_request(endpoint: str, body: Any, headers: Mapping[str, str]) -> httpx.Request:
    """The POST of a JSON body, asking for JSON."""
    return httpx.Request("POST", endpoint, json=body, headers=_in_utf8({"Accept": "application/json", **headers}))


def _in_utf8(headers: Mapping[str, str]) -> httpx.Headers:
    # httpx takes ASCII, and its UnicodeEncodeError holds the whole value.
    return httpx.Headers(dict(headers), encoding="utf-8")
