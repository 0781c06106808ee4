"""What ``%apiconn_auth NAME --…`` does besides setting up: status, test, sign in and out, delete."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from apiconn_nb import binder, fence, recording, workspace
from apiconn_nb.errors import ApiConnError, AuthError, ConfigError, SecretError, StatusError, UsageError
from apiconn_nb.live_collection import Collection
from apiconn_nb.notebook import proposals
from apiconn_nb.notebook.arguments import parameter
from apiconn_nb.notebook.configuration import ApiConn
from apiconn_nb.notebook.display import Block, Line, show
from apiconn_nb.notebook.status import needs_login, status
from apiconn_nb.request import Template, parse
from apiconn_nb.secrets import is_reference
from apiconn_nb.settings import CollectionSettings
from apiconn_nb.transcript import Transcript

if TYPE_CHECKING:
    from apiconn_nb.outcome import Outcome

OPTIONS: dict[str, dict[str, Any]] = {
    "login": {"action": "store_true"},
    "via": {"choices": ("auto", "loopback", "jupyter", "device", "paste")},
    "wait": {"action": "store_true"},
    "timeout": {"type": float, "metavar": "SECONDS"},
    "logout": {"action": "store_true"},
    "status": {"action": "store_true"},
    "test": {"action": "store_true"},
    "debug": {"action": "store_true"},
    "env": {"choices": ("live", "development")},
    "trust": {"action": "store_true"},
    "discover": {"metavar": "URL"},
    "preset": {"metavar": "PRESET"},
    "param": {"action": "append", "type": parameter, "metavar": "NAME=VALUE"},
    "delete": {"action": "store_true"},
}
"""The commands, as argparse takes them."""


def run(shell: Any, name: str, commands: dict[str, Any], configuration: ApiConn) -> Any:
    """Do what the line's commands say; returns what the cell shows."""
    if commands.pop("delete", False):
        workspace.current().delete(name)
        return Line(f"{name} is deleted from {workspace.current().path.name}, and its tokens are forgotten.")
    if commands.pop("trust", False):
        return Block(trust(name))
    if url := commands.pop("discover", ""):
        return proposals.discovered(shell, name, url)
    if preset := commands.pop("preset", ""):
        return proposals.from_preset(shell, name, preset, dict(commands.pop("param", ())))
    environment = commands.pop("env", None)
    collection = workspace.collection(name, environment)
    if commands.pop("logout", False):
        return Line(log_out(collection))
    if commands.pop("login", False):
        return log_in(shell, collection, commands, configuration)
    if commands.pop("test", False):
        look = examination(shell, collection, commands, configuration) if commands.pop("debug", False) else None
        return try_out(collection, look)
    if commands.pop("debug", False):
        return Block(examination(shell, collection, commands, configuration)())
    if commands.pop("status", False) or not commands:
        return Block(status(collection))
    raise UsageError(f"--{next(iter(commands))} goes with --login.")


def check_complete(settings: CollectionSettings) -> None:
    """Build the collection once, so that what is missing or broken is said before it is saved."""
    made = Collection(settings)
    try:
        binder.check_use(urlsplit(made.base_url).hostname or "", made.name)  # before a `prompt` would ask for it
        made.method.check_secrets()
        made.tls_context()
    except SecretError:
        pass  # a reference that leads nowhere yet: the variable may be set later
    finally:
        made.close()


def after_set_up(name: str) -> Line:
    """What is said after a collection has been set up: where, and the next step."""
    collection = workspace.collection(name)
    step = "--login" if needs_login(collection) else "--test"
    if not collection.base_url:
        step = "--base-url https://…"
    return Line(
        f"{name}: {collection.base_url or 'no base URL yet'} · {collection.method.label} · {collection.environment} · "
        f"saved in {workspace.current().path.name}. Next: %apiconn_auth {name} {step}"
    )


def open_form(shell: Any, name: str, configuration: ApiConn) -> Any:
    """The form of a collection. In a terminal its status, and for a new one the same questions one by one."""
    if getattr(shell, "kernel", None) is not None:
        from apiconn_nb.notebook.form import opened  # start-up cost: ipywidgets and anywidget

        return opened.open_form(shell, name, public_url=configuration.public_url)
    if name not in workspace.current().all():
        from apiconn_nb.notebook import prompts  # loaded as a whole where somebody sets up without a form

        if prompts.can_ask():
            return prompts.set_up(name)
    return Block(status(workspace.collection(name)))


