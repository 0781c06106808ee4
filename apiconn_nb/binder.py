"""Binder: a public machine that belongs to nobody here. A real secret is refused there, until the person insists.

What runs on mybinder.org runs in a container that its operators and sponsors can look into, behind an address that is
guarded by nothing but its randomness. The demo's fake credentials go to loopback, and are none of this room's business.
"""

from __future__ import annotations

from apiconn_nb.errors import SecretError
from apiconn_nb.fields import is_loopback
from apiconn_nb.login.place import where
from apiconn_nb.login.surroundings import Surroundings

INSIST = "%config ApiConn.secrets_on_binder = True"

_insists = False


def insist(yes: bool) -> None:
    """Let real secrets be used on Binder (the person's own wish), or refuse them again."""
    global _insists
    _insists = yes


def is_here() -> bool:
    """Whether this kernel runs on Binder."""
    return where(Surroundings())[0] == "Binder"


def check_use(host: str, collection: str) -> None:
    """Raise SecretError where a credential of `collection` would go from Binder to `host`, which is not the demo's."""
    if not _insists and not is_loopback(host) and is_here():
        raise SecretError(
            f"This is Binder, a public machine: no credential of {collection} is sent from here to {host}. Run the "
            f"notebook on a machine of yours. If you insist, use one that you can revoke afterwards: {INSIST}"
        )


def check_typed(host: str, collection: str) -> None:
    """Raise SecretError where a secret was typed on Binder for a `host` that is not the demo's (empty: not known)."""
    if not _insists and not (host and is_loopback(host)) and is_here():
        raise SecretError(
            f"This is Binder, a public machine: the secret that was typed for {collection} is not kept, and as it has "
            f"been here, revoke it at the provider. Run the notebook on a machine of yours. If you insist: {INSIST}"
        )


def warning() -> str:
    """What to say beside a field for a secret; empty where this is not Binder."""
    if not is_here():
        return ""
    said = "This is Binder, a public machine: type no real secret here"
    return f"{said}; you insisted on using some." if _insists else f"{said}. The demo's are made up and work."
