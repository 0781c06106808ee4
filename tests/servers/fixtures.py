"""Pytest fixtures of the third-party servers (README.md beside this file); each starts when a test first asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.certificates import Certificates
from tests.servers.django_oauth import DjangoOAuth
from tests.servers.httpbin import Httpbin
from tests.servers.jwt_bearer import JwtBearer
from tests.servers.launch import ThirdParty
from tests.servers.nginx import Nginx
from tests.servers.oidc_mock import OidcMock
from tests.servers.oidc_provider import OidcProvider
from tests.servers.person import Person


@pytest.fixture(scope="session")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThirdParty]:
    """Starts servers and ends them with the session; a test that reaches it is marked ``servers``."""
    running = ThirdParty(tmp_path_factory.mktemp("servers"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate authority and client certificates: good, foreign, expired, with an encrypted key."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def httpbin(third_party: ThirdParty, certificates: Certificates) -> Httpbin:
    """httpbin: `url`, `other_url` (the same, another origin), `tls_url` (client certificate required)."""
    return Httpbin(third_party, certificates)


@pytest.fixture(scope="session")
def _oidc_provider(third_party: ThirdParty, certificates: Certificates) -> Iterator[OidcProvider]:
    running = OidcProvider(third_party, certificates)
    yield running
    running.close()


@pytest.fixture
def oidc(_oidc_provider: OidcProvider) -> OidcProvider:
    """oidc-provider with its settings as at the start and nothing asked yet."""
    _oidc_provider.reset()
    return _oidc_provider


@pytest.fixture
def person() -> Iterator[Person]:
    """Somebody who signs in as ``ada`` wherever a page asks, in a browser without any cookie yet."""
    somebody = Person()
    yield somebody
    somebody.close()


@pytest.fixture(scope="session")
def _django_oauth(third_party: ThirdParty) -> Iterator[DjangoOAuth]:
    running = DjangoOAuth(third_party)
    yield running
    running.close()


@pytest.fixture
def django_oauth(_django_oauth: DjangoOAuth) -> DjangoOAuth:
    """django-oauth-toolkit with its settings as at the start and nothing asked yet."""
    _django_oauth.reset()
    return _django_oauth


@pytest.fixture(scope="session")
def nginx(third_party: ThirdParty, certificates: Certificates) -> Nginx:
    """nginx: `url` (keys, Basic, 429, redirect), `required_url` and `optional_url` (client certificates)."""
    return Nginx(third_party, certificates)


@pytest.fixture(scope="session")
def _jwt_bearer(third_party: ThirdParty) -> Iterator[JwtBearer]:
    running = JwtBearer(third_party)
    yield running
    running.close()


@pytest.fixture
def jwt_bearer(_jwt_bearer: JwtBearer) -> JwtBearer:
    """A service-account token endpoint with its settings as at the start and nothing asked yet."""
    _jwt_bearer.reset()
    return _jwt_bearer


@pytest.fixture(scope="session")
def oidc_mock(third_party: ThirdParty) -> Iterator[OidcMock]:
    """oidc-provider-mock: a quick login; it ignores PKCE."""
    running = OidcMock(third_party)
    yield running
    running.close()