# ── test ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def try_out(collection: Collection, look: Callable[[], str] | None = None) -> Line:
    """Make the test call. Raises what the call raises; the collection's state says how it went.

    With `look` each exchange is shown, and where the token is what fails, what `look` finds.
    """
    if look is None:
        return Line(f"works · {tested(collection).status()}")
    with Transcript(collection) as transcript:
        try:
            return Line(f"works · {tested(collection).status()}")
        except (AuthError, StatusError) as error:
            if isinstance(error, AuthError) or (error.response is not None and error.response.status_code == 401):
                transcript.note(look())
            raise
        finally:
            show(Block(str(transcript)))


def examination(
    shell: Any, collection: Collection, commands: Mapping[str, Any], configuration: ApiConn
) -> Callable[[], str]:
    """What asks the doctor: the way to a token step by step, redacted, and the one setting that does not fit."""
    from apiconn_nb.login.doctor import examine  # start-up cost: the receiver's server
    from apiconn_nb.notebook.sign_in import login_values  # start-up cost: as above

    values = login_values(collection, dict(commands.get("param", ())), shell.user_ns)
    return lambda: str(examine(collection, values=values, public_url=configuration.public_url))


def tested(collection: Collection) -> Outcome:
    """What the test call gave. Raises what it raises; the collection's state says how it went."""
    try:
        outcome = make_test_call(collection)
    except ApiConnError as error:
        response = error.response if isinstance(error, StatusError) else None
        collection.state = f"{response.status_code if response is not None else type(error).__name__}: {error}"[:120]
        raise
    collection.state = f"works, {time.strftime('%H:%M')}"
    return outcome


def make_test_call(collection: Collection) -> Outcome:
    """The saved ``test`` call, else the method's own test URL, else the base URL."""
    from apiconn_nb.calling import run as run_call  # start-up cost: pandas, which a form opens without

    if "test" in collection.settings.calls:
        saved = collection.saved("test")
        return run_call(collection, parse(saved.request), saved=saved)
    target = collection.method.test_url() or collection.base_url
    if not target:
        raise ConfigError(f"{collection.name} has no base URL: %apiconn_auth {collection.name} --base-url https://…")
    try:
        return run_call(collection, Template("GET", target))
    except StatusError as error:
        if target == collection.base_url and error.response is not None and error.response.status_code in (404, 405):
            error.args = (f"{error} The base URL itself is no call: %apicall {collection.name} GET /… --save test",)
        raise


# ── sign in and out ────────────────────────────────────────────────────────────────────────────────────────────────


def trust(name: str) -> str:
    """Let an imported collection's credentials through to every origin its settings name; says which these are."""
    collection = workspace.collection(name)
    origins = " ".join(sorted(map(fence.show, collection.destinations())))
    if not origins:
        raise ConfigError(f"{name} has no base URL: %apiconn_auth {name} --base-url https://…")
    settings = collection.settings
    workspace.current().save(
        dataclasses.replace(settings, connection={**settings.connection, "trusted_origins": origins})
    )
    lines = [f"{name}: its credentials may go to", *(f"  {each}" for each in origins.split())]
    if proxy := settings.value("proxy"):
        lines.append(f"by way of the proxy {proxy}")
    if settings.value("ca_certificate") or settings.auth.get("ca_certificate"):
        lines.append("trusting a CA of its own: whoever has that CA's key can stand in for each of them")
    if sent := references_in(settings):
        lines += ["They are", *(f"  {each}" for each in sent)]
    return "\n".join(lines)


def references_in(settings: CollectionSettings) -> list[str]:
    """The secret references of a collection, with the place that each is used in."""
    rows: dict[str, Mapping[str, Any]] = {"": settings.auth, "connection ": settings.connection}
    for group in (settings.auth, settings.connection):
        rows |= {f"{key} ": value for key, value in group.items() if isinstance(value, Mapping)}
    rows |= {f"{call} ": saved.params for call, saved in settings.calls.items()}
    return [
        f"{place}{key}: {value}"
        for place, group in rows.items()
        for key, value in group.items()
        if isinstance(value, str) and is_reference(value)
    ]


def log_in(shell: Any, collection: Collection, commands: dict[str, Any], configuration: ApiConn) -> Any:
    """Begin a login: returns at once, and the line under the cell changes by itself."""
    if not needs_login(collection):
        raise UsageError(f"{collection.method.label} needs no sign-in: %apiconn_auth {collection.name} --test")
    if recording.is_replaying():
        return Line(f"{collection.name}: calls are replayed from recordings, nobody has to sign in.")
    collection.check_trusted(httpx.URL(collection.base_url), has_credentials=True)
    from apiconn_nb.notebook import sign_in  # start-up cost: the receiver's server

    return sign_in.begin(shell, collection, commands, configuration)


def log_out(collection: Collection) -> str:
    """Forget the tokens here and in the store; revoke them where the provider can."""
    from apiconn_nb.login import logout  # start-up cost: the receiver's server

    return logout(collection)
