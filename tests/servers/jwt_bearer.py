"""A JWT bearer token endpoint (RFC 7523) that Authlib checks: RS256, an hour at most, no leeway, exact audience."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.servers.install import python_with
from tests.servers.launch import ThirdParty, answers, free_port

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ISSUER = "robot@tests.iam.example"
SUBJECTS = ("alice@example.test", "ada@example.test")  # whom the service account may act for
SETTINGS = {"access_token_ttl": 3600}  # seconds


class JwtBearer:
    """`token_endpoint` takes assertions of `ISSUER` signed with `private_key` (PEM, PKCS#8; `private_key_pkcs1`)."""

    def __init__(self, third_party: ThirdParty) -> None:
        key = rsa.generate_private_key(65537, 2048)
        self.private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.private_key_pkcs1 = key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        ).decode()
        public_key = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        self.token_endpoint = f"{self.url}/token"
        self.orders_url = f"{self.url}/api/orders"
        process = third_party.process("jwt-bearer")
        rig = {
            "token_endpoint": self.token_endpoint,
            "public_key": public_key,
            "issuer": ISSUER,
            "subjects": SUBJECTS,
            "settings": SETTINGS,
        }
        process.start(
            *(python_with("jwt_bearer"), "-m", "gunicorn", "--no-control-socket", "--threads", "8"),
            *("--bind", address, "--chdir", Path(__file__).parent, "jwt_bearer_app"),
            environ={"RIG": json.dumps(rig), "AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            ready=answers(self.orders_url, 401),
        )
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    @property
    def service_account(self) -> dict[str, str]:
        """A service-account JSON file as Google hands them out."""
        return {
            "type": "service_account",
            "project_id": "tests",
            "private_key_id": "key-1",
            "private_key": self.private_key,
            "client_email": ISSUER,
            "client_id": "1",
            "token_uri": self.token_endpoint,
        }

    def set(self, *, access_token_ttl: float) -> None:
        """How long (seconds) tokens issued from now on live; the fixture puts it back after the test."""
        self.http.patch("/_rig/settings", json={"access_token_ttl": access_token_ttl}).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """The assertions that had a good signature and form since the test began: ``header``, ``claims``, ``form``."""
        asked: list[dict[str, Any]] = self.http.get("/_rig/requests").json()
        return asked

    def reset(self) -> None:
        """Settings as at the start; what was asked so far is forgotten."""
        self.http.delete("/_rig/settings").raise_for_status()
        self.http.delete("/_rig/requests").raise_for_status()

    def close(self) -> None:
        """Close the connections of this object."""
        self.http.close()
