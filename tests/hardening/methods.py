"""Each method set up on the `World`: the words of ``%apiconn_auth`` and the secrets that its references lead to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from apiconn_nb.demo import certificates
from tests.hardening.world import World


@dataclass(frozen=True)
class SetUp:
    """`words` behind ``%apiconn_auth NAME``; `secrets` by the name of the environment variable that holds each."""

    slug: str
    words: str
    secrets: dict[str, str] = field(repr=False)
    has_login: bool = False

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.slug.replace("-", "_")


def set_up(slug: str, world: World) -> SetUp:
    """The method on this world, with shared secrets in a header and in the query beside it."""
    words, secrets = _METHODS[slug](world)
    shared = {"SHARED_HEADER": world.hunter("shared-header"), "SHARED_QUERY": world.hunter("shared-query")}
    more = "--header X-Team=env:SHARED_HEADER --query q=env:SHARED_QUERY --retries 0"
    base = world.tls_url if slug == "client-certificate" else world.url
    return SetUp(slug, f"{slug} --base-url {base}/api {words} {more}", {**secrets, **shared}, "user-agent" in slug)


Made = tuple[str, dict[str, str]]


def _key_in_url(world: World) -> Made:
    return "--key-name api_key --key env:KEY_IN_URL", {"KEY_IN_URL": world.hunter("key-in-url")}


def _key_in_header(world: World) -> Made:
    return '--key-prefix "Bearer " --key env:KEY_IN_HEADER', {"KEY_IN_HEADER": world.hunter("key-in-header")}


def _basic(world: World) -> Made:
    return "--username ada --password env:BASIC", {"BASIC": world.hunter("basic")}


def _password(world: World) -> Made:
    words = (
        f"--username ada --password env:GRANT_PASSWORD --token-endpoint {world.url}/token "
        "--client-id app --client-secret env:GRANT_CLIENT --client-auth basic"
    )
    return words, {"GRANT_PASSWORD": world.hunter("grant-password"), "GRANT_CLIENT": world.hunter("grant-client")}


def _user_agent(world: World) -> Made:
    words = (
        f"--client-id app --client-secret env:APP_SECRET --authorization-endpoint {world.url}/authorize "
        f"--token-endpoint {world.url}/token --profile-endpoint {world.url}/profile --client-auth-basic "
        "--no-token-in-header"
    )
    return words, {"APP_SECRET": world.hunter("app-secret")}


def _custom(world: World) -> Made:
    words = (
        f"--token-endpoint {world.url}/token --token-headers X-Tenant=env:TENANT "
        """--token-body '{"user": "ada", "key": "<key>"}' --token-params key=env:TOKEN_KEY"""
    )
    return words, {"TENANT": world.hunter("tenant"), "TOKEN_KEY": world.hunter("token-key")}


def _jwt(world: World) -> Made:
    key = world.hunter.watch_key("jwt-key", certificates.rsa_key()[0])
    return f"--issuer svc@example.org --token-endpoint {world.url}/token --private-key env:JWT_KEY", {"JWT_KEY": key}


def _certificate(world: World) -> Made:
    client = world.certificates.client
    key = world.hunter.watch_key("certificate-key", client.private_key)
    words = (
        f"--certificate file:{client.certificate_file} --private-key env:CERTIFICATE_KEY "
        f"--ca-certificate file:{world.certificates.ca_file}"
    )
    return words, {"CERTIFICATE_KEY": key}


def _client_credentials(world: World) -> Made:
    words = f"--client-id app --client-secret env:CLIENT_SECRET --token-endpoint {world.url}/token"
    return words, {"CLIENT_SECRET": world.hunter("client-secret")}


_METHODS: dict[str, Callable[[World], Made]] = {
    "none": lambda world: ("", {}),
    "key-in-url": _key_in_url,
    "key-in-header": _key_in_header,
    "basic": _basic,
    "oauth2-password": _password,
    "oauth2-user-agent": _user_agent,
    "oauth2-custom-token": _custom,
    "jwt": _jwt,
    "client-certificate": _certificate,
    "oauth2-client-credentials": _client_credentials,
}
SLUGS = tuple(_METHODS)
