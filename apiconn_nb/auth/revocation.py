"""Ending tokens at the provider (RFC 7009)."""

from __future__ import annotations

from collections.abc import Generator

import httpx

from apiconn_nb.auth.client import Client, ask, error_code
from apiconn_nb.auth.token import Token
from apiconn_nb.redaction import redact

Ending = Generator[httpx.Request, httpx.Response, str]
"""A flow that ends a token; returns what came of it, in words (empty: the provider has no way to do it)."""


def revoke(endpoint: str, client: Client, token: Token) -> Ending:
    """Revoke the refresh token, then the access token; returns what came of it in words.

    It never raises for what the provider says: the tokens are gone here whatever comes of it.
    """
    if not endpoint:
        return ""
    refused: list[str] = []
    for secret, hint in ((token.refresh_token, "refresh_token"), (token.access_token, "access_token")):
        if not secret:
            continue
        form = {"token": secret.reveal(), "token_type_hint": hint}
        try:
            response = yield from ask(endpoint, form, client)
        except httpx.RequestError as error:
            return f"The provider was not reached to revoke them ({type(error).__name__})."
        if not _is_done(response, hint):
            refused.append(f"{hint.replace('_', ' ')}: {_words(response)}")
    return f"The provider did not revoke the {'; the '.join(refused)}." if refused else "The provider revoked them."


def _is_done(response: httpx.Response, hint: str) -> bool:
    if response.is_success:
        return True  # also for a token that is not known any more (RFC 7009 §2.2)
    # Many providers revoke refresh tokens alone; the access token ends with them or with its lifetime (§2.2.1).
    return hint == "access_token" and error_code(response) == "unsupported_token_type"


def _words(response: httpx.Response) -> str:
    code = error_code(response)
    return redact(f"{response.status_code} {code}".strip())[:120]
