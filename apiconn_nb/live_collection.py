"""A named API, alive: its settings become an authentication method, a TLS context, one pool and one door."""

from __future__ import annotations

import dataclasses
import os
import ssl
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from apiconn_nb import auth, binder, fence, redaction
from apiconn_nb.auth.certificate import present, trust
from apiconn_nb.auth.slot import TokenSlot, slot_key
from apiconn_nb.auth.store import MemoryStore, Store
from apiconn_nb.errors import ConfigError, UnknownNameError
from apiconn_nb.fields import fields_of
from apiconn_nb.forks import renew_in_child
from apiconn_nb.limiter import Limiter
from apiconn_nb.placeholders import Params, with_params
from apiconn_nb.pool import Pool
from apiconn_nb.receiving import Reader
from apiconn_nb.recording import Tape, is_replaying
from apiconn_nb.request import Shared, Template, build, parse
from apiconn_nb.sending import Policy, Sent, send
from apiconn_nb.settings import ENVIRONMENTS, CollectionSettings, SavedCall
from apiconn_nb.transport import Door, forget_locals

if TYPE_CHECKING:
    import pandas as pd


class _NoCookies(httpx.Cookies):
    """Keeps nothing: cookies know no port, and a session cookie is a credential that nobody chose."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave the response's cookies where they are."""


