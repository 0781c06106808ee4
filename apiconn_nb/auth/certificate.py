"""Certificates and keys for a TLS context: read, checked in words, loaded (RFC 5280, RFC 7468)."""

from __future__ import annotations

import contextlib
import datetime
import os
import ssl
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from apiconn_nb.auth.pem import mend
from apiconn_nb.errors import ConfigError
from apiconn_nb.secrets import NO_SECRET, Secret, public_text

if TYPE_CHECKING:
    from cryptography import x509


def trust(context: ssl.SSLContext, ca_certificate: str) -> None:
    """Have `context` trust a private server's CA (PEM text or ``file:PATH``). Raises ConfigError in words."""
    pem = mend(public_text(ca_certificate, "CA certificate"), "CA certificate")
    try:
        context.load_verify_locations(cadata="".join(_certificates(pem)))
    except (ssl.SSLError, ValueError):
        raise ConfigError("CA certificate: the PEM is whole, but what is in it is no X.509 certificate.") from None


def check_trust(ca_certificate: str) -> None:
    """Raise ConfigError for a CA certificate that cannot be read."""
    trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca_certificate)


def present(context: ssl.SSLContext, certificate: str, key: Secret, password: Secret = NO_SECRET) -> None:
    """Load a certificate (PEM text or ``file:PATH``) and its key into `context`."""
    pem, leaf = read_certificate(certificate)
    key_pem = read_key(key, password, leaf)
    # TLS 1.3 servers may ask for the certificate after the handshake, and only a context that says so is asked.
    context.post_handshake_auth = True
    # The ssl module reads keys from files alone.
    with _private_file(pem + key_pem) as path:
        context.load_cert_chain(path)


def read_certificate(text: str) -> tuple[str, x509.Certificate]:
    """The mended PEM and its first certificate. Raises ConfigError in words."""
    from cryptography import x509  # start-up cost: 50 ms of every kernel, for the few that have a certificate

    label = "Certificate file content"
    pem = mend(public_text(text, label), label)
    if "BEGIN CERTIFICATE" not in pem:
        raise ConfigError(f"{label}: no certificate in it (-----BEGIN CERTIFICATE-----); the key belongs below.")
    pem = "".join(_certificates(pem))
    try:
        leaf = x509.load_pem_x509_certificates(pem.encode())[0]
    except ValueError:
        raise ConfigError(f"{label}: the PEM is whole, but what is in it is no X.509 certificate.") from None
    now = datetime.datetime.now(datetime.UTC)
    if leaf.not_valid_after_utc < now:
        raise ConfigError(f"{label}: it expired on {leaf.not_valid_after_utc:%Y-%m-%d}; ask for a new one.")
    if leaf.not_valid_before_utc > now:
        raise ConfigError(
            f"{label}: it is valid from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on; check the clock."
        )
    return pem, leaf


def _certificates(pem: str) -> list[str]:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return [f"{begin}{part.partition(end)[0]}{end}\n" for part in pem.split(begin)[1:]]


def read_key(key: Secret, password: Secret, leaf: x509.Certificate) -> str:
    """The decrypted key's PEM. Raises ConfigError where it is unreadable, locked, or another certificate's."""
    label = "Key file content"
    pem = mend(key.reveal(), label)
    encrypted = "ENCRYPTED" in pem
    if encrypted and not password:
        raise ConfigError(f"{label}: the key is encrypted; set Key password (--private-key-password env:NAME).")
    start = pem.find("-----BEGIN CERTIFICATE")
    only_key = pem if start < 0 else _without_certificates(pem)
    try:
        loaded = serialization.load_pem_private_key(
            only_key.encode(), password.reveal().encode() if encrypted else None
        )
    except (ValueError, TypeError):
        why = "the password does not open it" if encrypted else "it holds no private key that can be read"
        raise ConfigError(f"{label}: {why}.") from None
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if loaded.public_key().public_bytes(*spki) != leaf.public_key().public_bytes(*spki):
        raise ConfigError(f"{label}: the key does not match the certificate ({leaf.subject.rfc4514_string()}).")
    return loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _without_certificates(pem: str) -> str:
    for block in _certificates(pem):
        pem = pem.replace(block, "")
    return pem


@contextlib.contextmanager
def _private_file(text: str) -> Iterator[str]:
    """A path that leads to `text` meanwhile: in memory on Linux, elsewhere a file of mode 0600 that is gone at once."""
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        # A kernel that is killed just then leaves nothing on the disk.
        with open(os.memfd_create("apiconn"), "w+", encoding="ascii") as memory:
            memory.write(text)
            memory.flush()
            yield f"/proc/self/fd/{memory.fileno()}"
        return
    handle, path = tempfile.mkstemp(prefix="apiconn-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
        yield path
    finally:
        os.unlink(path)
