"""Signing out: the tokens are gone here and in the store, and revoked where the provider can (RFC 7009)."""

from __future__ import annotations

import httpx

from apiconn_nb.auth.tokens import TokenMethod
from apiconn_nb.errors import ApiConnError, UsageError
from apiconn_nb.login.engine import forget_login
from apiconn_nb.login.steps import Steps, drive
from apiconn_nb.login.transaction import plain
from apiconn_nb.login.way import Client
from apiconn_nb.redaction import redact


def logout(collection: Client) -> str:
    """Sign out of a collection in its environment; returns what came of it, in one line.

    The tokens are forgotten first, so that nothing the provider says or fails to say keeps them. Raises UsageError for
    a method without tokens, and ConfigError where the store cannot be written.
    """
    method = collection.method
    if not isinstance(method, TokenMethod):
        raise UsageError(f"{collection.name} proves itself by {method.label}, which has no tokens to forget.")
    forget_login(collection)
    with collection.slot.renewing():
        token = collection.slot.reload()
        collection.slot.drop()
    collection.state = "not tested"
    where = f"{collection.name} · {collection.environment}"
    if token is None:
        return f"{where}: nobody was signed in."
    try:
        said = drive(method.revoke(token), collection.door.send_aside, Steps(), "the tokens are revoked")
    except (ApiConnError, httpx.RequestError) as error:
        said = f"The provider was not asked to revoke them ({redact(plain(str(error)))})."
    return f"{where}: signed out, the tokens are forgotten. {said}".rstrip()
