"""What a collection is, in words: settings, state, and where each secret and token is kept. No secret is in it."""

from __future__ import annotations

import time
from typing import Any

from apiconn_nb import secrets, workspace
from apiconn_nb.errors import ApiConnError
from apiconn_nb.fields import fields_of
from apiconn_nb.live_collection import Collection
from apiconn_nb.settings import CONNECTION_FIELDS


def needs_login(collection: Collection) -> bool:
    """Whether a person has to sign in."""
    return any(action.name == "login" for action in collection.method.actions)


def state_of(name: str) -> tuple[str, str]:
    """Environment and state of a collection, for the list; a broken one says why."""
    try:
        collection = workspace.collection(name)
    except ApiConnError as error:
        return "", str(error)
    return collection.environment, state_in_words(collection)


def state_in_words(collection: Collection) -> str:
    """How the last test or login went; who is signed in, where neither was made in this kernel."""
    token = collection.slot.token if needs_login(collection) else None
    if token is not None and collection.state == "not tested":
        who = token.identity.get("email") or token.identity.get("id") or ""
        return f"signed in{f' as {who}' if who else ''}"
    return collection.state


def status(collection: Collection) -> str:
    """Everything about a collection that is not a secret: settings, state, where each secret and token is kept."""
    lines = [
        f"{collection.name} · {collection.environment}",
        f"  base URL      {collection.base_url or '(none)'}",
        f"  method        {collection.method.label} ({collection.settings.method})",
        f"  state         {state_of(collection.name)[1]}",
    ]
    for field in fields_of(type(collection.method)):
        raw = collection.settings.auth.get(field.name)
        if raw in (None, "", {}):
            continue
        if field.kind == "secret":
            lines.append(f"  {field.label}: {where_kept(str(raw), f'{collection.name}/{field.name}')}")
        elif field.kind == "rows":
            lines += [f"  {field.label}: {key} = {value}" for key, value in raw.items()]
        else:
            text = str(raw)
            lines.append(f"  {field.label}: {text if len(text) < 120 and chr(10) not in text else text[:40] + '…'}")
    for name, place in collection.taken.items():
        if collection.environment == "development":
            lines.append(f"  {name}: the {place} value is used")
    lines += _to_register(collection)
    lines += _token_lines(collection)
    lines += [f"  {CONNECTION_FIELDS[key].label}: {value}" for key, value in _more(collection).items()]
    if collection.settings.calls:
        lines.append("  calls         " + ", ".join(f"{collection.name}.{each}" for each in collection.settings.calls))
    lines.append(f"  file          {workspace.current().path.name}")
    return "\n".join(lines)


def _to_register(collection: Collection) -> list[str]:
    """The redirect URL that the provider has to know, for logins from this place."""
    if not needs_login(collection):
        return []
    from apiconn_nb.login import redirect_to_register  # start-up cost: the receiver's server

    return [f"  redirect URL  {url} (register it with the provider)" for url in redirect_to_register(collection)]


def _more(collection: Collection) -> dict[str, Any]:
    shown = {}
    for key, value in collection.settings.connection.items():
        if key not in ("base_url", "environment") and value not in ("", {}, None):
            shown[key] = value if CONNECTION_FIELDS[key].format != "pem" else "set"
    return shown


def where_kept(reference: str, owner: str) -> str:
    """Where a secret rests, in words."""
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        return f"{reference} (the environment, or .env)"
    if scheme == "prompt":
        typed = "typed, in this kernel's memory" if secrets.is_remembered(owner) else "asked for when it is needed"
        return f"prompt ({typed})"
    return f"{reference} ({'the OS keyring' if scheme == 'keyring' else scheme})" if rest else reference


def _token_lines(collection: Collection) -> list[str]:
    if type(collection.method).auth is None or not hasattr(collection.method, "grant"):
        return []
    lines = [f"  tokens        kept in {collection.slot.where()}"]
    token = collection.slot.token
    if token is None:
        return lines
    until = (
        f"until {time.strftime('%H:%M', time.localtime(token.expires_at))}" if token.expires_at else "no expiry given"
    )
    renews = ", renews by itself" if token.refresh_token or not needs_login(collection) else ""
    return [*lines, f"  token         {until}{renews}"]
