"""Client-side SSL certificate: mutual TLS. The certificate proves who calls; nothing is added to the request."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import ClassVar

from apiconn_nb.auth.base import AuthMethod
from apiconn_nb.auth.certificate import check_trust, present, read_certificate, read_key, trust
from apiconn_nb.fields import secret, setting
from apiconn_nb.secrets import Secret


@dataclass(frozen=True)
class ClientCertificate(AuthMethod):
    """Presents a certificate in the TLS handshake.

    The context is the collection's own and goes to httpx as ``verify=``: httpx ignores ``cert=`` in silence when
    ``verify=`` is a path.
    """

    slug: ClassVar[str] = "client-certificate"
    label: ClassVar[str] = "Client-side SSL certificate"
    order: ClassVar[int] = 90
    standard: ClassVar[str] = "RFC 8446 §4.4.2"

    certificate: str = setting(
        "Certificate file content", required=True, format="pem", help="The full PEM, a chain allowed; or file:PATH."
    )
    private_key: Secret = secret("Key file content", required=True, format="pem", help="The PEM of the key.")
    private_key_password: Secret = secret("Key password", advanced=True, help="Where the key is encrypted.")
    ca_certificate: str = setting(
        "CA certificate", format="pem", advanced=True, help="To trust a private server; or file:PATH."
    )

    def check(self) -> None:
        """Raise ConfigError for a certificate that cannot be read or has expired; the key is read when it is needed."""
        read_certificate(self.certificate)
        if self.ca_certificate:
            check_trust(self.ca_certificate)

    def check_secrets(self) -> None:
        """Read the key. Raises ConfigError where it is locked, unreadable, or another certificate's."""
        read_key(self.private_key, self.private_key_password, read_certificate(self.certificate)[1])

    def present_certificate(self, context: ssl.SSLContext) -> None:
        """Load certificate and key into `context`. Raises ConfigError for a key that does not fit."""
        present(context, self.certificate, self.private_key, self.private_key_password)
        if self.ca_certificate:
            trust(context, self.ca_certificate)
