"""The demo's certificates, made at start-up: no openssl binary, nothing that could expire in the repository."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSPHRASE = "sesame"  # opens a key that guards nothing
_Key = ec.EllipticCurvePrivateKey
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key: PEM text and the files that hold it. `encrypted_key` opens with `passphrase`."""

    certificate: str
    private_key: str
    encrypted_key: str
    passphrase: str
    certificate_file: str
    private_key_file: str
    encrypted_key_file: str


@dataclass(frozen=True)
class Certificates:
    """All of them. `client` and `development` are let in; `expired` and `foreign` (another CA) are refused."""

    ca: str
    ca_file: str
    server: Identity
    client: Identity
    development: Identity
    expired: Identity
    foreign: Identity


def make(folder: Path) -> Certificates:
    """Make a CA, a server certificate for 127.0.0.1, ::1 and localhost, and the clients; write them to `folder`."""
    authority, stranger = _Authority("apiconn demo CA"), _Authority("somebody else's CA")
    ca_file = folder / "ca.pem"
    _write(ca_file, authority.pem)
    now = datetime.now(UTC)
    fresh, past = (now - _DAY, now + 30 * _DAY), (now - 30 * _DAY, now - _DAY)
    return Certificates(
        ca=authority.pem,
        ca_file=str(ca_file),
        server=authority.issue("localhost", fresh, folder / "server", server=True),
        client=authority.issue("ada", fresh, folder / "client"),
        development=authority.issue("ada-dev", fresh, folder / "development"),
        expired=authority.issue("ada", past, folder / "expired"),
        foreign=stranger.issue("ada", fresh, folder / "foreign"),
    )


def rsa_key() -> tuple[str, str, str]:
    """A new RSA key of 2048 bits as PEM: PKCS#8 (``PRIVATE KEY``), PKCS#1 (``RSA PRIVATE KEY``), public."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forms = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
    private, traditional = (key.private_bytes(Encoding.PEM, form, NoEncryption()).decode() for form in forms)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private, traditional, public


def common_name(pem: str) -> str:
    """The subject's common name; empty where it has none."""
    names = x509.load_pem_x509_certificate(pem.encode()).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


class _Authority:
    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(name)
        now = datetime.now(UTC)
        self._builder = x509.CertificateBuilder().issuer_name(self._name)
        certificate = (
            self._start(self._name, self._key, (now - 60 * _DAY, now + 60 * _DAY))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = certificate.public_bytes(Encoding.PEM).decode()

    def _start(self, subject: x509.Name, key: _Key, valid: tuple[datetime, datetime]) -> x509.CertificateBuilder:
        # Python 3.13 verifies strictly (VERIFY_X509_STRICT): both key identifiers must be there (RFC 5280 §4.2.1.1-2).
        return (
            self._builder.subject_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(valid[0])
            .not_valid_after(valid[1])
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def issue(self, name: str, valid: tuple[datetime, datetime], base: Path, *, server: bool = False) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        role = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        certificate = (
            self._start(_subject(name), key, valid)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([role]), critical=False)
            .add_extension(x509.SubjectAlternativeName(_names(name, server)), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _identity(certificate.public_bytes(Encoding.PEM).decode(), key, base)


def _identity(certificate: str, key: _Key, base: Path) -> Identity:
    private = _key_text(key, NoEncryption())
    encrypted = _key_text(key, BestAvailableEncryption(PASSPHRASE.encode()))
    files = (base.with_suffix(".pem"), base.with_suffix(".key"), base.with_name(base.name + "-encrypted.key"))
    for path, text in zip(files, (certificate, private, encrypted), strict=True):
        _write(path, text)
    return Identity(certificate, private, encrypted, PASSPHRASE, *(str(path) for path in files))


def _key_text(key: _Key, encryption: KeySerializationEncryption) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _names(name: str, server: bool) -> list[x509.GeneralName]:
    if not server:
        return [x509.RFC822Name(f"{name}@example.org")]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    return [x509.DNSName("localhost"), *addresses]


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
