"""The demo's public fake credentials. They open rows that a seed made up, on loopback; nothing here is a secret.

ruff's hard-coded-password rule is off for that reason.
"""
# ruff: noqa: S106

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from .certificates import Certificates, Identity, rsa_key

SERVICE_ACCOUNT_DOMAIN = "demo.iam.example.org"


@dataclass(frozen=True)
class Account:
    """What opens the ten doors of one environment (``live`` or ``development``), by method.

    ========================== ====================================================================
    key-in-url, key-in-header  `api_key` (as ``api_key=…``; as ``X-Api-Key: …`` or ``Authorization: Bearer …``)
    basic, oauth2-password     `username`, `password`
    oauth2-user-agent          `client_id`, `client_secret`; sign in as `username` with `password`
    oauth2-custom-token        `tenant` (header ``X-Tenant``), `app`, `app_secret` (JSON body)
    jwt                        `service_account` (JSON text of the file), or `issuer` and `private_key` (PKCS#8;
                               `private_key_pkcs1` is the same key in the older form)
    client-certificate         `certificate` and `certificate_key` (PEM text)
    oauth2-client-credentials  `service_client_id`, `service_client_secret`
    ========================== ====================================================================
    """

    environment: str
    api_key: str
    username: str
    password: str
    client_id: str
    client_secret: str
    tenant: str
    app: str
    app_secret: str
    service_client_id: str
    service_client_secret: str
    issuer: str
    private_key: str
    private_key_pkcs1: str
    public_key: str
    service_account: str
    certificate: str
    certificate_key: str


@dataclass(frozen=True)
class Credentials:
    """Everything a caller of the demo needs: where it is, both environments' accounts, all certificates."""

    url: str
    tls_url: str
    mtls_url: str
    live: Account
    development: Account
    certificates: Certificates

    def environ(self) -> dict[str, str]:
        """Environment variables for ``env:`` references: `APICONN_DEMO_…`, and `APICONN_DEMO_DEV_…` for development.

        Returns: ``APICONN_DEMO_URL``, ``…_TLS_URL``, ``…_MTLS_URL``, ``…_CA`` (PEM), ``…_CERTIFICATE_KEY_ENCRYPTED``
        with its ``…_CERTIFICATE_KEY_PASSWORD``, and each field of `Account` in capitals (``APICONN_DEMO_API_KEY``,
        ``APICONN_DEMO_DEV_CLIENT_SECRET``, …).
        """
        values = {
            "APICONN_DEMO_URL": self.url,
            "APICONN_DEMO_TLS_URL": self.tls_url,
            "APICONN_DEMO_MTLS_URL": self.mtls_url,
            "APICONN_DEMO_CA": self.certificates.ca,
            "APICONN_DEMO_CERTIFICATE_KEY_ENCRYPTED": self.certificates.client.encrypted_key,
            "APICONN_DEMO_CERTIFICATE_KEY_PASSWORD": self.certificates.client.passphrase,
        }
        for prefix, account in (("APICONN_DEMO_", self.live), ("APICONN_DEMO_DEV_", self.development)):
            for field in fields(account):
                if field.name != "environment":
                    values[prefix + field.name.upper()] = getattr(account, field.name)
        return values

    def as_json(self) -> dict[str, Any]:
        """Plain dictionaries, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Credentials:
        """Back from `as_json`. Raises KeyError or TypeError where the document is no such thing."""
        held = document["certificates"]
        identities = {name: Identity(**value) for name, value in held.items() if isinstance(value, dict)}
        return cls(
            url=document["url"],
            tls_url=document["tls_url"],
            mtls_url=document["mtls_url"],
            live=Account(**document["live"]),
            development=Account(**document["development"]),
            certificates=Certificates(ca=held["ca"], ca_file=held["ca_file"], **identities),
        )


def make(url: str, tls_url: str, mtls_url: str, certificates: Certificates) -> Credentials:
    """The credentials of a demo at these addresses; the two service accounts get fresh RSA keys."""
    live = Account(
        environment="live",
        api_key="demo-live-key-1815",
        username="ada",
        password="analytical-engine",
        client_id="demo-app",
        client_secret="demo-app-secret",
        tenant="acme",
        app="ledger",
        app_secret="ledger-secret",
        service_client_id="demo-service",
        service_client_secret="demo-service-secret",
        certificate=certificates.client.certificate,
        certificate_key=certificates.client.private_key,
        **_service_account("reports", url),
    )
    development = Account(
        environment="development",
        api_key="demo-dev-key-1852",
        username="ada-dev",
        password="difference-engine",
        client_id="demo-app-dev",
        client_secret="demo-app-dev-secret",
        tenant="acme-dev",
        app="ledger-dev",
        app_secret="ledger-dev-secret",
        service_client_id="demo-service-dev",
        service_client_secret="demo-service-dev-secret",
        certificate=certificates.development.certificate,
        certificate_key=certificates.development.private_key,
        **_service_account("reports-dev", url),
    )
    return Credentials(url, tls_url, mtls_url, live, development, certificates)


def _service_account(name: str, url: str) -> dict[str, str]:
    private, traditional, public = rsa_key()
    issuer = f"{name}@{SERVICE_ACCOUNT_DOMAIN}"
    # The members of a Google service-account file that a client reads.
    document = {
        "type": "service_account",
        "project_id": "apiconn-demo",
        "private_key_id": f"{name}-1",
        "private_key": private,
        "client_email": issuer,
        "client_id": "1815121018520000001",
        "token_uri": f"{url}/oauth/token",
    }
    return {
        "issuer": issuer,
        "private_key": private,
        "private_key_pkcs1": traditional,
        "public_key": public,
        "service_account": json.dumps(document),
    }
