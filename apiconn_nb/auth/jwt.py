"""JSON Web Token (JWT): a service account signs an assertion and exchanges it for a token (RFC 7523 §2.1)."""

from __future__ import annotations

import json
import time
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from apiconn_nb.auth.client import Client, Flow, exchange
from apiconn_nb.auth.pem import mend
from apiconn_nb.auth.token import ResponseShape
from apiconn_nb.auth.tokens import TokenMethod
from apiconn_nb.errors import ConfigError
from apiconn_nb.fields import check_url, secret, setting
from apiconn_nb.secrets import Secret, public_text

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST = 3600  # seconds; the maximum that providers take
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@dataclass(frozen=True)
class JwtBearer(TokenMethod):
    """Signs ``iss, scope, aud, iat, exp[, sub]`` and posts it as the grant.

    A service-account JSON file, pasted or referenced as the private key, fills issuer, token endpoint and key id.
    """

    slug: ClassVar[str] = "jwt"
    label: ClassVar[str] = "JSON Web Token (JWT)"
    order: ClassVar[int] = 80
    standard: ClassVar[str] = "RFC 7523 §2.1"

    scope: str = setting("Scope", help="Sent as typed; empty: not in the assertion.")
    issuer: str = setting("Iss (account email)", help="The service account; a service-account file fills it.")
    token_endpoint: str = setting("Access token endpoint", format="url", help="A service-account file fills it.")
    private_key: Secret = secret(
        "Private key",
        required=True,
        format="pem",
        help="The full PEM (PKCS#1 or PKCS#8), or a service-account JSON file.",
    )
    subject: str = setting("Subject", advanced=True, help="The person on whose behalf (claim sub).")
    audience: str = setting("Audience", advanced=True, help="Claim aud; empty: the token endpoint.")
    algorithm: str = setting("Algorithm", default="RS256", choices=_ALGORITHMS, advanced=True)
    key_id: str = setting("Key ID", advanced=True, help="Header kid.")
    lifetime: int = setting("Lifetime", default=_LONGEST, advanced=True, help="Seconds; at most 3600.")
    extra_claims: str = setting("Extra claims", format="json", advanced=True, help="A JSON object of further claims.")

    def check(self) -> None:
        """Raise ConfigError for a lifetime or claims that cannot be; the key is read when it is needed first."""
        if not 1 <= self.lifetime <= _LONGEST:
            raise ConfigError(f"Lifetime: {self.lifetime} s is out of range; providers take 1 to {_LONGEST} seconds.")
        self._extra()

    def check_secrets(self) -> None:
        """Read the key. Raises ConfigError, in words, for one that cannot sign."""
        account, key_text = self._account()
        load_key(key_text, account.algorithm)

    def grant(self) -> Flow:
        """A fresh assertion, exchanged. Raises ConfigError, in words, for a key that cannot sign."""
        account, key_text = self._account()
        form = {"grant_type": _GRANT, "assertion": account._assertion(key_text)}
        return (yield from exchange(account.token_endpoint, form, Client(), ResponseShape(is_fixed=True)))

    def _account(self) -> tuple[JwtBearer, str]:
        """The settings with what a service-account file fills in, and the key's PEM."""
        text = self.private_key.reveal().strip()
        filled = self
        if text.startswith("{"):
            file = _service_account(text)
            filled = replace(
                self,
                issuer=self.issuer or str(file.get("client_email", "")),
                token_endpoint=self.token_endpoint or str(file.get("token_uri", "")),
                key_id=self.key_id or str(file.get("private_key_id", "")),
            )
            text = str(file.get("private_key", ""))
        for value, label, option in (
            (filled.issuer, "Iss (account email)", "--issuer"),
            (filled.token_endpoint, "Access token endpoint", "--token-endpoint"),
        ):
            if not value:
                raise ConfigError(f"{label} is missing: set it with {option}, or give a service-account JSON file.")
        check_url(filled.token_endpoint, "Access token endpoint")
        return filled, text

    def _assertion(self, key_text: str) -> str:
        from joserfc import jwt  # start-up cost: 60 ms of every kernel, for this method alone
        from joserfc.errors import JoseError  # start-up cost: as above

        now = int(time.time())
        claims: dict[str, Any] = {"iss": self.issuer}
        if self.scope:
            claims["scope"] = self.scope
        claims |= {"aud": self.audience or self.token_endpoint, "iat": now, "exp": now + self.lifetime}
        if self.subject:
            claims["sub"] = self.subject
        header = {"alg": self.algorithm, "typ": "JWT"} | ({"kid": self.key_id} if self.key_id else {})
        key = load_key(key_text, self.algorithm)
        try:
            with warnings.catch_warnings():
                # RFC 9864 renames EdDSA; which name a provider takes is nothing that a person can change.
                warnings.filterwarnings("ignore", message="EdDSA is deprecated")
                return jwt.encode(header, claims | self._extra(), key, algorithms=[self.algorithm])
        except (JoseError, ValueError, TypeError) as error:
            raise ConfigError(f"Private key: it cannot sign {self.algorithm} ({type(error).__name__}).") from None

    def _extra(self) -> dict[str, Any]:
        text = public_text(self.extra_claims, "Extra claims").strip()
        if not text:
            return {}
        try:
            claims = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(
                f"Extra claims: not JSON at line {error.lineno}, character {error.colno}: {error.msg}."
            ) from None
        if not isinstance(claims, dict):
            raise ConfigError("Extra claims: a JSON object is needed ({…}).")
        return claims


def _service_account(text: str) -> dict[str, Any]:
    try:
        file = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"Private key: the service-account JSON breaks at line {error.lineno}, character {error.colno}."
        ) from None
    if not isinstance(file, dict) or not file.get("private_key"):
        raise ConfigError("Private key: the JSON has no private_key; download the account's key file as JSON.")
    return file


def load_key(text: str, algorithm: str) -> RSAKey | ECKey | OKPKey | OctKey:
    """The private key in a PEM text, for `algorithm`. Raises ConfigError that names what it is instead."""
    from joserfc.errors import JoseError  # start-up cost: 60 ms of every kernel, for this method alone
    from joserfc.jwk import ECKey, OKPKey, RSAKey  # start-up cost: as above

    pem = mend(text, "Private key")
    if "ENCRYPTED" in pem:
        raise ConfigError("Private key: it is encrypted; store it decrypted in the keyring: openssl pkey -in key.pem")
    for kind, meaning in (("PUBLIC KEY", "a public key"), ("CERTIFICATE", "a certificate")):
        if "PRIVATE KEY" not in pem and kind in pem:
            raise ConfigError(f"Private key: this is {meaning}; the private half signs (-----BEGIN PRIVATE KEY-----).")
    wanted: type[RSAKey | ECKey | OKPKey] = (
        ECKey if algorithm.startswith("ES") else OKPKey if algorithm == "EdDSA" else RSAKey
    )
    try:
        return wanted.import_key(pem)
    except (JoseError, ValueError, TypeError):
        name = {ECKey: "an elliptic-curve", OKPKey: "an Ed25519", RSAKey: "an RSA"}[wanted]
        raise ConfigError(f"Private key: {algorithm} needs {name} private key, and this PEM holds none.") from None
