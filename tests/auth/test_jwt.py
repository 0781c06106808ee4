"""The assertion of the JWT method (RFC 7523), verified by joserfc with the public half, one algorithm after another."""

from __future__ import annotations

import time
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from apiconn_nb.auth.jwt import JwtBearer
from apiconn_nb.fields import fields_of
from apiconn_nb.secrets import Secret
from tests.echo import Answer, Echo
from tests.opened import Open

RSA = rsa.generate_private_key(65537, 2048)
KEYS: dict[str, tuple[Any, type[RSAKey | ECKey | OKPKey]]] = {
    "ES256": (ec.generate_private_key(ec.SECP256R1()), ECKey),
    "ES384": (ec.generate_private_key(ec.SECP384R1()), ECKey),
    "ES512": (ec.generate_private_key(ec.SECP521R1()), ECKey),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate(), OKPKey),
}
(ALGORITHMS,) = [field.choices for field in fields_of(JwtBearer) if field.name == "algorithm"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_public_half_verifies_what_went_over_the_wire(echo: Echo, opened: Open, algorithm: str) -> None:
    private, kind = KEYS.get(algorithm, (RSA, RSAKey))
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    echo.answer("/token", Answer(200, {"access_token": "CANARY-a", "expires_in": 60}))
    settings = {
        "issuer": "svc@example.org", "scope": "a b", "token_endpoint": f"{echo.url}/token", "subject": "ada",
        "private_key": Secret(pem), "algorithm": algorithm, "key_id": "k-1",
    }  # fmt: skip
    opened(echo.url, "jwt", settings).send("GET /x")
    form = echo.arrived[0].form
    assert list(form) == ["grant_type", "assertion"]
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the check; that of signing would fail the test
        token = jwt.decode(form["assertion"], kind.import_key(public), algorithms=[algorithm])
    assert token.header == {"typ": "JWT", "alg": algorithm, "kid": "k-1"}
    assert list(token.claims) == ["iss", "scope", "aud", "iat", "exp", "sub"]
    assert (token.claims["aud"], token.claims["sub"]) == (f"{echo.url}/token", "ada")
    assert token.claims["exp"] - token.claims["iat"] == 3600
    assert abs(token.claims["iat"] - time.time()) < 10
    assert echo.last.headers["Authorization"] == "Bearer CANARY-a"
