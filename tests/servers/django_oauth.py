"""django-oauth-toolkit (PyPI): password grant, refresh with rotation, client credentials, introspection, discovery."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.servers.install import python_with
from tests.servers.launch import ThirdParty, answers, free_port
from tests.servers.oidc_provider import Client

USERS = {"alice": "wonder:land+%1 é&=", "ada": "lovelace"}
SETTINGS = {"access_token_ttl": 36000}  # seconds

PASSWORD = Client(
    "password-client", "password-secret", {"client_type": "confidential", "authorization_grant_type": "password"}
)
PASSWORD_WEIRD = Client("weird client/1", "p@ss:w/rd+100% ok&=?~", PASSWORD.metadata)
PASSWORD_PUBLIC = Client("password-public", "", {"client_type": "public", "authorization_grant_type": "password"})
MACHINE = Client(
    "machine", "machine-secret", {"client_type": "confidential", "authorization_grant_type": "client-credentials"}
)
LOGIN = Client(
    "login",
    "login-secret",
    {
        "client_type": "confidential",
        "authorization_grant_type": "authorization-code",
        "redirect_uris": "http://127.0.0.1/callback",  # RFC 8252: any port
    },
)
DEVICE = Client(
    "device",
    "",
    {"client_type": "public", "authorization_grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
)
CLIENTS = (PASSWORD, PASSWORD_WEIRD, PASSWORD_PUBLIC, MACHINE, LOGIN, DEVICE)


class DjangoOAuth:
    """A Django site with django-oauth-toolkit at ``/o/``; clients and `USERS` are the constants of this module.

    Unlike oidc-provider it offers the password grant and checks passwords, and its resource ``/api/orders`` names its
    metadata in the 401 (RFC 9728).
    """

    def __init__(self, third_party: ThirdParty) -> None:
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        process = third_party.process("django-oauth")
        shutil.copytree(Path(__file__).with_name("django_site"), process.folder / "django_site")
        rig = {"url": self.url, "users": USERS, "settings": SETTINGS, "clients": [_application(c) for c in CLIENTS]}
        process.start(
            *(python_with("django_oauth"), "-m", "gunicorn", "--no-control-socket", "--threads", "8"),
            *("--bind", address, "django_site.wsgi"),
            environ={
                "RIG": json.dumps(rig),
                "DJANGO_SETTINGS_MODULE": "django_site.settings",
                "OAUTHLIB_INSECURE_TRANSPORT": "1",
            },
            ready=answers(f"{self.url}/api/orders", 401),
        )
        self._process = process
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        self.authorization_endpoint = f"{self.url}/o/authorize/"
        self.token_endpoint = f"{self.url}/o/token/"
        self.revocation_endpoint = f"{self.url}/o/revoke_token/"
        self.introspection_endpoint = f"{self.url}/o/introspect/"
        self.device_authorization_endpoint = f"{self.url}/o/device-authorization/"
        self.orders_url = f"{self.url}/api/orders"

    def set(self, *, access_token_ttl: float) -> None:
        """How long (seconds) tokens issued from now on live; the fixture puts it back after the test."""
        self.http.patch("/_rig/settings", json={"access_token_ttl": access_token_ttl}).raise_for_status()

    def requests(self, route: str = "token") -> list[dict[str, Any]]:
        """What arrived since the test began at ``/o/{route}/``, oldest first; as `OidcProvider.requests`."""
        everything: list[dict[str, Any]] = self.http.get("/_rig/requests").json()
        return [request for request in everything if request["route"] == route]

    def token_requests(self, *, granted: bool | None = None) -> Counter[str]:
        """How many token requests arrived, by grant type; only those granted or refused where `granted` says so."""
        return Counter(
            str(request["body"].get("grant_type"))
            for request in self.requests("token")
            if granted is None or granted == (request["status"] == 200)
        )

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


def _application(client: Client) -> dict[str, Any]:
    return {"client_id": client.id, "client_secret": client.secret, **client.metadata}
