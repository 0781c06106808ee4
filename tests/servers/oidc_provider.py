"""oidc-provider (npm, OpenID certified): login with PKCE, refresh with rotation, client credentials, device flow."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from joserfc.jwk import RSAKey

from tests.servers.certificates import Certificates
from tests.servers.install import node, node_modules_with
from tests.servers.launch import ThirdParty, answers, free_port

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
REDIRECT_URI = "http://127.0.0.1:8765/callback"
SETTINGS = {
    "access_token_ttl": 3600,  # seconds
    "refresh_token_ttl": 86400,
    "device_code_ttl": 600,
    "token_delay": 0,  # seconds that each token request waits: widens the race between parallel refreshes
    "token_failures": 0,  # how many of the next token requests are answered with token_failure_status
    "token_failure_status": 503,
}


@dataclass(frozen=True)
class Client:
    """A client that is registered with the provider."""

    id: str
    secret: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


LOGIN = {"response_types": ["code"], "grant_types": ["authorization_code", "refresh_token"]}
MACHINE = {"redirect_uris": [], "response_types": [], "grant_types": ["client_credentials"]}
NATIVE = {"application_type": "native", "redirect_uris": ["http://127.0.0.1/callback"], **LOGIN}  # RFC 8252: any port

WEB_BASIC = Client("web-basic", "basic-secret", {"redirect_uris": [REDIRECT_URI], **LOGIN})
WEB_POST = Client(
    "web-post",
    "post-secret",
    {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "client_secret_post", **LOGIN},
)
NATIVE_PKCE = Client("native-pkce", "", {"token_endpoint_auth_method": "none", **NATIVE})
NATIVE_BASIC = Client("native-basic", "native-secret", NATIVE)
# Both halves change when they are form-encoded inside Basic (RFC 6749 §2.3.1).
WEIRD_SECRET = "p@ss:w/rd+100% ok&=?~"
WEIRD = Client("weird client/1", WEIRD_SECRET, NATIVE)
WEIRD_MACHINE = Client("weird machine:2", WEIRD_SECRET, MACHINE)
MACHINE_BASIC = Client("machine", "machine-secret", MACHINE)
DEVICE = Client(
    "device",
    "",
    {
        "application_type": "native",
        "redirect_uris": [],
        "response_types": [],
        "grant_types": [DEVICE_GRANT, "refresh_token"],
        "token_endpoint_auth_method": "none",
    },
)
MTLS = Client(
    "mtls",
    "",
    {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=alice",
        "tls_client_certificate_bound_access_tokens": True,
        **MACHINE,
    },
)
CLIENTS = (WEB_BASIC, WEB_POST, NATIVE_PKCE, NATIVE_BASIC, WEIRD, WEIRD_MACHINE, MACHINE_BASIC, DEVICE, MTLS)


class OidcProvider:
    """One running provider.

    `issuer` is its URL over HTTP, without a slash at the end; `tls_issuer` is the same provider over HTTPS, where the
    client ``mtls`` proves itself with alice's certificate. Clients: the constants of this module, and `add_client`.
    """

    def __init__(self, third_party: ThirdParty, certificates: Certificates, *, host: str = "127.0.0.1") -> None:
        port, tls_port = free_port(), free_port()
        self.issuer = f"http://{host}:{port}"
        self.tls_issuer = f"https://{host}:{tls_port}"
        process = third_party.process("oidc-provider")
        # Node looks for packages beside the importing file, so the file goes where a link to them can stand.
        (process.folder / "node_modules").symlink_to(node_modules_with("oidc_provider"))
        server = Path(shutil.copy(Path(__file__).with_name("oidc_provider.mjs"), process.folder))
        jwt_client = Client(
            "svc-jwt", "", {"token_endpoint_auth_method": "private_key_jwt", "jwks": _jwks(certificates), **MACHINE}
        )
        rig = {
            "host": host,
            "port": port,
            "tlsPort": tls_port,
            "certificates": str(certificates.folder),
            "settings": SETTINGS,
            "clients": [_registration(client) for client in (*CLIENTS, jwt_client)],
        }
        process.start(
            node(),
            server,
            environ={"RIG": json.dumps(rig)},
            ready=answers(f"{self.issuer}/.well-known/openid-configuration"),
        )
        self._process = process
        self.http = httpx.Client(base_url=self.issuer, trust_env=False, timeout=30)
        metadata = self.http.get("/.well-known/openid-configuration").json()
        self.authorization_endpoint: str = metadata["authorization_endpoint"]
        self.token_endpoint: str = metadata["token_endpoint"]
        self.userinfo_endpoint: str = metadata["userinfo_endpoint"]
        self.revocation_endpoint: str = metadata["revocation_endpoint"]
        self.introspection_endpoint: str = metadata["introspection_endpoint"]
        self.device_authorization_endpoint: str = metadata["device_authorization_endpoint"]
        self.orders_url = f"{self.issuer}/api/orders"

    def set(self, **settings: float) -> None:
        """Change settings (`SETTINGS`) from now on; the fixture puts them back after the test."""
        unknown = settings.keys() - SETTINGS.keys()
        assert not unknown, f"no setting {unknown}; there is {', '.join(SETTINGS)}"
        self.http.patch("/_rig/settings", json=settings).raise_for_status()

    def add_client(self, client_id: str, client_secret: str = "", **metadata: Any) -> Client:
        """Register a client with a chosen id and secret.

        Without `metadata` it may do the authorization-code login with a loopback redirect URL of any port and the
        path ``/callback``, and refresh. `metadata` are RFC 7591 members (``redirect_uris``, ``grant_types``, …) that
        replace those.
        """
        method = {} if client_secret else {"token_endpoint_auth_method": "none"}
        client = Client(client_id, client_secret, {**NATIVE, **method, **metadata})
        answer = self.http.post("/_rig/clients", json=_registration(client))
        assert answer.is_success, answer.text
        return client

    def requests(self, route: str = "token") -> list[dict[str, Any]]:
        """What arrived since the test began at ``token``, ``authorization``, ``userinfo``, ``revocation``,
        ``introspection`` or ``device_authorization``, oldest first.

        Each has ``method``, ``status``, ``error``, ``query``, ``body`` (both parsed), ``authorization`` (the header),
        ``content_type``, ``accept`` and ``route``.
        """
        everything: list[dict[str, Any]] = self.http.get("/_rig/requests").json()
        return [request for request in everything if request["route"] == route]

    def token_requests(self, *, granted: bool | None = None) -> Counter[str]:
        """How many token requests arrived, by grant type; only those granted or refused where `granted` says so."""
        return Counter(
            str(request["body"].get("grant_type"))
            for request in self.requests("token")
            if granted is None or granted == (request["status"] == 200)
        )

    def is_active(self, token: str, client: Client = NATIVE_BASIC) -> bool:
        """Whether the provider holds `token`, issued to `client`, for live (RFC 7662)."""
        answer = self.http.post(self.introspection_endpoint, data={"token": token}, auth=(client.id, client.secret))
        return bool(answer.raise_for_status().json()["active"])

    def reset(self) -> None:
        """Settings as at the start; what was asked so far is forgotten."""
        self.http.delete("/_rig/settings").raise_for_status()
        self.http.delete("/_rig/requests").raise_for_status()

    def log(self) -> str:
        """What the server printed."""
        return self._process.log()

    def close(self) -> None:
        """Close the connections of this object."""
        self.http.close()


def _registration(client: Client) -> dict[str, Any]:
    secret = {"client_secret": client.secret} if client.secret else {}
    return {"client_id": client.id, **secret, **client.metadata}


def _jwks(certificates: Certificates) -> dict[str, Any]:
    """The public half of ``alice.key`` (RSA) as a key set."""
    public = RSAKey.import_key(certificates.path("alice.key").read_bytes()).as_dict(private=False)
    return {"keys": [{**public, "kid": "svc-1", "alg": "RS256", "use": "sig"}]}