class Collection:
    """A named API in one environment.

    Parameters: `settings`, as the file holds them; `environment`, ``live`` or ``development`` (None: the settings'
    own, else ``APICONN_ENV``, else live); `store`, where its token rests. Raises ConfigError, in the words of a field's
    label, for settings that are incomplete. It is safe to call from several threads, and it pickles: references travel,
    secrets and tokens in memory do not.
    """

    def __init__(
        self, settings: CollectionSettings, *, environment: str | None = None, store: Store | None = None
    ) -> None:
        self.settings = settings
        self.name = settings.name
        self.environment = choose_environment(settings, environment)
        self.method, self.taken = auth.build(
            auth.method(settings.method),
            settings.auth,
            environment=self.environment,
            owner=settings.name,
            check=not is_replaying(),
        )
        self.base_url = self._base_url()
        self.state = "not tested"
        self._store = store or MemoryStore()
        self.slot = slot_of(settings, self.environment, self._store)
        self._auth = self.method.auth(self.slot)
        self._origins = self._all_origins()
        self._shared = Shared(self.base_url, settings.value("headers"), settings.value("query"))
        self._policy = Policy(
            retries=settings.value("retries"),
            timeout=float(settings.value("call_timeout")),
            cap=settings.value("max_bytes"),
            allowed=self._origins,
            uncredentialed=fence.origins_of(settings.value("redirect_origins").split()),
        )
        self._acting = dataclasses.replace(self._policy, is_action=True)
        self.limiter = Limiter()
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        renew_in_child(self, Collection._in_child)
        pool = Pool(self.tls_context, settings.value("proxy"))
        weakref.finalize(self, pool.closer())  # for those that nobody closes
        self._pool = pool
        self.door = Door(self, pool)
        self._client = self.new_client(self.door)
        redaction.guard_loggers()

    def _in_child(self) -> None:
        self._lock = threading.Lock()

    # ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, request: str | Template | httpx.Request, /, **params: Any) -> httpx.Response:
        """One request, sent and answered; no page is followed and no frame made.

        Parameters: `request`, the text of a cell (``GET /users/[id]``) or an `httpx.Request`; `params`, its dynamic
        values. Returns the `httpx.Response`, read whole, without secrets; its status is not checked (as in httpx, use
        `raise_for_status`). Raises NetworkError, CallTimeout, TooLargeError, FenceError, AuthError.
        """
        return self.deliver(self.request(request, params)).response

    def get(self, path: str, /, *, params: Params | None = None, **options: Any) -> pd.DataFrame:
        """GET `path` as a DataFrame; `params` (pairs, or by name) go into its query, `options` are those of `run`."""
        from apiconn_nb.calling import run  # start-up cost: pandas is loaded with the first frame

        return run(self, Template("GET", with_params(path, params or {})), **options).frame()

    def call(
        self, name: str, /, *, pages: int | str | None = None, records: str | None = None, **params: Any
    ) -> pd.DataFrame:
        """The saved call `name` as a DataFrame; `params` are its dynamic values, ``pages`` how many (``"all"``)."""
        from apiconn_nb.calling import run  # start-up cost: pandas is loaded with the first frame

        saved = self.saved(name)
        return run(self, parse(saved.request), saved=saved, values=params, pages=pages, records=records).frame()

    def saved(self, name: str) -> SavedCall:
        """The saved call `name`. Raises UnknownNameError with the close names."""
        if name not in self.settings.calls:
            raise UnknownNameError.among(
                f"call of {self.name}", name, self.settings.calls, f"Save one: %%apicall {self.name} --save {name}"
            )
        return self.settings.calls[name]

    def request(
        self, request: str | Template | httpx.Request, values: Mapping[str, Any], private: frozenset[str] = frozenset()
    ) -> httpx.Request:
        """The public request for a cell's text: built, filled in, without a secret in it."""
        if isinstance(request, httpx.Request):
            return request
        template = parse(request) if isinstance(request, str) else request
        return build(template, self._shared, values, private)

    def deliver(
        self,
        request: httpx.Request,
        *,
        client: httpx.Client | None = None,
        stop: threading.Event | None = None,
        reader: Reader | None = None,
        **overrides: Any,
    ) -> Sent:
        """Send a public request under the collection's policy.

        Parameters: `client`, a worker thread's own (None: the collection's); `stop`, set to end the waiting; `reader`,
        for an answer that is to be taken as it arrives; `overrides`, members of `sending.Policy`.
        """
        policy = self.policy(request.method, **overrides)
        try:
            self.slot.await_login()  # before the call's own clock starts
            return send(client or self._client, request, policy, self.limiter, stop, reader)
        except BaseException as error:
            forget_locals(error)  # of frames that hold a token, or an answer before its secrets were masked
            raise

    def policy(self, method: str, **overrides: Any) -> Policy:
        """How a call of this collection is sent. ``is_action`` follows from the method where it is not given."""
        usual = self._policy if method in ("GET", "HEAD", "OPTIONS", "QUERY") else self._acting
        changed = {name: value for name, value in overrides.items() if value is not None}
        return dataclasses.replace(usual, **changed) if changed else usual

    @property
    def signs_in(self) -> bool:
        """Whether a person signs in, so that nothing else can renew what is over."""
        return bool(getattr(self.method, "interactive", False))

    # ── what the door asks ─────────────────────────────────────────────────────────────────────────────────────────

    def auth(self) -> httpx.Auth | None:
        """The flow that signs."""
        return self._auth

    def origins(self) -> frozenset[fence.Origin]:
        """Where the credentials may go."""
        return self._origins

    def query_names(self) -> frozenset[str]:
        """The query parameters that the method adds."""
        return self.method.query_names()

    def destinations(self) -> frozenset[fence.Origin]:
        """Every origin that the settings name, in both environments: where credentials could go."""
        urls = [self.settings.value("base_url"), self.settings.value("dev_base_url")]
        urls += self.settings.value("allowed_origins").split()
        urls += [
            getattr(self.method, each.name)
            for each in fields_of(type(self.method))
            if each.format in ("url", "template") and not each.dev_of
        ]
        return fence.origins_of(urls)

    def check_trusted(self, url: httpx.URL, *, has_credentials: bool) -> None:
        """Raise FenceError where an imported one's credentials were not let through to `url`; on Binder SecretError."""
        if not (has_credentials or self._presents_certificate()):
            return
        binder.check_use(url.host, self.name)
        trusted = self.settings.value("trusted_origins")
        if not trusted:
            return
        known = fence.origins_of(each for each in trusted.split() if each != fence.NO_ORIGIN)
        fence.check_trusted(url, known, self.destinations(), self.name)

    def _presents_certificate(self) -> bool:
        own = type(self.method).present_certificate is not auth.AuthMethod.present_certificate
        return own or bool(self.settings.value("certificate"))

    def tls_context(self) -> ssl.SSLContext:
        """The collection's one TLS context: made once, with its certificates, and shared by every connection."""
        with self._lock:
            if self._context is None:
                self._context = self._new_context()
            return self._context

    def new_client(self, transport: httpx.BaseTransport) -> httpx.Client:
        """A client that adds nothing of its own: no environment, no cookies, no redirects."""
        tape = Tape(transport, self)
        client = httpx.Client(transport=tape, trust_env=False, follow_redirects=False)
        client._cookies = _NoCookies()
        return client

    def new_pool(self) -> Pool:
        """Another pool over the same TLS context, for a worker thread of its own."""
        return Pool(self.tls_context, self.settings.value("proxy"), alone=True)

    def retire(self) -> None:
        """Another stands in its place: connections close as their calls end. Whoever holds this one can still call."""
        self._pool.retire()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _new_context(self) -> ssl.SSLContext:
        context = httpx.create_ssl_context()
        if self.settings.value("ca_certificate"):
            trust(context, self.settings.value("ca_certificate"))
        certificate, key = self.settings.value("certificate"), self.settings.value("certificate_key")
        if certificate:
            if not key:
                raise ConfigError("Client certificate key is missing: set it with --certificate-key env:NAME.")
            present(context, certificate, key, self.settings.value("certificate_key_password"))
        self.method.present_certificate(context)
        return context

    def _base_url(self) -> str:
        live, development = self.settings.value("base_url"), self.settings.value("dev_base_url")
        return str(development if self.environment == "development" and development else live)

    def _all_origins(self) -> frozenset[fence.Origin]:
        more = self.settings.value("allowed_origins").split()
        return fence.origins_of([self.base_url, self.method.test_url(), *more])

    # ── showing and travelling ─────────────────────────────────────────────────────────────────────────────────────

    def __repr__(self) -> str:
        return f"<Collection {self.name}: {self.base_url}, {self.settings.method}, {self.environment}>"

    def __reduce__(self) -> tuple[Callable[..., Collection], tuple[Any, ...]]:
        return _from_pickle, (self.settings, self.environment, self._store)

    def __enter__(self) -> Collection:
        return self

    def __exit__(self, *about: object) -> None:
        self.close()


def _from_pickle(settings: CollectionSettings, environment: str, store: Store) -> Collection:
    return Collection(settings, environment=environment, store=store)


def choose_environment(settings: CollectionSettings, asked: str | None) -> str:
    """The environment: asked for, else the collection's, else ``APICONN_ENV``, else live."""
    chosen = asked or settings.value("environment") or os.environ.get("APICONN_ENV") or "live"
    if chosen not in ENVIRONMENTS:
        where = "Environment" if asked or settings.value("environment") else "Environment variable APICONN_ENV"
        raise ConfigError(f"{where}: {chosen!r} is none of {', '.join(ENVIRONMENTS)}.")
    return str(chosen)


def slot_of(settings: CollectionSettings, environment: str, store: Store) -> TokenSlot:
    """Where a collection's token rests in one environment; it need not be complete enough to be called."""
    public = {"method": settings.method, **{name: _public(value) for name, value in settings.auth.items()}}
    key = slot_key(settings.name, environment, public)
    return TokenSlot(store, key, f"%apiconn_auth {settings.name} --login")


def _public(value: Any) -> Any:
    """What tells one client from another: a setting as the file holds it, a secret by its reference."""
    return {name: str(each) for name, each in value.items()} if isinstance(value, Mapping) else str(value)
