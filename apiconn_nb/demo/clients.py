"""Who may ask the demo's provider for tokens: its registered OAuth clients and its users.

The redirect URLs that the demo's own clients accept need no registration: loopback with any port and path
(RFC 8252 §7.3), and any address ending in ``…/proxy/PORT/…``, which is how a browser reaches a kernel on JupyterHub and
Binder. A real provider must not do the second.
"""
# Authlib ships no types, so its mixin is Any to mypy.
# mypy: disable-error-code="misc"

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin

from .credentials import Credentials

CODE, REFRESH, PASSWORD, CLIENT = "authorization_code", "refresh_token", "password", "client_credentials"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CUSTOM = "custom"

BASIC, POST, NONE, FIRST_PARTY = "client_secret_basic", "client_secret_post", "none", "first_party"
SCOPES = ("read", "write", "openid", "profile", "email", "offline_access")
_INTERACTIVE = (CODE, REFRESH, PASSWORD, DEVICE)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PROXIED = re.compile(r"/proxy/(absolute/)?\d{2,5}(/|$)")


def scopes_of(text: str | None) -> list[str]:
    """The scopes of a request. Spaces (RFC 6749 §3.3) or commas part them, as at GitHub and Slack."""
    return [scope for scope in re.split(r"[\s,]+", text or "") if scope]


@dataclass(frozen=True)
class Client(ClientMixin):
    """One registered client. `pkce` is ``optional``, ``required`` or ``refused``.

    `redirect_uris` empty means: loopback and ``/proxy/PORT/`` as said above; else the exact URLs.
    `offline` means: a refresh token only for ``access_type=offline``, as Google does it.
    """

    client_id: str
    client_secret: str = ""
    about: str = ""
    environment: str = "live"
    grants: tuple[str, ...] = _INTERACTIVE
    auth: tuple[str, ...] = (BASIC, POST)
    redirect_uris: tuple[str, ...] = ()
    pkce: str = "optional"
    offline: bool = False
    public_key: str = ""

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        asked = scopes_of(scope)
        return " ".join(known for known in SCOPES if known in asked) if asked else "read write"

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        if self.redirect_uris:
            return redirect_uri in self.redirect_uris
        try:
            parts = urlsplit(redirect_uri)
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or "#" in redirect_uri or parts.username is not None:
            return False
        return parts.hostname in _LOOPBACK or _PROXIED.search(parts.path) is not None

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(self.client_secret) and hmac.compare_digest(self.client_secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in self.auth

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and CODE in self.grants

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grants


@dataclass(frozen=True)
class User:
    """A person who can sign in."""

    id: int
    username: str
    password: str
    name: str
    environment: str = "live"

    @property
    def email(self) -> str:
        return f"{self.username}@example.org"


class Registry:
    """Look up clients by id, service accounts by e-mail address, users by name and password."""

    def __init__(self, credentials: Credentials) -> None:
        self.clients = {client.client_id: client for client in _clients(credentials)}
        live, dev = credentials.live, credentials.development
        self._users = (
            User(42, live.username, live.password, "Ada Lovelace"),
            User(7, "grace", "nanosecond", "Grace Hopper"),
            User(1042, dev.username, dev.password, "Ada (development)", "development"),
        )

    def client(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    def user(self, user_id: int | None) -> User | None:
        return next((user for user in self._users if user.id == user_id), None)

    def user_by_email(self, email: str) -> User | None:
        return next((user for user in self._users if user.email == email), None)

    def sign_in(self, username: str, password: str) -> User | None:
        """The user of that name, if the password fits."""
        for user in self._users:
            if user.username == username and hmac.compare_digest(user.password.encode(), password.encode()):
                return user
        return None


def _clients(credentials: Credentials) -> list[Client]:
    live, dev = credentials.live, credentials.development
    return [
        Client(live.client_id, live.client_secret, "the demo app"),
        Client(dev.client_id, dev.client_secret, "the demo app's development twin", environment="development"),
        Client(live.service_client_id, live.service_client_secret, "a service", grants=(CLIENT,)),
        Client(
            dev.service_client_id,
            dev.service_client_secret,
            "the service's development twin",
            environment="development",
            grants=(CLIENT,),
        ),
        _service_account(live.issuer, live.public_key, "live"),
        _service_account(dev.issuer, dev.public_key, "development"),
        # A password grant without a client_id (RFC 6749 §4.3 does not ask for one) comes from here.
        Client(FIRST_PARTY, grants=(PASSWORD, REFRESH), auth=(FIRST_PARTY,)),
        *_particular_clients(),
    ]


def _service_account(issuer: str, public_key: str, environment: str) -> Client:
    return Client(issuer, environment=environment, grants=(JWT_BEARER,), auth=(), public_key=public_key)


def _particular_clients() -> list[Client]:
    """Clients that want it their own way, one for each way that real providers have."""
    return [
        Client("demo-native", about="public: no secret, PKCE required", auth=(NONE,), pkce="required"),
        Client("demo-basic", "demo-basic-secret", "only Basic at the token endpoint", auth=(BASIC,)),
        Client("demo-post", "demo-post-secret", "only the form body at the token endpoint", auth=(POST,)),
        Client("demo-pkce", "demo-pkce-secret", "PKCE required", pkce="required"),
        Client("demo-no-pkce", "demo-no-pkce-secret", "PKCE refused", pkce="refused"),
        Client("demo-offline", "demo-offline-secret", "refresh token only with access_type=offline", offline=True),
        Client(
            "demo-exact",
            "demo-exact-secret",
            "one exact redirect URL",
            redirect_uris=("http://127.0.0.1:8765/callback",),
        ),
        Client(
            "demo client/encoded",
            "p@ss:w/rd+50%25 ok&=?~",
            "id and secret that need percent-encoding (RFC 6749 §2.3.1)",
            grants=(*_INTERACTIVE, CLIENT),
        ),
    ]
