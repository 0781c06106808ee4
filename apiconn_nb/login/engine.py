"""Beginning a login: which way back, what to prepare, and one login for each collection and environment."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import httpx

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.oauth2_user_agent import AuthorizationCode
from apiconn_nb.errors import ApiConnError, LoginError, TokenError, UsageError
from apiconn_nb.forks import in_child
from apiconn_nb.login import faults, jupyter
from apiconn_nb.login.code import CodeWay, Notebook
from apiconn_nb.login.device import DeviceWay
from apiconn_nb.login.place import VIAS, Choice, Offers, Via, choose, has_server_proxy, is_attended
from apiconn_nb.login.redirect import redirect_of, to_register
from apiconn_nb.login.stand_in import is_ours
from apiconn_nb.login.steps import Steps, drive
from apiconn_nb.login.surroundings import Surroundings
from apiconn_nb.login.transaction import plain
from apiconn_nb.login.underway import Login
from apiconn_nb.login.way import Client, Way

_PREPARING = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": 5.0}  # seconds; the cell waits for this much
_LONGEST = 86400.0  # seconds

_logins: dict[tuple[str, str], Login] = {}
_lock = threading.Lock()


@in_child
def _new_lock() -> None:
    global _lock
    _lock = threading.Lock()


def start_login(
    collection: Client,
    *,
    via: str = "auto",
    timeout: float = 600.0,
    values: Mapping[str, Any] | None = None,
    public_url: str = "",
    on_change: Callable[[Login], None] | None = None,
    attended: bool | None = None,
    environ: Mapping[str, str] | None = None,
) -> Login:
    """Begin a login and return it at once, with its link; it ends on a thread of its own.

    Calls of the collection that need it wait for it. A login under way for the same collection and environment is
    replaced. Parameters: `via`, ``auto``, ``loopback``, ``jupyter``, ``device`` or ``paste``; `timeout`, seconds that
    the login waits; `values`, for ``[name]`` in the login URL; `public_url`, the notebook server's address as the
    browser sees it (empty: it is learnt); `on_change`, called with the login on its own thread each time it changes;
    `attended`, whether somebody is there (None: found out); `environ`, the environment variables (None: the process's).
    Raises UsageError, PlaceholderError and LoginError, each in one sentence.
    """
    plan = _plan(collection, values or {}, Surroundings(environ), public_url)
    if not 0 < timeout <= _LONGEST:
        raise UsageError(f"--timeout takes seconds from 1 to {_LONGEST:.0f}, not {timeout:g}.")
    chosen = plan.chosen(via, is_attended() if attended is None else attended)
    login = Login(collection, plan.method, plan.way(chosen), timeout, on_change)
    try:
        plan.prepared(login.open)
    except LoginError:
        if via != "auto" or chosen not in ("loopback", "jupyter"):
            raise
        login = Login(collection, plan.method, plan.way("paste"), timeout, on_change)  # the registered port is taken
        plan.prepared(login.open)
    owner = (collection.name, collection.environment)
    with _lock:
        before, _logins[owner] = _logins.get(owner), login
        login.start(before)
    return login


def login_of(collection: Client) -> Login | None:
    """The login of a collection in its environment, under way or the last one that ended; None where there was none."""
    return _logins.get((collection.name, collection.environment))


def forget_login(collection: Client) -> None:
    """End a login under way and forget the last one."""
    with _lock:
        login = _logins.pop((collection.name, collection.environment), None)
    if login is not None:
        login.cancel()
        login.wait(2.0)


def redirect_to_register(
    collection: Client, *, public_url: str = "", environ: Mapping[str, str] | None = None
) -> list[str]:
    """The exact redirect URLs to register with the provider for logins from this place; none without a login.

    One that begins with ``/`` lies below the notebook's own address, whose origin only the browser knows as yet.
    """
    if not isinstance(collection.method, AuthorizationCode):
        return []
    return to_register(collection.method, Surroundings(environ), public_url=public_url)


# ── preparing ──────────────────────────────────────────────────────────────────────────────────────────────────────

T = TypeVar("T")


def _plan(collection: Client, values: Mapping[str, Any], environ: Mapping[str, str], public_url: str) -> _Plan:
    """What is known before the way back is chosen; the issuer's metadata fills the endpoints that are missing."""
    method: AuthMethod = collection.method
    if not isinstance(method, AuthorizationCode):
        raise UsageError(f"{collection.name} proves itself by {method.label}, where nobody signs in: test it instead.")
    if public_url and urlsplit(public_url).scheme not in ("http", "https"):
        raise UsageError(
            f"{public_url!r} is no address of a notebook server: begin with https:// (ApiConn.public_url)."
        )
    plan = _Plan(collection, method, values, environ, public_url)
    asking = method.resolved("token_endpoint")
    found = plan.prepared(lambda: drive(asking, plan.patient_send, plan.steps, "what the issuer says"))
    # A `[name]` without a value is said now, not when the link is opened.
    found.login_page(values)
    return dataclasses.replace(plan, method=found)


@dataclass(frozen=True)
class _Plan:
    collection: Client
    method: AuthorizationCode
    values: Mapping[str, Any]
    environ: Mapping[str, str]
    public_url: str
    steps: Steps = field(default_factory=Steps)

    def patient_send(self, request: httpx.Request) -> httpx.Response:
        """The collection's door with short times: a cell waits for what is asked before the link is there."""
        request.extensions = {**request.extensions, "timeout": _PREPARING}
        return self.collection.door.send_aside(request)

    def prepared(self, step: Callable[[], T]) -> T:
        """What `step` gives; what it raises, as a LoginError with the setting that does not fit."""
        try:
            return step()
        except (LoginError, UsageError):
            raise
        except TokenError as error:
            fault = faults.of_token_error(error, self.method)
            more = f" {fault.describe(self.method)}" if fault else ""
            raise LoginError(f"{plain(str(error), 400).rstrip('.')}.{more}") from None
        except ApiConnError as error:
            raise LoginError(str(error)) from None
        except httpx.RequestError as error:
            raise LoginError(f"The provider was not reached ({type(error).__name__}: {plain(str(error))}).") from None

    def chosen(self, via: str, attended: bool) -> Via:
        """The way back. Raises UsageError for one that cannot work, LoginError where nobody could sign in."""
        method = self.method
        offers = Offers(
            login_page=bool(method.authorization_endpoint),
            device=bool(method.device_authorization_endpoint),
            redirect=redirect_of(method).kind,
            local_provider=is_ours(method),
        )
        if via == "auto":
            choice = choose(self.environ, offers, attended=attended, has_proxy=has_server_proxy())
            return choice.via or self._refuse(choice)
        for way in VIAS:
            if way == via:
                _check_possible(way, offers, method)
                return way
        raise UsageError(f"--via takes auto, {', '.join(VIAS)}, not {via!r}.")

    def _refuse(self, choice: Choice) -> NoReturn:
        raise LoginError(
            f"Nobody can sign in to {self.collection.name} here ({choice.place}): sign in once in a notebook with "
            f"{self.collection.slot.login_command} and a token store that lasts (keyring, or ApiConn.token_file), or "
            "use a method without a person: a key by reference (env:NAME) or the client credentials grant."
        )

    def way(self, via: Via) -> Way:
        """The way back, not opened yet; token requests take the collection's own times."""
        send = self.collection.door.send_aside
        redirect = redirect_of(self.method)
        base = jupyter.public_base(self.environ, redirect.wanted_port, self.public_url)
        behind_hub = bool(self.environ.get("JUPYTERHUB_SERVICE_PREFIX")) and is_ours(self.method)

        def show(url: str) -> str:
            return jupyter.through_proxy(url, base, redirect.wanted_port) if behind_hub else url

        if via == "device":
            return DeviceWay(self.method, send, self.steps, show)
        owner = (self.collection.name, self.collection.environment)
        notebook = Notebook(self.environ, self.public_url, show)
        return CodeWay(owner, self.method, via, redirect, send, self.steps, self.values, notebook)


def _check_possible(via: Via, offers: Offers, method: AuthorizationCode) -> None:
    """Raise UsageError for a way back that the settings do not allow, in words that say why."""
    if via == "device":
        if not offers.device:
            raise UsageError("This provider has no device endpoint: set --device-authorization-endpoint, or --issuer.")
        return
    if not offers.login_page:
        raise UsageError("There is no login page: set --authorization-endpoint, or sign in with --via device.")
    fits: dict[Via, tuple[str, ...]] = {"loopback": ("any", "loopback"), "jupyter": ("any", "jupyter")}
    if offers.redirect not in fits.get(via, (offers.redirect,)):
        url = redirect_of(method).url or method.registered_redirect
        raise UsageError(f"--via {via} does not lead to {url}, the redirect URL that is set: take --via auto or paste.")
