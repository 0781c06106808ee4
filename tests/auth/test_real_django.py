"""Against django-oauth-toolkit: the password grant, which checks passwords, and each way a client proves itself."""

from __future__ import annotations

import base64
import time
from typing import Any
from urllib.parse import unquote

import pytest

from apiconn_nb.errors import TokenError
from apiconn_nb.live_collection import Collection
from apiconn_nb.secrets import Secret
from tests.canary import Canary
from tests.opened import Open
from tests.servers.django_oauth import MACHINE, PASSWORD, PASSWORD_PUBLIC, PASSWORD_WEIRD, USERS, DjangoOAuth

pytestmark = pytest.mark.filterwarnings("ignore::apiconn_nb.auth.oauth2_password.LegacyGrantWarning")


def person(django_oauth: DjangoOAuth, opened: Open, name: str = "alice", **auth: Any) -> Collection:
    known = {"username": name, "password": Secret(USERS[name]), "token_endpoint": django_oauth.token_endpoint,
             "client_id": PASSWORD.id, "client_secret": Secret(PASSWORD.secret)}  # fmt: skip
    return opened(django_oauth.url, "oauth2-password", {**known, **auth})


def whose(collection: Collection) -> set[str]:
    response = collection.send("GET /api/orders")
    assert response.status_code == 200, response.text
    return {each["customer"] for each in response.json()["items"]}


@pytest.mark.parametrize("name", USERS)
@pytest.mark.parametrize("way", ["body", "basic"])
def test_username_and_password(django_oauth: DjangoOAuth, opened: Open, name: str, way: str) -> None:
    assert whose(person(django_oauth, opened, name, client_auth=way)) == {name}
    (asked,) = django_oauth.requests("token")
    assert asked["body"]["password"] == USERS[name]
    assert ("client_secret" in asked["body"], bool(asked["authorization"])) == (way == "body", way == "basic")


def test_a_public_client(django_oauth: DjangoOAuth, opened: Open) -> None:
    auth = {"client_id": PASSWORD_PUBLIC.id, "client_auth": "none"}
    assert whose(person(django_oauth, opened, **auth)) == {"alice"}
    (asked,) = django_oauth.requests("token")
    assert asked["body"]["client_id"] == PASSWORD_PUBLIC.id
    assert "client_secret" not in asked["body"]


@pytest.mark.parametrize("way", ["body", "basic"])
def test_an_id_and_secret_that_need_percent_encoding(django_oauth: DjangoOAuth, opened: Open, way: str) -> None:
    auth = {"client_id": PASSWORD_WEIRD.id, "client_secret": Secret(PASSWORD_WEIRD.secret), "client_auth": way}
    assert whose(person(django_oauth, opened, **auth)) == {"alice"}
    (asked,) = django_oauth.requests("token")
    if way == "basic":
        pair = base64.b64decode(asked["authorization"].removeprefix("Basic ")).decode()
        assert [unquote(half) for half in pair.split(":")] == [PASSWORD_WEIRD.id, PASSWORD_WEIRD.secret]


def test_a_scope_is_sent_as_typed(django_oauth: DjangoOAuth, opened: Open) -> None:
    collection = person(django_oauth, opened, scope="read")
    whose(collection)
    assert django_oauth.requests("token")[0]["body"]["scope"] == "read"
    assert collection.slot.token is not None
    assert collection.slot.token.scope == "read"


def test_a_wrong_password_is_said_in_the_providers_words(
    django_oauth: DjangoOAuth, opened: Open, canary: Canary
) -> None:
    with pytest.raises(TokenError, match=r"refused \(400\): invalid_grant: Invalid credentials given") as caught:
        whose(person(django_oauth, opened, password=Secret(canary("password", awkward=True))))
    assert (caught.value.error, caught.value.description) == ("invalid_grant", "Invalid credentials given.")
    canary.assert_absent(str(caught.value), repr(caught.value))
    assert django_oauth.token_requests() == {"password": 1}, "a wrong password is not tried again: accounts lock"


def test_it_renews_with_the_refresh_token_and_rotation_is_kept(django_oauth: DjangoOAuth, opened: Open) -> None:
    django_oauth.set(access_token_ttl=1)
    collection = person(django_oauth, opened)
    for _ in range(3):
        whose(collection)
        time.sleep(1.1)
    assert django_oauth.token_requests(granted=True) == {"password": 1, "refresh_token": 2}


def test_a_refresh_token_that_died_is_replaced_by_a_fresh_grant(django_oauth: DjangoOAuth, opened: Open) -> None:
    django_oauth.set(access_token_ttl=1)
    collection = person(django_oauth, opened)
    whose(collection)
    token = collection.slot.token
    assert token is not None
    django_oauth.http.post(
        django_oauth.revocation_endpoint,
        data={"token": token.refresh_token.reveal(), "client_id": PASSWORD.id, "client_secret": PASSWORD.secret},
    ).raise_for_status()
    time.sleep(1.1)
    assert whose(collection) == {"alice"}
    assert django_oauth.token_requests(granted=True) == {"password": 2}


def test_a_401_renews_once(django_oauth: DjangoOAuth, opened: Open) -> None:
    collection = person(django_oauth, opened)
    whose(collection)
    token = collection.slot.token
    assert token is not None
    django_oauth.http.post(
        django_oauth.revocation_endpoint,
        data={"token": token.access_token.reveal(), "client_id": PASSWORD.id, "client_secret": PASSWORD.secret},
    ).raise_for_status()
    assert whose(collection) == {"alice"}
    assert sum(django_oauth.token_requests().values()) <= 3


def test_client_credentials(django_oauth: DjangoOAuth, opened: Open) -> None:
    auth = {"client_id": MACHINE.id, "client_secret": Secret(MACHINE.secret),
            "token_endpoint": django_oauth.token_endpoint}  # fmt: skip
    for basic in (True, False):
        collection = opened(django_oauth.url, "oauth2-client-credentials", {**auth, "client_auth_basic": basic})
        assert collection.send("GET /api/orders").status_code == 200
