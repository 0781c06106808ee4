"""A private certificate authority and the certificates of the mutual-TLS tests, made afresh for each session."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
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
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSPHRASE = "sesame"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, encryption: KeySerializationEncryption | None = None, *, pkcs1: bool = False) -> bytes:
        """The private key as PEM: PKCS#8, or what OpenSSL calls traditional (PKCS#1 for RSA)."""
        layout = PrivateFormat.TraditionalOpenSSL if pkcs1 else PrivateFormat.PKCS8
        return self.key.private_bytes(Encoding.PEM, layout, encryption or NoEncryption())


def authority(name: str) -> Issued:
    """A self-signed certificate authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Issued(_certificate(name, key, issuer=None), key)


def issue(by: Issued, name: str, *, server: bool = False, rsa_key: bool = False, expired: bool = False) -> Issued:
    """A certificate for a client called `name`, or for a server at 127.0.0.1, ::1 and localhost."""
    key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
    return Issued(_certificate(name, key, issuer=by, server=server, expired=expired), key)


def _certificate(
    name: str, key: PrivateKey, *, issuer: Issued | None, server: bool = False, expired: bool = False
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = dt.datetime.now(dt.UTC) + (dt.timedelta(days=-1) if expired else dt.timedelta(days=30))
    signer = issuer.key if issuer else key
    is_authority = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - dt.timedelta(days=60))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        # Python 3.13 verifies strictly (RFC 5280): key usage and the authority's key id must be there.
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_key_usage(is_authority), critical=True)
    )
    if not is_authority:
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        names: list[x509.GeneralName] = [x509.DNSName(f"{name}.test")]
        if server:
            addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
            names = [x509.DNSName("localhost"), *addresses]
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _key_usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=not is_authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


class Certificates:
    """PEM files of one session.

    ``ca`` signed ``server``, ``alice`` (RSA), ``bob`` (elliptic curve) and ``expired``; ``otherca`` signed
    ``mallory``. Each has ``NAME.pem`` and ``NAME.key``. For alice there are also ``alice-encrypted.key`` (passphrase
    `PASSPHRASE`), ``alice-pkcs1.key``, ``alice-combined.pem`` (certificate and key), ``alice-chain.pem`` (with the
    authority) and ``alice.p12``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        ca, otherca = authority("apiconn test CA"), authority("some other CA")
        alice = issue(ca, "alice", rsa_key=True)
        people = {
            "ca": ca,
            "otherca": otherca,
            "server": issue(ca, "127.0.0.1", server=True),
            "alice": alice,
            "bob": issue(ca, "bob"),
            "expired": issue(ca, "expired", expired=True),
            "mallory": issue(otherca, "mallory"),
        }
        for name, issued in people.items():
            self._write(f"{name}.pem", issued.pem)
            self._write(f"{name}.key", issued.key_pem())
        sealed = BestAvailableEncryption(PASSPHRASE.encode())
        self._write("alice-encrypted.key", alice.key_pem(sealed))
        self._write("alice-pkcs1.key", alice.key_pem(pkcs1=True))
        self._write("alice-combined.pem", alice.pem + alice.key_pem())
        self._write("alice-chain.pem", alice.pem + ca.pem)
        bundle = pkcs12.serialize_key_and_certificates(b"alice", alice.key, alice.certificate, [ca.certificate], sealed)
        self._write("alice.p12", bundle)

    def path(self, file: str) -> Path:
        """The file ``alice.pem``, ``alice.key``, …"""
        found = self.folder / file
        assert found.exists(), f"no {file}; there is {', '.join(sorted(f.name for f in self.folder.iterdir()))}"
        return found

    def text(self, file: str) -> str:
        """The content of a PEM file."""
        return self.path(file).read_text()

    def context(
        self, client: str | None = None, *, key: str | None = None, password: str | None = None, ca: str = "ca"
    ) -> ssl.SSLContext:
        """For httpx's ``verify=``: trusts `ca` and presents the certificate of `client` (None: none)."""
        context = ssl.create_default_context(cafile=self.path(f"{ca}.pem"))
        if client:
            context.load_cert_chain(self.path(f"{client}.pem"), self.path(key or f"{client}.key"), password)
        return context

    def _write(self, file: str, content: bytes) -> None:
        path = self.folder / file
        path.touch(mode=0o600)
        path.write_bytes(content)
